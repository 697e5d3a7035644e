//! Answers of TLS-ALPN-01 in the account's Secret: which order has put which there, so that every replica finds them.
//!
//! An answer stands there as long as the order that it is for is open. Of two orders for one host that are under way at the
//! same time, one waits: a handshake has room for one answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ferrik_config::acme::Answer;
use ferrik_config::table::Digest;
use tokio::sync::watch;

use super::clock::now;
use super::ledger::Ledger;
use super::order::{Failure, Kind};
use super::store::Kept;

/// The longest wait for another order.
const TURN: Duration = Duration::from_secs(60);

/// Hosts for which orders that are under way have answers.
#[derive(Clone, Default)]
pub(super) struct Claims(Arc<watch::Sender<BTreeSet<String>>>);

/// Some hosts' answers belong to one order while it lives.
pub(super) struct Claim {
    claims: Claims,
    hosts: BTreeSet<String>,
}

impl Claims {
    /// Waits until no other order has an answer for one of the hosts.
    pub(super) async fn take(&self, hosts: BTreeSet<String>) -> Result<Claim, Failure> {
        let mut taken = self.0.subscribe();
        let is_free = |taken: &BTreeSet<String>| taken.is_disjoint(&hosts);
        let turn = async {
            let take = |taken: &mut BTreeSet<String>| {
                let is_free = is_free(taken);
                if is_free {
                    taken.extend(hosts.iter().cloned());
                }
                is_free
            };
            while !self.0.send_if_modified(take) && taken.wait_for(is_free).await.is_ok() {}
        };
        if tokio::time::timeout(TURN, turn).await.is_err() {
            let message = "another order for one of these hosts is under way";
            return Err(Failure::new(Kind::Answer, message));
        }
        let claims = self.clone();
        Ok(Claim { claims, hosts })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let hosts = std::mem::take(&mut self.hosts);
        self.claims
            .0
            .send_modify(|taken| taken.retain(|host| !hosts.contains(host)));
    }
}

impl Ledger {
    /// Keeps the answers of one order where every replica reads them, and returns their version.
    pub(super) async fn answer(
        &self,
        order: &str,
        answers: &BTreeMap<String, Digest>,
    ) -> Result<u64, Failure> {
        let mut store = self.store.lock().await;
        let (store, kept) = &mut *store;
        let before = kept.answers.clone();
        kept.answer(order, answers, now() * 1000);
        if kept.answers != before
            && let Err(failure) = store.save(kept).await
        {
            kept.answers = before;
            return Err(failure);
        }
        Ok(kept.answers.version)
    }

    /// Takes away what is left of orders that are over.
    pub(super) async fn tidy(&self) {
        let mut store = self.store.lock().await;
        let (store, kept) = &mut *store;
        if kept.drop_answers()
            && let Err(failure) = store.save(kept).await
        {
            tracing::debug!("certificates: {}", failure.message);
        }
    }
}

impl Kept {
    /// Puts answers. The version follows the clock, in milliseconds since 1970, so that it grows even if the Secret was lost:
    /// what a replica has said of a version that is gone must never count for a later one.
    fn answer(&mut self, order: &str, answers: &BTreeMap<String, Digest>, now: i64) {
        for (host, digest) in answers {
            let answer = Answer {
                digest: *digest,
                order: order.to_owned(),
            };
            let before = self.answers.hosts.insert(host.clone(), answer);
            if before.is_none_or(|before| before.digest != *digest) {
                let now = u64::try_from(now).unwrap_or_default();
                self.answers.version = now.max(self.answers.version + 1);
            }
        }
    }

    /// Drops answers of orders that are over. True if there were any.
    pub(super) fn drop_answers(&mut self) -> bool {
        let (entries, hosts) = (&self.entries, &mut self.answers.hosts);
        let before = hosts.len();
        hosts.retain(|_, answer| {
            let entry = entries.get(&answer.order);
            entry.is_some_and(|entry| entry.order.is_some())
        });
        hosts.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Entry, OpenOrder};
    use super::*;

    fn open() -> Entry {
        Entry {
            order: Some(OpenOrder {
                account: String::new(),
                key: String::new(),
                url: None,
            }),
            ..Entry::default()
        }
    }

    fn answers(host: &str, byte: u8) -> BTreeMap<String, Digest> {
        [(host.to_owned(), Digest([byte; 32]))].into()
    }

    #[test]
    fn the_version_grows_with_every_new_answer_and_with_nothing_else() {
        let mut kept = Kept::default();
        kept.answer("shop/a", &answers("a.test", 1), 5000);
        assert_eq!(kept.answers.version, 5000);
        kept.answer("shop/b", &answers("b.test", 2), 4000);
        assert_eq!(kept.answers.version, 5001, "the clock was put back");
        kept.answer("shop/b", &answers("b.test", 2), 9000);
        assert_eq!(kept.answers.version, 5001, "it is there already");
        kept.answer("shop/c", &answers("b.test", 3), 9000);
        assert_eq!(kept.answers.version, 9000);
    }

    #[test]
    fn an_answer_goes_with_its_order() {
        let mut kept = Kept::default();
        kept.entries.insert("shop/a".to_owned(), open());
        kept.answer("shop/a", &answers("a.test", 1), 1);
        kept.answer("shop/gone", &answers("b.test", 1), 1);
        assert!(kept.drop_answers());
        assert!(kept.answers.hosts.keys().eq(["a.test"]));
        assert!(!kept.drop_answers());
        kept.entries.insert("shop/a".to_owned(), Entry::default());
        assert!(kept.drop_answers() && kept.answers.hosts.is_empty());
        assert_eq!(kept.answers.version, 2, "it never shrinks");
    }

    #[tokio::test]
    async fn one_order_at_a_time_has_the_answer_for_a_host() {
        let claims = Claims::default();
        let set = |hosts: &[&str]| {
            hosts
                .iter()
                .map(|host| (*host).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let first = claims.take(set(&["a", "b"])).await.expect("nobody has them");
        let _other = claims.take(set(&["c"])).await.expect("nobody has it");
        let waiting = tokio::spawn({
            let (claims, hosts) = (claims.clone(), set(&["b", "d"]));
            async move { claims.take(hosts).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        let second = waiting.await.expect("no panic").expect("the first is over");
        assert_eq!(second.hosts, set(&["b", "d"]));
        assert_eq!(*claims.0.borrow(), set(&["b", "c", "d"]));
    }
}
