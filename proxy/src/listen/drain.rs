//! The end: no new connections, no idle ones, and time for those that are at work.
//!
//! Called once, after readiness has failed and the balancers in front have had time to notice.

use std::future::Future;
use std::time::Duration;

use super::{Listeners, Serve, TlsLookup};

/// How long the end may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DrainLimits {
    /// For clients to send one more request, which is answered with the word that the connection ends.
    pub(crate) grace: Duration,
    /// For everything.
    pub(crate) deadline: Duration,
}

/// How often connections that have become idle meanwhile are ended.
const PERIOD: Duration = Duration::from_millis(50);

impl<S: Serve, L: TlsLookup> Listeners<S, L> {
    /// Ends all connections: stops accepting once what the accept queues hold has been accepted, tells the
    /// connections through `drain` (see [`Serve`]), ends idle ones, and waits for the others.
    ///
    /// A connection that is closed while its client sends the next request loses that request. So a client
    /// that is busy learns from its next answer that the connection ends, and only those that had nothing
    /// to say during `grace` are closed. `cleanup` is for the engine's own idle connections. Returns how
    /// many connections were still open at the deadline.
    pub(crate) async fn drain<F>(&self, limits: DrainLimits, cleanup: impl FnOnce() -> F) -> usize
    where
        F: Future<Output = ()>,
    {
        let work = async {
            self.close().await;
            // The time is up or everybody has gone: both are fine.
            let _ = tokio::time::timeout(limits.grace, self.registry().empty()).await;
            self.registry().end_idle(None);
            cleanup().await;
            self.all_have_gone().await;
        };
        let _ = tokio::time::timeout(limits.deadline, work).await;
        self.registry().active()
    }

    async fn all_have_gone(&self) {
        let mut ticks = tokio::time::interval(PERIOD);
        loop {
            tokio::select! {
                () = self.registry().empty() => return,
                _ = ticks.tick() => self.registry().end_idle(None),
            }
        }
    }
}

#[cfg(test)]
mod tests;
