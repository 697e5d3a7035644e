//! Server certificates from Secrets: the next handshake uses a new one, and a Secret that disappears takes no host along.

use std::net::SocketAddr;
use std::time::Duration;

use ferrik_test_cluster::{Identity, eventually, run};
use rcgen::{CertificateParams, KeyPair};
use tokio::process::Command;

use crate::ferrik::Ferrik;
use crate::yaml::{ingress, secret};

const HOST: &str = "a.example.org";

/// A certificate and its key in PEM.
struct Pair(String, String);

impl Pair {
    fn new(host: &str) -> Self {
        Self::valid_for(host, Duration::from_secs(3600))
    }

    fn valid_for(host: &str, time: Duration) -> Self {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
        params.not_after = (std::time::SystemTime::now() + time).into();
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.self_signed(&key).expect("it can be signed");
        Self(certificate.pem(), key.serialize_pem())
    }

    fn secret(&self, name: &str) -> String {
        let entries = serde_json::json!({"tls.crt": self.0, "tls.key": self.1});
        secret("shop", name, "kubernetes.io/tls", &entries.to_string())
    }

    /// True if a client that asks for the host is shown this one.
    async fn is_shown(&self, address: SocketAddr, host: &str) -> bool {
        let to = format!("{host}:443:{}:{}", address.ip(), address.port());
        let curl = Command::new("curl")
            .args([
                "-sk",
                "-m",
                "5",
                "-o",
                "/dev/null",
                "-w",
                "%{certs}",
                "--connect-to",
                &to,
            ])
            .arg(format!("https://{host}/"))
            .output()
            .await
            .expect("curl starts");
        let second_line = self.0.lines().nth(3).expect("PEM has lines");
        String::from_utf8_lossy(&curl.stdout).contains(second_line)
    }
}

fn with_tls(name: &str, host: &str) -> String {
    ingress("shop", name, host, "app") + &format!("  tls: [{{hosts: [{host}], secretName: {name}}}]\n")
}

#[test]
fn a_new_certificate_is_shown_and_a_secret_that_is_gone_or_broken_keeps_the_last() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let (first, second, other) = (Pair::new(HOST), Pair::new(HOST), Pair::new("b.example.org"));
        lab.cluster.apply(&with_tls("a", HOST)).await;
        lab.cluster.apply(&with_tls("b", "b.example.org")).await;
        lab.cluster.apply(&other.secret("b")).await;
        lab.cluster.apply(&first.secret("a")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let https = ferrik.https();
        assert!(first.is_shown(https, HOST).await);
        lab.cluster.apply(&second.secret("a")).await;
        eventually("the new one is shown", async || {
            second.is_shown(https, HOST).await
        })
        .await;

        lab.cluster.delete(&second.secret("a")).await;
        let events = async || {
            let get = ["get", "events", "-n", "shop", "-o", "jsonpath={.items[*].reason}"];
            lab.cluster.kubectl(&Identity::Admin, &get).await
        };
        eventually("the owner is told", async || {
            events().await.contains("CertificateStale")
        })
        .await;
        assert!(second.is_shown(https, HOST).await);
        lab.cluster
            .apply(&Pair("no certificate".into(), "no key".into()).secret("a"))
            .await;
        eventually("the log says so", async || {
            ferrik.log().contains("holds no certificate in PEM")
        })
        .await;
        assert!(second.is_shown(https, HOST).await);
        assert!(other.is_shown(https, "b.example.org").await);
        lab.cluster.apply(&first.secret("a")).await;
        eventually("the good one is shown", async || {
            first.is_shown(https, HOST).await
        })
        .await;
    });
}

#[test]
fn a_certificate_that_was_kept_ends_when_it_expires() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let short = Pair::valid_for(HOST, Duration::from_secs(12));
        lab.cluster.apply(&with_tls("a", HOST)).await;
        lab.cluster.apply(&short.secret("a")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let https = ferrik.https();
        assert!(short.is_shown(https, HOST).await);
        lab.cluster.delete(&short.secret("a")).await;
        eventually("it is kept", async || ferrik.log().contains("until that expires")).await;
        assert!(short.is_shown(https, HOST).await);
        eventually("it ends", async || !short.is_shown(https, HOST).await).await;
    });
}
