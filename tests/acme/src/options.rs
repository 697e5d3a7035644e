//! What a test may choose about its certificate authority.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Options of a certificate authority. The default ones make every run the same: what pebble leaves to chance is off.
#[derive(Clone, Debug)]
pub struct AcmeOptions {
    /// Where clients reach it, for clients in other network namespaces; port 0 chooses one. Without, it is an address of
    /// loopback that nobody else has.
    pub listen: Option<SocketAddr>,
    /// The port of http-01 challenges.
    pub http_port: u16,
    /// The port of tls-alpn-01 challenges.
    pub tls_port: u16,
    /// Where hosts are that got no address of their own.
    pub addresses: Vec<Ipv4Addr>,
    /// How long certificates are valid, in whole seconds, at least one.
    pub lifetime: Duration,
    /// Of a hundred good nonces, how many are refused.
    pub bad_nonces: u8,
    /// Of a hundred names that were validated before, how many need no new challenge.
    pub authorization_reuse: u8,
    /// Accounts that may be made. If there are any, an account needs one of them.
    pub external_accounts: Vec<ExternalAccount>,
    /// Domains that get no certificate, with all below them.
    pub blocked: Vec<String>,
    /// Refuses what newer ACME servers will refuse.
    pub strict: bool,
    /// Validation takes up to this, chosen at random, in whole seconds.
    pub validation_delay: Duration,
    /// `Retry-After` of orders and authorizations that are not decided yet, in whole seconds; zero leaves it out.
    pub retry_after: Duration,
}

/// A key of external account binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalAccount {
    /// Its identifier.
    pub id: String,
    /// The MAC key, base64url without padding.
    pub key: String,
}

impl Default for AcmeOptions {
    fn default() -> Self {
        Self {
            listen: None,
            http_port: 80,
            tls_port: 443,
            addresses: vec![Ipv4Addr::LOCALHOST],
            lifetime: Duration::from_secs(90 * 24 * 3600),
            bad_nonces: 0,
            authorization_reuse: 0,
            external_accounts: Vec::new(),
            blocked: Vec::new(),
            strict: true,
            validation_delay: Duration::ZERO,
            retry_after: Duration::ZERO,
        }
    }
}
