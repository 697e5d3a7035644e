//! How the API and the watches are, for metrics.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::progress::{Counts, Progress};

/// What outlives the watches.
#[derive(Debug, Default)]
pub struct Health {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_up: bool,
    answered: Option<i64>,
    progress: Arc<Progress>,
}

impl Health {
    /// The API was asked, and answered or did not.
    pub(super) fn note(&self, has_answered: bool) {
        let mut state = self.lock();
        state.is_up = has_answered;
        if has_answered {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            state.answered = i64::try_from(now.as_secs()).ok();
        }
    }

    /// New watches have begun.
    pub(super) fn follow(&self, progress: &Arc<Progress>) {
        self.lock().progress = progress.clone();
    }

    /// True if the API answered the last question.
    pub(crate) fn is_up(&self) -> bool {
        self.lock().is_up
    }

    /// When it answered last, in seconds since 1970.
    pub(crate) fn answered(&self) -> Option<i64> {
        self.lock().answered
    }

    /// How many watches are in which state.
    pub(crate) fn watches(&self) -> Counts {
        let progress = self.lock().progress.clone();
        progress.counts()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
