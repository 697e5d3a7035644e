//! TLS: what is negotiated for which server name, and what is known of a client's certificate.
//!
//! Called by `listen` for each handshake and by filters that judge or forward a client's certificate. A
//! [`TlsTable`] is compiled with every routing table and keeps the policies that did not change. No socket is
//! touched here.
//!
//! Reading order: [`table`] (server name to policy) → [`policy`] → [`resolver`] (which certificate) →
//! [`client`] (what the handshake asks of a client) → [`judge`] (nginx's verdict) with [`chain`] and
//! [`failure`] → [`facts`] (what a connection remembers) → [`subject`] and [`encoding`] (how backends are
//! told). Beside it stands [`challenge`]: handshakes that only an authority makes.

mod chain;
mod challenge;
mod client;
mod crypto;
mod default_certificate;
mod encoding;
mod facts;
mod failure;
mod judge;
mod policy;
mod resolver;
mod subject;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod unverified;

pub(crate) use challenge::{Answers, is_challenge};
pub(crate) use default_certificate::default_certificate;
pub(crate) use encoding::bare_base64;
pub(crate) use facts::TlsFacts;
pub(crate) use failure::Failure;
pub(crate) use judge::{TrustStore, Verdict};
pub(crate) use policy::TlsPolicy;
pub(crate) use subject::Identity;
pub(crate) use table::{TlsOptions, TlsTable};
pub(crate) use unverified::unverified;
