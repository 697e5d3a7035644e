//! Large files over slow lines: a transfer lasts many times as long as every limit, arrives whole, and costs no memory.
//!
//! The stream stops several times, for less than the limits, so that its whole time is a multiple of each of them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use tokio::sync::{mpsc, watch};

use crate::support::body::{fed_with_length, full};
use crate::support::{Backend, Connection, Exchange, Ferrik, Ingress, Tls, ask, get, yaml};

const HOST: &str = "files.example.org";
const LENGTH: usize = 512 << 20;
/// Between two stops.
const SEGMENT: usize = LENGTH / 8;
/// How long the stream stops: half of the shortest limit, which is two seconds.
const STOP: Duration = Duration::from_secs(1);
const GROWTH: u64 = 16 << 20;

/// Bytes whose value depends on their position: no power of two is a multiple of its period, so that a lost, repeated or
/// moved piece shows.
struct Pattern(Bytes);

impl Pattern {
    fn new() -> Arc<Self> {
        let mut state = 0x2545_f491_u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[1]
        };
        Arc::new(Self(
            std::iter::repeat_with(&mut next).take((1 << 20) - 3).collect(),
        ))
    }

    /// Up to 128 KiB from this position.
    fn piece(&self, at: usize) -> Bytes {
        let start = at % self.0.len();
        let end = self.0.len().min(start + (128 << 10)).min(start + (LENGTH - at));
        self.0.slice(start..end)
    }

    /// Fails the test if these are not the bytes at this position.
    fn check(&self, mut at: usize, mut data: &[u8]) {
        while !data.is_empty() {
            let start = at % self.0.len();
            let length = data.len().min(self.0.len() - start);
            assert!(
                data[..length] == self.0[start..start + length],
                "the bytes near {at} are not those that were sent"
            );
            data = &data[length..];
            at += length;
        }
    }
}

/// Sends everything, and after each segment waits until it has arrived, then stops for a while.
async fn send(
    pattern: &Pattern,
    feed: mpsc::Sender<anyhow::Result<Bytes>>,
    mut arrived: watch::Receiver<usize>,
) {
    let mut at = 0;
    while at < LENGTH {
        let segment = at + SEGMENT;
        while at < segment {
            let piece = pattern.piece(at);
            let piece = piece.slice(..piece.len().min(segment - at));
            at += piece.len();
            feed.send(Ok(piece)).await.expect("the body is read to its end");
        }
        arrived
            .wait_for(|count| *count >= at)
            .await
            .expect("the receiver is there");
        tokio::time::sleep(STOP).await;
    }
}

/// Reads a body to its end and says after each piece how much has come.
async fn receive(
    pattern: &Pattern,
    mut body: Incoming,
    arrived: &watch::Sender<usize>,
) -> anyhow::Result<usize> {
    let mut at = 0;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            pattern.check(at, &data);
            at += data.len();
            arrived.send_replace(at);
        }
    }
    Ok(at)
}

async fn start(backend: &Backend) -> Ferrik {
    let ingress = Ingress::new("team", "files", "nginx")
        .prefix(HOST, "/", "files")
        .nginx("proxy-body-size", "0")
        .nginx("proxy-connect-timeout", "2")
        .nginx("proxy-read-timeout", "2")
        .nginx("proxy-send-timeout", "2");
    let objects = yaml::file(&[
        &yaml::classes(),
        &ingress,
        &yaml::service_and_slice("team", "files", 80, &[backend.address]),
    ]);
    let setup = Ferrik::setup().file("objects.yaml", &objects);
    setup
        .arguments(&[
            "--client-header-timeout",
            "2",
            "--keepalive-timeout",
            "2",
            "--drain-timeout",
            "2",
        ])
        .start()
        .await
}

/// The memory that it holds after its first request.
async fn warm(ferrik: &Ferrik) -> u64 {
    assert_eq!(ferrik.secure(get(HOST, "/small")).await.status, 200);
    ferrik.rss()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_upload_arrives_whole() {
    let pattern = Pattern::new();
    let (arrived, progress) = watch::channel(0);
    let (expected, arrived) = (pattern.clone(), Arc::new(arrived));
    let backend = Backend::serve(move |exchange: Exchange| {
        let (expected, arrived) = (expected.clone(), arrived.clone());
        async move {
            let count = receive(&expected, exchange.body, &arrived).await?;
            Ok(Response::new(full(count.to_string())))
        }
    })
    .await;
    let ferrik = start(&backend).await;
    let before = warm(&ferrik).await;
    let mut connection = Connection::tls(ferrik.https(), &Tls::to(HOST))
        .await
        .expect("the handshake succeeds");
    let (feed, body) = fed_with_length(LENGTH as u64);
    let upload = connection.open(ask("PUT", HOST, "/object").stream(body));
    let (response, ()) = tokio::join!(upload, send(&pattern, feed, progress));
    let answer = crate::support::client::collect(response.expect("an answer"))
        .await
        .expect("a whole answer");
    assert_eq!((answer.status.as_u16(), answer.text()), (200, LENGTH.to_string()));
    let growth = ferrik.peak_rss().saturating_sub(before);
    assert!(growth < GROWTH, "the upload cost {growth} bytes of memory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_download_arrives_whole() {
    let pattern = Pattern::new();
    let (arrived, progress) = watch::channel(0);
    let source = pattern.clone();
    let backend = Backend::serve(move |exchange: Exchange| {
        let (source, progress) = (source.clone(), progress.clone());
        async move {
            if exchange.received.target == "/small" {
                return Ok(Response::new(full("small")));
            }
            let (feed, body) = fed_with_length(LENGTH as u64);
            tokio::spawn(async move { send(&source, feed, progress).await });
            Ok(Response::new(body))
        }
    })
    .await;
    let ferrik = start(&backend).await;
    let before = warm(&ferrik).await;
    let mut connection = Connection::tls(ferrik.https(), &Tls::to(HOST))
        .await
        .expect("the handshake succeeds");
    let response = connection.open(get(HOST, "/object")).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let count = receive(&pattern, response.into_body(), &arrived)
        .await
        .expect("a whole answer");
    assert_eq!(count, LENGTH);
    let growth = ferrik.peak_rss().saturating_sub(before);
    assert!(growth < GROWTH, "the download cost {growth} bytes of memory");
}
