//! Asks pebble over TLS: for the front, and for the management interface.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// One of pebble's listeners.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) connector: TlsConnector,
}

impl Upstream {
    /// The whole answer. Each request has a connection of its own: none is left over from a server that was restarted.
    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Error> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::from(self.address.ip());
        let stream = self.connector.connect(name, stream).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends when the sender and the answer's body are dropped.
        tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }

    /// Asks for a path: with a body it is a POST, without a GET.
    pub(crate) async fn path(&self, path: &str, body: Option<String>) -> Result<Response<Bytes>, Error> {
        let method = if body.is_some() { "POST" } else { "GET" };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", self.address.to_string())
            // Pebble refuses requests without one.
            .header("User-Agent", "ferrik-test-acme")
            .body(Full::from(body.unwrap_or_default()))?;
        self.ask(request).await
    }
}
