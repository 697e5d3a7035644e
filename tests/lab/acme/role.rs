//! The roles of the chart for certificates: nothing that is asked is refused, and nothing is granted that is not asked.

use std::time::Duration;

use ferrik_test_acme::AcmeOptions;
use ferrik_test_cluster::{Identity, Options, eventually, run_with};

use super::{REPLICAS, asking_in, authority, point, replica_as, stored_in};
use crate::role::grant::{Call, calls, granted};

/// Those of the chart's set of values.
const NAMESPACES: [&str; 2] = ["shop", "blog"];

#[test]
fn certificates_need_what_the_chart_grants() {
    needs_what_is_granted("http-01");
}

#[test]
fn handshakes_need_no_more() {
    needs_what_is_granted("tls-alpn-01");
}

/// Has certificates issued and renewed with the chart's rights, verified in this way.
fn needs_what_is_granted(challenge: &'static str) {
    let objects = crate::chart::render("acme");
    let options = Options {
        audit: true,
        ..Options::default()
    };
    run_with(options, async move |lab| {
        for namespace in ["ferrik", "shop", "blog"] {
            lab.cluster.namespace(namespace).await;
        }
        lab.cluster.apply(&objects).await;
        // So short that it is renewed while the test looks.
        let options = AcmeOptions {
            lifetime: Duration::from_secs(20),
            ..AcmeOptions::default()
        };
        let acme = authority(&lab, options, "shop.example.org", &REPLICAS[..1]).await;
        point(&lab, &acme, "blog.example.org", &REPLICAS[..1]);
        let identity = Identity::service_account("ferrik", "ferrik");
        let ferrik = replica_as(
            &lab,
            &acme,
            REPLICAS[0],
            &identity,
            &["--acme-challenge", challenge],
        )
        .await;
        for namespace in NAMESPACES {
            let host = format!("{namespace}.example.org");
            lab.cluster.apply(&asking_in(namespace, "a", &host)).await;
        }
        for namespace in NAMESPACES {
            let certificate = async || stored_in(&lab, namespace, "a").await;
            eventually("it is issued", async || certificate().await.contains("BEGIN")).await;
            let first = certificate().await;
            eventually("it is renewed", async || certificate().await != first).await;
        }
        ferrik.stop().await;
        let log = lab.cluster.audit_log();
        let (used, refused) = calls(&log, &identity.user());
        assert!(refused.is_empty(), "refused: {refused:?}");
        let grants = granted(&lab).await;
        let of_secrets = grants.iter().filter(|grant| grant.resource == "secrets");
        let unused: Vec<&Call> = of_secrets
            .filter(|grant| !used.iter().any(|call| grant.covers(call)))
            .collect();
        assert!(unused.is_empty(), "granted and not used: {unused:?}");
    });
}
