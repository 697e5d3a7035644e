//! Slow password checks: off the data plane's threads, a few at a time, and none twice for the same right password.
//!
//! One for each list of passwords, kept in `Lasting`: what was proved before a new table need not be proved again.
//! `basic_auth.rs` asks `is_verified` first, which costs a MAC, and waits for `run` only where that says no. No
//! password is kept, only MACs under a key that lives and dies with the process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use arc_swap::ArcSwapOption;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ferrik_config::policy::Credential;
use tokio::sync::{OnceCell, Semaphore};

use super::hash::Slow;
use crate::lasting::Lasting;

/// How many logins of one list may be in the making; who comes on top is sent away for a second.
const IN_FLIGHT_LIMIT: usize = 64;

/// A MAC under the process's key.
pub(super) type Mac = [u8; 32];

/// What all lists share.
struct Process {
    key: hmac::Key,
    permits: Arc<Semaphore>,
    permit_count: usize,
}

/// The checks of one list of passwords.
///
/// # Invariants
/// There is a slot for each credential, so what is remembered is bounded by configuration.
pub(super) struct Checks {
    process: Arc<Process>,
    /// The list's share of the process's permits: half, so that a flood at one list leaves room for others.
    permits: Arc<Semaphore>,
    /// The login that was last found right, by user.
    verified: Box<[ArcSwapOption<Mac>]>,
    /// Equal logins at the same time are checked once.
    flights: Mutex<HashMap<Mac, Arc<OnceCell<bool>>>>,
}

/// One login to be checked.
pub(super) struct Task {
    /// Identifies user, password and stored hash.
    pub(super) login: Mac,
    /// What was sent.
    pub(super) password: Vec<u8>,
    /// What is stored.
    pub(super) hash: Slow,
    /// The slot to remember it in; `None` for a user who is not there, whose check is only made to take as long.
    pub(super) slot: Option<usize>,
}

/// Too many logins are being checked already.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overloaded;

impl Process {
    fn new() -> Self {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("the system has random numbers");
        let cores = available_parallelism().map_or(1, usize::from);
        // Half of the cores: requests come first. Two at least, or one list could keep out all others.
        let permit_count = (cores / 2).max(2);
        let permits = Arc::new(Semaphore::new(permit_count));
        Self {
            key: hmac::Key::new(HMAC_SHA256, &key),
            permits,
            permit_count,
        }
    }

    fn mac<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> Mac {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            // With its length in front, no part can pass for the end of the one before.
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        context
            .sign()
            .as_ref()
            .try_into()
            .expect("HMAC-SHA-256 has 32 bytes")
    }
}

impl Checks {
    /// The checks of this list, those of the table before if the list is the same.
    pub(super) fn of(credentials: &[Credential], lasting: &Lasting) -> Arc<Self> {
        let process = lasting.get("basic_auth", Process::new);
        let parts = credentials
            .iter()
            .flat_map(|it| [it.user.as_bytes(), it.hash.as_bytes()]);
        let key = format!("basic_auth/{}", STANDARD_NO_PAD.encode(process.mac(parts)));
        lasting.get(&key, || Self {
            permits: Arc::new(Semaphore::new(process.permit_count / 2)),
            verified: credentials.iter().map(|_| ArcSwapOption::empty()).collect(),
            flights: Mutex::default(),
            process,
        })
    }

    /// A MAC of these parts; nobody outside can foresee it.
    pub(super) fn mac<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> Mac {
        self.process.mac(parts)
    }

    /// True if this login was found right before.
    pub(super) fn is_verified(&self, slot: usize, login: &Mac) -> bool {
        // The MAC cannot be foreseen, so it does not matter how long the comparison takes.
        self.verified
            .get(slot)
            .is_some_and(|known| known.load().as_deref() == Some(login))
    }

    /// Checks a login. It may wait for its turn; whoever stops waiting leaves nothing behind but a check that has begun.
    pub(super) async fn run(self: Arc<Self>, task: Task) -> Result<bool, Overloaded> {
        let flight = self.join(task.login)?;
        let is_right = *flight
            .cell
            .get_or_init(|| self.compute(task.hash, task.password))
            .await;
        match task.slot {
            Some(slot) if is_right => {
                if let Some(known) = self.verified.get(slot) {
                    known.store(Some(Arc::new(task.login)));
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn join(&self, login: Mac) -> Result<Flight<'_>, Overloaded> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        let count = flights.len();
        let cell = match flights.entry(login) {
            Entry::Occupied(entry) => entry.get().clone(),
            Entry::Vacant(_) if count >= IN_FLIGHT_LIMIT => return Err(Overloaded),
            Entry::Vacant(entry) => entry.insert(Arc::default()).clone(),
        };
        Ok(Flight {
            checks: self,
            login,
            cell,
        })
    }

    /// Logins that take all the room there is.
    #[cfg(test)]
    pub(super) fn crowd(&self) -> Vec<impl Drop> {
        let login = |at: usize| self.mac([&at.to_be_bytes()[..]]);
        (0..IN_FLIGHT_LIMIT)
            .map(|at| self.join(login(at)).expect("room"))
            .collect()
    }

    async fn compute(&self, hash: Slow, password: Vec<u8>) -> bool {
        // Both are given in the order of asking. Those of one list queue among themselves first.
        let own = self.permits.clone().acquire_owned().await.expect("never closed");
        let shared = self
            .process
            .permits
            .clone()
            .acquire_owned()
            .await
            .expect("never closed");
        let check = tokio::task::spawn_blocking(move || {
            // Held until the check is over, even if nobody waits for it any more.
            let _permits = (own, shared);
            hash.matches(&password)
        });
        check.await.unwrap_or(false)
    }
}

/// One request's share in a check that is being made; the last one out forgets it.
struct Flight<'c> {
    checks: &'c Checks,
    login: Mac,
    cell: Arc<OnceCell<bool>>,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut flights = self.checks.flights.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's own and this one: clones are only made under the lock.
        if Arc::strong_count(&self.cell) == 2 {
            flights.remove(&self.login);
        }
    }
}

impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checks({} users)", self.verified.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::Hash;
    use super::*;

    const HASH: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

    fn list(hash: &str) -> Vec<Credential> {
        vec![Credential {
            user: "ann".into(),
            hash: hash.into(),
        }]
    }

    fn task(checks: &Checks, password: &str, slot: Option<usize>) -> Task {
        let Some(Hash::Slow(hash)) = Hash::parse(HASH) else {
            panic!("bcrypt")
        };
        Task {
            login: checks.mac([password.as_bytes()]),
            password: password.into(),
            hash,
            slot,
        }
    }

    #[tokio::test]
    async fn only_right_passwords_of_known_users_are_remembered() {
        let checks = Checks::of(&list(HASH), &Lasting::default());
        for (password, slot, is_right) in [
            ("secret", None, false),
            ("wrong", Some(0), false),
            ("secret", Some(0), true),
        ] {
            let task = task(&checks, password, slot);
            let login = task.login;
            assert_eq!(
                checks.clone().run(task).await,
                Ok(is_right),
                "{password} {slot:?}"
            );
            assert_eq!(checks.is_verified(0, &login), is_right, "{password} {slot:?}");
        }
        assert!(checks.flights.lock().expect("sound").is_empty());
    }

    #[tokio::test]
    async fn a_list_keeps_what_it_knows_until_it_changes() {
        let lasting = Lasting::default();
        let first = Checks::of(&list(HASH), &lasting);
        let task = task(&first, "secret", Some(0));
        let login = task.login;
        first.clone().run(task).await.expect("room");
        assert!(Checks::of(&list(HASH), &lasting).is_verified(0, &login));
        assert!(!Checks::of(&list("{PLAIN}other"), &lasting).is_verified(0, &login));
    }

    #[tokio::test]
    async fn equal_logins_share_a_check_and_too_many_others_are_sent_away() {
        let checks = Checks::of(&list(HASH), &Lasting::default());
        let crowd = checks.crowd();
        assert_eq!(
            checks.clone().run(task(&checks, "secret", Some(0))).await,
            Err(Overloaded)
        );
        let again = checks
            .join(checks.mac([&0_usize.to_be_bytes()[..]]))
            .expect("in flight already");
        assert_eq!(Arc::strong_count(&again.cell), 3);
        drop(again);
        drop(crowd);
        assert_eq!(
            checks.clone().run(task(&checks, "secret", Some(0))).await,
            Ok(true)
        );
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_no_trace() {
        let checks = Checks::of(&list(HASH), &Lasting::default());
        let all = u32::try_from(checks.process.permit_count).expect("some cores");
        let held = checks
            .process
            .permits
            .clone()
            .acquire_many_owned(all)
            .await
            .expect("never closed");
        let mut waiting = Box::pin(checks.clone().run(task(&checks, "secret", Some(0))));
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        assert_eq!(checks.flights.lock().expect("sound").len(), 1);
        drop(waiting);
        assert!(checks.flights.lock().expect("sound").is_empty());
        drop(held);
        assert_eq!(
            checks.clone().run(task(&checks, "secret", Some(0))).await,
            Ok(true)
        );
    }
}
