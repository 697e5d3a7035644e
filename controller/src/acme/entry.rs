//! What must not be forgotten about one certificate: an open order with its key, and failures. Kept in the account's Secret
//! until there is nothing left to remember.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// By `namespace/secret`.
pub(super) type Entries = BTreeMap<String, Entry>;

/// The longest pause after failures, in seconds.
const LONGEST: i64 = 12 * 3600;
/// For what no authority was asked.
const LONGEST_OWN: i64 = 600;
/// Certificates of one set of names within [`WEEK`]: large authorities issue five, and the fifth is for people.
const MOST_ISSUED: usize = 4;
const WEEK: i64 = 7 * 24 * 3600;

/// One certificate's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    /// The names that everything here is about.
    pub(super) hosts: BTreeSet<String>,
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
    /// Directory of the authority.
    pub(super) server: String,
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
    /// An entry for these names; what is remembered of others does not count for them.
    pub(super) fn for_hosts(self, hosts: &BTreeSet<String>) -> Self {
        if self.hosts == *hosts {
            return self;
        }
        Self {
            hosts: hosts.clone(),
            ..Self::default()
        }
    }

    /// Notes a failure. `retry_after` is what the authority asked for; `is_own` says that no authority was asked. `salt`
    /// spreads the retries of many certificates.
    pub(super) fn fail(
        &mut self,
        error: String,
        retry_after: Option<i64>,
        is_own: bool,
        salt: u64,
        now: i64,
    ) {
        self.failures = self.failures.saturating_add(1);
        let (first, longest) = if is_own { (5, LONGEST_OWN) } else { (120, LONGEST) };
        let pause = (first << (self.failures - 1).min(16)).min(longest);
        let spread = i64::try_from(salt % 100).unwrap_or_default() * pause / 500;
        self.next_try = now + (pause + spread).max(retry_after.unwrap_or_default());
        self.error = Some(error);
    }

    /// Notes that a certificate was issued. Those that live less than a day are a test's, and not counted.
    pub(super) fn succeed(&mut self, lifetime: i64, now: i64) {
        let mut issued = std::mem::take(&mut self.issued);
        issued.retain(|moment| *moment > now - WEEK);
        if lifetime >= 24 * 3600 {
            issued.push(now);
        }
        *self = Self {
            hosts: std::mem::take(&mut self.hosts),
            issued,
            ..Self::default()
        };
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
        if self.order.as_ref().is_some_and(|order| order.url.is_some()) {
            return self.next_try;
        }
        self.next_try.max(budget)
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
            entry.fail("no".into(), None, false, 0, 1000);
            pauses.push(entry.next_try - 1000);
        }
        assert_eq!(
            pauses,
            [120, 240, 480, 960, 1920, 3840, 7680, 15360, 30720, 43200]
        );
        entry.fail("slow down".into(), Some(90_000), false, 0, 1000);
        assert_eq!(entry.next_try, 91_000);
        let mut own = Entry::default();
        own.fail("not us".into(), None, true, 99, 0);
        assert!((5..=6).contains(&own.next_try), "{}", own.next_try);
    }

    #[test]
    fn other_names_begin_anew() {
        let hosts = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let mut entry = Entry::default().for_hosts(&hosts(&["a"]));
        entry.fail("no".into(), None, false, 0, 0);
        assert_eq!(entry.clone().for_hosts(&hosts(&["a"])), entry);
        assert_eq!(entry.for_hosts(&hosts(&["a", "b"])).failures, 0);
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
