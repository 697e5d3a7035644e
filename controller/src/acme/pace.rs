//! How much may be asked of the authority: a local budget below the authority's own limits, and a gate that closes while it
//! is away or has asked us to slow down.

use std::collections::VecDeque;

use super::entry::Entry;

/// Orders within [`SPAN`]. Let's Encrypt takes 300 from one account in three hours.
const MOST: usize = 250;
const SPAN: i64 = 3 * 3600;
/// First pause when the authority cannot be used; it doubles up to the longest, in seconds.
const FIRST: i64 = 5;
const LONGEST: i64 = 3600;

/// The state of both.
#[derive(Debug, Default)]
pub(super) struct Pace {
    orders: VecDeque<i64>,
    closed_until: i64,
    failures: u32,
}

impl Pace {
    /// The moment from which on the authority may be asked at all, in seconds since 1970; 0 is now.
    pub(super) fn open_from(&self, now: i64) -> i64 {
        later(self.closed_until, now)
    }

    /// The moment from which on a new order may be made, in seconds since 1970; 0 is now. What is under way already costs none.
    pub(super) fn order_from(&self, now: i64) -> i64 {
        let first = self.orders.front().filter(|_| self.orders.len() >= MOST);
        let budget = first.map_or(0, |first| first + SPAN);
        later(self.closed_until.max(budget), now)
    }

    /// The one of both that counts for an entry.
    pub(super) fn not_before(&self, entry: &Entry, now: i64) -> i64 {
        if entry.is_ordered() {
            self.open_from(now)
        } else {
            self.order_from(now)
        }
    }

    /// Notes that an order is begun.
    pub(super) fn ordered(&mut self, now: i64) {
        self.orders.push_back(now);
        while self.orders.len() > MOST {
            self.orders.pop_front();
        }
    }

    /// Notes that the authority could not be used at all, or asked for so many seconds of peace.
    pub(super) fn close(&mut self, retry_after: Option<i64>, now: i64) {
        if self.closed_until > now && retry_after.is_none() {
            // Several that failed together are one failure.
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let pause = (FIRST << (self.failures - 1).min(16)).min(LONGEST);
        self.closed_until = self
            .closed_until
            .max(now + pause.max(retry_after.unwrap_or_default()));
    }

    /// Notes that the authority answered.
    pub(super) fn open(&mut self) {
        self.failures = 0;
    }
}

fn later(moment: i64, now: i64) -> i64 {
    if moment > now { moment } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::entry::OpenOrder;
    use super::*;

    #[test]
    fn an_authority_that_is_away_is_asked_a_few_times_an_hour() {
        let (mut pace, mut now, mut asked) = (Pace::default(), 0, 0);
        while now < 3600 {
            asked += 1;
            pace.close(None, now);
            pace.close(None, now);
            now = pace.open_from(now);
        }
        assert_eq!(asked, 10);
        pace.open();
        pace.close(None, 10_000);
        assert_eq!(pace.open_from(10_000), 10_005);
        pace.close(Some(600), 10_000);
        assert_eq!(pace.open_from(10_000), 10_600);
    }

    #[test]
    fn orders_stay_within_the_budget() {
        let mut pace = Pace::default();
        (0..MOST).for_each(|_| pace.ordered(100));
        assert_eq!(pace.order_from(100), 100 + SPAN);
        assert_eq!(pace.order_from(101 + SPAN), 0);
    }

    #[test]
    fn an_order_that_is_made_goes_on_without_budget_and_not_through_a_closed_gate() {
        let entry = |url: Option<&str>| Entry {
            order: Some(OpenOrder {
                account: "us".to_owned(),
                key: String::new(),
                url: url.map(str::to_owned),
            }),
            ..Entry::default()
        };
        let (made, begun, none) = (entry(Some("order/1")), entry(None), Entry::default());
        let mut pace = Pace::default();
        (0..MOST).for_each(|_| pace.ordered(100));
        let not_before = |pace: &Pace| [&made, &begun, &none].map(|entry| pace.not_before(entry, 100));
        assert_eq!(not_before(&pace), [0, 100 + SPAN, 100 + SPAN]);
        pace.close(Some(600), 100);
        assert_eq!(not_before(&pace), [700, 100 + SPAN, 100 + SPAN]);
    }
}
