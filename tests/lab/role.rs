//! The roles of the chart: nothing that is asked is refused but what a mode withholds, and nothing is granted that is not
//! asked.

pub(crate) mod grant;

use std::collections::BTreeSet;

use ferrik_test_cluster::{Identity, Lab, Options, eventually, run_with};

use crate::chart;
use crate::ferrik::Ferrik;
use crate::reference_grant;
use crate::traefik;
use crate::yaml::{annotated, ingress, secret};
use grant::{Call, calls, granted};

/// Flags that decide what is asked of the API.
const SCOPE: [&str; 5] = [
    "--watch-namespace",
    "--configmap",
    "--default-ssl-certificate",
    "--default-backend-service",
    "--publish-service",
];

/// What is expected of one way to install it.
struct Mode {
    objects: String,
    /// Where Ingresses are.
    namespaces: &'static [&'static str],
    /// Where their password files may be read.
    readable: &'static [&'static str],
    /// What the mode withholds on purpose: namespaces and names of Secrets, both empty for all of the cluster.
    withheld: &'static [(&'static str, &'static str)],
}

#[test]
fn on_the_hosts_network() {
    fits(Mode {
        objects: chart::manifest("hostnetwork"),
        namespaces: &["shop"],
        readable: &["shop"],
        withheld: &[],
    });
}

#[test]
fn behind_a_load_balancer() {
    fits(Mode {
        objects: chart::manifest("loadbalancer"),
        namespaces: &["shop"],
        readable: &["shop"],
        withheld: &[],
    });
}

#[test]
fn in_listed_namespaces() {
    fits(Mode {
        objects: chart::render("namespaces"),
        namespaces: &["shop", "blog", "ferrik"],
        readable: &["shop", "blog", "ferrik"],
        withheld: &[],
    });
}

#[test]
fn with_secrets_of_listed_namespaces() {
    fits(Mode {
        objects: chart::render("secrets-namespaces"),
        namespaces: &["shop", "blog", "other"],
        readable: &["shop", "blog"],
        withheld: &[("", ""), ("other", "shop-tls"), ("other", "blog-tls")],
    });
}

#[test]
fn with_secrets_of_listed_names() {
    fits(Mode {
        objects: chart::render("secrets-names"),
        namespaces: &["shop", "other"],
        readable: &["shop"],
        withheld: &[("", ""), ("other", "shop-tls"), ("other", "blog-tls")],
    });
}

/// Installs it, makes it do everything that it does, twice, and compares its role with what it asked.
fn fits(mode: Mode) {
    let options = Options {
        audit: true,
        ..Options::default()
    };
    run_with(options, async move |lab| {
        traefik::add_kinds(&lab).await;
        reference_grant::add_kind(&lab).await;
        for namespace in ["ferrik", "shop", "blog", "certificates", "ingress-nginx"] {
            lab.cluster.namespace(namespace).await;
        }
        lab.cluster.apply(&mode.objects).await;
        let mut backends = Vec::new();
        for namespace in mode.namespaces {
            backends.push(lab.backend(namespace, "app").await);
            for name in ["shop-tls", "blog-tls"] {
                lab.cluster.apply(&guarded(namespace, name)).await;
            }
        }
        let identity = Identity::service_account("ferrik", "ferrik");
        let kubeconfig = lab.cluster.kubeconfig(&identity).await;
        let arguments = arguments(&lab, &mode.objects).await;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        for round in ["one", "two"] {
            let ferrik = Ferrik::spawn(&kubeconfig, &arguments);
            ferrik.ready().await;
            for namespace in mode.namespaces {
                let status = if mode.readable.contains(namespace) {
                    401
                } else {
                    503
                };
                ferrik
                    .answers(&format!("shop-tls.{namespace}.example.org"), status)
                    .await;
                let host = format!("{round}.{namespace}.example.org");
                lab.cluster.apply(&ingress(namespace, "more", &host, "app")).await;
                ferrik.answers(&host, 200).await;
                is_told(&lab, namespace, round == "two").await;
            }
            ferrik.stop().await;
        }
        let log = lab.cluster.audit_log();
        let (used, refused) = calls(&log, &identity.user());
        let is_withheld = |call: &&Call| {
            let place = (call.namespace.as_str(), call.name.as_str());
            call.verb == "list" && call.resource == "secrets" && mode.withheld.contains(&place)
        };
        let unexpected: Vec<&Call> = refused.iter().filter(|call| !is_withheld(call)).collect();
        assert!(unexpected.is_empty(), "refused: {unexpected:?}");
        let refused: BTreeSet<_> = refused
            .iter()
            .map(|call| (call.namespace.as_str(), call.name.as_str()))
            .collect();
        assert_eq!(refused, mode.withheld.iter().copied().collect());
        let grants = granted(&lab).await;
        let unused: Vec<&Call> = grants
            .iter()
            .filter(|grant| !used.iter().any(|call| grant.covers(call)))
            .collect();
        assert!(
            unused.is_empty(),
            "granted and not used: {unused:?}; used: {used:?}"
        );
    });
}

/// A password file and an Ingress that it guards, with an annotation that nobody knows.
fn guarded(namespace: &str, name: &str) -> String {
    let users = secret(
        namespace,
        name,
        "Opaque",
        "{auth: 'ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M='}",
    );
    let annotations = format!(
        "{{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: {name}, nginx.ingress.kubernetes.io/proxy-body-sizes: 1m}}"
    );
    let host = format!("{name}.{namespace}.example.org");
    users + "\n---\n" + &annotated(namespace, name, &host, "app", &annotations)
}

/// How the objects start it, as far as it matters to the API.
async fn arguments(lab: &Lab, objects: &str) -> Vec<String> {
    let written = objects.lines().filter_map(|line| line.trim().strip_prefix("- "));
    let mut arguments: Vec<String> = written
        .filter(|argument| SCOPE.iter().any(|flag| argument.starts_with(flag)))
        .map(str::to_owned)
        .collect();
    if arguments
        .iter()
        .any(|argument| argument.starts_with("--publish-service"))
    {
        let status = r#"{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}"#;
        let patch = [
            "patch",
            "service",
            "-n",
            "ferrik",
            "ferrik",
            "--subresource=status",
            "--type=merge",
            "-p",
            status,
        ];
        lab.cluster.kubectl(&Identity::Admin, &patch).await;
    } else {
        arguments.push("--publish-status-address=192.0.2.1".to_owned());
    }
    arguments.extend(["--pod-namespace=ferrik", "--pod-name=one"].map(str::to_owned));
    arguments
}

/// Waits until the status is written and the problem is told, by a second process once more.
async fn is_told(lab: &Lab, namespace: &str, again: bool) {
    let status = "jsonpath={.status.loadBalancer.ingress[0].ip}";
    let get = ["get", "ingress", "-n", namespace, "more", "-o", status];
    eventually("the status is written", async || {
        lab.cluster.kubectl(&Identity::Admin, &get).await == "192.0.2.1"
    })
    .await;
    let series = "jsonpath={range .items[*]}{.reason}={.series.count} {end}";
    let get = ["get", "events.events.k8s.io", "-n", namespace, "-o", series];
    let text = if again {
        "AnnotationUnknown=2"
    } else {
        "AnnotationUnknown="
    };
    eventually("the Event is told", async || {
        lab.cluster.kubectl(&Identity::Admin, &get).await.contains(text)
    })
    .await;
}
