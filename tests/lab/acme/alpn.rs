//! TLS-ALPN-01 (RFC 8737) with nobody on port 80: every replica has the answer before the authority looks, or it does not
//! look.

use std::process::Stdio;

use ferrik_test_acme::{Acme, AcmeOptions, Endpoint, Fault};
use ferrik_test_cluster::k8s_openapi::jiff::Timestamp;
use ferrik_test_cluster::{Identity, Lab, eventually, run};
use serde_json::Value;
use tokio::process::Command;

use super::{HOST, REPLICAS, asking, authority, events, is_trusted, point, replica};
use crate::ferrik::Ferrik;

const BY_HANDSHAKE: [&str; 2] = ["--acme-challenge", "tls-alpn-01"];

/// An authority that finds nobody where HTTP-01 is asked, and these replicas.
async fn site<const N: usize>(lab: &Lab, addresses: &[&str; N]) -> (Acme, [Ferrik; N]) {
    lab.cluster.namespace("ferrik").await;
    let acme = authority(lab, AcmeOptions::default(), HOST, addresses).await;
    let mut replicas = Vec::new();
    for address in addresses {
        let ferrik = replica(lab, &acme, address, &BY_HANDSHAKE).await;
        if replicas.is_empty() {
            ferrik.measures("ferrik_leader", 1).await;
        }
        replicas.push(ferrik);
    }
    let replicas = replicas.try_into();
    (acme, replicas.unwrap_or_else(|_| panic!("one for each address")))
}

/// What stands in the account's Secret for handshakes.
async fn answers(lab: &Lab) -> Value {
    let get = [
        "get",
        "secret",
        "-n",
        "ferrik",
        "ferrik-acme",
        "--ignore-not-found",
        "-o",
        "go-template={{with index .data \"tls-alpn-01\"}}{{. | base64decode}}{{end}}",
    ];
    let text = lab.cluster.kubectl(&Identity::Admin, &get).await;
    serde_json::from_str(&text).unwrap_or_default()
}

/// Waits until there is an answer for the host, and until there is none.
async fn has_answer(lab: &Lab, host: &str, is_there: bool) {
    let what = if is_there {
        "the answer is there"
    } else {
        "the answer is gone"
    };
    eventually(what, async || {
        let answers = answers(lab).await;
        answers["hosts"].is_object() && answers["hosts"][host].is_object() == is_there
    })
    .await;
}

/// What openssl says of a handshake as an authority makes it.
async fn shake(host: &str, address: &str, protocols: &str) -> String {
    let to = format!("{address}:443");
    let arguments = [
        "s_client",
        "-connect",
        &to,
        "-servername",
        host,
        "-alpn",
        protocols,
    ];
    let mut openssl = Command::new("openssl");
    let output = openssl.args(arguments).stdin(Stdio::null()).output().await;
    let output = output.expect("openssl starts");
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_certificate_is_had_with_port_80_closed_and_its_answer_goes() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let (acme, _replicas) = site(&lab, &REPLICAS).await;
        acme.fail(Endpoint::Challenge, Fault::Hold);
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("the authority is told to look", async || {
            acme.count(Endpoint::Challenge) > 0
        })
        .await;
        // By now every one of them answers, to that question only, and for that host only.
        for address in REPLICAS {
            let answer = shake(HOST, address, "acme-tls/1").await;
            assert!(answer.contains("ALPN protocol: acme-tls/1"), "{answer}");
            assert!(
                answer.contains("CN = Ferrik ACME challenge") || answer.contains("CN=Ferrik ACME challenge"),
                "{answer}"
            );
            let client = shake(HOST, address, "h2,acme-tls/1").await;
            assert!(client.contains("ALPN protocol: h2"), "{client}");
            let other = shake("b.example.org", address, "acme-tls/1").await;
            assert!(
                other.contains("no application protocol") && other.contains("no peer certificate"),
                "{other}"
            );
        }
        acme.pass();
        let root = acme.issuing_root_pem().await;
        for address in REPLICAS {
            eventually("the certificate is served", async || {
                is_trusted(&root, HOST, address).await
            })
            .await;
        }
        has_answer(&lab, HOST, false).await;
        for address in REPLICAS {
            eventually("nothing is answered any more", async || {
                shake(HOST, address, "acme-tls/1")
                    .await
                    .contains("no peer certificate")
            })
            .await;
        }
        assert_eq!(acme.orders(), 1);
    });
}

#[test]
fn several_orders_at_once_do_not_stand_in_each_others_way() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let (acme, _replicas) = site(&lab, &[REPLICAS[0], REPLICAS[1]]).await;
        let root = acme.issuing_root_pem().await;
        let hosts: Vec<String> = (0..6).map(|at| format!("h{at}.example.org")).collect();
        // All of them first: who looks a name up while the file of names is written finds none.
        for host in &hosts {
            point(&lab, &acme, host, &REPLICAS[..2]);
        }
        for (at, host) in hosts.iter().enumerate() {
            lab.cluster.apply(&asking(&format!("h{at}"), host)).await;
            // The same host once more, in another Secret: a handshake has room for one answer.
            lab.cluster.apply(&asking(&format!("again{at}"), host)).await;
        }
        for host in &hosts {
            eventually("the certificate is served", async || {
                is_trusted(&root, host, REPLICAS[1]).await
            })
            .await;
        }
        for at in 0..hosts.len() {
            for name in [format!("h{at}"), format!("again{at}")] {
                eventually("each Secret has one", async || {
                    super::stored(&lab, &name).await.contains("BEGIN")
                })
                .await;
            }
        }
        assert_eq!(acme.orders(), 2 * hosts.len());
        assert_eq!(events(&lab, "AcmeFailed").await, "");
    });
}

#[test]
fn a_replica_that_does_not_follow_is_waited_for() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let (acme, [leader, other]) = site(&lab, &[REPLICAS[0], REPLICAS[1]]).await;
        let root = acme.issuing_root_pem().await;
        other.signal("STOP").await;
        lab.cluster.apply(&asking("a", HOST)).await;
        has_answer(&lab, HOST, true).await;
        let waits = format!("replica {} does not say that it has it", REPLICAS[1]);
        eventually("it is waited for", async || leader.log().contains(&waits)).await;
        assert_eq!(acme.count(Endpoint::Challenge), 0);
        other.signal("CONT").await;
        for address in &REPLICAS[..2] {
            eventually("the certificate is served", async || {
                is_trusted(&root, HOST, address).await
            })
            .await;
        }
        assert_eq!(acme.orders(), 1);
        assert_eq!(events(&lab, "AcmeFailed").await, "");

        // One that has ended without a word is waited for until its Lease is over.
        let host = "b.example.org";
        point(&lab, &acme, host, &REPLICAS[..1]);
        other.kill().await;
        lab.cluster.apply(&asking("b", host)).await;
        eventually("the certificate is served", async || {
            is_trusted(&root, host, REPLICAS[0]).await
        })
        .await;
        assert!(leader.log().matches(&waits).count() >= 2, "it was waited for");
        assert_eq!(acme.orders(), 2);
    });
}

#[test]
fn a_leader_that_ends_leaves_its_answers_to_the_next() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let (acme, [leader, other]) = site(&lab, &[REPLICAS[0], REPLICAS[1]]).await;
        let root = acme.issuing_root_pem().await;
        // While it waits for the other.
        other.signal("STOP").await;
        lab.cluster.apply(&asking("a", HOST)).await;
        has_answer(&lab, HOST, true).await;
        let first = answers(&lab).await;
        leader.kill().await;
        point(&lab, &acme, HOST, &REPLICAS[1..2]);
        other.signal("CONT").await;
        eventually("the certificate is served", async || {
            is_trusted(&root, HOST, REPLICAS[1]).await
        })
        .await;
        has_answer(&lab, HOST, false).await;
        assert_eq!(
            answers(&lab).await["version"],
            first["version"],
            "the answer was the same"
        );
        assert_eq!(acme.orders(), 1);

        // When it has told the authority, and nobody asks for the host any more when the next one begins.
        let host = "b.example.org";
        point(&lab, &acme, host, &REPLICAS[1..2]);
        let told = acme.count(Endpoint::Challenge);
        acme.fail(Endpoint::Challenge, Fault::Hold);
        lab.cluster.apply(&asking("b", host)).await;
        eventually("the authority is told to look", async || {
            acme.count(Endpoint::Challenge) > told
        })
        .await;
        other.kill().await;
        acme.pass();
        has_answer(&lab, host, true).await;
        lab.cluster.delete(&asking("b", host)).await;
        let _third = replica(&lab, &acme, REPLICAS[1], &BY_HANDSHAKE).await;
        has_answer(&lab, host, false).await;
    });
}

#[test]
fn somebody_else_on_port_443_is_named_before_the_authority_looks() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let (acme, [_ferrik]) = site(&lab, &[REPLICAS[0]]).await;
        point(&lab, &acme, HOST, &["198.18.0.9"]);
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("the owner is told", async || {
            let told = events(&lab, "AcmeFailed").await;
            told.contains("198.18.0.9 cannot be reached on port 443")
        })
        .await;
        assert_eq!((acme.orders(), acme.count(Endpoint::Challenge)), (1, 0));
        point(&lab, &acme, HOST, &[REPLICAS[0]]);
        let root = acme.issuing_root_pem().await;
        eventually("it is tried again", async || {
            is_trusted(&root, HOST, REPLICAS[0]).await
        })
        .await;
        assert_eq!(acme.orders(), 1, "the order goes on");
    });
}

#[test]
fn a_replica_that_lives_and_does_not_follow_is_named() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let (acme, [_ferrik]) = site(&lab, &[REPLICAS[0]]).await;
        // One of a version that knows nothing of handshakes: it renews its Lease and says nothing of them.
        let renew = async || {
            let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
            let lease = format!(
                "apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {{name: old, namespace: ferrik, labels: {{ferrik.dev/election: ferrik-leader}}}}
spec: {{holderIdentity: old, leaseDurationSeconds: 15, renewTime: '{now}'}}
"
            );
            lab.cluster.apply(&lease).await;
        };
        renew().await;
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("the owner is told", async || {
            renew().await;
            let told = events(&lab, "AcmeFailed").await;
            told.contains("replica old does not say that it has it")
        })
        .await;
        assert_eq!((acme.orders(), acme.count(Endpoint::Challenge)), (1, 0));
        let lease = ["delete", "lease", "-n", "ferrik", "old"];
        lab.cluster.kubectl(&Identity::Admin, &lease).await;
        let root = acme.issuing_root_pem().await;
        eventually("it is tried again", async || {
            is_trusted(&root, HOST, REPLICAS[0]).await
        })
        .await;
        assert_eq!(acme.orders(), 1, "the order goes on");
    });
}
