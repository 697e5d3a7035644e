//! The stream that the general engine serves: gathered writes, bytes that are read again, and a look at request lines.
//!
//! Made of a [`Downstream`] for the general engine alone; under HTTP/2 `held.rs` decides when it sends. How pingora sees it
//! is in `edge/session.rs`.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pingora::protocols::SocketDigest;
use pingora::protocols::raw_connect::ProxyDigest;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::buffer::WriteBuffer;
use super::first_line::FirstLine;
use super::{Connection, Downstream};

mod session;

/// A downstream connection as a byte stream.
pub(crate) struct Edge {
    stream: Downstream,
    writes: WriteBuffer,
    /// Read before anything else.
    replay: Vec<u8>,
    first_line: FirstLine,
    digest: Arc<ProxyDigest>,
    addresses: Arc<SocketDigest>,
}

impl Edge {
    /// The stream of a connection, from its first unserved byte on.
    pub(crate) fn new(mut stream: Downstream) -> Self {
        let digest = session::digest(stream.connection());
        let addresses = session::addresses(stream.socket(), stream.connection());
        Self {
            replay: stream.take_replay(),
            stream,
            writes: WriteBuffer::default(),
            first_line: FirstLine::default(),
            digest,
            addresses,
        }
    }

    /// True if the engine has no request of this HTTP/1 connection in hand.
    fn is_between_requests(&self) -> bool {
        !self.connection().h2 && self.connection().in_flight() == 0
    }

    fn look_at(&mut self, bytes: &[u8]) {
        if self.is_between_requests() {
            let requests = self.connection().requests();
            self.first_line.feed(bytes, requests);
            if self.first_line.is_odd() {
                self.connection().note_odd_request_line();
            }
        }
    }

    /// Reads, and does nothing else if there is nothing to read.
    pub(super) fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if !self.replay.is_empty() {
            let count = self.replay.len().min(buffer.remaining());
            buffer.put_slice(&self.replay[..count]);
            self.replay.drain(..count);
            if self.replay.is_empty() {
                self.replay = Vec::new();
            }
            self.look_at(&buffer.filled()[before..]);
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.look_at(&buffer.filled()[before..]);
        }
        read
    }

    /// Sends everything that was written.
    pub(super) fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.writes.poll_drain(Pin::new(&mut self.stream), context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        self.stream.connection()
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge")
            .field("peer", &self.connection().peer)
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
        let read = this.poll_receive(context, buffer);
        if read.is_pending() && !this.writes.is_empty() {
            // The engine waits and has not asked for a flush: it does not for bodies with a length. What was written must
            // not wait with it, or a slow download stands still.
            if let Poll::Ready(Err(error)) = this.poll_send(context) {
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
            let written = this
                .writes
                .poll_write(Pin::new(&mut this.stream), context, &refusal);
            return written.map_ok(|_| bytes.len());
        }
        this.writes.poll_write(Pin::new(&mut this.stream), context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.writes
            .poll_write_vectored(Pin::new(&mut this.stream), context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.writes.poll_drain(Pin::new(&mut this.stream), context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
