//! The arithmetic of a rate limit: one bucket, its rate, and the time as an argument.
//!
//! A bucket is a moment: when it will have run empty. Each request moves it by the time between two requests on average,
//! and it may lie no further ahead than the bucket is large. nginx's `limit_req` with a burst of b and a token bucket of
//! b + 1 are the same by this measure.

use std::time::Duration;

use ferrik_config::policy::{self, RateMode};

/// Traefik lets no request wait longer.
const LONGEST_WAIT: u64 = 500_000_000;

/// A compiled rate. All spans are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    interval: u64,
    size: u64,
    longest_wait: u64,
}

/// How full one source's bucket is, as the moment when it is empty, in nanoseconds since some beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    empty_at: u64,
}

impl Rate {
    /// The rate of this policy.
    pub(super) fn of(policy: &policy::RateLimit) -> Self {
        let period = policy.period_ms.saturating_mul(1_000_000);
        let count = u64::from(policy.count.max(1));
        // To the nearest; the error is one in a million at a thousand requests a second.
        let interval = (period.saturating_add(count / 2) / count).max(1);
        let burst = u64::from(policy.burst);
        let (requests, longest_wait) = match policy.mode {
            RateMode::LeakyBucket => (burst + 1, 0),
            RateMode::TokenBucket => (burst.max(1), LONGEST_WAIT.min(interval / 2)),
        };
        Self {
            interval,
            size: interval.saturating_mul(requests),
            longest_wait,
        }
    }

    /// After this time without a request, in nanoseconds, a bucket is as good as new.
    pub(super) fn forgets_after(&self) -> u64 {
        self.size.saturating_add(self.longest_wait)
    }
}

impl Bucket {
    /// Lets a request in after a wait, which is mostly none, or refuses it with the wait that it would take.
    pub(super) fn take(&mut self, rate: &Rate, now: u64) -> Result<Duration, Duration> {
        // Never fuller than full: a limit that was raised is not held up by what was counted under the old one.
        self.empty_at = self.empty_at.min(now.saturating_add(rate.forgets_after()));
        let level = self.empty_at.saturating_sub(now).saturating_add(rate.interval);
        let wait = level.saturating_sub(rate.size);
        if wait > rate.longest_wait {
            return Err(Duration::from_nanos(wait));
        }
        self.empty_at = now.saturating_add(level);
        Ok(Duration::from_nanos(wait))
    }
}

#[cfg(test)]
mod tests;
