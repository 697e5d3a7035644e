//! The front's sockets: accepted, decrypted, or closed at once.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::State;
use super::exchange::answer;
use crate::upstream::Upstream;

/// Accepts for ever.
pub(super) async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    upstream: Upstream,
    state: Arc<State>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        if !state.settings().closed {
            connections.spawn(serve(stream, acceptor.clone(), upstream.clone(), state.clone()));
        }
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, upstream: Upstream, state: Arc<State>) {
    // A client that gives up is no fault of ours.
    if let Ok(stream) = acceptor.accept(stream).await {
        let service = service_fn(move |request| answer(request, upstream.clone(), state.clone()));
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }
}
