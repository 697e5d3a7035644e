//! An application in a pod: an HTTP/1.1 server in this process, on an address of the pods' range, that answers every request
//! with what it received. `/slow?ms=N` waits before it answers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

/// A running application; it ends with the value.
pub(crate) struct Application {
    state: Arc<State>,
    listeners: Vec<AbortHandle>,
}

struct State {
    namespace: String,
    pod: String,
    requests: AtomicUsize,
    /// Requests that are not yet answered, and when the last one came or was answered.
    busy: Mutex<(usize, Instant)>,
    leaving: AtomicBool,
}

impl Application {
    /// Starts to listen on all these addresses.
    pub(crate) async fn start(namespace: &str, pod: &str, addresses: &[SocketAddr]) -> Self {
        let state = Arc::new(State {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            requests: AtomicUsize::new(0),
            busy: Mutex::new((0, Instant::now())),
            leaving: AtomicBool::new(false),
        });
        let mut listeners = Vec::new();
        for address in addresses {
            let listener = TcpListener::bind(address)
                .await
                .unwrap_or_else(|error| panic!("{pod} cannot listen on {address}: {error}"));
            listeners.push(tokio::spawn(accept(listener, state.clone())).abort_handle());
        }
        Self { state, listeners }
    }

    /// How many requests have come so far.
    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Relaxed)
    }

    /// From now on every answer closes its connection.
    pub(crate) fn leave(&self) {
        self.state.leaving.store(true, Relaxed);
    }

    /// How long there has been nothing to do.
    pub(crate) fn idle(&self) -> Duration {
        let (busy, since) = *self.state.busy();
        if busy > 0 { Duration::ZERO } else { since.elapsed() }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // The connections' tasks belong to the accepting ones.
        self.listeners.iter().for_each(AbortHandle::abort);
    }
}

impl State {
    fn busy(&self) -> std::sync::MutexGuard<'_, (usize, Instant)> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let (head, body) = request.into_parts();
        if let Some(wait) = slow(&head.uri) {
            tokio::time::sleep(wait).await;
        }
        let body = body.collect().await?.to_bytes();
        let mut headers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, value) in &head.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(name.as_str()).or_default().push(value);
        }
        let seen: Value = json!({
            "pod": self.pod,
            "namespace": self.namespace,
            "method": head.method.as_str(),
            "path": head.uri.to_string(),
            "headers": headers,
            "body_bytes": body.len(),
        });
        let mut response = Response::new(Full::from(seen.to_string()));
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.leaving.load(Relaxed) {
            fields.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// Counts a request as unfinished for as long as it lives.
struct Busy(Arc<State>);

impl Busy {
    fn new(state: &Arc<State>) -> Self {
        state.requests.fetch_add(1, Relaxed);
        let mut busy = state.busy();
        *busy = (busy.0 + 1, Instant::now());
        drop(busy);
        Self(state.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut busy = self.0.busy();
        *busy = (busy.0 - 1, Instant::now());
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) -> Result<Infallible, std::io::Error> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let state = state.clone();
        let service = service_fn(move |request| {
            let (busy, state) = (Busy::new(&state), state.clone());
            async move {
                let _busy = busy;
                state.answer(request).await
            }
        });
        // A connection that breaks is part of many tests.
        connections.spawn(async move {
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// How long a request for `/slow?ms=N` waits.
fn slow(uri: &hyper::Uri) -> Option<Duration> {
    let query = uri.query().filter(|_| uri.path() == "/slow")?;
    let number = query.split('&').find_map(|pair| pair.strip_prefix("ms="))?;
    number.parse().ok().map(Duration::from_millis)
}
