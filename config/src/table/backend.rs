//! Where a route sends requests, and how it speaks there.

use serde::Serialize;

use crate::name::ServicePort;
use crate::policy::{Template, Timeouts};

/// One backend of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backend {
    /// Which endpoints.
    pub service: ServicePort,
    /// What is spoken to them.
    pub protocol: Protocol,
    /// Idle limits.
    pub timeouts: Timeouts,
    /// The `Host` that they receive.
    pub host: HostHeader,
    /// How endpoints are chosen.
    #[serde(skip_serializing_if = "Balance::is_default")]
    pub balance: Balance,
    /// Keeps a client on one endpoint by a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// Serves while this one has no endpoints (ingress-nginx `default-backend`); has no fallback of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Box<Backend>>,
}

/// How the next endpoint is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// One after the other.
    #[default]
    RoundRobin,
    /// Of two, the one with fewer requests in flight.
    LeastRequest,
}

impl Balance {
    /// True if nothing was said.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The protocol spoken to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/1.1 or HTTP/2 over TLS.
    Https {
        /// Check the certificate against the system's authorities (Traefik); ingress-nginx does not.
        verify: bool,
    },
    /// HTTP/2 in clear text with prior knowledge: gRPC, `h2c`.
    H2c,
    /// HTTP/2 over TLS: gRPC with TLS.
    H2 {
        /// Check the certificate.
        verify: bool,
    },
    /// The protocol of the request: http for http, https for https (ingress-nginx `AUTO_HTTP`).
    Same,
}

impl Protocol {
    /// True if it is spoken over TLS for requests that came so, or not so.
    pub fn is_tls(self, is_https: bool) -> bool {
        match self {
            Self::Http | Self::H2c => false,
            Self::Https { .. } | Self::H2 { .. } => true,
            Self::Same => is_https,
        }
    }
}

/// The `Host` header that a backend receives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub enum HostHeader {
    /// The client's.
    #[default]
    Client,
    /// This text, with variables filled in (ingress-nginx `upstream-vhost`).
    Text(Template),
    /// The endpoint's address (Traefik `passHostHeader: false`).
    Endpoint,
}

/// A cookie that names the endpoint (Traefik `service.sticky.cookie`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sticky {
    /// Name of the cookie.
    pub name: String,
    /// What follows `name=value` in `Set-Cookie`, the first `; ` included, ready to send.
    pub attributes: String,
}
