//! The data plane: sockets, TLS, routing, filters, upstreams.
//!
//! It knows the model of `ferrik-config` and nothing of Kubernetes. The life of a request:
//!
//! ```text
//! listen   accept ─▶ limits ─▶ ClientHello or first bytes ─▶ handshake ─▶ Downstream    listen.rs, tls.rs
//! engine   lane (HTTP/1.1) or hooks (the rest): the head is read ─▶ framing is checked  lane.rs, hooks.rs, sanitize.rs
//! pipeline host and path in canonical form ─▶ who is the client? ─▶ router             pipeline.rs, forwarded.rs
//!          ─▶ steps in order, each may answer ─▶ what the backend is told              filters.rs, filters/
//! upstream endpoint of the cell ─▶ peer ─▶ engine sends, both ways streaming           upstream.rs
//! exchange response phases of the reached steps, backwards                             exchange.rs
//! observe  one record ─▶ metrics, access log                                           observe.rs
//! ```
//!
//! A new table is compiled beside all this ([`compile`]) and swapped in ([`tables`]); requests that have begun keep the
//! one they loaded.

mod admin;
mod arena;
mod challenge;
mod compile;
mod engine;
mod exchange;
pub mod explain;
mod filters;
mod forwarded;
mod head;
mod hooks;
mod hop_by_hop;
mod lane;
mod lasting;
mod listen;
mod observe;
mod pipeline;
mod reason;
mod reply;
mod request;
mod request_id;
mod route;
mod router;
mod sanitize;
mod server;
mod tables;
mod template;
mod tls;
mod upstream;

pub use engine::{Cause, Engine};
pub use forwarded::TrustedProxies;
pub use listen::Scheme;
pub use observe::{LogFields, LogFormat, LogQuery, LogTarget, METRICS};
pub use reason::{REASONS, Reason, ReasonRow};
pub use server::{Addresses, Http1Engine, Proxy, ProxySettings};
pub use tables::Tables;
