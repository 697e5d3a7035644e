//! A relay in front of the API server, for faults on the wire: slow, refused, cut and frozen connections, and watches
//! whose events come twice or in another order.
//!
//! It ends TLS with a certificate of the cluster and speaks HTTP/1.1 on both sides. Client certificates end there too, so
//! that its kubeconfigs hold tokens. Upgrades (`kubectl exec`) do not pass.

mod connection;
mod exchange;
mod watch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use kube::Client;
use tokio::task::AbortHandle;

use crate::cluster::Cluster;
use crate::identity::{self, Identity};
use crate::lab::Lab;
use connection::Wire;
use ferrik_test_process::eventually;

/// A running relay; it ends with the value.
pub struct Relay {
    cluster: Cluster,
    address: SocketAddr,
    state: Arc<State>,
    accept: AbortHandle,
}

/// What its connections share.
struct State {
    faults: Mutex<Faults>,
    wire: tokio::sync::watch::Sender<Wire>,
    requests: Mutex<BTreeMap<(String, String), usize>>,
    /// Connections, and the listener where there is one.
    sockets: AtomicUsize,
}

/// What is done to answers.
#[derive(Clone, Default)]
struct Faults {
    delay: Duration,
    refusal: Option<Refusal>,
    duplicate: bool,
    reorder: bool,
}

#[derive(Clone)]
struct Refusal {
    status: StatusCode,
    retry_after: Option<Duration>,
    percent: usize,
    /// Requests since it began.
    seen: usize,
}

impl Lab {
    /// A relay that does nothing yet. Several are independent of each other.
    pub async fn relay(&self) -> Relay {
        let state = Arc::new(State {
            faults: Mutex::default(),
            wire: tokio::sync::watch::Sender::default(),
            requests: Mutex::default(),
            sockets: AtomicUsize::new(0),
        });
        let (address, accepting) = connection::listen(&self.cluster, state.clone()).await;
        let relay = Relay {
            cluster: self.cluster.clone(),
            address,
            state,
            accept: tokio::spawn(accepting).abort_handle(),
        };
        relay.pass().await;
        relay
    }
}

impl Relay {
    /// Its URL; the same from the test and from every node.
    pub fn server_address(&self) -> String {
        format!("https://{}", self.address)
    }

    /// A kubeconfig through the relay, for the administrator or an account that exists.
    pub async fn kubeconfig(&self, identity: &Identity) -> PathBuf {
        let file = format!("{}-{}", identity.file(), self.address.port());
        let server = self.server_address();
        self.cluster.kubeconfig_with_token(identity, &file, &server).await
    }

    /// A client through the relay.
    pub async fn client_as(&self, identity: &Identity) -> Client {
        identity::client(&self.kubeconfig(identity).await).await
    }

    /// Every answer comes this much later; of a watch, its beginning.
    pub fn delay(&self, delay: Duration) {
        self.state.faults().delay = delay;
    }

    /// Answers every request with this status instead of asking the API server.
    pub fn refuse(&self, status: u16, retry_after: Option<Duration>) {
        self.refuse_some(100, status, retry_after);
    }

    /// The same for so many of a hundred requests, evenly spread.
    pub fn refuse_some(&self, percent: usize, status: u16, retry_after: Option<Duration>) {
        self.state.faults().refusal = Some(Refusal {
            status: StatusCode::from_u16(status).expect("a status of HTTP"),
            retry_after,
            percent,
            seen: 0,
        });
    }

    /// Sends each event of each watch twice.
    pub fn duplicate_events(&self, on: bool) {
        self.state.faults().duplicate = on;
    }

    /// Swaps pairs of events that come close together and are of different objects.
    pub fn reorder_events(&self, on: bool) {
        self.state.faults().reorder = on;
    }

    /// Closes all connections and refuses new ones. Returns when that is so.
    pub async fn cut(&self) {
        self.state.wire.send_modify(|wire| {
            wire.open = false;
            wire.cuts += 1;
        });
        eventually("the relay closes its sockets", async || {
            self.state.sockets.load(Relaxed) == 0
        })
        .await;
    }

    /// Forwards nothing more, in no direction, while all connections stay and new ones are accepted.
    pub fn freeze(&self) {
        self.state.wire.send_modify(|wire| wire.frozen = true);
    }

    /// Ends all faults. What was frozen goes on where it was.
    pub async fn pass(&self) {
        *self.state.faults() = Faults::default();
        self.state.wire.send_modify(|wire| {
            wire.open = true;
            wire.frozen = false;
        });
        eventually("the relay listens", async || self.state.sockets.load(Relaxed) > 0).await;
    }

    /// How many requests came so far, by method and path without query. The method of a watch is `WATCH`.
    pub fn requests(&self) -> BTreeMap<(String, String), usize> {
        self.state.requests().clone()
    }

    /// How many requests came so far with this method and path.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let key = (method.to_owned(), path.to_owned());
        self.state.requests().get(&key).copied().unwrap_or(0)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // The connections' tasks belong to the accepting one.
        self.accept.abort();
    }
}

impl State {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, BTreeMap<(String, String), usize>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
