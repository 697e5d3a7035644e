//! What one request leaves behind.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::reason::Reason;

/// Filled while a request is served, read once at its end.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) started: Instant,
    /// Status that the client got; 0 if none was sent.
    pub(crate) status: u16,
    /// Why we answered ourselves; absent if a backend did.
    pub(crate) reason: Option<Reason>,
    /// Bytes of the request's body.
    pub(crate) received: u64,
    /// Bytes of the response's body.
    pub(crate) sent: u64,
    /// The endpoint that was asked last.
    pub(crate) endpoint: Option<SocketAddr>,
    /// How many endpoints were asked.
    pub(crate) tries: u32,
    /// From the request to the head of the backend's response.
    pub(crate) response_after: Option<Duration>,
    /// What went wrong, for the log of the operator.
    pub(crate) error: Option<String>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            status: 0,
            reason: None,
            received: 0,
            sent: 0,
            endpoint: None,
            tries: 0,
            response_after: None,
            error: None,
        }
    }
}
