//! Keeps a client on one endpoint by a cookie.
//!
//! The value is Traefik's, so that sessions survive a move from there: the first 16 hexadecimal digits of the SHA-256 of
//! the endpoint's URL.

use std::fmt::Write as _;
use std::sync::Arc;

use ferrik_config::table::Protocol;
use http::HeaderValue;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;

use super::Backend;
use super::endpoint::Endpoint;
use crate::exchange::Exchange;
use crate::listen::Scheme;

/// The endpoint that the client's cookie names, if it is still there and was not tried in vain.
pub(super) fn endpoint(backend: &Backend, exchange: &Exchange) -> Option<Arc<Endpoint>> {
    backend.sticky.as_ref()?;
    let wanted = exchange.sticky.wanted.as_deref()?;
    let found = backend
        .cell
        .find(|endpoint| value(backend, endpoint, exchange.scheme) == wanted)?;
    (!exchange.tried.contains(&found.address)).then_some(found)
}

/// The cookie for this endpoint, unless the client has it already.
pub(super) fn cookie(
    backend: &Backend,
    endpoint: &Endpoint,
    wanted: Option<&str>,
    scheme: Scheme,
) -> Option<HeaderValue> {
    let sticky = backend.sticky.as_ref()?;
    let value = value(backend, endpoint, scheme);
    if wanted == Some(value.as_str()) {
        return None;
    }
    HeaderValue::from_str(&format!("{}={value}{}", sticky.name, sticky.attributes)).ok()
}

fn value(backend: &Backend, endpoint: &Endpoint, scheme: Scheme) -> String {
    let name = match backend.protocol {
        Protocol::Http => "http",
        Protocol::H2c => "h2c",
        Protocol::Https { .. } | Protocol::H2 { .. } => "https",
        Protocol::Same => scheme.as_str(),
    };
    let suite = TLS13_AES_128_GCM_SHA256
        .tls13()
        .expect("it is a suite of TLS 1.3");
    let digest = suite
        .common
        .hash_provider
        .hash(format!("{name}://{}", endpoint.address).as_bytes());
    digest
        .as_ref()
        .iter()
        .take(8)
        .fold(String::with_capacity(16), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String");
            text
        })
}
