//! Renewal: nobody notices one that succeeds, and one that fails leaves what is there and says why.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use ferrik_test_acme::{AcmeOptions, Fault};
use ferrik_test_cluster::{eventually, run};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::{HOST, REPLICAS, asking, authority, events, is_trusted, replica, stored};
use crate::ferrik::get;

/// Handshakes that go on while something happens, each checked against the authority's root.
struct Handshakes {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    tasks: JoinSet<Result<(), String>>,
}

impl Handshakes {
    fn start(root: &str, address: &'static str) -> Self {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(root.as_bytes()) {
            roots.add(root.expect("PEM")).expect("a certificate");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (connector, stop, done) = (connector.clone(), stop.clone(), done.clone());
            tasks.spawn(async move {
                while !stop.load(Relaxed) {
                    let stream = TcpStream::connect((address, 443)).await;
                    let stream = stream.map_err(|error| error.to_string())?;
                    let name = ServerName::try_from(HOST).expect("a name");
                    let connection = connector.connect(name, stream).await;
                    connection.map_err(|error| error.to_string())?;
                    done.fetch_add(1, Relaxed);
                }
                Ok(())
            });
        }
        Self { stop, done, tasks }
    }

    async fn more(&self, handshakes: usize) {
        let goal = self.done.load(Relaxed) + handshakes;
        eventually("handshakes go on", async || self.done.load(Relaxed) >= goal).await;
    }

    /// Ends them. Fails the test if one failed.
    async fn end(mut self) -> usize {
        self.stop.store(true, Relaxed);
        while let Some(task) = self.tasks.join_next().await {
            assert_eq!(task.expect("no panic"), Ok(()));
        }
        self.done.load(Relaxed)
    }
}

#[test]
fn a_certificate_is_renewed_when_the_authority_says_so_and_no_handshake_fails() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        // So short that the authority is asked again soon, and too long to be renewed without it.
        let options = AcmeOptions {
            lifetime: Duration::from_secs(200),
            ..AcmeOptions::default()
        };
        let acme = authority(&lab, options, HOST, &REPLICAS[..1]).await;
        let _ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        let root = acme.issuing_root_pem().await;
        eventually("it is served", async || {
            is_trusted(&root, HOST, REPLICAS[0]).await
        })
        .await;
        let first = stored(&lab, "a").await;
        let handshakes = Handshakes::start(&root, REPLICAS[0]);
        handshakes.more(300).await;
        let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
        acme.set_renewal_window(&first, now - hour * 2, now - hour).await;
        eventually("it is renewed", async || stored(&lab, "a").await != first).await;
        handshakes.more(700).await;
        assert!(handshakes.end().await >= 1000);
        assert_eq!(acme.orders(), 2);
    });
}

#[test]
fn an_authority_that_is_away_leaves_the_certificate_and_is_not_stormed() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let options = AcmeOptions {
            lifetime: Duration::from_secs(24),
            ..AcmeOptions::default()
        };
        let acme = authority(&lab, options, HOST, &REPLICAS[..1]).await;
        let ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("it is issued", async || stored(&lab, "a").await.contains("BEGIN")).await;
        let first = stored(&lab, "a").await;
        acme.fail(None, Fault::unavailable());
        let before = acme.requests().len();
        eventually("the owner is told", async || {
            let told = events(&lab, "AcmeFailed").await;
            told.contains("could not be renewed, and the one that is there stays: the authority")
        })
        .await;
        let metrics = get(ferrik.admin(), "ferrik", "/metrics")
            .await
            .expect("it answers")
            .body;
        let failures = metrics
            .lines()
            .find_map(|line| line.strip_prefix("ferrik_acme_failures_total{reason=\"unreachable\"} "));
        assert!(failures.is_some_and(|count| count != "0"), "{failures:?}");
        let end = SystemTime::now() + Duration::from_secs(12);
        eventually("it has ended", async || SystemTime::now() > end).await;
        assert_eq!(stored(&lab, "a").await, first);
        let asked = acme.requests().len() - before;
        assert!(asked <= 12, "{asked} requests while it was away");
        acme.pass();
        eventually("it is renewed", async || stored(&lab, "a").await != first).await;
    });
}

#[test]
fn an_authority_that_asks_for_peace_gets_it() {
    run(async |lab| {
        lab.cluster.namespace("ferrik").await;
        let _app = lab.backend("shop", "app").await;
        let acme = authority(&lab, AcmeOptions::default(), HOST, &REPLICAS[..1]).await;
        let hour = Duration::from_secs(3600);
        acme.fail_next(1, ferrik_test_acme::Endpoint::NewOrder, Fault::rate_limited(hour));
        let ferrik = replica(&lab, &acme, REPLICAS[0], &[]).await;
        lab.cluster.apply(&asking("a", HOST)).await;
        eventually("the owner is told", async || {
            let told = events(&lab, "AcmeFailed").await;
            told.contains("rateLimited") && told.contains("tried again within")
        })
        .await;
        let log = ferrik.log();
        let again = log.split("again_in_seconds=").nth(1).and_then(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u64>().ok()
        });
        assert!(
            again.is_some_and(|seconds| (3590..=3600).contains(&seconds)),
            "{again:?}"
        );
        assert_eq!(acme.orders(), 0);
    });
}
