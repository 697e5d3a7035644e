//! What must not be forgotten about one certificate: an open order with its key, and failures. Kept in the account's Secret
//! until there is nothing left to remember.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// By `namespace/secret`.
pub(super) type Entries = BTreeMap<String, Entry>;

/// The longest pause after failures, in seconds.
const LONGEST: i64 = 12 * 3600;
/// For what no authority was asked.
const LONGEST_OWN: i64 = 3600;
/// Certificates of one set of names within [`WEEK`]: large authorities issue five, and the fifth is for people.
const MOST_ISSUED: usize = 4;
const WEEK: i64 = 7 * 24 * 3600;
/// Of an error, so many characters are kept.
const KEPT_OF_ERROR: usize = 300;

/// One certificate's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    /// A hash of the names that everything here is about, and of the authority.
    pub(super) about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<OpenOrder>,
    /// In a row.
    pub(super) failures: u32,
    /// Not before this moment, in seconds since 1970.
    pub(super) next_try: i64,
    /// What stood in the way the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// When certificates for these names were issued, within a week.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) issued: Vec<i64>,
}

/// An order that was begun.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenOrder {
    /// Address of the account that it was made by.
    pub(super) account: String,
    /// The certificate's private key, PKCS#8 in PEM: it is kept before anything is ordered, so no certificate is ever issued
    /// for a key that is lost.
    pub(super) key: String,
    /// The order's address, once the authority has given it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

impl std::fmt::Debug for OpenOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenOrder({:?})", self.url)
    }
}

impl Entry {
    /// An entry for these names at this authority; what is remembered of others does not count for them.
    pub(super) fn about(self, server: &str, hosts: &BTreeSet<String>) -> Self {
        let mut hash = Sha256::new();
        for text in std::iter::once(server).chain(hosts.iter().map(String::as_str)) {
            hash.update(text);
            hash.update([0]);
        }
        let mut about = String::new();
        for byte in &hash.finalize()[..8] {
            write!(about, "{byte:02x}").expect("writing to a String");
        }
        if self.about == about {
            return self;
        }
        Self {
            about,
            ..Self::default()
        }
    }

    /// Forgets what a clock that was wrong for a while has left.
    pub(super) fn mend(&mut self, now: i64) {
        self.next_try = self.next_try.min(now + WEEK);
        self.issued.retain(|at| *at <= now && *at > now - WEEK);
    }

    /// Notes a failure. `retry_after` is what the authority asked for; `is_own` says that no authority was asked. `salt`
    /// spreads the retries of many certificates.
    pub(super) fn fail(&mut self, error: &str, retry_after: Option<i64>, is_own: bool, salt: u64, now: i64) {
        self.failures = self.failures.saturating_add(1);
        let (first, longest) = if is_own { (5, LONGEST_OWN) } else { (120, LONGEST) };
        let pause = (first << (self.failures - 1).min(16)).min(longest);
        let spread = i64::try_from(salt % 100).unwrap_or_default() * pause / 500;
        self.next_try = now + (pause + spread).max(retry_after.unwrap_or_default());
        self.error = Some(error.chars().take(KEPT_OF_ERROR).collect());
    }

    /// Notes that a certificate was issued. Those that live less than a day are a test's, and not counted.
    pub(super) fn succeed(&mut self, lifetime: i64, now: i64) {
        let mut issued = std::mem::take(&mut self.issued);
        issued.retain(|moment| *moment > now - WEEK);
        if lifetime >= 24 * 3600 {
            issued.push(now);
        }
        *self = Self {
            about: std::mem::take(&mut self.about),
            issued,
            ..Self::default()
        };
    }

    /// True if the authority has the order already, so that going on costs no new one.
    pub(super) fn is_ordered(&self) -> bool {
        self.order.as_ref().is_some_and(|order| order.url.is_some())
    }

    /// The moment from which on another certificate may be ordered, as far as this entry knows.
    pub(super) fn not_before(&self, now: i64) -> i64 {
        let recent: Vec<i64> = self
            .issued
            .iter()
            .copied()
            .filter(|at| *at > now - WEEK)
            .collect();
        let budget = if recent.len() >= MOST_ISSUED {
            recent[recent.len() - MOST_ISSUED] + WEEK
        } else {
            0
        };
        // An order that is under way has been counted already.
        if self.is_ordered() {
            return self.next_try;
        }
        self.next_try.max(budget)
    }

    /// Forgets all but what was issued. False if nothing is left.
    pub(super) fn forget_failures(&mut self, now: i64) -> bool {
        *self = Self {
            about: std::mem::take(&mut self.about),
            issued: std::mem::take(&mut self.issued),
            ..Self::default()
        };
        !self.is_empty(now)
    }

    /// True if there is nothing to remember.
    pub(super) fn is_empty(&self, now: i64) -> bool {
        self.order.is_none() && self.failures == 0 && self.issued.iter().all(|at| *at <= now - WEEK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_tried_again_ever_later_and_never_sooner_than_asked() {
        let mut entry = Entry::default();
        let mut pauses = Vec::new();
        for _ in 0..10 {
            entry.fail("no", None, false, 0, 1000);
            pauses.push(entry.next_try - 1000);
        }
        assert_eq!(
            pauses,
            [120, 240, 480, 960, 1920, 3840, 7680, 15360, 30720, 43200]
        );
        entry.fail("slow down", Some(90_000), false, 0, 1000);
        assert_eq!(entry.next_try, 91_000);
        let mut own = Entry::default();
        own.fail("not us", None, true, 99, 0);
        assert!((5..=6).contains(&own.next_try), "{}", own.next_try);
    }

    #[test]
    fn a_clock_that_was_wrong_leaves_nothing_for_ever() {
        let mut entry = Entry {
            next_try: 1 << 40,
            issued: vec![5, 1 << 40],
            ..Entry::default()
        };
        entry.mend(10);
        assert_eq!((entry.next_try, entry.issued), (10 + WEEK, vec![5]));
    }

    #[test]
    fn other_names_or_another_authority_begin_anew() {
        let hosts = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let mut entry = Entry::default().about("ca", &hosts(&["a"]));
        entry.fail("no", None, false, 0, 0);
        assert_eq!(entry.clone().about("ca", &hosts(&["a"])), entry);
        assert_eq!(entry.clone().about("ca", &hosts(&["a", "b"])).failures, 0);
        assert_eq!(entry.about("staging", &hosts(&["a"])).failures, 0);
    }

    #[test]
    fn a_loop_that_orders_for_ever_is_stopped_before_the_authority_does() {
        let mut entry = Entry::default();
        for at in 0..4 {
            assert_eq!(entry.not_before(at), 0);
            entry.succeed(90 * 24 * 3600, at);
        }
        assert_eq!(entry.not_before(10), WEEK);
        assert_eq!(entry.not_before(WEEK + 1), 0);
        let mut test = Entry::default();
        (0..9).for_each(|at| test.succeed(60, at));
        assert_eq!(test.not_before(10), 0);
        assert!(test.is_empty(10) && !entry.is_empty(10));
    }
}
