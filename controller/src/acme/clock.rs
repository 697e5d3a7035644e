//! Moments as the ledger keeps them: whole seconds since 1970.
//!
//! Used by everything here that has to do with time; what decides takes moments as arguments.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// This moment.
pub(in crate::acme) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    seconds(since)
}

/// A span in whole seconds.
pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
