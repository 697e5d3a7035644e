//! Authorities as they are: they forget, refuse, take their time, and lose answers.

use std::time::Duration;

use ferrik_test_acme::{AcmeOptions, Endpoint, Fault};
use ferrik_test_cluster::{Identity, eventually, run};

use super::{HOST, REPLICAS, asking, authority, events, is_trusted, point, replica, stored};

#[test]
fn bad_nonces_delays_lost_answers_and_hosts_that_were_verified_before() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let options = AcmeOptions {
            bad_nonces: 30,
            authorization_reuse: 100,
            validation_delay: Duration::from_secs(2),
            retry_after: Duration::from_secs(1),
            ..AcmeOptions::default()
        };
        let acme = authority(&lab, options, HOST, &REPLICAS[..1]).await;
        acme.fail_next(1, Endpoint::Finalize, Fault::LoseAnswer);
        let _ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        let root = acme.issuing_root_pem().await;
        eventually("the first is served", async || {
            is_trusted(&root, HOST, REPLICAS[0]).await
        })
        .await;
        // The same host in another Secret: the authority has verified it already.
        let challenges = acme.count(Endpoint::Challenge);
        lab.cluster.apply(&asking("again", HOST)).await;
        eventually("the second is issued", async || {
            stored(&lab, "again").await.contains("BEGIN")
        })
        .await;
        assert_eq!(acme.count(Endpoint::Challenge), challenges);
    });
}

#[test]
fn what_the_authority_refuses_is_told_in_its_words_and_harms_nobody_else() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let options = AcmeOptions {
            blocked: vec!["blocked.example.org".to_owned()],
            ..AcmeOptions::default()
        };
        let acme = authority(&lab, options, HOST, &REPLICAS[..1]).await;
        point(&lab, &acme, "blocked.example.org", &REPLICAS[..1]);
        let _ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("blocked", "blocked.example.org")).await;
        eventually("the owner is told", async || {
            let told = events(&lab, "AcmeFailed").await;
            told.contains("blocked.example.org: there is no certificate yet: the authority says:")
        })
        .await;
        lab.cluster.apply(&asking("a", HOST)).await;
        let root = acme.issuing_root_pem().await;
        eventually("the other is served", async || {
            is_trusted(&root, HOST, REPLICAS[0]).await
        })
        .await;
    });
}

#[test]
fn an_authority_that_forgot_the_account_gets_a_new_one() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        point(&lab, &acme, "b.example.org", &REPLICAS[..1]);
        let _ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("it is issued", async || stored(&lab, "a").await.contains("BEGIN")).await;
        acme.restart().await;
        lab.cluster.apply(&asking("b", "b.example.org")).await;
        let root = acme.issuing_root_pem().await;
        eventually("another account gets the next", async || {
            is_trusted(&root, "b.example.org", REPLICAS[0]).await
        })
        .await;
        assert_eq!(acme.accounts(), 2);
    });
}

#[test]
fn another_namespace_gets_no_certificate_for_a_host_that_is_served_here() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        let _ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("it is issued", async || stored(&lab, "a").await.contains("BEGIN")).await;
        lab.cluster.namespace("other").await;
        lab.cluster.apply(&super::asking_in("other", "thief", HOST)).await;
        let get = [
            "get",
            "events",
            "-n",
            "other",
            "-o",
            "jsonpath={.items[*].note}{.items[*].message}",
        ];
        eventually("the other is told", async || {
            let told = lab.cluster.kubectl(&Identity::Admin, &get).await;
            told.contains("is served by Ingress shop/a in another namespace")
        })
        .await;
        assert_eq!(acme.orders(), 1);
    });
}
