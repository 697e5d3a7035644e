//! The live connections: who may come in, and the sweeper that ends who is late.
//!
//! A lock is taken when a connection is admitted, when it closes, and by the sweeper for one part at a time;
//! never for a request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use self::slab::Slab;
use super::timers::Timers;
use super::vitals::Vitals;
use super::{Counters, Refusal, Timeouts};

mod open_files;
mod slab;

/// How many connections may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// In all.
    pub(crate) total: usize,
    /// From one address; 0 for any number.
    pub(crate) per_client: usize,
}

impl Default for Limits {
    /// Half of the file descriptors that the process may have, because a request needs a second one for its
    /// backend.
    fn default() -> Self {
        Self {
            total: open_files::limit() / 2,
            per_client: 0,
        }
    }
}

/// Every connection between accept and close.
pub(crate) struct Registry {
    counters: Counters,
    timers: Arc<Timers>,
    total: AtomicUsize,
    per_client: AtomicUsize,
    active: AtomicUsize,
    next: AtomicUsize,
    connections: [Mutex<Slab<Arc<Vitals>>>; PARTS],
    clients: [Mutex<HashMap<IpAddr, usize, RandomState>>; PARTS],
    hasher: RandomState,
    emptied: Notify,
}

const PARTS: usize = 32;

impl Registry {
    /// An empty registry, with its sweeper on `runtime`. Deadlines are looked at each `period` of at least 1
    /// ms.
    pub(crate) fn new(timeouts: &Timeouts, limits: Limits, period: Duration, runtime: &Handle) -> Arc<Self> {
        let period = period.max(Duration::from_millis(1));
        let registry = Arc::new(Self {
            counters: Counters::default(),
            timers: Arc::new(Timers::new(timeouts, period)),
            total: AtomicUsize::new(limits.total),
            per_client: AtomicUsize::new(limits.per_client),
            active: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            connections: Default::default(),
            clients: Default::default(),
            hasher: RandomState::default(),
            emptied: Notify::new(),
        });
        let weak = Arc::downgrade(&registry);
        runtime.spawn(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(registry) = weak.upgrade() else { return };
                registry.sweep();
            }
        });
        registry
    }

    /// Changes limits and timeouts; open connections keep the deadlines they have.
    #[cfg(test)]
    pub(crate) fn set(&self, timeouts: &Timeouts, limits: Limits) {
        self.timers.set(timeouts);
        self.total.store(limits.total, Relaxed);
        self.per_client.store(limits.per_client, Relaxed);
    }

    /// Connections that are open.
    pub(crate) fn active(&self) -> usize {
        self.active.load(Acquire)
    }

    /// What happened so far.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Admits a connection from `client`, or counts the refusal.
    pub(super) fn admit(
        self: &Arc<Self>,
        client: IpAddr,
        listener: u32,
        tls: bool,
    ) -> Result<Admission, Refusal> {
        self.reserve(client)
            .inspect_err(|refusal| self.counters.count_refused(*refusal))
            .map(|counted| {
                self.counters.count_accepted();
                let vitals = Arc::new(Vitals::new(self.timers.clone(), listener, tls));
                let part = self.next.fetch_add(1, Relaxed) % PARTS;
                let slot = lock(&self.connections[part]).insert(vitals.clone());
                Admission {
                    registry: self.clone(),
                    vitals,
                    part,
                    slot,
                    counted: counted.then_some(client),
                }
            })
    }

    /// Ends connections that wait for a request: all, or those of one listener.
    pub(super) fn end_idle(&self, listener: Option<u32>) {
        self.each(|vitals| {
            if listener.is_none_or(|listener| listener == vitals.listener()) {
                vitals.end_if_idle();
            }
        });
    }

    /// Open connections of one listener.
    pub(super) fn connections_of(&self, listener: u32) -> usize {
        let mut count = 0;
        self.each(|vitals| count += usize::from(vitals.listener() == listener));
        count
    }

    /// Waits until no connection is open.
    pub(super) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.active() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn sweep(&self) {
        let now = self.timers.tick();
        self.each(|vitals| {
            if let Some(cut) = vitals.sweep(now) {
                self.counters.count_cut(cut);
            }
        });
    }

    fn each(&self, mut visit: impl FnMut(&Vitals)) {
        for part in &self.connections {
            lock(part).iter().for_each(|vitals| visit(vitals));
        }
    }

    /// True if the client was counted, which it is only while there is a limit for clients.
    fn reserve(&self, client: IpAddr) -> Result<bool, Refusal> {
        if self.active.fetch_add(1, AcqRel) >= self.total.load(Relaxed) {
            self.release();
            return Err(Refusal::Total);
        }
        let limit = self.per_client.load(Relaxed);
        if limit == 0 {
            return Ok(false);
        }
        let mut clients = lock(self.part_of(client));
        let count = clients.entry(client).or_default();
        if *count >= limit {
            drop(clients);
            self.release();
            return Err(Refusal::Client);
        }
        *count += 1;
        Ok(true)
    }

    fn release(&self) {
        if self.active.fetch_sub(1, AcqRel) == 1 {
            self.emptied.notify_waiters();
        }
    }

    fn forget(&self, client: IpAddr) {
        let mut clients = lock(self.part_of(client));
        if let Some(count) = clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&client);
            }
        }
    }

    fn part_of(&self, client: IpAddr) -> &Mutex<HashMap<IpAddr, usize, RandomState>> {
        let hash = std::hash::BuildHasher::hash_one(&self.hasher, client);
        // The remainder is below PARTS.
        #[expect(clippy::cast_possible_truncation)]
        &self.clients[(hash % PARTS as u64) as usize]
    }
}

/// The right to be open. Dropping it says that the connection is closed.
pub(super) struct Admission {
    registry: Arc<Registry>,
    vitals: Arc<Vitals>,
    part: usize,
    slot: usize,
    counted: Option<IpAddr>,
}

impl Admission {
    pub(super) fn vitals(&self) -> &Arc<Vitals> {
        &self.vitals
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        lock(&self.registry.connections[self.part]).remove(self.slot);
        if let Some(client) = self.counted {
            self.registry.forget(client);
        }
        self.registry.release();
    }
}

/// What is guarded is valid after every single step, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
