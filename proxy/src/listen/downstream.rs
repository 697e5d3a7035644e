//! A greeted connection: plain bytes or TLS, and what has been read of it already.
//!
//! Made by `greet`, served by an engine. It gathers nothing and looks at nothing: what the general engine needs besides is
//! in [`Edge`](super::Edge), which is made of one.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::Connection;
use super::socket::Socket;

/// A client that does not take the last bytes must not hold the end of its connection up.
const FLUSH: Duration = Duration::from_secs(5);
/// For a client that is still sending, as nginx's `lingering_close`: the kernel resets a connection that is
/// closed with unread bytes, and an early answer (413, 401) would be lost.
const LINGER: Duration = Duration::from_secs(2);

/// Both, and some more for the sweeper.
pub(super) const LEAVING: Duration = Duration::from_secs(8);

/// A connection from a client, ready for an engine.
pub(crate) struct Downstream {
    transport: Transport,
    connection: Arc<Connection>,
    replay: Vec<u8>,
}

/// What carries the bytes.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(Socket),
    /// Boxed: it is large, and moved around with the stream.
    Tls(Box<TlsStream<Socket>>),
}

impl Downstream {
    /// A connection whose first bytes are `replay`, which somebody has read already.
    pub(super) fn new(transport: Transport, connection: Arc<Connection>, replay: Vec<u8>) -> Self {
        Self {
            transport,
            connection,
            replay,
        }
    }

    /// The connection's facts.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// What has been read and served by nobody. Reading goes on behind it.
    pub(crate) fn take_replay(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replay)
    }

    /// Gives bytes back that were read and served by nobody.
    pub(crate) fn set_replay(&mut self, bytes: Vec<u8>) {
        self.replay = bytes;
    }

    pub(super) fn socket(&self) -> &Socket {
        match &self.transport {
            Transport::Plain(socket) => socket,
            Transport::Tls(stream) => stream.get_ref().0,
        }
    }

    fn reader(&mut self) -> Pin<&mut (dyn AsyncRead + Unpin)> {
        let stream: &mut (dyn AsyncRead + Unpin) = match &mut self.transport {
            Transport::Plain(socket) => socket,
            Transport::Tls(stream) => &mut **stream,
        };
        Pin::new(stream)
    }

    fn writer(&mut self) -> Pin<&mut (dyn AsyncWrite + Unpin)> {
        let stream: &mut (dyn AsyncWrite + Unpin) = match &mut self.transport {
            Transport::Plain(socket) => socket,
            Transport::Tls(stream) => &mut **stream,
        };
        Pin::new(stream)
    }
}

/// Ends a stream without losing what was written last. With `lingers`, a client that still sends is listened to for a while.
pub(crate) async fn close(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), lingers: bool) {
    let flushed = timeout(FLUSH, stream.shutdown()).await;
    if !matches!(flushed, Ok(Ok(()))) || !lingers {
        return;
    }
    let mut scratch = [0; 4096];
    let rest = async { while matches!(stream.read(&mut scratch).await, Ok(1..)) {} };
    // The client has had its time.
    let _ = timeout(LINGER, rest).await;
}

impl fmt::Debug for Downstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downstream")
            .field("peer", &self.connection.peer)
            .finish_non_exhaustive()
    }
}

impl AsyncRead for Downstream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().reader().poll_read(context, buffer)
    }
}

impl AsyncWrite for Downstream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().writer().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().writer().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().writer().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().writer().poll_shutdown(context)
    }
}
