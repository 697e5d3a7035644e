//! How far each watch is: whether everything that is needed has been seen once, and what stands in the way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The state of all watches.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    watches: Mutex<BTreeMap<String, State>>,
}

/// How many watches are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Listed, and followed since.
    pub(crate) synced: usize,
    /// Something stands in the way.
    pub(crate) hindered: usize,
    /// Being listed for the first time.
    pub(crate) listing: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Listing,
    /// Listed once; what is watched since is complete, or was until this stood in the way.
    Synced(Option<String>),
    /// Never listed, for this reason.
    Hindered(String),
}

impl Progress {
    /// A watch begins. `name` says what of, as people read it.
    pub(crate) fn begin(&self, name: &str) {
        self.lock().insert(name.to_owned(), State::Listing);
    }

    /// The watch has seen everything once.
    pub(crate) fn synced(&self, name: &str) {
        self.lock().insert(name.to_owned(), State::Synced(None));
    }

    /// The watch goes on after a failure.
    pub(crate) fn recovered(&self, name: &str) {
        if let Some(State::Synced(trouble)) = self.lock().get_mut(name) {
            *trouble = None;
        }
    }

    /// The watch failed. True if that was not known.
    pub(crate) fn hindered(&self, name: &str, why: &str) -> bool {
        let state = State::Hindered(why.to_owned());
        let mut watches = self.lock();
        match watches.get_mut(name) {
            None => false,
            Some(State::Synced(trouble)) => trouble.replace(why.to_owned()).as_deref() != Some(why),
            Some(known) => std::mem::replace(known, state.clone()) != state,
        }
    }

    /// The watch is not needed any more.
    pub(crate) fn end(&self, name: &str) {
        self.lock().remove(name);
    }

    /// What has not been seen yet, with the reason, one line each; empty if all has.
    pub(crate) fn missing(&self) -> Vec<String> {
        let watches = self.lock();
        let missing = watches.iter().filter_map(|(name, state)| match state {
            State::Listing => Some(format!("{name}: being listed")),
            State::Hindered(why) => Some(why.clone()),
            State::Synced(_) => None,
        });
        missing.collect()
    }

    /// How many watches are in which state.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for state in self.lock().values() {
            match state {
                State::Listing => counts.listing += 1,
                State::Synced(None) => counts.synced += 1,
                State::Synced(Some(_)) | State::Hindered(_) => counts.hindered += 1,
            }
        }
        counts
    }

    /// True while a first list is under way that nothing stands in the way of.
    pub(crate) fn is_listing(&self) -> bool {
        self.lock().values().any(|state| *state == State::Listing)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, State>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_once_every_watch_has_listed() {
        let progress = Progress::default();
        progress.begin("ingresses");
        progress.begin("services");
        progress.synced("services");
        assert_eq!(progress.missing(), ["ingresses: being listed"]);
        assert!(progress.hindered("ingresses", "forbidden"));
        assert!(!progress.hindered("ingresses", "forbidden"), "known");
        assert_eq!(progress.missing(), ["forbidden"]);
        progress.synced("ingresses");
        // What was seen once stays usable while the API is away.
        assert!(progress.hindered("ingresses", "gone"), "it is news all the same");
        assert!(!progress.hindered("ingresses", "gone"));
        assert!(progress.missing().is_empty() && !progress.is_listing());
        let hindered = Counts {
            synced: 1,
            hindered: 1,
            listing: 0,
        };
        assert_eq!(progress.counts(), hindered);
        progress.recovered("ingresses");
        assert_eq!(progress.counts().synced, 2);
        assert!(progress.hindered("ingresses", "gone"), "news again");
    }
}
