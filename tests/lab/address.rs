//! Which addresses stand in the status of Ingresses when they change: across a restart, and with the node of each replica.

use ferrik_test_cluster::{Identity, Lab, Options, eventually, run, run_with};

use crate::ferrik::Ferrik;
use crate::yaml::ingress;

async fn addresses(lab: &Lab, name: &str) -> String {
    let path = "jsonpath={.status.loadBalancer.ingress[*].ip}";
    let get = ["get", "ingress", "-n", "shop", name, "-o", path];
    lab.cluster.kubectl(&Identity::Admin, &get).await
}

async fn has_addresses(lab: &Lab, name: &str, wanted: &str) {
    eventually(&format!("{name} has {wanted}"), async || {
        addresses(lab, name).await == wanted
    })
    .await;
}

/// What stands in the Lease of the leader as told.
async fn noted(lab: &Lab) -> String {
    let path = r"jsonpath={.metadata.annotations.ferrik\.dev/addresses}";
    let get = ["get", "lease", "ferrik-leader", "-o", path];
    lab.cluster.kubectl(&Identity::Admin, &get).await
}

/// Somebody else writes this to the status of an Ingress.
async fn set(lab: &Lab, name: &str, address: &str) {
    let entry = format!(r#"{{"status":{{"loadBalancer":{{"ingress":[{{"ip":"{address}"}}]}}}}}}"#);
    let patch = [
        "patch",
        "ingress",
        "-n",
        "shop",
        name,
        "--subresource=status",
        "--type=merge",
        "-p",
        &entry,
    ];
    lab.cluster.kubectl(&Identity::Admin, &patch).await;
}

#[test]
fn an_address_that_changed_across_a_restart_goes_and_those_of_others_stay() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        for (name, host) in [("plain", "a.example.org"), ("shared", "b.example.org")] {
            lab.cluster.apply(&ingress("shop", name, host, "app")).await;
        }
        let foreign = ingress("shop", "foreign", "x.example.org", "app")
            .replace("ingressClassName: nginx", "ingressClassName: other");
        lab.cluster.apply(&foreign).await;
        set(&lab, "shared", "198.51.100.7").await;
        // Another controller of the same node tells the same address.
        set(&lab, "foreign", "192.0.2.1").await;
        let at = |address: &'static str| ["--publish-status-address", address];
        let ferrik = Ferrik::start(&lab, &at("192.0.2.1")).await;
        has_addresses(&lab, "plain", "192.0.2.1").await;
        has_addresses(&lab, "shared", "198.51.100.7 192.0.2.1").await;
        ferrik.kill().await;
        assert_eq!(noted(&lab).await, r#"[{"ip":"192.0.2.1"}]"#);

        let ferrik = Ferrik::start(&lab, &at("192.0.2.2")).await;
        has_addresses(&lab, "plain", "192.0.2.2").await;
        has_addresses(&lab, "shared", "198.51.100.7 192.0.2.2").await;
        eventually("the old address is forgotten", async || {
            noted(&lab).await == r#"[{"ip":"192.0.2.2"}]"#
        })
        .await;
        assert_eq!(
            addresses(&lab, "foreign").await,
            "192.0.2.1",
            "nobody's but the other's"
        );
        ferrik.stop().await;
    });
}

#[test]
fn the_addresses_of_all_nodes_stand_and_are_written_once() {
    let options = Options {
        audit: true,
        ..Options::default()
    };
    run_with(options, async |lab| {
        let _app = lab.backend("shop", "app").await;
        let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
        let replica = |name: &'static str, address: &'static str| {
            let arguments = ["--pod-name", name, "--publish-node-address", address];
            Ferrik::spawn(
                &kubeconfig,
                &[&arguments[..], &["--admin", "127.0.0.1:0"]].concat(),
            )
        };
        let (one, two) = (
            replica("one", "192.0.2.2"),
            replica("two", "192.0.2.1,2001:db8::1"),
        );
        one.ready().await;
        two.ready().await;
        let both = r#"[{"ip":"192.0.2.1"},{"ip":"192.0.2.2"},{"ip":"2001:db8::1"}]"#;
        let all = "192.0.2.1 192.0.2.2 2001:db8::1";
        eventually("the leader knows both nodes", async || {
            let noted = noted(&lab).await;
            ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
                .iter()
                .all(|address| noted.contains(address))
        })
        .await;
        lab.cluster
            .apply(&ingress("shop", "app", "a.example.org", "app"))
            .await;
        has_addresses(&lab, "app", all).await;
        // Whoever leads ends in order, and the other one goes on: nothing moves.
        let leads = |ferrik: &Ferrik| ferrik.log().contains("this replica leads");
        let (first, second) = if leads(&one) { (one, two) } else { (two, one) };
        assert!(leads(&first) && !leads(&second));
        first.stop().await;
        eventually("the other one leads", async || leads(&second)).await;
        lab.cluster
            .apply(&ingress("shop", "later", "b.example.org", "app"))
            .await;
        has_addresses(&lab, "later", all).await;
        let writes = |name: &str| {
            let log = lab.cluster.audit_log();
            let ours = log.iter().filter(|line| {
                line["verb"] == "patch"
                    && line["objectRef"]["subresource"] == "status"
                    && line["objectRef"]["name"] == name
            });
            ours.count()
        };
        assert_eq!((writes("app"), writes("later")), (1, 1));
        assert_eq!(noted(&lab).await.len(), both.len());
        second.stop().await;
    });
}
