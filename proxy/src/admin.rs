//! The admin listener: health, readiness, metrics and the table that is served.
//!
//! On a TCP address, which may be taken for a while and is then tried again, and on a Unix socket, which only this host
//! reaches. It shows no secret: keys and password hashes have no serial form.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use crate::engine::exceptions;
use crate::observe::{Sources, certificates};

/// Pause between attempts to bind.
const RETRY: Duration = Duration::from_secs(1);
/// A scraper has this long to send its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// What the admin listener answers from.
#[derive(Debug)]
pub(crate) struct Admin {
    sources: Sources,
    /// The first table is served and the listeners are bound.
    ready: AtomicBool,
    /// The process is about to end.
    draining: AtomicBool,
    /// What the first table waits for, one line each.
    waiting: Mutex<Vec<String>>,
    /// Certificates that are asked for.
    orders: Mutex<Value>,
    bound: watch::Sender<Option<SocketAddr>>,
}

impl Admin {
    pub(crate) fn new(sources: Sources) -> Arc<Self> {
        let (bound, _) = watch::channel(None);
        Arc::new(Self {
            sources,
            ready: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            waiting: Mutex::default(),
            orders: Mutex::default(),
            bound,
        })
    }

    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Relaxed);
    }

    pub(crate) fn set_draining(&self) {
        self.draining.store(true, Relaxed);
    }

    pub(crate) fn set_waiting(&self, lines: Vec<String>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = lines;
    }

    pub(crate) fn set_orders(&self, orders: Value) {
        *self.orders.lock().unwrap_or_else(PoisonError::into_inner) = orders;
    }

    /// The address that it listens on, once it does.
    pub(crate) fn bound(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.bound.subscribe()
    }

    /// Listens on a TCP address for ever. An address that is taken is tried again: it never stops the proxy.
    pub(crate) async fn listen_tcp(self: Arc<Self>, address: SocketAddr) {
        let listener = loop {
            match TcpListener::bind(address).await {
                Ok(listener) => break listener,
                Err(error) => {
                    tracing::warn!(%address, %error, "the admin address cannot be bound; trying again");
                }
            }
            tokio::time::sleep(RETRY).await;
        };
        self.bound.send_replace(listener.local_addr().ok());
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(self.clone().serve(stream))),
                Err(error) => {
                    tracing::warn!(%error, "the admin listener cannot accept");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Listens on a Unix socket for ever. What is left of an earlier process under the path is removed.
    pub(crate) async fn listen_unix(self: Arc<Self>, path: PathBuf) {
        let _ = std::fs::remove_file(&path);
        let listener = match UnixListener::bind(&path) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "the admin socket cannot be bound");
                return;
            }
        };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(self.clone().serve(stream))),
                Err(error) => {
                    tracing::warn!(%error, "the admin socket cannot accept");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let service = service_fn(move |request: Request<Incoming>| {
            let response = self.answer(request.method(), request.uri().path());
            async move { Ok::<_, Infallible>(response) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the admin listener broke");
        }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if *method != Method::GET && *method != Method::HEAD {
            return text(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET is answered here\n".into(),
            );
        }
        match path {
            "/healthz" => text(StatusCode::OK, "ok\n".into()),
            "/readyz" => self.readiness(),
            "/metrics" => typed(
                StatusCode::OK,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                self.sources.encode(),
            ),
            "/table" => self.table(),
            "/certs" => self.certificates(),
            _ => text(
                StatusCode::NOT_FOUND,
                "try /healthz, /readyz, /metrics, /table or /certs\n".into(),
            ),
        }
    }

    fn readiness(&self) -> Response<Full<Bytes>> {
        let mut missing = if self.draining.load(Relaxed) {
            "draining: the process is about to end\n".to_owned()
        } else if self.sources.tables.load().is_none() {
            "not ready: no table is applied yet\n".to_owned()
        } else if !self.ready.load(Relaxed) {
            "not ready: the listeners are not bound yet\n".to_owned()
        } else {
            return text(StatusCode::OK, "ready\n".into());
        };
        for line in &*self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            missing.push_str(line);
            missing.push('\n');
        }
        text(StatusCode::SERVICE_UNAVAILABLE, missing)
    }

    fn certificates(&self) -> Response<Full<Bytes>> {
        let Some(compiled) = self.sources.tables.load() else {
            return text(
                StatusCode::SERVICE_UNAVAILABLE,
                "no table is applied yet\n".into(),
            );
        };
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let json = certificates(&compiled.table, &orders);
        typed(StatusCode::OK, "application/json", format!("{json}\n"))
    }

    fn table(&self) -> Response<Full<Bytes>> {
        let Some(compiled) = self.sources.tables.load() else {
            return text(
                StatusCode::SERVICE_UNAVAILABLE,
                "no table is applied yet\n".into(),
            );
        };
        let json = serde_json::json!({
            "generation": compiled.generation,
            "table": &*compiled.table,
            "endpoints": &*self.sources.tables.endpoints(),
            "not_by_lane": exceptions(&compiled.table),
        });
        typed(StatusCode::OK, "application/json", format!("{json}\n"))
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    typed(status, "text/plain; charset=utf-8", body)
}

fn typed(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, kind)
        .body(Full::new(body.into()))
        .expect("status and type are valid")
}
