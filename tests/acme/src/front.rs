//! What stands before pebble: it counts requests, and answers, holds or cuts them on demand.
//!
//! Pebble makes its URLs from the request's host, and checks the signed URL against it: the front leaves the host alone.

mod connection;
mod exchange;
mod fault;
mod request;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::upstream::Upstream;
pub use fault::Fault;
use fault::Rules;
pub use request::{Endpoint, Request};

/// A running front; it ends with the value.
pub(crate) struct Front {
    address: SocketAddr,
    state: Arc<State>,
    accept: AbortHandle,
}

/// What its connections share.
struct State {
    requests: Mutex<Vec<Request>>,
    rules: watch::Sender<Rules>,
    settings: Mutex<Settings>,
}

/// What may change while it runs.
#[derive(Clone, Default)]
struct Settings {
    /// Connections are closed as soon as they come.
    closed: bool,
    /// The `Retry-After` of renewal information, instead of pebble's six hours.
    renewal_retry_after: Option<Duration>,
}

impl Front {
    /// Listens; everything goes to pebble.
    pub(crate) async fn start(address: SocketAddr, acceptor: TlsAcceptor, upstream: Upstream) -> Self {
        let state = Arc::new(State {
            requests: Mutex::default(),
            rules: watch::Sender::default(),
            settings: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener = listener.unwrap_or_else(|error| panic!("{address} is not free: {error}"));
        let address = listener.local_addr().expect("it is bound");
        let accepting = connection::accept(listener, acceptor, upstream, state.clone());
        Self {
            address,
            state,
            accept: tokio::spawn(accepting).abort_handle(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes connections as soon as they come, or no longer.
    pub(crate) fn close(&self, closed: bool) {
        self.state.settings().closed = closed;
    }

    pub(crate) fn set_renewal_retry_after(&self, after: Duration) {
        self.state.settings().renewal_retry_after = Some(after);
    }

    pub(crate) fn fail(&self, endpoint: Option<Endpoint>, times: Option<usize>, fault: Fault) {
        self.state
            .rules
            .send_modify(|rules| rules.add(endpoint, times, fault));
    }

    /// Ends all faults.
    pub(crate) fn pass(&self) {
        self.state.rules.send_modify(Rules::clear);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests().clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // The connections' tasks belong to the accepting one.
        self.accept.abort();
    }
}

impl State {
    fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
