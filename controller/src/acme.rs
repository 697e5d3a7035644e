//! Certificates from an ACME authority (RFC 8555): who needs one and when, the order of it, and where it is kept.
//!
//! Translation says what is wanted ([`ferrik_config::acme`]). One replica, the leader, works on it:
//!
//! ```text
//! wanted ─▶ due (pure: from when on) ─▶ order (steps, each kept before the next) ─▶ store (a Secret, or a file)
//!                                            │  authority (the protocol), preflight (do we get the question?)
//!                                            └▶ told: Events, the list for `ferrik certs`, metrics
//! ```
//!
//! Every replica answers challenges, from its table. Of HTTP-01 the answer follows from the account's thumbprint, which stands
//! in the account's Secret. Those of TLS-ALPN-01 are put there one by one (`answer`), and the authority is told to look when
//! every replica says that it has them (`audience`). A leader that dies in mid-order leaves its key and the order's address there; the next one goes on.

mod answer;
mod audience;
mod authority;
mod clock;
mod due;
mod entry;
mod http;
mod ledger;
mod metric;
mod order;
mod owner;
mod pace;
mod preflight;
mod request;
mod store;
mod suggestion;
mod told;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

pub use metric::{Gauges, METRICS};
pub use request::asked;
pub use store::Place;
pub use told::{Standing, State};
pub use work::run;

/// How certificates are asked for.
#[derive(Clone)]
pub struct Options {
    /// Directory of the authority (RFC 8555 §7.1.1).
    pub server: String,
    /// Who may vouch for the authority's own certificate; the system's authorities without it.
    pub ca_bundle: Option<PathBuf>,
    /// Addresses at which the authority reaches somebody, such as `mailto:ops@example.org`.
    pub contacts: Vec<String>,
    /// Identifier and key by which the authority knows its customer (RFC 8555 §7.3.4).
    pub external_account: Option<(String, Arc<[u8]>)>,
    /// Kind of the certificates' keys.
    pub key: KeyKind,
    /// One of the authority's profiles, such as `shortlived`.
    pub profile: Option<String>,
    /// Ask ourselves first what the authority will ask.
    pub preflight: bool,
    /// How the authority verifies hosts.
    pub challenge: Challenge,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The customer's key is no text for anybody.
        write!(f, "Options({})", self.server)
    }
}

/// How an authority verifies that a host is ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Challenge {
    /// A request on port 80 (RFC 8555 §8.3).
    #[default]
    Http01,
    /// A TLS handshake on port 443 (RFC 8737).
    TlsAlpn01,
}

/// Kind of a certificate's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[default]
    P256,
    /// RSA with 2048 bits.
    Rsa,
}

/// The production directory of Let's Encrypt.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Its staging directory, whose certificates nobody trusts and whose limits are wide.
pub const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";
