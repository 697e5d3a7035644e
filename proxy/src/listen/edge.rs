//! The stream that an HTTP engine serves: plain or TLS, with gathered writes and bytes that are read again.
//!
//! Made by `greet`. How pingora sees it is in `edge/session.rs`.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pingora::protocols::SocketDigest;
use pingora::protocols::raw_connect::ProxyDigest;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::Connection;
use super::buffer::WriteBuffer;
use super::first_line::FirstLine;
use super::socket::Socket;

mod session;

/// A downstream connection as a byte stream.
pub(crate) struct Edge {
    transport: Transport,
    writes: WriteBuffer,
    /// Read before anything else.
    replay: Vec<u8>,
    first_line: FirstLine,
    connection: Arc<Connection>,
    digest: Arc<ProxyDigest>,
    addresses: Arc<SocketDigest>,
}

/// What carries the bytes.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(Socket),
    /// Boxed: it is large, and moved around with the stream.
    Tls(Box<TlsStream<Socket>>),
}

impl Edge {
    /// A stream whose first bytes are `replay`, which somebody has read already.
    pub(super) fn new(transport: Transport, connection: Arc<Connection>, replay: Vec<u8>) -> Self {
        let digest = session::digest(&connection);
        let addresses = session::addresses(transport.socket(), &connection);
        Self {
            transport,
            writes: WriteBuffer::default(),
            replay,
            first_line: FirstLine::default(),
            connection,
            digest,
            addresses,
        }
    }

    /// True if the engine has no request of this HTTP/1 connection in hand.
    fn is_between_requests(&self) -> bool {
        !self.connection.h2 && self.connection.in_flight() == 0
    }

    fn look_at(&mut self, bytes: &[u8]) {
        if self.is_between_requests() {
            self.first_line.feed(bytes, self.connection.requests());
            if self.first_line.is_odd() {
                self.connection.note_odd_request_line();
            }
        }
    }

    /// The connection's facts.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Transport {
    fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    fn read(&mut self) -> Pin<&mut (dyn AsyncRead + Unpin)> {
        let stream: &mut (dyn AsyncRead + Unpin) = match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &mut **stream,
        };
        Pin::new(stream)
    }

    fn write(&mut self) -> Pin<&mut (dyn AsyncWrite + Unpin)> {
        let stream: &mut (dyn AsyncWrite + Unpin) = match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &mut **stream,
        };
        Pin::new(stream)
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge")
            .field("peer", &self.connection.peer)
            .finish_non_exhaustive()
    }
}

impl AsyncRead for Edge {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if !this.replay.is_empty() {
            let count = this.replay.len().min(buffer.remaining());
            buffer.put_slice(&this.replay[..count]);
            this.replay.drain(..count);
            if this.replay.is_empty() {
                this.replay = Vec::new();
            }
            this.look_at(&buffer.filled()[before..]);
            return Poll::Ready(Ok(()));
        }
        let read = this.transport.read().poll_read(context, buffer);
        if read.is_ready() {
            this.look_at(&buffer.filled()[before..]);
        } else if !this.writes.is_empty() {
            // The engine waits and has not asked for a flush: it does not for bodies with a length. What was written must
            // not wait with it, or a slow download stands still.
            if let Poll::Ready(Err(error)) = Pin::new(this).poll_flush(context) {
                return Poll::Ready(Err(error));
            }
        }
        read
    }
}

impl AsyncWrite for Edge {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_between_requests()
            && let Some(refusal) = this.first_line.refusal(bytes)
        {
            let written = this.writes.poll_write(this.transport.write(), context, &refusal);
            return written.map_ok(|_| bytes.len());
        }
        this.writes.poll_write(this.transport.write(), context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.writes
            .poll_write_vectored(this.transport.write(), context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.writes.poll_drain(this.transport.write(), context))?;
        this.transport.write().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.writes.poll_drain(this.transport.write(), context))?;
        this.transport.write().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
