//! Counters of one Ingress and Service: plain atomics, found at compilation, added to by requests without a lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ferrik_config::table;

use super::Record;
use crate::engine::ServedBy;
use crate::reason::{REASONS, Reason};

/// Upper bounds of the latency histograms, in seconds.
pub(super) const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// Statuses that are counted by themselves; others count as the first of their class.
pub(super) const STATUSES: [u16; 32] = [
    100, 101, 200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409,
    412, 413, 416, 421, 429, 431, 499, 500, 502, 503, 504,
];

const ENGINES: usize = ServedBy::ALL.len();

/// Who a set of counters belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub(super) namespace: String,
    pub(super) ingress: String,
    pub(super) service: String,
}

/// The counters of one Ingress and Service.
#[derive(Debug, Default)]
pub(crate) struct RouteStats {
    /// Of each engine, so that counting the engine costs no further addition.
    statuses: [[AtomicU64; STATUSES.len()]; ENGINES],
    latency: Histogram,
    received: AtomicU64,
    sent: AtomicU64,
    retries: AtomicU64,
}

/// A histogram of seconds.
#[derive(Debug, Default)]
struct Histogram {
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// A reading of one set of counters.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) statuses: Vec<(u16, u64)>,
    pub(super) latency: (f64, u64, Vec<(f64, u64)>),
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) retries: u64,
}

impl RouteStats {
    pub(crate) fn add(&self, record: &Record, by: ServedBy) {
        let place = STATUSES.iter().position(|status| *status == record.status);
        let place = place.or_else(|| {
            STATUSES
                .iter()
                .position(|status| *status == record.status / 100 * 100)
        });
        let statuses = self.statuses.get(by as usize);
        if let Some(count) = place.and_then(|at| statuses?.get(at)) {
            count.fetch_add(1, Relaxed);
        }
        self.latency.add(record.started.elapsed());
        self.received.fetch_add(record.received, Relaxed);
        self.sent.fetch_add(record.sent, Relaxed);
        if record.tries > 1 {
            self.retries.fetch_add(u64::from(record.tries - 1), Relaxed);
        }
    }

    pub(super) fn read(&self) -> Reading {
        let counted = STATUSES.iter().enumerate().map(|(at, status)| {
            let counts = self.statuses.iter().filter_map(|of_engine| of_engine.get(at));
            (*status, counts.map(|count| count.load(Relaxed)).sum())
        });
        Reading {
            statuses: counted.filter(|(_, count)| *count > 0).collect(),
            latency: self.latency.read(),
            received: self.received.load(Relaxed),
            sent: self.sent.load(Relaxed),
            retries: self.retries.load(Relaxed),
        }
    }

    /// Adds the requests of each engine.
    fn sum_engines(&self, sums: &mut [u64; ENGINES]) {
        for (sum, statuses) in sums.iter_mut().zip(&self.statuses) {
            *sum += statuses.iter().map(|count| count.load(Relaxed)).sum::<u64>();
        }
    }
}

impl Histogram {
    fn add(&self, span: Duration) {
        let seconds = span.as_secs_f64();
        let bucket = BOUNDS
            .iter()
            .position(|bound| seconds <= *bound)
            .unwrap_or(BOUNDS.len());
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        self.micros
            .fetch_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Sum, count and the count of each bucket, the last one without bound.
    fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let bounds = BOUNDS.into_iter().chain([f64::MAX]);
        let buckets: Vec<(f64, u64)> = bounds
            .zip(&self.counts)
            .map(|(bound, count)| (bound, count.load(Relaxed)))
            .collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        (
            Duration::from_micros(self.micros.load(Relaxed)).as_secs_f64(),
            count,
            buckets,
        )
    }
}

/// All counters of requests. They outlive tables, so that a new one resets nothing.
#[derive(Debug)]
pub(crate) struct StatsRegistry {
    owners: Mutex<Owners>,
    /// Requests that no route served.
    pub(crate) unrouted: RouteStats,
    reasons: [AtomicU64; REASONS.len()],
}

#[derive(Debug, Default)]
struct Owners {
    stats: BTreeMap<Owner, Arc<RouteStats>>,
    /// Requests of each engine whose owner is gone: a sum that went down would look like a restart.
    gone: [u64; ENGINES],
}

impl Default for StatsRegistry {
    fn default() -> Self {
        Self {
            owners: Mutex::default(),
            unrouted: RouteStats::default(),
            reasons: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl StatsRegistry {
    /// The counters of a route's Ingress and Service.
    pub(crate) fn of(&self, route: &table::Route) -> Arc<RouteStats> {
        let owner = Owner {
            namespace: route.source.object.namespace.to_string(),
            ingress: route.source.object.name.to_string(),
            service: route
                .backend
                .as_ref()
                .map(|backend| backend.service.service.to_string())
                .unwrap_or_default(),
        };
        self.lock().stats.entry(owner).or_default().clone()
    }

    /// Drops the counters of what is served no more.
    pub(crate) fn sweep(&self) {
        let mut owners = self.lock();
        let Owners { stats, gone } = &mut *owners;
        stats.retain(|_, stats| match Arc::get_mut(stats) {
            Some(unused) => {
                unused.sum_engines(gone);
                false
            }
            None => true,
        });
    }

    pub(crate) fn count_reason(&self, reason: Reason) {
        if let Some(count) = self.reasons.get(reason as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn reasons(&self) -> impl Iterator<Item = (&'static str, u64)> {
        REASONS
            .iter()
            .zip(&self.reasons)
            .map(|(row, count)| (row.name, count.load(Relaxed)))
    }

    pub(super) fn readings(&self) -> Vec<(Owner, Reading)> {
        let owners: Vec<_> = self
            .lock()
            .stats
            .iter()
            .map(|(owner, stats)| (owner.clone(), stats.clone()))
            .collect();
        let unrouted = (Owner::default(), self.unrouted.read());
        owners
            .into_iter()
            .map(|(owner, stats)| (owner, stats.read()))
            .chain([unrouted])
            .collect()
    }

    /// Requests by engine, of all owners that there ever were.
    pub(super) fn by_engine(&self) -> impl Iterator<Item = (ServedBy, u64)> {
        let owners = self.lock();
        let mut sums = owners.gone;
        for stats in owners.stats.values() {
            stats.sum_engines(&mut sums);
        }
        self.unrouted.sum_engines(&mut sums);
        ServedBy::ALL.into_iter().zip(sums)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Owners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: u16) -> Record {
        Record {
            status,
            ..Record::new()
        }
    }

    #[test]
    fn statuses_are_counted_by_themselves_or_by_class() {
        let stats = RouteStats::default();
        for (status, by) in [
            (200, ServedBy::Lane),
            (200, ServedBy::General),
            (418, ServedBy::Lane),
            (503, ServedBy::General),
            (599, ServedBy::Lane),
        ] {
            stats.add(&record(status), by);
        }
        assert_eq!(
            stats.read().statuses,
            vec![(200, 2), (400, 1), (500, 1), (503, 1)]
        );
        assert_eq!(stats.read().latency.1, 5);
    }

    #[test]
    fn engines_are_summed_over_all_owners_and_never_go_down() {
        let registry = StatsRegistry::default();
        let sums = || registry.by_engine().collect::<Vec<_>>();
        assert_eq!(sums(), vec![(ServedBy::Lane, 0), (ServedBy::General, 0)]);
        let web = registry.lock().stats.entry(Owner::default()).or_default().clone();
        web.add(&record(200), ServedBy::Lane);
        web.add(&record(502), ServedBy::Lane);
        web.add(&record(200), ServedBy::General);
        registry.unrouted.add(&record(404), ServedBy::General);
        let all = vec![(ServedBy::Lane, 2), (ServedBy::General, 2)];
        assert_eq!(sums(), all);
        registry.sweep();
        assert_eq!(sums(), all, "it is still served");
        drop(web);
        registry.sweep();
        assert_eq!(registry.readings().len(), 1, "it is dropped");
        assert_eq!(sums(), all);
    }
}
