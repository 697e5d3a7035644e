//! Connections of the lane to endpoints: made, kept for the next request, and ended when nobody needs them.
//!
//! An endpoint owns the connections that wait for it, so they go when it goes. One that waits is looked at before it is
//! used: what has been closed meanwhile, or has bytes that nobody asked for, is not used again.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::unconstrained;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Endpoint;
use crate::reason::Reason;
use crate::tls::unverified;

/// A connection to an endpoint.
#[derive(Debug)]
pub(crate) struct Upstream {
    stream: Stream,
    /// It has served a request before.
    is_reused: bool,
    /// The task that uses it will be woken when the other side says something, and it has not.
    is_watched: bool,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    /// Boxed: it is large, and few backends have it.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Unreachable {
    /// It was refused, or there is no way.
    Failed(io::Error),
    /// Nobody answered in time.
    TimedOut,
}

impl Unreachable {
    /// What we answer, and what the log says.
    pub(crate) fn meaning(self) -> (u16, Reason, String) {
        match self {
            Self::Failed(error) => (502, Reason::ConnectFailed, error.to_string()),
            Self::TimedOut => (504, Reason::ConnectTimeout, "connecting took too long".to_owned()),
        }
    }
}

impl Upstream {
    /// A connection to the endpoint: one that waits, unless it must be fresh, or a new one.
    pub(crate) async fn to(
        endpoint: &Endpoint,
        is_tls: bool,
        limit: Duration,
        is_fresh: bool,
    ) -> Result<Self, Unreachable> {
        while !is_fresh && let Some(mut waiting) = endpoint.waiting(is_tls).take() {
            // Outside of the task's budget, which would make every socket look silent when it is used up.
            let silent = unconstrained(poll_fn(|context| Poll::Ready(waiting.is_silent(context))));
            if silent.await {
                waiting.is_reused = true;
                // TLS may have read what the network no longer shows.
                waiting.is_watched = matches!(waiting.stream, Stream::Plain(_));
                return Ok(waiting);
            }
        }
        // Boxed apart, because few requests connect.
        Box::pin(Self::connect(endpoint.address, is_tls, limit)).await
    }

    async fn connect(address: SocketAddr, is_tls: bool, limit: Duration) -> Result<Self, Unreachable> {
        let made = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            if !is_tls {
                return Ok(Stream::Plain(stream));
            }
            let name = ServerName::IpAddress(address.ip().into());
            let connector = TlsConnector::from(unverified().clone());
            Ok(Stream::Tls(Box::new(connector.connect(name, stream).await?)))
        };
        match timeout(limit, made).await {
            Ok(Ok(stream)) => Ok(Self {
                stream,
                is_reused: false,
                is_watched: false,
            }),
            Ok(Err(error)) => Err(Unreachable::Failed(error)),
            Err(_) => Err(Unreachable::TimedOut),
        }
    }

    /// True if the other side has neither closed nor said anything.
    fn is_silent(&self, context: &mut Context<'_>) -> bool {
        let (socket, is_open) = match &self.stream {
            Stream::Plain(socket) => (socket, true),
            // False once the other side has said goodbye, and while something is there that nobody has taken.
            Stream::Tls(stream) => (stream.get_ref().0, stream.get_ref().1.wants_read()),
        };
        is_open && socket.poll_read_ready(context).is_pending()
    }

    /// True if, when the connection was taken, the other side was silent and the task is woken when that changes. Holds for
    /// the rest of the poll in which it was taken.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Lets the connection wait for the next request.
    pub(crate) fn keep(self, endpoint: &Endpoint) {
        endpoint.waiting(matches!(self.stream, Stream::Tls(_))).put(self);
    }

    /// True if the other side may have closed it without having read anything.
    pub(crate) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Reads into `bytes`; 0 at the end.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(bytes);
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, &mut buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, &mut buffer),
        };
        read.map_ok(|()| buffer.filled().len())
    }

    /// Takes some of the bytes.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    /// Sends what TLS holds back.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(_) => Poll::Ready(Ok(())),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }
}
