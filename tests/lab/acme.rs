//! Certificates from an authority: asked for by an Ingress, answered for by every replica, and kept in Secrets.

mod alpn;
mod authority;
mod files;
mod owner;
mod renewal;
mod role;
mod secrecy;
mod solver;
mod stalled;

use ferrik_test_acme::{Acme, AcmeOptions, Endpoint, Fault};
use ferrik_test_cluster::{Identity, Lab, eventually, run};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Instant;
use tokio::process::Command;

use crate::ferrik::{Ferrik, get};
use crate::yaml::annotated;

const HOST: &str = "a.example.org";
/// Where replicas are, each on port 80 and 443 of its own address.
const REPLICAS: [&str; 3] = ["198.18.0.1", "198.18.0.2", "198.18.0.3"];

/// An Ingress that asks for a certificate in the Secret of its own name.
fn asking(name: &str, host: &str) -> String {
    asking_in("shop", name, host)
}

fn asking_in(namespace: &str, name: &str, host: &str) -> String {
    annotated(namespace, name, host, "app", "{ferrik.dev/acme: 'true'}")
        + &format!("  tls: [{{hosts: [{host}], secretName: {name}}}]\n")
}

/// An authority and the names that both it and the replicas find.
async fn authority(lab: &Lab, options: AcmeOptions, host: &str, addresses: &[&str]) -> Acme {
    let acme = Acme::start(options).await;
    point(lab, &acme, host, addresses);
    acme
}

fn point(lab: &Lab, acme: &Acme, host: &str, addresses: &[&str]) {
    acme.set_addresses(host, addresses);
    let addresses: Vec<IpAddr> = addresses
        .iter()
        .map(|address| address.parse().expect("an address"))
        .collect();
    lab.resolve(host, &addresses);
}

/// A replica on its own address.
async fn replica(lab: &Lab, acme: &Acme, address: &str, more: &[&str]) -> Ferrik {
    let log = "info,ferrik_controller=debug,kube_client=off,pingora=off,rustls=off";
    replica_with_log(lab, acme, address, more, log).await
}

/// One with these rights.
async fn replica_as(lab: &Lab, acme: &Acme, address: &str, identity: &Identity, more: &[&str]) -> Ferrik {
    let kubeconfig = lab.cluster.kubeconfig(identity).await;
    start(acme, &kubeconfig, address, more, "info").await
}

async fn replica_with_log(lab: &Lab, acme: &Acme, address: &str, more: &[&str], log: &str) -> Ferrik {
    let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
    start(acme, &kubeconfig, address, more, log).await
}

async fn start(acme: &Acme, kubeconfig: &Path, address: &str, more: &[&str], log: &str) -> Ferrik {
    // An authority that looks in handshakes finds nobody on port 80.
    let port = if more.contains(&"tls-alpn-01") { 8080 } else { 80 };
    let (http, https) = (format!("{address}:{port}"), format!("{address}:443"));
    let (directory, authorities) = (acme.directory_url(), acme.listener_ca_file());
    let arguments = [
        "--http",
        &http,
        "--https",
        &https,
        "--pod-name",
        address,
        "--pod-namespace",
        "ferrik",
        "--admin",
        "127.0.0.1:0",
        "--acme",
        "--acme-server",
        &directory,
        "--acme-ca-bundle",
        authorities.to_str().expect("a path in UTF-8"),
        "--acme-contact",
        "ops@example.org",
    ];
    let ferrik = Ferrik::spawn_with_log(kubeconfig, &[&arguments, more].concat(), log);
    ferrik.ready().await;
    ferrik
}

/// True if a client that trusts the authority gets an answer over TLS.
async fn is_trusted(root: &str, host: &str, address: &str) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("root.pem");
    std::fs::write(&file, root).expect("the folder is ours");
    let to = format!("{host}:443:{address}:443");
    let curl = Command::new("curl")
        .args([
            "-s",
            "-m",
            "5",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--connect-to",
            &to,
            "--cacert",
        ])
        .arg(&file)
        .arg(format!("https://{host}/"))
        .output()
        .await
        .expect("curl starts");
    curl.stdout == b"200"
}

/// The chain in the Secret, or nothing.
async fn stored(lab: &Lab, name: &str) -> String {
    stored_in(lab, "shop", name).await
}

async fn stored_in(lab: &Lab, namespace: &str, name: &str) -> String {
    let template = "go-template={{index .data \"tls.crt\" | base64decode}}";
    let get = [
        "get",
        "secret",
        "-n",
        namespace,
        name,
        "--ignore-not-found",
        "-o",
        template,
    ];
    lab.cluster.kubectl(&Identity::Admin, &get).await
}

/// What `ferrik certs` says of a replica.
async fn certs(replica: &Ferrik) -> String {
    let certs = Command::new(env!("CARGO_BIN_EXE_ferrik"))
        .args(["certs", "--admin", &replica.admin().to_string()])
        .output()
        .await
        .expect("the binary starts");
    String::from_utf8_lossy(&certs.stdout).into_owned()
}

async fn events(lab: &Lab, reason: &str) -> String {
    let selector = format!("reason={reason}");
    let get = [
        "get",
        "events",
        "-n",
        "shop",
        "--field-selector",
        &selector,
        "-o",
        "jsonpath={.items[*].note}{.items[*].message}",
    ];
    lab.cluster.kubectl(&Identity::Admin, &get).await
}

#[test]
fn every_replica_answers_the_authority_and_serves_the_certificate() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS).await;
        let mut replicas = Vec::new();
        for address in REPLICAS {
            replicas.push(replica(&lab, &acme, address, &[]).await);
        }
        lab.cluster.apply(&asking("a", HOST)).await;
        let start = Instant::now();
        let root = acme.issuing_root_pem().await;
        for address in REPLICAS {
            eventually("the certificate is served", async || {
                is_trusted(&root, HOST, address).await
            })
            .await;
        }
        eprintln!(
            "from the Ingress to a trusted answer of each of three replicas: {:?}",
            start.elapsed()
        );
        eventually("the owner is told", async || {
            events(&lab, "CertificateIssued")
                .await
                .contains("the certificate for a.example.org was issued")
        })
        .await;
        assert_eq!((acme.orders(), acme.accounts()), (1, 1));
        // The one that leads knows when it is renewed, and the others know who that is.
        eventually("each replica knows when it is renewed or who does", async || {
            let (mut leaders, mut others) = (Vec::new(), Vec::new());
            for (replica, address) in replicas.iter().zip(REPLICAS) {
                let text = certs(replica).await;
                if text.contains("renewed in") {
                    leaders.push(address);
                } else {
                    others.push(text);
                }
            }
            let [leader] = leaders[..] else { return false };
            let (cell, sentence) = (
                format!("known to {leader}\n"),
                format!("this replica does not lead; {leader} does"),
            );
            let mut others = others.iter();
            others.all(|text| text.contains(&cell) && text.contains(&sentence))
        })
        .await;
        // Nothing is left to remember, and no question but the authority's is answered.
        for address in REPLICAS {
            let at: SocketAddr = format!("{address}:80").parse().expect("an address");
            let token = "/.well-known/acme-challenge/t0ken";
            let answer = get(at, HOST, token).await.expect("an answer");
            assert_eq!(answer.status, 200);
            assert!(answer.body.starts_with("t0ken."), "{}", answer.body);
            let other = get(at, "b.example.org", token).await.expect("an answer");
            assert_eq!(other.status, 404);
        }
    });
}

#[test]
fn nothing_is_ordered_for_a_host_that_does_not_lead_here() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &["198.18.0.9"]).await;
        let _ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        drop(app);
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("the owner is told", async || {
            let told = events(&lab, "AcmeFailed").await;
            told.contains("198.18.0.9 cannot be reached on port 80")
        })
        .await;
        assert_eq!(acme.orders(), 0);
        point(&lab, &acme, HOST, &[REPLICAS[0]]);
        let root = acme.issuing_root_pem().await;
        let _app = lab.backend("shop", "app").await;
        eventually("it is tried again", async || {
            is_trusted(&root, HOST, REPLICAS[0]).await
        })
        .await;
        assert_eq!(acme.orders(), 1);
    });
}

#[test]
fn a_leader_that_ends_at_any_step_leaves_its_order_to_the_next() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        let steps = [
            Endpoint::NewAccount,
            Endpoint::NewOrder,
            Endpoint::Order,
            Endpoint::Authorization,
            Endpoint::Challenge,
            Endpoint::Finalize,
            Endpoint::Certificate,
        ];
        for (at, step) in steps.into_iter().enumerate() {
            let (name, host) = (format!("s{at}"), format!("s{at}.example.org"));
            point(&lab, &acme, &host, &REPLICAS[..1]);
            let before = (acme.orders(), acme.count(step));
            acme.fail(step, Fault::Hold);
            let first = replica(&lab, &acme, REPLICAS[0], &[]).await;
            lab.cluster.apply(&asking(&name, &host)).await;
            eventually(&format!("{step:?} is reached"), async || {
                acme.count(step) > before.1 || step == Endpoint::NewAccount && at > 0
            })
            .await;
            first.kill().await;
            acme.pass();
            let second = replica(&lab, &acme, REPLICAS[0], &[]).await;
            let root = acme.issuing_root_pem().await;
            eventually(&format!("{step:?}: there is a certificate"), async || {
                is_trusted(&root, &host, REPLICAS[0]).await
            })
            .await;
            let orders = acme.orders() - before.0;
            assert!((1..=2).contains(&orders), "{step:?}: {orders} orders");
            second.stop().await;
        }
    });
}

#[test]
fn a_secret_of_somebody_else_is_never_written() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        point(&lab, &acme, "b.example.org", &REPLICAS[..1]);
        let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).expect("it can be made");
        let entries =
            serde_json::json!({"tls.crt": made.cert.pem(), "tls.key": made.signing_key.serialize_pem()});
        let secret = crate::yaml::secret("shop", "a", "kubernetes.io/tls", &entries.to_string());
        lab.cluster.apply(&secret).await;
        let _ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        lab.cluster.apply(&asking("b", "b.example.org")).await;
        let root = acme.issuing_root_pem().await;
        eventually("the other is issued", async || {
            is_trusted(&root, "b.example.org", REPLICAS[0]).await
        })
        .await;
        assert_eq!(acme.orders(), 1);
        assert!(!is_trusted(&root, HOST, REPLICAS[0]).await);
    });
}
