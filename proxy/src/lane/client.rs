//! The client's side of an exchange: where a request's body comes from, and where the answer goes.
//!
//! [`Client`] is all that the way to the backend knows of it, so that another front can stand there. [`Http1`] is the client
//! of an HTTP/1.1 connection: bodies stay framed as they came.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::buffer::{Scratch, Waiting};
use super::framing::{Framing, Malformed};
use super::message::Response;
use super::render::{self, Delivery};
use crate::exchange::Exchange;
use crate::listen::{Connection, Downstream};

/// What a client may send ahead of the answer that it waits for.
const AHEAD: usize = 64 * 1024;

/// A part of a request's body, as it stands in the memory that was lent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Bytes for the backend, framing included.
    pub(super) bytes: usize,
    /// Those of them that are content.
    pub(super) content: usize,
}

/// Why no further part of the body comes.
#[derive(Debug)]
pub(super) enum Broken {
    /// The client is gone, or was too slow.
    Gone(io::Error),
    /// The framing is no HTTP.
    Malformed,
}

/// Source of the request's body and sink of the answer.
pub(super) trait Client {
    /// The connection, for deadlines.
    fn connection(&self) -> &Connection;
    /// True if no further part comes.
    fn is_body_done(&self) -> bool;
    /// True if a part is there without asking the network.
    fn has_part(&self) -> bool;
    /// The next part, written to the start of `memory`, which has room for 4 KiB at least.
    fn poll_part(&mut self, context: &mut Context<'_>, memory: &mut [u8]) -> Poll<Result<Part, Broken>>;
    /// Ready if the client is gone. It may have sent its next request, which is kept.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<()>;
    /// Takes the answer's head, or an interim one, and appends what is to be written.
    fn begin(&mut self, response: &mut Response, exchange: &mut Exchange, out: &mut Vec<u8>) -> Delivery;
    /// Writes the answer: these bytes and then those.
    fn poll_write(&mut self, context: &mut Context<'_>, first: &[u8], then: &[u8])
    -> Poll<io::Result<usize>>;
    /// Has everything that was written sent.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// The client of an HTTP/1.1 connection, for one request.
#[derive(Debug)]
pub(super) struct Http1<'a> {
    pub(super) stream: &'a mut Downstream,
    /// Bytes behind the head, or behind the request, that have been read.
    pub(super) ahead: &'a mut Waiting,
    /// The rest of the body.
    pub(super) framing: Framing,
    /// The connection ends with the answer.
    pub(super) closes: bool,
    pub(super) drain: &'a watch::Receiver<bool>,
}

impl Http1<'_> {
    /// Decides, now that an answer begins, whether the connection ends with it.
    pub(super) fn decide(&mut self) -> bool {
        // What the client still has to send may never end. And an error says that the process is about to be gone.
        self.closes |= !self.framing.is_done() || self.drain.has_changed().unwrap_or(true);
        self.closes
    }
}

impl Client for Http1<'_> {
    fn connection(&self) -> &Connection {
        self.stream.connection()
    }

    fn is_body_done(&self) -> bool {
        self.framing.is_done()
    }

    fn has_part(&self) -> bool {
        !self.framing.is_done() && !self.ahead.is_empty()
    }

    fn poll_part(&mut self, context: &mut Context<'_>, memory: &mut [u8]) -> Poll<Result<Part, Broken>> {
        let (count, is_ahead) = if self.ahead.is_empty() {
            match ready!(read(self.stream, context, memory)) {
                Ok(0) => return Poll::Ready(Err(Broken::Gone(io::ErrorKind::UnexpectedEof.into()))),
                Ok(count) => (count, false),
                Err(error) => return Poll::Ready(Err(Broken::Gone(error))),
            }
        } else {
            let count = self.ahead.bytes().len().min(memory.len());
            memory[..count].copy_from_slice(&self.ahead.bytes()[..count]);
            (count, true)
        };
        let taken = self
            .framing
            .take(&mut memory[..count])
            .map_err(|Malformed| Broken::Malformed)?;
        if is_ahead {
            self.ahead.written(taken.bytes);
        } else {
            self.ahead.add(&memory[taken.bytes..count]);
        }
        let mut bytes = taken.forward;
        if taken.is_cut {
            memory[bytes..bytes + 2].copy_from_slice(b"\r\n");
            bytes += 2;
        }
        Poll::Ready(Ok(Part {
            bytes,
            content: taken.content,
        }))
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut scratch = Scratch::borrow();
        while self.ahead.bytes().len() < AHEAD {
            match ready!(read(self.stream, context, &mut scratch.bytes()[..AHEAD / 16])) {
                Ok(0) => return Poll::Ready(()),
                Ok(count) => self.ahead.add(&scratch.bytes()[..count]),
                // The deadline is looked at elsewhere.
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Poll::Pending,
                Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }

    fn begin(&mut self, response: &mut Response, exchange: &mut Exchange, out: &mut Vec<u8>) -> Delivery {
        if matches!(response.status, 100..200) {
            render::response(response, Delivery::AsItIs, false, out);
            return Delivery::AsItIs;
        }
        exchange.pass(&mut response.head);
        let delivery = match response.framing {
            Framing::Close => Delivery::InChunks,
            _ => Delivery::AsItIs,
        };
        let closes = self.decide();
        render::response(response, delivery, closes, out);
        delivery
    }

    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        first: &[u8],
        then: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut *self.stream);
        match (first, then) {
            (bytes, []) | ([], bytes) => stream.poll_write(context, bytes),
            _ => stream.poll_write_vectored(context, &[IoSlice::new(first), IoSlice::new(then)]),
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(context)
    }
}

/// Reads into `memory`; 0 at the end of the stream.
pub(super) fn read(
    stream: &mut Downstream,
    context: &mut Context<'_>,
    memory: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(memory);
    let read = Pin::new(stream).poll_read(context, &mut buffer);
    read.map_ok(|()| buffer.filled().len())
}
