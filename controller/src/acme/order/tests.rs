//! Orders against an authority in memory, ended between any two effects.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;

const ACCOUNT: &str = "https://ca.example/account/1";

/// The world that outlives a process: the authority and what was kept. `left` counts effects until the process ends.
#[derive(Default)]
struct World {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    left: usize,
    orders: BTreeMap<String, Stage>,
    entry: Option<Entry>,
    stored: Vec<(String, String)>,
    refuses: bool,
    /// Orders are not found again.
    forgets: bool,
    /// Questions until `processing` is over.
    slow: usize,
    /// What is to be answered in handshakes.
    answers: BTreeMap<String, Digest>,
    /// What every replica answers; `None` while one of them does not say so.
    everywhere: Option<BTreeMap<String, Digest>>,
    lags: bool,
    probed: usize,
}

/// The process has ended.
fn ended() -> Failure {
    Failure::new(Kind::Store, "ended")
}

impl World {
    /// One effect. The process may end right before it or, having had it, right after.
    fn effect<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T, Failure> {
        let mut state = self.state.lock().expect("no panic");
        if state.left == 0 {
            return Err(ended());
        }
        state.left -= 1;
        let result = work(&mut state);
        if state.left == 0 {
            return Err(ended());
        }
        state.left -= 1;
        Ok(result)
    }
}

impl Authority for World {
    fn account(&self) -> &str {
        ACCOUNT
    }

    async fn preflight(&self, _: &BTreeSet<String>) -> Result<(), Failure> {
        self.effect(|_| ())
    }

    async fn order(&self, _: &BTreeSet<String>) -> Result<String, Failure> {
        self.effect(|state| {
            let url = format!("order-{}", state.orders.len());
            let stage = if state.forgets {
                Stage::Gone
            } else {
                Stage::Pending
            };
            state.orders.insert(url.clone(), stage);
            url
        })
    }

    async fn stage(&self, url: &str) -> Result<Stage, Failure> {
        self.effect(|state| {
            let stage = state.orders.get(url).cloned().unwrap_or(Stage::Gone);
            if stage == Stage::Processing {
                match state.slow.checked_sub(1) {
                    Some(less) => state.slow = less,
                    None => drop(state.orders.insert(url.to_owned(), Stage::Valid)),
                }
            }
            stage
        })
    }

    async fn answers(&self, _: &str) -> Result<BTreeMap<String, Digest>, Failure> {
        self.effect(|state| state.answers.clone())
    }

    async fn probe(&self, answers: &BTreeMap<String, Digest>) -> Result<(), Failure> {
        self.effect(|state| {
            assert_eq!(
                state.everywhere.as_ref(),
                Some(answers),
                "it is asked when everybody has it"
            );
            state.probed += 1;
        })
    }

    async fn verify(&self, url: &str) -> Result<(), Failure> {
        self.effect(|state| {
            if !state.answers.is_empty() {
                assert_eq!(
                    state.everywhere.as_ref(),
                    Some(&state.answers),
                    "the authority looks when everybody has it"
                );
            }
            let stage = if state.refuses {
                Stage::Invalid("a.example.org: 404".to_owned())
            } else {
                Stage::Ready
            };
            state.orders.insert(url.to_owned(), stage);
        })
    }

    async fn finalize(&self, url: &str, _: &BTreeSet<String>, key: &str) -> Result<(), Failure> {
        self.effect(|state| {
            let kept = state.entry.as_ref().and_then(|entry| entry.order.as_ref());
            assert_eq!(
                kept.map(|order| order.key.as_str()),
                Some(key),
                "the key is kept first"
            );
            state.orders.insert(url.to_owned(), Stage::Processing);
        })
    }

    async fn certificate(&self, url: &str) -> Result<String, Failure> {
        self.effect(|_| format!("certificate of {url}"))
    }

    async fn pause(&self, _: u32) {}
}

impl Keep for World {
    async fn answer(&self, answers: &BTreeMap<String, Digest>) -> Result<(), Failure> {
        self.effect(|state| {
            let is_open = |entry: &Entry| entry.order.as_ref().is_some_and(|order| order.url.is_some());
            assert!(
                state.entry.as_ref().is_some_and(is_open),
                "the order is kept first"
            );
            if state.lags {
                return Err(Failure::new(
                    Kind::Answer,
                    "replica b does not say that it has it",
                ));
            }
            state.everywhere = Some(answers.clone());
            Ok(())
        })?
    }

    async fn check(&self) -> Result<(), Failure> {
        self.effect(|_| ())
    }

    async fn save(&self, entry: &Entry) -> Result<(), Failure> {
        self.effect(|state| state.entry = Some(entry.clone()))
    }

    async fn store(&self, chain: &str, key: &str) -> Result<(), Failure> {
        self.effect(|state| state.stored.push((chain.to_owned(), key.to_owned())))
    }
}

/// One process: begins with what was kept, and ends after so many half effects.
async fn process(world: &World, effects: usize, name: &str) -> Result<String, Failure> {
    let mut entry = {
        let mut state = world.state.lock().expect("no panic");
        state.left = effects;
        state.entry.clone().unwrap_or_default()
    };
    let hosts = ["a.example.org".to_owned()].into();
    drive(world, world, &hosts, &mut entry, || Ok(format!("key of {name}"))).await
}

#[tokio::test]
async fn a_process_that_ends_anywhere_leaves_an_order_that_the_next_one_ends() {
    let mut ends = 0;
    for effects in 0.. {
        let world = World::default();
        let first = process(&world, effects, "one").await;
        if first.is_ok() {
            break;
        }
        assert_eq!(first, Err(ended()));
        ends += 1;
        let second = process(&world, usize::MAX, "two").await;
        let state = world.state.lock().expect("no panic");
        assert!(second.is_ok(), "ended after {effects}: {second:?}");
        assert!(
            state.orders.len() <= 2,
            "{effects}: {} orders",
            state.orders.len()
        );
        let (chain, key) = state.stored.last().expect("it is stored");
        assert!(chain.starts_with("certificate of order-"));
        let keys: BTreeSet<&String> = state.stored.iter().map(|(_, key)| key).collect();
        assert_eq!(keys.len(), 1, "one key, however often it is stored: {key}");
    }
    assert!(ends > 15, "only {ends} places to end at");
}

#[tokio::test]
async fn a_refusal_is_told_and_the_next_attempt_is_a_new_order() {
    let world = World::default();
    world.state.lock().expect("no panic").refuses = true;
    let failure = process(&world, usize::MAX, "one").await.expect_err("refused");
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (Kind::Refused, "a.example.org: 404")
    );
    world.state.lock().expect("no panic").refuses = false;
    // The order that came to nothing is still kept; the next process finds out and begins anew.
    assert!(process(&world, usize::MAX, "two").await.is_err());
    world.state.lock().expect("no panic").entry = None;
    assert!(process(&world, usize::MAX, "three").await.is_ok());
}

#[tokio::test]
async fn an_order_that_takes_long_is_left_and_gone_on_with() {
    let world = World::default();
    world.state.lock().expect("no panic").slow = 60;
    let first = process(&world, usize::MAX, "one").await;
    assert_eq!(first.expect_err("it takes long").kind, Kind::Slow);
    assert!(process(&world, usize::MAX, "two").await.is_ok());
    assert_eq!(world.state.lock().expect("no panic").orders.len(), 1);
}

#[tokio::test]
async fn an_order_of_another_authority_or_one_that_is_gone_is_begun_anew() {
    for (account, url) in [
        (ACCOUNT, "unknown"),
        ("https://staging.example/account/1", "order-0"),
    ] {
        let world = World::default();
        world.state.lock().expect("no panic").entry = Some(Entry {
            order: Some(OpenOrder {
                account: account.to_owned(),
                key: "old key".to_owned(),
                url: Some(url.to_owned()),
            }),
            ..Entry::default()
        });
        assert!(process(&world, usize::MAX, "one").await.is_ok());
        let state = world.state.lock().expect("no panic");
        assert_eq!(
            state.stored,
            [("certificate of order-0".to_owned(), "key of one".to_owned())]
        );
    }
}

#[tokio::test]
async fn an_authority_that_forgets_what_it_made_is_not_asked_for_more_and_more() {
    let world = World::default();
    world.state.lock().expect("no panic").forgets = true;
    let failure = process(&world, usize::MAX, "one").await.expect_err("forgotten");
    assert_eq!(failure.kind, Kind::Slow);
    assert_eq!(world.state.lock().expect("no panic").orders.len(), 1);
}

/// A world whose authority verifies by handshakes.
fn by_handshake() -> World {
    let world = World::default();
    world.state.lock().expect("no panic").answers = [("a.example.org".to_owned(), Digest([7; 32]))].into();
    world
}

#[tokio::test]
async fn the_authority_is_told_when_every_replica_has_the_answer_and_no_sooner() {
    let world = by_handshake();
    world.state.lock().expect("no panic").lags = true;
    let failure = process(&world, usize::MAX, "one").await.expect_err("one lags");
    assert_eq!(failure.kind, Kind::Answer);
    {
        let mut state = world.state.lock().expect("no panic");
        assert_eq!(state.orders["order-0"], Stage::Pending, "it was not told");
        assert_eq!(state.probed, 0);
        state.lags = false;
    }
    assert!(process(&world, usize::MAX, "two").await.is_ok());
    let state = world.state.lock().expect("no panic");
    assert_eq!(
        (state.orders.len(), state.probed),
        (1, 1),
        "the same order goes on"
    );
}

#[tokio::test]
async fn a_process_that_ends_while_answers_are_put_leaves_an_order_that_the_next_one_ends() {
    for effects in 0.. {
        let world = by_handshake();
        let first = process(&world, effects, "one").await;
        if first.is_ok() {
            assert!(effects > 20, "only {effects} places to end at");
            break;
        }
        let second = process(&world, usize::MAX, "two").await;
        assert!(second.is_ok(), "ended after {effects}: {second:?}");
        assert!(world.state.lock().expect("no panic").orders.len() <= 2);
    }
}
