//! Counts of what happened at the edge, as plain atomics that the metrics read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::HandshakeFailure;

/// Why a connection was closed right after accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many connections as allowed are open.
    Total,
    /// The client's address has as many as allowed.
    Client,
}

impl Refusal {
    /// In the order of their numbers.
    pub(crate) const ALL: [Self; 2] = [Self::Total, Self::Client];

    /// A metric's label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total_limit",
            Self::Client => "client_limit",
        }
    }
}

/// What a connection was late with when its deadline ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The TLS handshake.
    Handshake,
    /// A request head.
    Header,
    /// The next request; how most connections end.
    Keepalive,
}

impl Cut {
    /// In the order of their numbers.
    pub(crate) const ALL: [Self; 3] = [Self::Handshake, Self::Header, Self::Keepalive];

    /// A metric's label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Header => "header",
            Self::Keepalive => "keepalive",
        }
    }
}

/// Since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    accept_errors: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    cut: [AtomicU64; Cut::ALL.len()],
    handshakes: [AtomicU64; HandshakeFailure::ALL.len()],
}

impl Counters {
    /// Connections that were accepted and admitted.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Failures of `accept`, mostly for lack of file descriptors.
    pub(crate) fn accept_errors(&self) -> u64 {
        self.accept_errors.load(Relaxed)
    }

    /// Connections that were closed right after accept.
    pub(crate) fn refused(&self, why: Refusal) -> u64 {
        self.refused[why as usize].load(Relaxed)
    }

    /// Connections that a deadline ended.
    pub(crate) fn cut(&self, what: Cut) -> u64 {
        self.cut[what as usize].load(Relaxed)
    }

    /// TLS handshakes that failed.
    pub(crate) fn failed_handshakes(&self, why: HandshakeFailure) -> u64 {
        self.handshakes[why as usize].load(Relaxed)
    }

    pub(super) fn count_accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(super) fn count_accept_error(&self) {
        self.accept_errors.fetch_add(1, Relaxed);
    }

    pub(super) fn count_refused(&self, why: Refusal) {
        self.refused[why as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn count_cut(&self, what: Cut) {
        self.cut[what as usize].fetch_add(1, Relaxed);
    }

    pub(super) fn count_failed_handshake(&self, why: HandshakeFailure) {
        self.handshakes[why as usize].fetch_add(1, Relaxed);
    }
}
