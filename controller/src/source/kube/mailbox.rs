//! Where watches leave what they see until the publish loop takes it, the latest state of each object only.
//!
//! A storm of changes of one object is one change by the time it is taken, so the mailbox holds at most one entry for each
//! object of the cluster.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ferrik_config::name::ObjectRef;
use tokio::sync::Notify;

use super::observed::Parsed;

/// The latest state of objects: what they are now, or that they are gone.
pub(crate) type Changes = BTreeMap<ObjectRef, Option<Parsed>>;

/// The mailbox.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    changes: Mutex<Changes>,
    filled: Notify,
}

impl Mailbox {
    /// Leaves changes that belong together: they are taken together.
    pub(crate) fn put(&self, changes: impl IntoIterator<Item = (ObjectRef, Option<Parsed>)>) {
        self.changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(changes);
        self.filled.notify_one();
    }

    /// Wakes whoever waits, without a change.
    pub(crate) fn wake(&self) {
        self.filled.notify_one();
    }

    /// Waits until something was left since the last call.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Takes everything.
    pub(crate) fn take(&self) -> Changes {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
