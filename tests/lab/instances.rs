//! Several instances on one machine and one API: each serves its own class, and each writes for its own.

use ferrik_test_cluster::{Identity, Lab, eventually, run};

use crate::ferrik::{Ferrik, Load};
use crate::yaml::ingress;

fn class(name: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {{name: {name}}}, spec: {{controller: example.org/{name}}}}}"
    )
}

/// An instance for one class, with a Lease and an address of its own.
async fn instance(lab: &Lab, class: &str, address: &str) -> Ferrik {
    let (controller, lease) = (format!("example.org/{class}"), format!("ferrik-{class}"));
    let arguments = [
        "--controller-class",
        &controller,
        "--ingress-class",
        class,
        "--election-id",
        &lease,
        "--publish-status-address",
        address,
        "--admin",
        "127.0.0.1:0",
    ];
    Ferrik::start(lab, &arguments).await
}

async fn get(lab: &Lab, what: &[&str]) -> String {
    lab.cluster
        .kubectl(&Identity::Admin, &[&["get", "-n", "shop"], what].concat())
        .await
}

#[test]
fn each_serves_its_class_only_and_writes_its_status_only() {
    run(async |lab| {
        let _backends = (
            lab.backend("shop", "inner").await,
            lab.backend("shop", "outer").await,
        );
        let of = |class: &str, name: &str, host: &str| {
            let service = if class == "inner" { "inner" } else { "outer" };
            ingress("shop", name, host, service)
                .replace("ingressClassName: nginx", &format!("ingressClassName: {class}"))
        };
        for name in ["inner", "outer"] {
            lab.cluster.apply(&class(name)).await;
            // A host that both classes have is no conflict.
            let shared = of(name, &format!("shared-{name}"), "shared.example.org");
            lab.cluster.apply(&shared).await;
        }
        lab.cluster
            .apply(&of("inner", "inner", "inner.example.org"))
            .await;
        lab.cluster
            .apply(&of("outer", "outer", "outer.example.org"))
            .await;
        lab.cluster
            .apply(&of("nobody", "nobody", "nobody.example.org"))
            .await;
        let inner = instance(&lab, "inner", "192.0.2.1").await;
        let outer = instance(&lab, "outer", "192.0.2.2").await;
        let loads = [
            Load::start(&inner, "inner.example.org"),
            Load::start(&outer, "outer.example.org"),
        ];
        let address = ["-o", "jsonpath={.status.loadBalancer.ingress[*].ip}"];
        for (name, ip) in [("inner", "192.0.2.1"), ("outer", "192.0.2.2")] {
            eventually(&format!("{name} has its address"), async || {
                get(&lab, &[&["ingress", name][..], &address].concat()).await == ip
            })
            .await;
        }
        for (ferrik, foreign) in [(&inner, "outer.example.org"), (&outer, "inner.example.org")] {
            assert!(ferrik.log().contains("this replica leads"), "each leads its own");
            for host in [foreign, "nobody.example.org"] {
                assert_eq!(ferrik.get(host, "/").await.status, 404, "{host}");
            }
        }
        for (ferrik, pod) in [(&inner, "inner"), (&outer, "outer")] {
            let answer = ferrik.get("shared.example.org", "/").await;
            assert_eq!(answer.pod().as_deref(), Some(pod));
        }
        let events = get(&lab, &["events", "-o", "jsonpath={.items[*].reason}"]).await;
        assert!(!events.contains("PathConflict"), "{events}");
        // An Ingress that changes its class changes hands, and its status follows.
        lab.cluster
            .apply(&of("inner", "moves", "moves.example.org"))
            .await;
        inner.answers("moves.example.org", 200).await;
        eventually("it has the first address", async || {
            get(&lab, &[&["ingress", "moves"][..], &address].concat()).await == "192.0.2.1"
        })
        .await;
        lab.cluster
            .apply(&of("outer", "moves", "moves.example.org"))
            .await;
        outer.answers("moves.example.org", 200).await;
        inner.answers("moves.example.org", 404).await;
        eventually("it has the second address only", async || {
            get(&lab, &[&["ingress", "moves"][..], &address].concat()).await == "192.0.2.2"
        })
        .await;
        for (name, ip) in [("inner", "192.0.2.1"), ("outer", "192.0.2.2"), ("nobody", "")] {
            let is = get(&lab, &[&["ingress", name][..], &address].concat()).await;
            assert_eq!(is, ip, "{name}");
        }
        for load in loads {
            load.end().await;
        }
        inner.stop().await;
        outer.stop().await;
    });
}
