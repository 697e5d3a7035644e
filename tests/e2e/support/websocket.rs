//! The WebSocket protocol on both sides: a backend that echoes, and a client that talks to it through the proxy.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use super::{Tls, within};

/// A backend that sends every message back.
pub(crate) struct EchoBackend {
    pub(crate) address: SocketAddr,
    accept: AbortHandle,
}

impl EchoBackend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let accept = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(echo(stream));
            }
        });
        Self {
            address,
            accept: accept.abort_handle(),
        }
    }
}

impl Drop for EchoBackend {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

async fn echo(stream: TcpStream) {
    let Ok(mut socket) = accept_async(stream).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        if message.is_close() || socket.send(message).await.is_err() {
            return;
        }
    }
}

/// An open WebSocket.
pub(crate) struct Client<S>(WebSocketStream<S>);

/// Opens one over the plain port.
pub(crate) async fn plain(address: SocketAddr, url: &str) -> Client<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("the port is open");
    open(url, stream).await
}

/// Opens one over TLS.
pub(crate) async fn secure(
    address: SocketAddr,
    tls: &Tls,
    url: &str,
) -> Client<tokio_rustls::client::TlsStream<TcpStream>> {
    let stream = Box::pin(tls.connect(address))
        .await
        .expect("the handshake succeeds");
    Box::pin(open(url, stream)).await
}

async fn open<S: AsyncRead + AsyncWrite + Unpin>(url: &str, stream: S) -> Client<S> {
    let opened = within("the upgrade is answered", client_async(url, stream)).await;
    Client(opened.expect("the upgrade succeeds").0)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the socket stands");
    }

    /// The next message; `None` once the other side has closed.
    pub(crate) async fn receive(&mut self) -> Option<String> {
        match within("a message arrives", self.0.next()).await {
            Some(Ok(Message::Text(text))) => Some(text.to_string()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => None,
            Some(Ok(other)) => panic!("not a text: {other:?}"),
        }
    }
}
