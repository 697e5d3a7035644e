//! What was asked of the certificate authority.

use std::time::Instant;

/// One request. Requests that a fault met are among them.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it was for.
    pub endpoint: Endpoint,
    /// Its path.
    pub path: String,
    /// When it had come in full.
    pub at: Instant,
    /// The answer's status; none while it is under way, and for ever if the connection was cut.
    pub status: Option<u16>,
}

/// The resources of RFC 8555, section 7.1, and of RFC 9773.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The directory.
    Directory,
    /// A nonce.
    NewNonce,
    /// An account is made or found.
    NewAccount,
    /// An account is read or changed.
    Account,
    /// An account's key is changed.
    KeyChange,
    /// An order is made.
    NewOrder,
    /// An order is read.
    Order,
    /// An authorization is read.
    Authorization,
    /// A challenge is read or started.
    Challenge,
    /// A certificate is requested.
    Finalize,
    /// A certificate is read.
    Certificate,
    /// A certificate is revoked.
    Revoke,
    /// When to renew a certificate.
    RenewalInfo,
    /// A path that is none of them.
    Unknown,
}

/// Pebble's paths. Those that end with a slash have an identifier behind them.
const PATHS: [(&str, Endpoint); 13] = [
    ("/dir", Endpoint::Directory),
    ("/nonce-plz", Endpoint::NewNonce),
    ("/sign-me-up", Endpoint::NewAccount),
    ("/my-account/", Endpoint::Account),
    ("/rollover-account-key", Endpoint::KeyChange),
    ("/order-plz", Endpoint::NewOrder),
    ("/my-order/", Endpoint::Order),
    ("/authZ/", Endpoint::Authorization),
    ("/chalZ/", Endpoint::Challenge),
    ("/finalize-order/", Endpoint::Finalize),
    ("/certZ/", Endpoint::Certificate),
    ("/revoke-cert", Endpoint::Revoke),
    ("/draft-ietf-acme-ari-03/renewalInfo/", Endpoint::RenewalInfo),
];

impl Endpoint {
    /// What a path of pebble is for.
    pub(super) fn of(path: &str) -> Self {
        let matches = |known: &str| path == known || (known.ends_with('/') && path.starts_with(known));
        let found = PATHS.iter().find(|(known, _)| matches(known));
        found.map_or(Self::Unknown, |(_, endpoint)| *endpoint)
    }
}
