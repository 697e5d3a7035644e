//! nginx's verdict on a client's certificate: `NONE`, `SUCCESS` or `FAILED:reason`.
//!
//! Called by the client certificate filter for each request (the handshake has proven that the client holds
//! the key, on resumption in the session's first one) and, for Traefik's modes, by the handshake itself.
//! Trust is webpki's; only the choice between reasons is made here.

use std::sync::Arc;

use ferrik_config::policy::ClientCertificate;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, DistinguishedName, Error, RootCertStore};

use super::chain::{Chain, Node};
use super::{Failure, crypto};

/// What nginx calls `$ssl_client_verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The client presented no certificate.
    None,
    /// It is trusted.
    Success,
    /// It is not.
    Failed(Failure),
}

impl Verdict {
    /// The value of `ssl-client-verify`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Success => "SUCCESS",
            Self::Failed(failure) => failure.verdict(),
        }
    }
}

/// A verdict and when it may change by the passing of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    /// Seconds since 1970; `None`: it holds for good.
    pub(super) until: Option<i64>,
}

impl Judgement {
    /// True if no certificate has become or ceased to be valid since.
    pub(super) fn holds_at(&self, now: UnixTime) -> bool {
        self.until.is_none_or(|until| seconds(now) < until)
    }
}

/// The authorities of one [`ClientCertificate`], prepared.
pub(crate) struct TrustStore {
    authorities: Vec<Node>,
    /// Absent if there is no authority that can be used: then nothing is trusted.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    hints: Vec<DistinguishedName>,
    depth: u32,
    is_closed: bool,
}

impl TrustStore {
    /// Reads the authorities. Those that are no certificates are left out: whom they issued is not trusted.
    pub(crate) fn new(client: &ClientCertificate) -> Self {
        let listed = client.authorities.as_deref().unwrap_or_default();
        let authorities: Vec<Node> = listed
            .iter()
            .filter_map(|der| Node::parse(&CertificateDer::from(der.as_slice())))
            .collect();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities.iter().map(|node| node.der().clone()));
        let hints = roots.subjects();
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto::provider().clone());
        Self {
            authorities,
            verifier: builder.build().ok(),
            hints,
            depth: client.depth,
            is_closed: client.authorities.is_none(),
        }
    }

    /// Judges the chain that a client presented, its own certificate first. Without authorities every verdict
    /// is [`Failure::Unspecified`], which nothing forgives.
    pub(super) fn judgement(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Judgement {
        let for_good = |verdict| Judgement { verdict, until: None };
        if self.is_closed {
            return for_good(Verdict::Failed(Failure::Unspecified));
        }
        let Some((first, rest)) = chain.split_first() else {
            return for_good(Verdict::None);
        };
        let Some(leaf) = Node::parse(first) else {
            return for_good(Verdict::Failed(Failure::Unspecified));
        };
        let sent: Vec<Node> = rest.iter().filter_map(Node::parse).collect();
        let seconds = seconds(now);
        let built = Chain::build(&leaf, &sent, &self.authorities, self.depth, seconds);
        let verdict = match self.failure(&built, chain, now) {
            Some(failure) => Verdict::Failed(failure),
            None => Verdict::Success,
        };
        Judgement {
            verdict,
            until: built.next_change(seconds),
        }
    }

    /// Verifies as Go does for Traefik: a certificate that is itself listed is trusted, any other must chain
    /// to one that is.
    pub(super) fn verify(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let (leaf, rest) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
        if let Some(listed) = self.authorities.iter().find(|node| node.der() == leaf) {
            let refused = match listed.time_failure(seconds(now)) {
                Some(Failure::NotYetValid) => CertificateError::NotValidYet,
                Some(_) => CertificateError::Expired,
                None if listed.has_client_purpose() => return Ok(()),
                None => CertificateError::InvalidPurpose,
            };
            return Err(refused.into());
        }
        let verifier = self.verifier.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        verifier.verify_client_cert(leaf, rest, now).map(|_| ())
    }

    /// Subjects of the authorities, to help clients choose a certificate.
    pub(super) fn hints(&self) -> &[DistinguishedName] {
        &self.hints
    }

    /// True if what it should trust is not there: no client may pass.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// OpenSSL goes through the checks in this order and keeps the last error.
    fn failure(&self, built: &Chain<'_>, chain: &[CertificateDer<'_>], now: UnixTime) -> Option<Failure> {
        let mut failure = built.end;
        if built.has_wrong_purpose() && failure != Some(Failure::LeafUnverified) {
            failure = Some(Failure::Purpose);
        }
        if let Some(time) = built.time_failure(seconds(now)) {
            failure = Some(time);
        }
        if failure.is_some() || built.nodes.len() == 1 {
            // A single node without failure is a self-issued certificate that is itself listed.
            return failure;
        }
        let Some(verifier) = &self.verifier else {
            return Some(Failure::Unspecified);
        };
        let (leaf, rest) = chain.split_first()?;
        verifier
            .verify_client_cert(leaf, rest, now)
            .err()
            .as_ref()
            .map(Failure::from)
    }
}

fn seconds(now: UnixTime) -> i64 {
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
