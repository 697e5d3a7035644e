//! The endpoints of one service port, replaced as a whole, and the table of all cells.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use ferrik_config::Endpoints;
use ferrik_config::name::ServicePort;
use ferrik_config::policy::Timeouts;
use ferrik_config::table::{Balance, EndpointSet, Protocol};
use imbl::ordmap::DiffItem;

use super::balance;
use super::endpoint::Endpoint;
use super::peer::Template;

/// The endpoints of one service port.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    endpoints: ArcSwap<Vec<Arc<Endpoint>>>,
    turn: AtomicUsize,
}

impl Cell {
    /// Chooses an endpoint, none of those tried before. Ready ones first, then ones that recently failed, then draining.
    pub(crate) fn choose(&self, balance: Balance, tried: &[std::net::SocketAddr]) -> Option<Arc<Endpoint>> {
        let endpoints = self.endpoints.load();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        match balance {
            Balance::RoundRobin => balance::round_robin(&endpoints, turn, tried).cloned(),
            Balance::LeastRequest => balance::least_request(&endpoints, turn, tried).cloned(),
        }
    }

    /// The endpoint with this address, if it is still there.
    pub(crate) fn find(&self, wanted: impl Fn(&Endpoint) -> bool) -> Option<Arc<Endpoint>> {
        self.endpoints
            .load()
            .iter()
            .find(|endpoint| wanted(endpoint))
            .cloned()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.endpoints.load().is_empty()
    }

    fn replace(&self, set: &EndpointSet) {
        let old = self.endpoints.load_full();
        let keep = |facts: &ferrik_config::table::Endpoint| {
            let same = old.iter().find(|endpoint| endpoint.facts == *facts);
            same.cloned()
                .unwrap_or_else(|| Arc::new(Endpoint::new(facts.clone())))
        };
        self.endpoints
            .store(Arc::new(set.endpoints.iter().map(keep).collect()));
    }
}

/// All cells, by service port. Requests never come here: their route holds its cell.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    by_port: Mutex<HashMap<ServicePort, Arc<Cell>>>,
    /// A kilobyte and a half each, and there are as many backends as routes.
    peers: Mutex<Vec<(Protocol, Timeouts, Arc<Template>)>>,
}

impl Cells {
    /// The cell of a service port, empty until its endpoints are published.
    pub(crate) fn cell(&self, port: &ServicePort) -> Arc<Cell> {
        let mut cells = self.by_port.lock().unwrap_or_else(PoisonError::into_inner);
        cells.entry(port.clone()).or_default().clone()
    }

    /// How backends of this protocol are connected to, with these limits.
    pub(crate) fn peer(&self, protocol: Protocol, timeouts: Timeouts) -> Arc<Template> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = peers
            .iter()
            .find(|known| (known.0, known.1) == (protocol, timeouts));
        if let Some((.., peer)) = known {
            return peer.clone();
        }
        let peer = Arc::new(Template::new(protocol, timeouts));
        peers.push((protocol, timeouts, peer.clone()));
        peer
    }

    /// Brings the cells of service ports that are there up to date.
    pub(crate) fn update(&self, old: &Endpoints, new: &Endpoints) {
        for change in old.by_port.diff(&new.by_port) {
            if let DiffItem::Add(port, set) | DiffItem::Update { new: (port, set), .. } = change {
                self.cell(port).replace(set);
            }
        }
    }

    /// Empties the cells of service ports that are no more.
    pub(crate) fn empty(&self, old: &Endpoints, new: &Endpoints) {
        for change in old.by_port.diff(&new.by_port) {
            if let DiffItem::Remove(port, _) = change {
                self.cell(port).replace(&EndpointSet::default());
            }
        }
    }

    /// Ends connections of the lane that have waited since before this sweep.
    pub(crate) fn end_waiting(&self, oldest: u64) {
        let cells: Vec<Arc<Cell>> = {
            let cells = self.by_port.lock().unwrap_or_else(PoisonError::into_inner);
            cells.values().cloned().collect()
        };
        for endpoint in cells.iter().flat_map(|cell| cell.endpoints.load_full().to_vec()) {
            endpoint.waiting(false).sweep(oldest);
            endpoint.waiting(true).sweep(oldest);
        }
    }

    /// Drops cells that no route holds and that have no endpoints.
    pub(crate) fn sweep(&self) {
        let mut cells = self.by_port.lock().unwrap_or_else(PoisonError::into_inner);
        cells.retain(|_, cell| Arc::strong_count(cell) > 1 || !cell.is_empty());
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|(.., peer)| Arc::strong_count(peer) > 1);
    }
}
