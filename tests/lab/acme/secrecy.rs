//! No key leaves by any way out: logs at their loudest, metrics, the admin listener, the command line, the cluster's objects
//! that are no Secrets, and core files.

use ferrik_test_acme::{AcmeOptions, ExternalAccount};
use ferrik_test_cluster::{Identity, eventually, run};
use serde_json::Value;

use super::{HOST, REPLICAS, asking, authority, is_trusted, replica_with_log};
use crate::ferrik::get;

/// Of base64url, as an authority gives it.
const CUSTOMER_KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

/// Every piece of private text in a Secret's entry: long runs without line breaks, quotes or spaces.
fn pieces(text: &str) -> Vec<String> {
    text.split(|letter: char| letter.is_whitespace() || "\"{}:,-".contains(letter))
        .filter(|piece| piece.len() >= 32)
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_key_is_told_anywhere() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let options = AcmeOptions {
            external_accounts: vec![ExternalAccount {
                id: "customer".to_owned(),
                key: CUSTOMER_KEY.to_owned(),
            }],
            ..AcmeOptions::default()
        };
        let acme = authority(&lab, options, HOST, &REPLICAS[..1]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("hmac");
        std::fs::write(&file, CUSTOMER_KEY).expect("the folder is ours");
        let customer = [
            "--acme-eab-kid",
            "customer",
            "--acme-eab-hmac-file",
            file.to_str().expect("a path in UTF-8"),
        ];
        let ferrik = replica_with_log(&lab, &acme, REPLICAS[0], &customer, "trace").await;
        lab.cluster.apply(&asking("a", HOST)).await;
        let root = acme.issuing_root_pem().await;
        eventually("it is served", async || {
            is_trusted(&root, HOST, REPLICAS[0]).await
        })
        .await;
        let secret = async |namespace: &str, name: &str| -> Value {
            let get = ["get", "secret", "-n", namespace, name, "-o", "json"];
            serde_json::from_str(&lab.cluster.kubectl(&Identity::Admin, &get).await).expect("JSON")
        };
        let mut canaries = vec![CUSTOMER_KEY.to_owned()];
        let certificate = secret("shop", "a").await;
        let account = secret("ferrik", "ferrik-acme").await;
        for (object, key) in [(&certificate, "tls.key"), (&account, "account.json")] {
            let encoded = object["data"][key].as_str().expect("an entry").to_owned();
            let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &encoded).expect("base64");
            let text = String::from_utf8(bytes).expect("text");
            // Both as it is and as the API carries it.
            canaries.extend(pieces(&text));
            canaries.push(encoded[40..encoded.len() - 4].to_owned());
        }
        assert!(canaries.len() >= 6, "{}", canaries.len());
        let mut outputs = vec![("log".to_owned(), ferrik.log())];
        for path in ["/metrics", "/table", "/certs", "/readyz"] {
            let answer = get(ferrik.admin(), "ferrik", path).await.expect("it answers");
            outputs.push((path.to_owned(), answer.body));
        }
        for kind in ["events", "ingresses", "leases.coordination.k8s.io", "configmaps"] {
            let get = ["get", kind, "-A", "-o", "yaml"];
            outputs.push((kind.to_owned(), lab.cluster.kubectl(&Identity::Admin, &get).await));
        }
        assert!(outputs[0].1.contains("TRACE"), "the log is at its loudest");
        for (place, text) in &outputs {
            for canary in &canaries {
                assert!(!text.contains(canary.as_str()), "{place} shows a key");
            }
        }
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", ferrik.id())).expect("it runs");
        let core = limits.lines().find(|line| line.starts_with("Max core file size"));
        let core: Vec<&str> = core.expect("a limit").split_whitespace().collect();
        assert_eq!(core[4..6], ["0", "0"], "no core file is written");
    });
}
