//! One request on its way to an endpoint, and the answer on its way back, both at the same time.
//!
//! Bytes pass from one socket to the other through the thread's memory; what one side does not take at once waits, and until
//! it is taken nothing more is read from the other. Knows the client only as a source and a sink.

use std::io;
use std::task::{Context, Poll};

use http::Method;

use super::buffer::{Pace, Scratch, Waiting};
use super::client::{Broken, Client, Part};
use super::framing::Framing;
use super::message::{self, Response};
use super::outgoing::Outgoing;
use super::render::Delivery;
use crate::exchange::Exchange;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::upstream::Upstream;

/// Smaller pieces are copied behind the head and leave with it.
const SMALL: usize = 4 * 1024;
/// So much passes at most in one direction before other connections have their turn.
const TURN: usize = 4 * 1024 * 1024;
/// What is read at once of a request's body: what the backend does not take is kept beside what may have to be sent again.
const PART: usize = 64 * 1024;
/// Interim answers that are passed on.
const INTERIM: u8 = 16;

/// How long each side may be silent, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The client, with its body and in taking the answer.
    pub(super) client: u64,
    /// The backend, in taking the request.
    pub(super) send: u64,
    /// The backend, with its answer.
    pub(super) read: u64,
}

/// How an exchange ended.
#[derive(Debug)]
pub(super) enum End {
    /// The whole answer has been passed on. True if the backend's connection can serve another request.
    Complete(bool),
    /// Nothing was passed on: another endpoint may be asked, or we answer. The error is for the log.
    Failed(Failure, String),
    /// The answer broke off after its head had been passed on.
    Cut(Failure, String),
    /// The client is gone.
    ClientGone(String),
    /// We answer instead.
    Refused(Reply),
}

/// What went wrong with the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It broke off.
    Broken,
    /// It kept silent, or did not take the request.
    Silent,
    /// It did not speak HTTP.
    Unclear,
}

impl Failure {
    /// What we answer.
    pub(super) fn meaning(self) -> (u16, Reason) {
        match self {
            Self::Silent => (504, Reason::ReadTimeout),
            Self::Broken | Self::Unclear => (502, Reason::UpstreamFailed),
        }
    }
}

/// An exchange on one connection.
pub(super) struct Relay<'a> {
    upstream: &'a mut Upstream,
    method: &'a Method,
    limits: Limits,
    /// The request's head and body on their way. All of it, as long as `is_kept`.
    request: &'a mut Outgoing,
    /// The backend takes nothing any more; it may have answered nevertheless.
    is_deaf: bool,
    /// A head that is not complete.
    partial: Waiting,
    interim: u8,
    /// The rest of the answer's body, once its head has been passed on.
    answer: Option<(Framing, Delivery)>,
    /// For the client.
    waiting: Waiting,
    /// The whole answer has been handed on, and may still have to be sent.
    is_flushing: bool,
    keeps: bool,
    /// The last read of the answer left no room: TLS may have more that nobody has taken from it.
    is_full: bool,
    /// Of the answer.
    pace: Pace,
    /// The backend has said nothing yet, and will wake us: nobody need ask the network before that.
    is_silent: bool,
}

impl<'a> Relay<'a> {
    pub(super) fn new(
        upstream: &'a mut Upstream,
        method: &'a Method,
        request: &'a mut Outgoing,
        limits: Limits,
    ) -> Self {
        Self {
            is_silent: upstream.is_watched(),
            upstream,
            method,
            limits,
            request,
            is_deaf: false,
            partial: Waiting::default(),
            interim: 0,
            answer: None,
            waiting: Waiting::default(),
            is_flushing: false,
            keeps: false,
            is_full: false,
            pace: Pace::new(),
        }
    }

    /// Passes on what can be passed on.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        client: &mut impl Client,
        exchange: &mut Exchange,
    ) -> Poll<End> {
        // Once only: from the next poll on the network may have said something.
        let is_silent = std::mem::take(&mut self.is_silent);
        let mut has_moved = false;
        let step = |end: Result<bool, End>, has_moved: &mut bool| match end {
            Ok(moved) => {
                *has_moved |= moved;
                None
            }
            Err(end) => Some(end),
        };
        if let Some(end) = step(self.send(context, client, exchange), &mut has_moved) {
            return Poll::Ready(end);
        }
        // TLS may hold back what was written.
        self.is_deaf |= matches!(self.upstream.poll_flush(context), Poll::Ready(Err(_)));
        if let Some(end) = step(
            self.receive(context, client, exchange, is_silent && !self.is_deaf),
            &mut has_moved,
        ) {
            return Poll::Ready(end);
        }
        if client.is_body_done() && client.poll_gone(context).is_ready() {
            return Poll::Ready(End::ClientGone("the client went away".to_owned()));
        }
        if has_moved {
            client.connection().expect_within(self.patience(client));
        }
        match client.connection().poll_late(context) {
            Poll::Ready(()) => Poll::Ready(self.late(client)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// How long what is waited for may take.
    fn patience(&self, client: &impl Client) -> u64 {
        if !self.waiting.is_empty() || self.is_done() {
            self.limits.client
        } else if !self.request.is_sent() {
            self.limits.send
        } else if !client.is_body_done() && !self.is_deaf {
            // Either side may go on.
            self.limits.client.max(if self.answer.is_some() {
                self.limits.read
            } else {
                0
            })
        } else {
            self.limits.read
        }
    }

    fn late(&self, client: &impl Client) -> End {
        if !self.waiting.is_empty() || self.is_done() {
            return End::ClientGone("the client did not take the answer in time".to_owned());
        }
        if self.request.is_sent() && !client.is_body_done() && !self.is_deaf {
            return match self.answer {
                Some(_) => End::Cut(Failure::Silent, "neither side went on in time".to_owned()),
                None => End::Refused(Reply::page(408, Reason::ClientGone)),
            };
        }
        let error = "the backend kept silent for too long".to_owned();
        self.failed(Failure::Silent, error)
    }

    fn failed(&self, failure: Failure, error: String) -> End {
        if self.answer.is_some() || !self.waiting.is_empty() {
            End::Cut(failure, error)
        } else if self.interim > 0 {
            // What follows an interim answer may be ours, but the request is not sent once more.
            let (status, reason) = failure.meaning();
            End::Refused(Reply::page(status, reason))
        } else {
            End::Failed(failure, error)
        }
    }

    /// Towards the backend. True if something moved.
    fn send(
        &mut self,
        context: &mut Context<'_>,
        client: &mut impl Client,
        exchange: &mut Exchange,
    ) -> Result<bool, End> {
        let mut has_moved = false;
        let mut passed = 0;
        loop {
            // What the client has sent with its head leaves with it.
            let has_room = !client.has_part() || self.request.rest().len() >= SMALL;
            if !self.is_deaf && !self.request.is_sent() && has_room {
                match self.upstream.poll_write(context, self.request.rest()) {
                    Poll::Ready(Ok(count)) => {
                        self.request.written(count);
                        has_moved = true;
                        continue;
                    }
                    Poll::Ready(Err(_)) => self.is_deaf = true,
                    Poll::Pending => return Ok(has_moved),
                }
            }
            if self.is_deaf || client.is_body_done() {
                return Ok(has_moved);
            }
            let mut scratch = Scratch::borrow();
            let memory = &mut scratch.bytes()[..PART];
            match client.poll_part(context, memory) {
                Poll::Ready(Ok(part)) => {
                    has_moved = true;
                    self.take(context, part, memory, exchange)?;
                    passed += part.bytes;
                    if passed >= TURN {
                        context.waker().wake_by_ref();
                        return Ok(has_moved);
                    }
                }
                Poll::Ready(Err(Broken::Gone(error))) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(self.late(client));
                }
                Poll::Ready(Err(Broken::Gone(error))) => return Err(End::ClientGone(error.to_string())),
                Poll::Ready(Err(Broken::Malformed)) if self.answer.is_some() => {
                    return Err(End::ClientGone("the body is no HTTP".to_owned()));
                }
                Poll::Ready(Err(Broken::Malformed)) => {
                    return Err(End::Refused(Reply::page(400, Reason::BadFraming)));
                }
                Poll::Pending => return Ok(has_moved),
            }
        }
    }

    /// Sends a part of the body, or keeps it until it can be sent.
    fn take(
        &mut self,
        context: &mut Context<'_>,
        part: Part,
        memory: &[u8],
        exchange: &mut Exchange,
    ) -> Result<(), End> {
        if !exchange.received(part.content) {
            let reply = Reply::page(413, Reason::BodyTooLarge);
            return Err(if self.answer.is_some() {
                End::ClientGone("the body is larger than the route accepts".to_owned())
            } else {
                End::Refused(reply)
            });
        }
        let bytes = &memory[..part.bytes];
        if self.answer.is_none() && self.request.keep(bytes) {
            return Ok(());
        }
        self.request.drop_written();
        let mut written = 0;
        while self.request.is_sent() && written < bytes.len() {
            match self.upstream.poll_write(context, &bytes[written..]) {
                Poll::Ready(Ok(count)) => written += count,
                Poll::Ready(Err(_)) => {
                    self.is_deaf = true;
                    return Ok(());
                }
                Poll::Pending => break,
            }
        }
        self.request.add(&bytes[written..]);
        Ok(())
    }

    /// Towards the client. True if something moved.
    fn receive(
        &mut self,
        context: &mut Context<'_>,
        client: &mut impl Client,
        exchange: &mut Exchange,
        is_silent: bool,
    ) -> Result<bool, End> {
        let mut has_moved = false;
        if is_silent {
            return Ok(has_moved);
        }
        let mut passed = 0;
        loop {
            if !self.waiting.is_empty() {
                if !self.write(context, client, &[])? {
                    return Ok(has_moved);
                }
                has_moved = true;
                continue;
            }
            if self.is_done() {
                // The last bytes get a time of their own: TLS does not tell how many of them are still to be sent.
                has_moved |= !std::mem::replace(&mut self.is_flushing, true);
                return match client.poll_flush(context) {
                    Poll::Ready(Ok(())) => Err(End::Complete(self.is_reusable(client))),
                    Poll::Ready(Err(error)) => Err(End::ClientGone(error.to_string())),
                    Poll::Pending => Ok(has_moved),
                };
            }
            let mut scratch = Scratch::borrow();
            let room = self.pace.room();
            let count = match self.upstream.poll_read(context, &mut scratch.bytes()[..room]) {
                Poll::Ready(Ok(count)) => count,
                Poll::Ready(Err(error)) => return Err(self.failed(Failure::Broken, error.to_string())),
                Poll::Pending => {
                    // What TLS holds back must not wait with us.
                    return match client.poll_flush(context) {
                        Poll::Ready(Err(error)) => Err(End::ClientGone(error.to_string())),
                        _ => Ok(has_moved),
                    };
                }
            };
            has_moved = true;
            self.is_full = count == room;
            let bytes = &mut scratch.bytes()[..count];
            match self.answer {
                Some(_) => self.body(context, client, exchange, bytes)?,
                None if count == 0 => {
                    return Err(self.failed(Failure::Broken, "the backend closed the connection".to_owned()));
                }
                None if self.partial.is_empty() => self.head(context, client, exchange, bytes)?,
                None => {
                    let before = self.partial.bytes().len();
                    self.partial.add(bytes);
                    // A head that drips is not read anew for each drop.
                    if !message::may_be_complete(self.partial.bytes(), before) {
                        continue;
                    }
                    let mut all = std::mem::take(&mut self.partial);
                    self.head(context, client, exchange, all.bytes_mut())?;
                }
            }
            self.pace.note(count, self.waiting.is_empty());
            passed += count;
            if passed >= TURN {
                context.waker().wake_by_ref();
                return Ok(has_moved);
            }
        }
    }

    /// Takes bytes that begin with a head, or with a part of one.
    fn head(
        &mut self,
        context: &mut Context<'_>,
        client: &mut impl Client,
        exchange: &mut Exchange,
        mut bytes: &mut [u8],
    ) -> Result<(), End> {
        loop {
            let parsed = message::response(bytes, self.method);
            let Some((mut response, length)) =
                parsed.map_err(|unclear| self.failed(Failure::Unclear, unclear.0.to_owned()))?
            else {
                self.partial.add(bytes);
                return Ok(());
            };
            bytes = &mut bytes[length..];
            if !matches!(response.status, 100..200) {
                return self.begin(context, client, exchange, response, bytes);
            }
            self.interim += 1;
            if response.status == 101 || self.interim > INTERIM {
                let error = "an interim answer that nobody asked for".to_owned();
                return Err(self.failed(Failure::Unclear, error));
            }
            client.begin(&mut response, exchange, self.waiting.end());
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }

    /// Passes the head on, with what came along of the body.
    fn begin(
        &mut self,
        context: &mut Context<'_>,
        client: &mut impl Client,
        exchange: &mut Exchange,
        mut response: Response,
        rest: &mut [u8],
    ) -> Result<(), End> {
        exchange.answered();
        exchange.record.status = response.status;
        let delivery = client.begin(&mut response, exchange, self.waiting.end());
        self.keeps = response.keeps;
        self.answer = Some((response.framing, delivery));
        // An answer without a body is complete; bytes behind it are looked at.
        if rest.is_empty() && response.framing != Framing::Done {
            return Ok(());
        }
        self.body(context, client, exchange, rest)
    }

    /// Passes a part of the body on; an empty one is its end, if only the connection says where that is.
    fn body(
        &mut self,
        context: &mut Context<'_>,
        client: &mut impl Client,
        exchange: &mut Exchange,
        bytes: &mut [u8],
    ) -> Result<(), End> {
        let Some((mut framing, delivery)) = self.answer else {
            return Ok(());
        };
        let taken = framing
            .take(bytes)
            .map_err(|_| End::Cut(Failure::Unclear, "the backend's chunks are no HTTP".to_owned()))?;
        exchange.record.sent += taken.content as u64;
        // Bytes that nobody asked for: the next answer would be read from them.
        self.keeps &= taken.bytes == bytes.len();
        self.keeps &= !framing.is_done() || !self.is_full;
        let is_end = bytes.is_empty() && !framing.is_done();
        if is_end && framing != Framing::Close {
            return Err(End::Cut(
                Failure::Broken,
                "the backend broke its answer off".to_owned(),
            ));
        }
        if is_end {
            framing = Framing::Done;
        }
        self.answer = Some((framing, delivery));
        match delivery {
            Delivery::AsItIs => {
                self.write(context, client, &bytes[..taken.forward])?;
                if taken.is_cut {
                    self.waiting.add(b"\r\n");
                }
            }
            Delivery::InChunks if is_end => self.waiting.add(b"0\r\n\r\n"),
            Delivery::InChunks => {
                self.waiting.add(format!("{:x}\r\n", bytes.len()).as_bytes());
                self.waiting.add(bytes);
                self.waiting.add(b"\r\n");
            }
        }
        Ok(())
    }

    /// What the client did not take of what was counted as sent: bytes at the end of the answer, and chunk framing.
    pub(super) fn untaken(&self) -> u64 {
        self.waiting.bytes().len() as u64
    }

    /// Writes what waits and then these bytes, as far as the client takes them; the rest waits. False if nothing was taken.
    fn write(
        &mut self,
        context: &mut Context<'_>,
        client: &mut impl Client,
        bytes: &[u8],
    ) -> Result<bool, End> {
        let mut bytes = bytes;
        if bytes.len() < SMALL && !self.waiting.is_empty() {
            self.waiting.add(bytes);
            bytes = &[];
        }
        let mut has_moved = false;
        while !(self.waiting.is_empty() && bytes.is_empty()) {
            match client.poll_write(context, self.waiting.bytes(), bytes) {
                Poll::Ready(Ok(0)) => {
                    self.waiting.add(bytes);
                    return Err(End::ClientGone("nothing can be written".to_owned()));
                }
                Poll::Ready(Ok(count)) => {
                    has_moved = true;
                    let of_waiting = count.min(self.waiting.bytes().len());
                    self.waiting.written(of_waiting);
                    bytes = &bytes[count - of_waiting..];
                }
                Poll::Ready(Err(error)) => {
                    self.waiting.add(bytes);
                    return Err(End::ClientGone(error.to_string()));
                }
                Poll::Pending => {
                    self.waiting.add(bytes);
                    return Ok(has_moved);
                }
            }
        }
        Ok(has_moved)
    }

    /// True if the backend's answer is complete.
    fn is_done(&self) -> bool {
        self.answer.is_some_and(|(framing, _)| framing.is_done())
    }

    fn is_reusable(&self, client: &impl Client) -> bool {
        self.keeps && !self.is_deaf && self.request.is_sent() && client.is_body_done()
    }
}
