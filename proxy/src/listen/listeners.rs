//! The set of listeners, which changes while the process runs.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::accept::Door;
use super::listener::Listener;
use super::registry::Registry;
use super::{ListenerSpec, ListenerStatus, Serve, TlsLookup};

/// Accepts connections and has them served by `S`, under the TLS policies of `L`.
pub(crate) struct Listeners<S, L> {
    door: Arc<Door<S, L>>,
    set: Mutex<Set>,
}

#[derive(Default)]
struct Set {
    running: BTreeMap<ListenerSpec, Listener>,
    next: u32,
    is_closed: bool,
}

/// How long clients of a removed listener may take to send a request that is already on its way.
const GRACE: Duration = Duration::from_secs(1);

impl<S: Serve, L: TlsLookup> Listeners<S, L> {
    /// No listener yet. Everything runs on `runtime`.
    pub(crate) fn new(serve: S, lookup: L, registry: Arc<Registry>, runtime: Handle) -> Self {
        Self {
            door: Arc::new(Door {
                serve,
                lookup,
                registry,
                runtime,
            }),
            set: Mutex::default(),
        }
    }

    /// Makes the set what `specs` say. New ones are bound before this returns; those that cannot be are tried
    /// again. Connections of removed ones finish what they have begun. After a drain nothing is added.
    pub(crate) async fn apply(&self, specs: Vec<ListenerSpec>) -> Vec<ListenerStatus> {
        let mut set = self.set.lock().await;
        if set.is_closed {
            return Vec::new();
        }
        let specs: BTreeSet<ListenerSpec> = specs.into_iter().collect();
        let (kept, removed): (BTreeMap<_, _>, BTreeMap<_, _>) = mem::take(&mut set.running)
            .into_iter()
            .partition(|(spec, _)| specs.contains(spec));
        set.running = kept;
        // First, because a new one may want the same port.
        for (spec, mut listener) in removed {
            listener.stopped().await;
            tracing::info!(listener = &*spec.name, address = %spec.address, "no longer listening");
            self.door
                .runtime
                .spawn(dismiss(self.door.registry.clone(), listener.number()));
        }
        for spec in specs {
            if !set.running.contains_key(&spec) {
                set.next += 1;
                let listener = Listener::start(&spec, set.next, &self.door);
                set.running.insert(spec, listener);
            }
        }
        set.status()
    }

    /// How the listeners are.
    #[cfg(test)]
    pub(crate) async fn status(&self) -> Vec<ListenerStatus> {
        self.set.lock().await.status()
    }

    /// The connections of all listeners.
    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.door.registry
    }

    /// Closes every listener for good, after their queues have been emptied.
    pub(super) async fn close(&self) {
        let mut set = self.set.lock().await;
        set.is_closed = true;
        let mut running = mem::take(&mut set.running);
        for listener in running.values() {
            listener.stop();
        }
        for listener in running.values_mut() {
            listener.stopped().await;
        }
    }
}

impl Set {
    fn status(&self) -> Vec<ListenerStatus> {
        self.running
            .iter()
            .map(|(spec, listener)| ListenerStatus {
                spec: spec.clone(),
                bound: listener.bound(),
            })
            .collect()
    }
}

/// Ends the idle connections of a removed listener until it has none.
async fn dismiss(registry: Arc<Registry>, listener: u32) {
    while registry.connections_of(listener) > 0 {
        tokio::time::sleep(GRACE).await;
        registry.end_idle(Some(listener));
    }
}

#[cfg(test)]
mod tests;
