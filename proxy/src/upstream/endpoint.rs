//! One address and what is known of it: requests in flight, and whether connections to it fail.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ferrik_config::table;

use super::connection::Upstream;
use super::waiting::Waiting;

/// First pause after a failed connection; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One endpoint. It keeps its state while its address stays in the service.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) facts: table::Endpoint,
    /// Connections of the lane that wait for a request: plain, and over TLS.
    waiting: [Waiting<Upstream>; 2],
    in_flight: AtomicUsize,
    failures: AtomicU32,
    /// Milliseconds since `born` until which it is not chosen.
    paused_until: AtomicU64,
    born: Instant,
}

/// A request on its way; the count goes down when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(pub(crate) Arc<Endpoint>);

impl Endpoint {
    pub(super) fn new(facts: table::Endpoint) -> Self {
        Self {
            address: facts.address,
            facts,
            waiting: Default::default(),
            in_flight: AtomicUsize::new(0),
            failures: AtomicU32::new(0),
            paused_until: AtomicU64::new(0),
            born: Instant::now(),
        }
    }

    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }

    /// Connections of the lane that wait for a request, plain or over TLS.
    pub(super) fn waiting(&self, is_tls: bool) -> &Waiting<Upstream> {
        let [plain, tls] = &self.waiting;
        if is_tls { tls } else { plain }
    }

    /// Requests that are on their way.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// No connection could be made: leave it alone for a while.
    pub(crate) fn failed(&self) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).min(16);
        let pause = FIRST_PAUSE.saturating_mul(1 << failures).min(LONGEST_PAUSE);
        let until = self.born.elapsed() + pause;
        self.paused_until.store(
            u64::try_from(until.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }

    /// A connection stands.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
            self.paused_until.store(0, Ordering::Relaxed);
        }
    }

    /// True while it should be left alone. The clock is read only after a failure.
    pub(super) fn is_paused(&self) -> bool {
        let until = self.paused_until.load(Ordering::Relaxed);
        until != 0 && u128::from(until) > self.born.elapsed().as_millis()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
