//! Connections of an endpoint that wait for the next request.
//!
//! Owned by the endpoint, used by the lane. The lock is held for a push or a pop; configuration never takes it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Connections that wait, of all endpoints together.
const TOTAL: usize = 4096;

static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Sweeps so far: a clock that is coarse and costs nothing to read.
static SWEEPS: AtomicU64 = AtomicU64::new(0);

/// A sweep begins; its number.
pub(crate) fn next_sweep() -> u64 {
    SWEEPS.fetch_add(1, Relaxed) + 1
}

/// Idle connections, the one used last on top, each with the last sweep before it came.
#[derive(Debug)]
pub(crate) struct Waiting<C>(Mutex<Vec<(C, u64)>>);

impl<C> Default for Waiting<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C> Waiting<C> {
    /// The connection that was used last.
    pub(crate) fn take(&self) -> Option<C> {
        let taken = self.lock().pop();
        taken.map(|(connection, _)| {
            COUNT.fetch_sub(1, Relaxed);
            connection
        })
    }

    /// Keeps a connection that can serve another request, unless there are too many.
    pub(crate) fn put(&self, connection: C) {
        if COUNT.fetch_add(1, Relaxed) >= TOTAL {
            COUNT.fetch_sub(1, Relaxed);
            return;
        }
        self.lock().push((connection, SWEEPS.load(Relaxed)));
    }

    /// Ends connections that came before this sweep.
    pub(crate) fn sweep(&self, oldest: u64) {
        let mut waiting = self.lock();
        let stale = waiting.iter().take_while(|(_, since)| *since < oldest).count();
        let ended: Vec<(C, u64)> = waiting.drain(..stale).collect();
        // Closing is a system call, for which nobody else need wait.
        drop(waiting);
        COUNT.fetch_sub(ended.len(), Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(C, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Drop for Waiting<C> {
    fn drop(&mut self) {
        COUNT.fetch_sub(self.lock().len(), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_used_first_and_the_oldest_ends_first() {
        let waiting = Waiting::default();
        for connection in [1, 2, 3] {
            waiting.put(connection);
        }
        assert_eq!(waiting.take(), Some(3));
        waiting.sweep(0);
        assert_eq!(waiting.take(), Some(2));
        waiting.sweep(next_sweep());
        assert_eq!(waiting.take(), None);
    }
}
