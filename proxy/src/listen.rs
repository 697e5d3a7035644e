//! The edge: sockets that we own, from `bind` to a stream that an HTTP engine serves.
//!
//! ```text
//! bind ─▶ accept ─▶ admit ──┬─ hello ─▶ TlsLookup ─▶ handshake ─┬─▶ Serve::serve(stream, drain)
//!   (listeners)   (registry)└─ sniff ───────────────────────────┘
//! ```
//!
//! Below everything lies a `socket` that counts bytes and fails with `TimedOut` when the deadline in its
//! `vitals` has passed; the registry's sweeper looks at all deadlines a few times a second. No HTTP is parsed
//! and no routing table is read here.

mod accept;
mod address;
mod buffer;
mod chunk;
mod connection;
mod counters;
mod downstream;
mod drain;
mod edge;
mod failure;
mod first_line;
mod greet;
pub(crate) mod held;
mod hello;
mod listener;
mod listeners;
mod registry;
mod sniff;
mod socket;
#[cfg(test)]
mod testing;
mod timers;
mod vitals;

use std::future::Future;
use std::sync::Arc;

use ferrik_config::name::Host;
use rustls::ServerConfig;
use tokio::sync::watch;

use crate::tls::TlsPolicy;

pub(crate) use connection::Connection;
pub use connection::Scheme;
pub(crate) use counters::{Counters, Cut, Refusal};
pub(crate) use downstream::{Downstream, close};
pub(crate) use drain::DrainLimits;
pub(crate) use edge::Edge;
pub(crate) use failure::HandshakeFailure;
pub(crate) use first_line::has_odd_request_line;
pub(crate) use listener::{ListenerSpec, ListenerStatus};
pub(crate) use listeners::Listeners;
pub(crate) use registry::{Limits, Registry};
pub(crate) use timers::Timeouts;

/// The HTTP engine behind the edge.
pub(crate) trait Serve: Send + Sync + 'static {
    /// Serves one connection to its end. `drain` turns true when the connection should end soon: it is true
    /// from the start, and counts as changed, for connections that are accepted in the last moment.
    fn serve(&self, stream: Downstream, drain: watch::Receiver<bool>) -> impl Future<Output = ()> + Send;
}

/// From server name to TLS policy, asked once per handshake.
pub(crate) trait TlsLookup: Send + Sync + 'static {
    /// The policy for `sni`, or for clients that name no server.
    fn lookup(&self, sni: Option<&Host>) -> Arc<TlsPolicy>;

    /// How an authority's challenge for `host` is answered; `None` if none is open.
    fn answer(&self, host: &Host) -> Option<Arc<ServerConfig>>;
}
