//! The way to a backend: cells of endpoints, balancing, and what is spoken there.
//!
//! A cell belongs to one service port and outlives every table; endpoints change inside it. Choosing an endpoint knows
//! nothing of the engine; `peer.rs` turns the choice into the engine's peer.

mod balance;
mod cell;
mod connection;
mod endpoint;
pub(crate) mod peer;
mod stand_in;
mod sticky;
mod upgrade;
mod waiting;

use std::net::SocketAddr;
use std::sync::Arc;

use ferrik_config::name::ServicePort;
use ferrik_config::policy::Timeouts;
use ferrik_config::table::{self, Balance, Dialect, Protocol, Sticky};
use http::HeaderValue;

pub(crate) use cell::{Cell, Cells};
pub(crate) use connection::Upstream;
pub(crate) use endpoint::{Endpoint, InFlight};
pub(crate) use peer::POOL_IDLE;
pub(crate) use stand_in::{describe, serving, tell};
pub(crate) use waiting::next_sweep;

use crate::exchange::Exchange;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::template::CompiledTemplate;

/// One compiled backend.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) service: ServicePort,
    pub(crate) cell: Arc<Cell>,
    pub(crate) protocol: Protocol,
    pub(crate) balance: Balance,
    pub(crate) timeouts: Timeouts,
    pub(crate) host: HostHeader,
    pub(crate) sticky: Option<Sticky>,
    /// Shared by all backends of the same protocol and limits.
    pub(crate) peer: Arc<peer::Template>,
    /// Serves while the cell is empty.
    pub(crate) fallback: Option<Arc<Backend>>,
}

/// The `Host` that the backend receives.
#[derive(Debug)]
pub(crate) enum HostHeader {
    Client,
    Fixed(HeaderValue),
    Template(CompiledTemplate),
    Endpoint,
}

impl Backend {
    pub(crate) fn compile(
        backend: &table::Backend,
        cell: Arc<Cell>,
        peer: Arc<peer::Template>,
        fallback: Option<Arc<Self>>,
    ) -> Self {
        let host = match &backend.host {
            table::HostHeader::Client => HostHeader::Client,
            table::HostHeader::Endpoint => HostHeader::Endpoint,
            table::HostHeader::Text(template) => {
                let template = CompiledTemplate::compile(template);
                match template
                    .as_constant()
                    .and_then(|text| HeaderValue::from_bytes(text).ok())
                {
                    Some(value) => HostHeader::Fixed(value),
                    None => HostHeader::Template(template),
                }
            }
        };
        Self {
            service: backend.service.clone(),
            cell,
            protocol: backend.protocol,
            balance: backend.balance,
            timeouts: backend.timeouts,
            host,
            sticky: backend.sticky.clone(),
            peer,
            fallback,
        }
    }
}

/// How many endpoints a request is tried on (ingress-nginx `proxy-next-upstream-tries`).
const TRIES: usize = 3;

/// Chooses the endpoint for the next try, never one that failed before.
pub(crate) fn choose(exchange: &mut Exchange) -> Result<(Arc<Backend>, SocketAddr), Reply> {
    let backend = exchange.route.as_deref().and_then(serving).cloned();
    let none = || Reply::page(503, Reason::NoEndpoint);
    let backend = backend.ok_or_else(none)?;
    let kept = sticky::endpoint(&backend, exchange);
    let endpoint = kept
        .or_else(|| backend.cell.choose(backend.balance, &exchange.tried))
        .ok_or_else(none)?;
    exchange.sticky.set = sticky::cookie(
        &backend,
        &endpoint,
        exchange.sticky.wanted.as_deref(),
        exchange.scheme,
    );
    let address = endpoint.address;
    exchange.record.endpoint = Some(address);
    exchange.record.tries += 1;
    // A try begins the body anew: what an earlier one sent of it comes again.
    exchange.record.received = 0;
    exchange.in_flight = Some(endpoint.begin());
    exchange.serving = Some(backend.clone());
    Ok((backend, address))
}

/// The `Host` that the endpoint in flight receives; `None` for the client's.
pub(crate) fn host(exchange: &Exchange) -> Option<HeaderValue> {
    if let Some(host) = &exchange.changes.host {
        return Some(host.clone());
    }
    let backend = exchange.serving.as_ref()?;
    let endpoint = exchange.endpoint()?;
    matches!(backend.host, HostHeader::Endpoint)
        .then(|| HeaderValue::from_str(&endpoint.address.to_string()).expect("an address is visible ASCII"))
}

/// Notes that the endpoint could not be connected to. True if there is another to try.
pub(crate) fn may_try_another(exchange: &mut Exchange) -> bool {
    if let Some(endpoint) = exchange.endpoint().cloned() {
        endpoint.failed();
        exchange.tried.push(endpoint.address);
    }
    let backend = exchange.serving.as_ref();
    exchange.tried.len() < TRIES
        && backend.is_some_and(|backend| backend.cell.choose(backend.balance, &exchange.tried).is_some())
}

/// A request that may be repeated broke before its answer began. ingress-nginx asks another endpoint
/// (`proxy_next_upstream error timeout`), Traefik does not.
pub(crate) fn may_repeat_elsewhere(exchange: &mut Exchange) -> bool {
    let dialect = exchange.route.as_ref().map(|route| route.dialect);
    if exchange.record.response_after.is_some() || dialect == Some(Dialect::Traefik) {
        return false;
    }
    may_try_another(exchange)
}
