//! A client over hyper: HTTP/1.1 and HTTP/2, plain and over TLS, with Host and server name chosen apart.
//!
//! It sends well-formed requests only; `raw` sends anything.

use std::net::SocketAddr;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::HandshakeKind;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::body::{empty, full};
use super::condition::PATIENCE;
use super::{Body, Received, Tls};

/// A request to be sent.
pub(crate) struct Ask {
    method: Method,
    host: String,
    target: String,
    headers: HeaderMap,
    body: Body,
}

/// A GET of `target` (path and query, as it goes onto the wire) from `host`, which may name a port.
pub(crate) fn get(host: &str, target: &str) -> Ask {
    ask("GET", host, target)
}

/// A request with any method.
pub(crate) fn ask(method: &str, host: &str, target: &str) -> Ask {
    Ask {
        method: method.parse().expect("a method"),
        host: host.to_owned(),
        target: target.to_owned(),
        headers: HeaderMap::new(),
        body: empty(),
    }
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, value.parse().expect("a header value"));
        self
    }

    pub(crate) fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = full(bytes);
        self
    }

    pub(crate) fn stream(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The host without a port.
    pub(crate) fn host_name(&self) -> &str {
        self.host.split(':').next().unwrap_or_default()
    }

    fn http1(self) -> Request<Body> {
        let host = HeaderValue::from_str(&self.host).expect("a host");
        let mut request = self.into_request(None);
        request.headers_mut().insert(HOST, host);
        request
    }

    fn http2(self) -> Request<Body> {
        let absolute = format!("https://{}{}", self.host, self.target);
        self.into_request(Some(absolute))
    }

    fn into_request(self, target: Option<String>) -> Request<Body> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = target.unwrap_or(self.target).parse().expect("a target");
        *request.headers_mut() = self.headers;
        request
    }
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The value of a header that is there at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        assert!(values.len() <= 1, "{name} is there {} times", values.len());
        values
            .first()
            .map(|value| value.to_str().expect("header values are ASCII here"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What an echoing backend says it received. Fails the test if the answer is not the backend's.
    pub(crate) fn received(&self) -> Received {
        assert_eq!(self.status, 200, "{} {:?}", self.text(), self.headers);
        Received::from_json(&self.text())
    }
}

/// One connection to a server.
pub(crate) struct Connection {
    sender: Sender,
    /// Leaf first, empty on a plain connection.
    pub(crate) server_chain: Vec<Vec<u8>>,
    /// Whether the handshake resumed an earlier session.
    pub(crate) is_resumed: bool,
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    pub(crate) async fn plain(address: SocketAddr) -> Self {
        Self::try_plain(address).await.expect("the port is open")
    }

    pub(crate) async fn try_plain(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        Self::over(stream, false).await
    }

    /// HTTP/2 without TLS, with prior knowledge.
    pub(crate) async fn h2c(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        Self::over(stream, true).await
    }

    /// HTTP/2 if the handshake agrees on it, else HTTP/1.1.
    pub(crate) async fn tls(address: SocketAddr, tls: &Tls) -> anyhow::Result<Self> {
        let stream = tls.connect(address).await?;
        let session = stream.get_ref().1;
        let is_h2 = session.alpn_protocol() == Some(b"h2");
        let chain = session.peer_certificates().unwrap_or_default();
        let server_chain = chain.iter().map(|certificate| certificate.to_vec()).collect();
        let is_resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
        let connection = Self::over(stream, is_h2).await?;
        Ok(Self {
            server_chain,
            is_resumed,
            ..connection
        })
    }

    async fn over<S>(stream: S, is_h2: bool) -> anyhow::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let io = TokioIo::new(stream);
        // How a connection ends shows in its last response; the task has nothing to add.
        let sender = if is_h2 {
            // Large enough that the client is never the one who refuses.
            let mut builder = http2::Builder::new(TokioExecutor::new());
            let (sender, connection) = builder.max_header_list_size(1 << 20).handshake(io).await?;
            tokio::spawn(connection);
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await?;
            tokio::spawn(connection);
            Sender::Http1(sender)
        };
        Ok(Self {
            sender,
            server_chain: Vec::new(),
            is_resumed: false,
        })
    }

    /// Sends a request and reads the whole response.
    pub(crate) async fn send(&mut self, ask: Ask) -> anyhow::Result<Answer> {
        let exchange = async { collect(self.open(ask).await?).await };
        tokio::time::timeout(PATIENCE, exchange)
            .await
            .context("no whole response in time")?
    }

    /// Sends a request; the body of the response is still to be read.
    pub(crate) async fn open(&mut self, ask: Ask) -> anyhow::Result<Response<Incoming>> {
        Ok(match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(ask.http1()).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(ask.http2()).await?
            }
        })
    }

    /// True once the server has closed it, or has said that it takes no more requests.
    pub(crate) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }
}

/// Reads a response to its end.
pub(crate) async fn collect(response: Response<Incoming>) -> anyhow::Result<Answer> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer {
        status: parts.status,
        version: parts.version,
        headers: parts.headers,
        body,
    })
}
