//! What changes during the life of a connection: its phase, its deadline, its byte counts.
//!
//! Shared by the socket (counts, fails when the deadline has passed), the engine (says when requests begin
//! and end) and the registry's sweeper (ends what is late). Atomics only: no lock, no allocation, no clock on
//! the request path.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
use std::task::{Context, Poll};
use std::time::Duration;

use atomic_waker::AtomicWaker;

use super::Cut;
use super::timers::{Timers, millis};

/// The mutable half of a connection.
///
/// # Invariants
/// `received` and `sent` have one writer, the socket. While the general engine has a request in flight, the deadline is
/// `NEVER`; the lane arms one for each step.
#[derive(Debug)]
pub(crate) struct Vitals {
    timers: Arc<Timers>,
    /// Number of the listener that accepted it.
    listener: u32,
    /// A moment of `timers`, `NEVER`, or `OVER`.
    deadline: AtomicU64,
    phase: AtomicU8,
    waker: AtomicWaker,
    /// HTTP/2: requests overlap, and the engine looks after idle connections itself.
    multiplexed: AtomicBool,
    in_flight: AtomicU32,
    requests: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

const NEVER: u64 = u64::MAX;
/// The deadline has passed. No moment is 0, because every timeout is at least a period of the sweeper long.
const OVER: u64 = 0;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The TLS handshake.
    Handshake,
    /// The head of the first request.
    FirstHead,
    /// The end of a request.
    Request,
    /// The next bytes of a request or of its answer, in either direction.
    Exchange,
    /// The first byte of the next request.
    Idle,
    /// The rest of the next request's head.
    NextHead,
    /// The client, which has been told that the connection is over.
    Farewell,
}

impl Vitals {
    /// A connection that was just accepted.
    pub(super) fn new(timers: Arc<Timers>, listener: u32, tls: bool) -> Self {
        let (phase, deadline) = if tls {
            (Phase::Handshake, timers.handshake())
        } else {
            (Phase::FirstHead, timers.header())
        };
        Self {
            timers,
            listener,
            deadline: AtomicU64::new(deadline),
            phase: AtomicU8::new(phase as u8),
            waker: AtomicWaker::new(),
            multiplexed: AtomicBool::new(false),
            in_flight: AtomicU32::new(0),
            requests: AtomicU64::new(0),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        }
    }

    /// The handshake is over: now a request must come.
    pub(super) fn handshake_done(&self) {
        self.arm(Phase::FirstHead, self.timers.header());
    }

    /// The connection carries HTTP/2.
    pub(super) fn set_multiplexed(&self) {
        self.multiplexed.store(true, Relaxed);
    }

    /// A request's head is complete: until [`Self::request_ended`] only what the engine itself arms rules.
    pub(super) fn request_started(&self) {
        self.in_flight.fetch_add(1, Relaxed);
        self.requests.fetch_add(1, Relaxed);
        self.arm(Phase::Request, NEVER);
    }

    /// A request is over. With none left, an HTTP/1 connection is idle.
    pub(super) fn request_ended(&self) {
        let before = self.in_flight.fetch_sub(1, AcqRel);
        debug_assert!(before > 0, "a request ended that never started");
        if before == 1 && !self.multiplexed.load(Relaxed) {
            self.arm(Phase::Idle, self.timers.keepalive());
        }
    }

    /// The request that has started is not served after all: somebody else takes it from its first byte on.
    pub(super) fn request_withdrawn(&self) {
        self.in_flight.fetch_sub(1, AcqRel);
        self.requests.fetch_sub(1, Relaxed);
        self.arm(Phase::NextHead, self.timers.header());
    }

    /// Bytes of the next head are there already.
    pub(super) fn head_begun(&self) {
        self.arm(Phase::NextHead, self.timers.header());
    }

    /// The request in flight is over after so many milliseconds without another call of this.
    pub(super) fn expect_within(&self, wait: u64) {
        self.arm(Phase::Exchange, self.timers.after(wait));
    }

    /// Nothing is served any more: the client has `wait` to take the last bytes.
    pub(super) fn leave_within(&self, wait: Duration) {
        self.arm(Phase::Farewell, self.timers.after(millis(wait)));
    }

    /// Counts received bytes; the first one after a pause begins a head.
    pub(super) fn received(&self, count: usize) {
        add(&self.received, count);
        if self.is(Phase::Idle) {
            self.arm(Phase::NextHead, self.timers.header());
        }
    }

    /// Counts sent bytes.
    pub(super) fn sent(&self, count: usize) {
        add(&self.sent, count);
    }

    /// What a socket answers when the kernel has nothing for it: that it waits, or that it has waited long
    /// enough.
    ///
    /// Asked only then, so that bytes which are already there are never thrown away.
    pub(super) fn poll_over<T>(&self, context: &Context<'_>) -> Poll<io::Result<T>> {
        self.waker.register(context.waker());
        if self.deadline.load(Acquire) == OVER {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    /// Ends the connection if its deadline has passed at `now`, and says what it was late with.
    pub(super) fn sweep(&self, now: u64) -> Option<Cut> {
        let deadline = self.deadline.load(Relaxed);
        if deadline == OVER || deadline > now || !self.end(deadline) {
            return None;
        }
        if self.is(Phase::Farewell) || self.is(Phase::Exchange) {
            None
        } else if self.is(Phase::Handshake) {
            Some(Cut::Handshake)
        } else if self.is(Phase::Idle) {
            Some(Cut::Keepalive)
        } else {
            Some(Cut::Header)
        }
    }

    /// Ends the connection if it waits for a request. One whose bytes have arrived is still served.
    pub(super) fn end_if_idle(&self) {
        let deadline = self.deadline.load(Acquire);
        let is_armed = !matches!(deadline, NEVER | OVER);
        if is_armed && (self.is(Phase::Idle) || self.is(Phase::FirstHead)) {
            self.end(deadline);
        }
    }

    /// Number of the listener that accepted it.
    pub(super) fn listener(&self) -> u32 {
        self.listener
    }

    /// Requests so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// Requests that have started and not ended.
    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// Bytes received and sent on the wire.
    #[cfg(test)]
    pub(super) fn traffic(&self) -> (u64, u64) {
        (self.received.load(Relaxed), self.sent.load(Relaxed))
    }

    fn is(&self, phase: Phase) -> bool {
        self.phase.load(Acquire) == phase as u8
    }

    fn arm(&self, phase: Phase, deadline: u64) {
        self.phase.store(phase as u8, Release);
        self.deadline.store(deadline, Release);
    }

    /// Fails if the deadline has been changed meanwhile, for example by a request that came in time.
    fn end(&self, deadline: u64) -> bool {
        let ended = self
            .deadline
            .compare_exchange(deadline, OVER, AcqRel, Relaxed)
            .is_ok();
        if ended {
            self.waker.wake();
        }
        ended
    }
}

/// Cheaper than an atomic addition, and right because there is one writer.
fn add(counter: &AtomicU64, count: usize) {
    counter.store(counter.load(Relaxed) + count as u64, Relaxed);
}

#[cfg(test)]
mod tests;
