//! Applications behind the proxy: real HTTP servers (HTTP/1.1, HTTP/2 with prior knowledge, TLS) that record every request
//! they receive, and answer as a test tells them to.

mod gate;
mod raw;
mod received;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::Body;
use super::body::full;
use super::certs::Identity;

pub(crate) use gate::Gate;
pub(crate) use raw::RawBackend;
pub(crate) use received::Received;

/// A running backend; it ends with the value.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    log: Arc<Log>,
    accept: AbortHandle,
}

#[derive(Default)]
struct Log {
    connections: AtomicUsize,
    requests: Mutex<Vec<Received>>,
}

/// One request at a backend. The head is recorded; the body is still to be read.
pub(crate) struct Exchange {
    pub(crate) received: Received,
    pub(crate) body: Incoming,
}

impl Exchange {
    /// Reads the body and answers with everything that came, as JSON.
    pub(crate) async fn echo(self) -> anyhow::Result<Response<Body>> {
        use http_body_util::BodyExt as _;
        let body = self.body.collect().await?;
        let received = Received {
            body: body.to_bytes().to_vec(),
            ..self.received
        };
        let mut response = Response::new(full(received.to_json()));
        response
            .headers_mut()
            .insert("content-type", "application/json".parse()?);
        Ok(response)
    }
}

impl Backend {
    /// Answers every request with what it received.
    pub(crate) async fn echo() -> Self {
        Self::serve(Exchange::echo).await
    }

    /// Answers as `handler` does; an error of it closes the connection without an answer.
    pub(crate) async fn serve<H, F>(handler: H) -> Self
    where
        H: Fn(Exchange) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = anyhow::Result<Response<Body>>> + Send + 'static,
    {
        Self::start(None, handler).await
    }

    /// Echoes; requests for `/held` wait at the gate.
    pub(crate) async fn held(gate: &Gate) -> Self {
        let gate = gate.clone();
        Self::serve(move |exchange| {
            let gate = gate.clone();
            async move {
                if exchange.received.target == "/held" {
                    gate.pass().await;
                }
                exchange.echo().await
            }
        })
        .await
    }

    /// Echoes over TLS, with these application protocols.
    pub(crate) async fn tls(identity: &Identity, alpn: &[&str]) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(identity.chain(), identity.key())
            .expect("the certificate fits its key");
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Self::start(Some(TlsAcceptor::from(Arc::new(config))), Exchange::echo).await
    }

    async fn start<H, F>(tls: Option<TlsAcceptor>, handler: H) -> Self
    where
        H: Fn(Exchange) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = anyhow::Result<Response<Body>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let log = Arc::new(Log::default());
        let accept = tokio::spawn(accept(listener, tls, handler, log.clone())).abort_handle();
        Self { address, log, accept }
    }

    /// The heads of all requests so far, in the order of their arrival.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.log
            .requests
            .lock()
            .expect("nobody panics with the lock")
            .clone()
    }

    /// How many requests have come so far.
    pub(crate) fn count(&self) -> usize {
        self.log
            .requests
            .lock()
            .expect("nobody panics with the lock")
            .len()
    }

    /// The request targets so far.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.received()
            .into_iter()
            .map(|received| received.target)
            .collect()
    }

    /// How many connections were made to it so far.
    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // The connections' tasks belong to the accepting one.
        self.accept.abort();
    }
}

async fn accept<H, F>(listener: TcpListener, tls: Option<TlsAcceptor>, handler: H, log: Arc<Log>)
where
    H: Fn(Exchange) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = anyhow::Result<Response<Body>>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let number = log.connections.fetch_add(1, Ordering::Relaxed);
        let (tls, handler, log) = (tls.clone(), handler.clone(), log.clone());
        connections.spawn(async move {
            match tls {
                None => serve(stream, number, handler, log).await,
                Some(tls) => {
                    // A peer that does not finish the handshake is the test's subject, not ours.
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, number, handler, log).await;
                    }
                }
            }
        });
    }
}

async fn serve<S, H, F>(stream: S, number: usize, handler: H, log: Arc<Log>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(Exchange) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = anyhow::Result<Response<Body>>> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (parts, body) = request.into_parts();
        let received = Received::new(&parts, number);
        log.requests
            .lock()
            .expect("nobody panics with the lock")
            .push(received.clone());
        handler(Exchange { received, body })
    });
    // A connection that breaks is part of many tests.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
