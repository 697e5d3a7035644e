//! What must survive a new table: state of filters, by a key that stays the same while the rule does.
//!
//! Looked up while a table is compiled, held by the compiled filter; the request path never looks anything up here.
//! Entries that no table refers to any more are swept after a swap.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Lasting state by key.
#[derive(Debug, Default)]
pub(crate) struct Lasting {
    entries: Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>,
}

impl Lasting {
    /// The state under this key, made if it is not there or is of another type.
    pub(crate) fn get<T: Send + Sync + 'static>(&self, key: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(state)) = entries.get(key).map(|entry| entry.clone().downcast::<T>()) {
            return state;
        }
        let state = Arc::new(make());
        entries.insert(key.to_owned(), state.clone());
        state
    }

    /// Drops what nobody holds.
    pub(crate) fn sweep(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| Arc::strong_count(entry) > 1);
    }
}
