//! The sample applications: three small HTTP servers that answer with their name and what they received.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The names of the applications, which are those of their Services.
pub(super) const NAMES: [&str; 3] = ["shop", "api", "docs"];

/// The running applications; they end with the value.
pub(super) struct Applications {
    /// In the order of [`NAMES`].
    pub(super) addresses: [SocketAddr; 3],
    _runtime: Runtime,
}

impl Applications {
    /// Starts them on free ports of this machine.
    pub(super) fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); 3];
        for (name, address) in NAMES.into_iter().zip(&mut addresses) {
            let listener = runtime
                .block_on(TcpListener::bind(*address))
                .context("no port is free")?;
            *address = listener.local_addr()?;
            runtime.spawn(serve(name, listener));
        }
        Ok(Self {
            addresses,
            _runtime: runtime,
        })
    }
}

async fn serve(name: &'static str, listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = service_fn(async move |request| Ok::<_, Infallible>(answer(name, &request)));
        // A connection that the proxy breaks off is its own affair.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(name: &str, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let mut text = format!("app: {name}\nrequest: {} {}\n", request.method(), request.uri());
    for (field, value) in request.headers() {
        writeln!(text, "{field}: {}", String::from_utf8_lossy(value.as_bytes()))
            .expect("writing to a String");
    }
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
