//! The buckets of one limit by source: as many as fit, the stalest forgotten first.
//!
//! Kept in `Lasting` and used by every route with the limit's name. A source is a keyed hash, so that no client chooses
//! how much is kept, or whose bucket it shares. Each shard has two generations: what is used moves to the recent one,
//! and when that is full, or so old that whatever was not used since is as good as new, the other one is dropped.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::bucket::{Bucket, Rate};

/// Most sources of one limit, as in Traefik.
const SOURCE_LIMIT: usize = 65_536;
const SHARDS: usize = 16;
const GENERATION_LIMIT: usize = SOURCE_LIMIT / SHARDS / 2;
/// Generations live at least so long, in nanoseconds, lest a fast limit make a new one with each request.
const SHORTEST_GENERATION: u64 = 1_000_000_000;

/// The sources of one limit.
#[derive(Debug)]
pub(super) struct Sources {
    hasher: RandomState,
    beginning: Instant,
    shards: [Mutex<Shard>; SHARDS],
}

/// # Invariants
/// Neither generation has more than `GENERATION_LIMIT` sources.
#[derive(Debug, Default)]
struct Shard {
    recent: Generation,
    older: Generation,
    recent_since: u64,
}

type Generation = HashMap<u64, Bucket, foldhash::fast::RandomState>;

impl Sources {
    /// No source yet.
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            beginning: Instant::now(),
            shards: Default::default(),
        }
    }

    /// What stands for a source here.
    pub(super) fn id(&self, source: impl Hash) -> u64 {
        self.hasher.hash_one(source)
    }

    /// Lets a request of this source in after a wait, which is mostly none, or refuses it with the wait that it would take.
    pub(super) fn take(&self, source: u64, rate: &Rate) -> Result<Duration, Duration> {
        let now = u64::try_from(self.beginning.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.take_at(source, rate, now)
    }

    fn take_at(&self, source: u64, rate: &Rate, now: u64) -> Result<Duration, Duration> {
        let at = usize::try_from(source % SHARDS as u64).expect("less than the number of shards");
        let mut shard = self.shards[at].lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have taken the lock with a later time.
        let now = now.max(shard.recent_since);
        shard.bucket(source, now, rate.forgets_after()).take(rate, now)
    }
}

impl Shard {
    fn bucket(&mut self, source: u64, now: u64, forgets_after: u64) -> &mut Bucket {
        let is_full = self.recent.len() >= GENERATION_LIMIT && !self.recent.contains_key(&source);
        if is_full || now - self.recent_since >= forgets_after.max(SHORTEST_GENERATION) {
            self.older = std::mem::take(&mut self.recent);
            self.recent_since = now;
        }
        self.recent
            .entry(source)
            .or_insert_with(|| self.older.remove(&source).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrik_config::policy::{RateKey, RateLimit, RateMode, RateScope};

    const SECOND: u64 = 1_000_000_000;

    /// One request in an hour.
    fn hourly() -> Rate {
        rate(3_600_000)
    }

    fn rate(period_ms: u64) -> Rate {
        let (scope, key, mode) = (RateScope::Shared, RateKey::Host, RateMode::LeakyBucket);
        Rate::of(&RateLimit {
            name: String::new(),
            scope,
            count: 1,
            period_ms,
            burst: 0,
            key,
            mode,
            status: 503,
            exempt: Vec::new(),
        })
    }

    fn kept(sources: &Sources) -> usize {
        let shards = sources.shards.iter().map(|shard| shard.lock().expect("sound"));
        shards.map(|shard| shard.recent.len() + shard.older.len()).sum()
    }

    #[test]
    fn sources_are_counted_apart() {
        let sources = Sources::new();
        for name in ["a", "b"] {
            assert!(sources.take(sources.id(name), &hourly()).is_ok());
            assert!(sources.take(sources.id(name), &hourly()).is_err());
        }
    }

    #[test]
    fn the_stalest_are_forgotten_when_there_are_too_many() {
        let sources = Sources::new();
        let busy = sources.id("busy");
        assert!(sources.take_at(busy, &hourly(), 0).is_ok());
        let first = sources.id(0);
        for name in 0..SOURCE_LIMIT * 2 {
            assert!(sources.take_at(sources.id(name), &hourly(), 0).is_ok());
            if name % 1000 == 0 {
                assert!(
                    sources.take_at(busy, &hourly(), 0).is_err(),
                    "still known after {name}"
                );
            }
        }
        assert!(kept(&sources) <= SOURCE_LIMIT);
        assert!(sources.take_at(first, &hourly(), 0).is_ok());
    }

    #[test]
    fn memory_follows_the_sources_that_matter() {
        let sources = Sources::new();
        let every_five = rate(5000);
        for name in 0..10_000 {
            assert!(sources.take_at(sources.id(name), &every_five, 0).is_ok());
        }
        assert_eq!(kept(&sources), 10_000);
        for at in [5, 10] {
            for name in 0..1000 {
                assert!(
                    sources
                        .take_at(sources.id(name), &every_five, at * SECOND)
                        .is_ok()
                );
            }
        }
        assert_eq!(kept(&sources), 1000);
        // Generations are dropped, not counts.
        for name in 0..1000 {
            assert!(
                sources
                    .take_at(sources.id(name), &every_five, 14 * SECOND)
                    .is_err()
            );
        }
    }
}
