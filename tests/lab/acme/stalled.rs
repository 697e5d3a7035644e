//! A leader that stands still for a while, as a machine that is short of memory has it, and goes on where it was.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ferrik_config::acme::{ACME, SERVER};
use ferrik_test_acme::{AcmeOptions, Endpoint, Fault};
use ferrik_test_cluster::{Identity, Lab, eventually, run};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use super::{HOST, REPLICAS, asking, authority, events, replica, stored};

/// What the account's Secret remembers of orders.
async fn remembered(lab: &Lab) -> Value {
    let get = ["get", "secret", "-n", "ferrik", "ferrik-acme", "-o", "json"];
    let secret: Value =
        serde_json::from_str(&lab.cluster.kubectl(&Identity::Admin, &get).await).expect("JSON");
    let state = secret["data"]["state.json"].as_str().expect("an entry");
    let state = BASE64_STANDARD.decode(state).expect("base64");
    serde_json::from_slice(&state).expect("JSON")
}

#[test]
fn a_newer_certificate_stays_when_a_leader_that_stood_still_goes_on() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        acme.fail(Endpoint::Certificate, Fault::Hold);
        let ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("the certificate is asked for", async || {
            acme.count(Endpoint::Certificate) > 0
        })
        .await;
        // It has been issued.
        let newer_from = SystemTime::now() + Duration::from_secs(1);
        ferrik.signal("STOP").await;
        acme.pass();
        eventually("a newer one can be valid", async || {
            SystemTime::now() > newer_from + Duration::from_secs(1)
        })
        .await;
        let mut params = CertificateParams::new(vec![HOST.to_owned()]).expect("a name");
        params.not_before = newer_from.into();
        let key = KeyPair::generate().expect("a key");
        let chain = params.self_signed(&key).expect("it can be made").pem();
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "namespace": "shop",
                "name": "a",
                "labels": {ACME: "true"},
                "annotations": {SERVER: acme.directory_url()},
            },
            "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": &chain, "tls.key": key.serialize_pem()},
        });
        lab.cluster.apply(&secret.to_string()).await;
        ferrik.signal("CONT").await;
        eventually("the order is over", async || {
            remembered(&lab).await.pointer("/shop~1a/order").is_none()
        })
        .await;
        assert_eq!(stored(&lab, "a").await, chain);
        assert_eq!(acme.orders(), 1);
        assert_eq!(events(&lab, "AcmeFailed").await, "");
    });
}
