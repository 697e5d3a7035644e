//! Names of ExternalName Services to addresses, beside the translation, which does no I/O.
//!
//! The publish loop hands every output through a [`Resolver`]. It publishes at once with the answers that it has, and again
//! whenever an answer changes. A name that cannot be resolved keeps its last good answer; a name that leads to this machine
//! gets none, because that would open the proxy's own ports to whoever may write a Service. Lifetimes of DNS records are
//! not seen: the system's resolver does not tell them.

mod name;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ferrik_config::Endpoints;
use ferrik_config::table::{Endpoint, EndpointSet};
use ferrik_config::translate::Output;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinHandle};

pub(crate) use name::Pace;

/// How many names are looked up at the same time: each one occupies a thread that translation may need.
const LOOKUPS: usize = 16;

/// Asks for the addresses of a name.
pub(crate) trait Lookup: Send + Sync + 'static {
    /// All addresses of the name, in any order. An error is an answer that did not come.
    fn addresses(&self, name: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// The resolver of the operating system, with its files and search domains.
pub(crate) struct System;

impl Lookup for System {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Publishes outputs with the addresses of the names that they use.
pub(crate) struct Resolver<L, P>(Arc<Shared<L, P>>);

/// What the tasks of the names share. They hold it weakly: it owns them.
struct Shared<L, P> {
    lookup: Arc<L>,
    lookups: Arc<Semaphore>,
    pace: Pace,
    publish: P,
    /// Held while publishing, so that nothing older is published over something newer.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    output: Output,
    names: BTreeMap<String, Name>,
}

/// A name that some Service port uses.
struct Name {
    addresses: Vec<IpAddr>,
    task: AbortHandle,
}

impl Drop for Name {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<L: Lookup, P: Fn(&Output) + Send + Sync + 'static> Resolver<L, P> {
    pub(crate) fn new(lookup: L, pace: Pace, publish: P) -> Self {
        Self(Arc::new(Shared {
            lookup: Arc::new(lookup),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            pace,
            publish,
            state: Mutex::default(),
        }))
    }

    /// Publishes, and follows the names that the output uses from now on. Called inside a runtime, on a thread that may
    /// block.
    pub(crate) fn publish(&self, output: &Output) {
        let used: BTreeSet<&str> = output
            .endpoints
            .by_port
            .values()
            .filter_map(|set| set.external_name.as_ref())
            .map(|(name, _)| name.as_str())
            .collect();
        let mut state = self.0.lock();
        state.output = output.clone();
        state.names.retain(|name, _| used.contains(name.as_str()));
        for name in used {
            if !state.names.contains_key(name) {
                state.names.insert(name.to_owned(), self.follow(name));
            }
        }
        self.0.publish_with(&state);
    }

    fn follow(&self, name: &str) -> Name {
        let shared = Arc::downgrade(&self.0);
        let tell = move |name: &str, addresses| hand_over(shared.clone(), name.to_owned(), addresses);
        let task = name::follow(
            name.to_owned(),
            self.0.lookup.clone(),
            self.0.lookups.clone(),
            self.0.pace,
            tell,
        );
        Name {
            addresses: Vec::new(),
            task: tokio::spawn(task).abort_handle(),
        }
    }
}

/// Publishes an answer that differs from the one before. Compiling a table may hold the state for long, so the wait for it
/// is not spent on a thread of the runtime.
fn hand_over<L: Lookup, P: Fn(&Output) + Send + Sync + 'static>(
    shared: Weak<Shared<L, P>>,
    name: String,
    addresses: Vec<IpAddr>,
) -> JoinHandle<()> {
    tokio::task::spawn_blocking(move || {
        let Some(shared) = shared.upgrade() else { return };
        let mut state = shared.lock();
        if let Some(known) = state.names.get_mut(&name)
            && known.addresses != addresses
        {
            known.addresses = addresses;
            shared.publish_with(&state);
        }
    })
}

impl<L, P: Fn(&Output)> Shared<L, P> {
    /// A panic of `publish` leaves a whole state behind: it is the last thing that is done with one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish_with(&self, state: &State) {
        let endpoints = resolved(&state.output.endpoints, &state.names);
        (self.publish)(&Output {
            endpoints,
            ..state.output.clone()
        });
    }
}

/// The endpoints with the addresses of the names filled in; the same `Arc` if there are none.
fn resolved(endpoints: &Arc<Endpoints>, names: &BTreeMap<String, Name>) -> Arc<Endpoints> {
    let mut filled = endpoints.clone();
    for (port, set) in &endpoints.by_port {
        let Some((name, number)) = &set.external_name else {
            continue;
        };
        let Some(known) = names.get(name).filter(|known| !known.addresses.is_empty()) else {
            continue;
        };
        let endpoint = |ip: &IpAddr| Endpoint {
            address: SocketAddr::new(*ip, *number),
            draining: false,
            pod: None,
            zone: None,
            node: None,
        };
        let set = EndpointSet {
            endpoints: known.addresses.iter().map(endpoint).collect(),
            external_name: set.external_name.clone(),
        };
        Arc::make_mut(&mut filled)
            .by_port
            .insert(port.clone(), Arc::new(set));
    }
    filled
}

#[cfg(test)]
mod tests;
