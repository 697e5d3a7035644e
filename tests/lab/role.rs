//! The role of the manifests: nothing that is asked is refused, and nothing is granted that is not asked.

use std::collections::BTreeSet;

use ferrik_test_cluster::{Identity, Options, eventually, run_with};
use serde_json::Value;

use crate::ferrik::Ferrik;
use crate::yaml::{annotated, ingress, secret, traefik_kind};

const MANIFESTS: &str = include_str!("../../deploy/manifests/hostnetwork.yaml");

/// Verb, resource.
type Call = (String, String);

#[test]
fn the_role_grants_what_is_asked_and_nothing_else() {
    let options = Options {
        audit: true,
        ..Options::default()
    };
    run_with(options, async |lab| {
        lab.cluster.apply(MANIFESTS).await;
        for (plural, kind) in [("middlewares", "Middleware"), ("tlsoptions", "TLSOption")] {
            lab.cluster.apply(&traefik_kind(plural, kind)).await;
            let wait = [
                "wait",
                "--for=condition=Established",
                "crd",
                &format!("{plural}.traefik.io"),
                "--timeout=20s",
            ];
            lab.cluster.kubectl(&Identity::Admin, &wait).await;
        }
        let _app = lab.backend("shop", "app").await;
        let users = secret(
            "shop",
            "users",
            "Opaque",
            "{auth: 'ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M='}",
        );
        lab.cluster.apply(&users).await;
        let guard = "{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users, nginx.ingress.kubernetes.io/proxy-body-sizes: 1m}";
        lab.cluster
            .apply(&annotated("shop", "app", "a.example.org", "app", guard))
            .await;
        let identity = Identity::service_account("ferrik", "ferrik");
        let kubeconfig = lab.cluster.kubeconfig(&identity).await;
        let arguments = [
            "--pod-namespace",
            "ferrik",
            "--pod-name",
            "one",
            "--publish-status-address",
            "192.0.2.1",
        ];
        for host in ["b.example.org", "c.example.org"] {
            let ferrik = Ferrik::spawn(&kubeconfig, &arguments);
            ferrik.ready().await;
            ferrik.answers("a.example.org", 401).await;
            eventually("it leads", async || ferrik.log().contains("this replica leads")).await;
            lab.cluster.apply(&ingress("shop", "more", host, "app")).await;
            ferrik.answers(host, 200).await;
            let path = "jsonpath={.status.loadBalancer.ingress[0].ip}";
            let get = ["get", "ingress", "-n", "shop", "more", "-o", path];
            eventually("the status is written", async || {
                lab.cluster.kubectl(&Identity::Admin, &get).await == "192.0.2.1"
            })
            .await;
            let events = ["get", "events", "-n", "shop", "-o", "jsonpath={.items[*].reason}"];
            eventually("the Event is told", async || {
                lab.cluster
                    .kubectl(&Identity::Admin, &events)
                    .await
                    .contains("AnnotationUnknown")
            })
            .await;
            if host == "c.example.org" {
                let counts = [
                    "get",
                    "events.events.k8s.io",
                    "-n",
                    "shop",
                    "-o",
                    "jsonpath={.items[*].series.count}",
                ];
                eventually("the Event is told again by the second process", async || {
                    !lab.cluster.kubectl(&Identity::Admin, &counts).await.is_empty()
                })
                .await;
            }
            ferrik.stop().await;
        }
        let log = lab.cluster.audit_log();
        let ours: Vec<&Value> = log
            .iter()
            .filter(|line| line["user"]["username"] == identity.user())
            .collect();
        let refused: Vec<&&Value> = ours
            .iter()
            .filter(|line| line["annotations"]["authorization.k8s.io/decision"] == "forbid")
            .collect();
        assert!(refused.is_empty(), "refused: {refused:?}");
        let used: BTreeSet<Call> = ours.iter().filter_map(|line| call(line)).collect();
        let unused: Vec<Call> = granted().difference(&used).cloned().collect();
        assert_eq!(unused, [], "granted and not used; used: {used:?}");
    });
}

fn call(line: &Value) -> Option<Call> {
    let object = &line["objectRef"];
    let resource = object["resource"].as_str()?;
    let resource = match object["subresource"].as_str() {
        Some(sub) => format!("{resource}/{sub}"),
        None => resource.to_owned(),
    };
    Some((line["verb"].as_str()?.to_owned(), resource))
}

/// Every verb on every resource that the roles of the manifests grant.
fn granted() -> BTreeSet<Call> {
    let mut calls = BTreeSet::new();
    let mut resources: Vec<String> = Vec::new();
    for line in MANIFESTS.lines().map(str::trim) {
        let list = |text: &str| -> Vec<String> {
            text.trim_matches(['[', ']', ' '])
                .split(',')
                .map(|item| item.trim().to_owned())
                .collect()
        };
        if let Some(text) = line.strip_prefix("resources:") {
            resources = list(text.trim());
        } else if let Some(text) = line.strip_prefix("verbs:") {
            for verb in list(text.trim()) {
                calls.extend(resources.iter().map(|resource| (verb.clone(), resource.clone())));
            }
        }
    }
    assert!(
        calls.contains(&("list".to_owned(), "ingresses".to_owned())),
        "{calls:?}"
    );
    calls
}
