//! A coarse clock and the waiting times that are measured with it.
//!
//! The registry's sweeper sets the clock; connections read it where they arm a deadline, which costs no
//! system call. A deadline is never early, and late by at most two periods of the sweeper.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// From accept to the end of the TLS handshake.
    pub(crate) handshake: Duration,
    /// For a whole request head: the first from accept or handshake on, later ones (HTTP/1) from their first
    /// byte on.
    pub(crate) header: Duration,
    /// Between requests of an HTTP/1 connection.
    pub(crate) keepalive: Duration,
}

impl Default for Timeouts {
    /// nginx's `client_header_timeout` and `keepalive_timeout`; 10 s for a handshake.
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(60),
            keepalive: Duration::from_secs(75),
        }
    }
}

/// Moments are milliseconds since `start`.
#[derive(Debug)]
pub(super) struct Timers {
    start: Instant,
    now: AtomicU64,
    period: u64,
    handshake: AtomicU64,
    header: AtomicU64,
    keepalive: AtomicU64,
}

impl Timers {
    /// A clock that somebody ticks each `period`.
    pub(super) fn new(timeouts: &Timeouts, period: Duration) -> Self {
        let timers = Self {
            start: Instant::now(),
            now: AtomicU64::new(0),
            period: millis(period),
            handshake: AtomicU64::new(0),
            header: AtomicU64::new(0),
            keepalive: AtomicU64::new(0),
        };
        timers.set(timeouts);
        timers
    }

    /// Changes the timeouts of what is armed from now on.
    pub(super) fn set(&self, timeouts: &Timeouts) {
        self.handshake.store(millis(timeouts.handshake), Relaxed);
        self.header.store(millis(timeouts.header), Relaxed);
        self.keepalive.store(millis(timeouts.keepalive), Relaxed);
    }

    /// Sets the clock and returns the moment.
    pub(super) fn tick(&self) -> u64 {
        let now = millis(self.start.elapsed());
        self.now.store(now, Relaxed);
        now
    }

    /// When a handshake that begins now must have ended.
    pub(super) fn handshake(&self) -> u64 {
        self.after(self.handshake.load(Relaxed))
    }

    /// When a head that is begun now must be complete.
    pub(super) fn header(&self) -> u64 {
        self.after(self.header.load(Relaxed))
    }

    /// When a connection that is idle from now on is closed.
    pub(super) fn keepalive(&self) -> u64 {
        self.after(self.keepalive.load(Relaxed))
    }

    /// `wait` after now.
    pub(super) fn after(&self, wait: u64) -> u64 {
        // The clock may be one period behind.
        self.now
            .load(Relaxed)
            .saturating_add(wait)
            .saturating_add(self.period)
    }
}

/// Whole milliseconds, rounded up: a timeout of less than one is still a timeout.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}
