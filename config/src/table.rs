//! The routing model: what the proxy needs to know, and nothing about where it came from but its names.
//!
//! Translation writes it, the proxy compiles it, `ferrik translate` and `/table` print it.

mod algorithm;
mod backend;
mod certificate;
mod challenge;
mod endpoint;
mod host;
mod route;

use std::sync::Arc;

use imbl::OrdMap;
use serde::Serialize;

pub use algorithm::{CipherSuite, KeyExchangeGroup, SuiteOrder, TLS13_SUITES, TlsAlgorithms};
pub use backend::{Backend, Balance, HostHeader, Protocol, Sticky};
pub use certificate::{Certificate, KeyKind, PrivateKey, TlsHost, TlsVersions};
pub use challenge::{CHALLENGE_PATH, Challenges, Digest, TlsAlpn, challenge_token};
pub use endpoint::{Endpoint, EndpointSet, Endpoints};
pub use host::HostTable;
pub use route::{Dialect, Entry, PathKind, PathRule, Route};

use crate::name::HostKey;

/// Everything that is served at one moment. Parts that did not change are the same `Arc` as in the table before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Routes by host.
    pub hosts: OrdMap<HostKey, Arc<HostTable>>,
    /// TLS by server name.
    pub tls: OrdMap<HostKey, Arc<TlsHost>>,
    /// TLS for server names that are not listed, and where a host has no certificate of its own.
    pub default_tls: Arc<TlsHost>,
    /// Where requests go that match nothing; without it they are answered 404.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_backend: Option<Arc<Route>>,
    /// What is answered to an authority that issues certificates.
    #[serde(skip_serializing_if = "no_challenges")]
    pub challenges: Arc<Challenges>,
}

fn no_challenges(challenges: &Arc<Challenges>) -> bool {
    challenges.is_empty()
}
