//! The way from a client's certificate to a trusted authority, found by names and key identifiers as OpenSSL
//! does.
//!
//! Called by `judge`, which needs to know where the way ends to say it in OpenSSL's words, and how deep it
//! is. Nothing is proven here: signatures are checked by webpki.

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::{KeyUsage, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Failure;

/// What building a chain needs to know of one certificate.
pub(super) struct Node {
    der: CertificateDer<'static>,
    subject: Box<[u8]>,
    issuer: Box<[u8]>,
    subject_key: Option<Box<[u8]>>,
    authority_key: Option<Box<[u8]>>,
    not_before: i64,
    not_after: i64,
    /// Its extended key usage, if any, names clients.
    has_client_purpose: bool,
    /// Its key usage, if any, allows it to prove possession.
    signs_handshakes: bool,
    /// Its extensions allow it to issue certificates of clients.
    is_authority: bool,
}

/// From the client's certificate upwards.
pub(super) struct Chain<'a> {
    /// Never empty; the client's certificate first.
    pub(super) nodes: Vec<&'a Node>,
    /// Why it does not end in a trusted root.
    pub(super) end: Option<Failure>,
}

impl Node {
    /// Reads a certificate; `None` if it is none.
    pub(super) fn parse(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let key_usage = certificate
            .key_usage()
            .ok()
            .flatten()
            .map(|extension| extension.value);
        let purposes = certificate
            .extended_key_usage()
            .ok()
            .flatten()
            .map(|extension| extension.value);
        let has_client_purpose = purposes.is_none_or(|purposes| purposes.client_auth);
        let signs_handshakes =
            key_usage.is_none_or(|usage| usage.digital_signature() || usage.key_agreement());
        let issues = key_usage.is_none_or(KeyUsage::key_cert_sign);
        let mut node = Self {
            der: der.clone().into_owned(),
            subject: certificate.subject().as_raw().into(),
            issuer: certificate.issuer().as_raw().into(),
            subject_key: None,
            authority_key: None,
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            has_client_purpose,
            signs_handshakes,
            is_authority: has_client_purpose && issues && certificate.is_ca(),
        };
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(key) => node.subject_key = Some(key.0.into()),
                ParsedExtension::AuthorityKeyIdentifier(key) => {
                    node.authority_key = key.key_identifier.as_ref().map(|key| key.0.into());
                }
                _ => {}
            }
        }
        Some(node)
    }

    /// The certificate itself.
    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// What is wrong with its validity at `now`, seconds since 1970.
    pub(super) fn time_failure(&self, now: i64) -> Option<Failure> {
        if now < self.not_before {
            Some(Failure::NotYetValid)
        } else if now > self.not_after {
            Some(Failure::Expired)
        } else {
            None
        }
    }

    /// The next moment after `now` at which [`Self::time_failure`] may change.
    pub(super) fn next_change(&self, now: i64) -> Option<i64> {
        [self.not_before, self.not_after.saturating_add(1)]
            .into_iter()
            .find(|moment| *moment > now)
    }

    /// True if its extended key usage does not exclude clients.
    pub(super) fn has_client_purpose(&self) -> bool {
        self.has_client_purpose
    }

    /// True if it names itself as its issuer.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issued(self)
    }

    /// True if, by name and key identifier, this one issued `other`.
    fn issued(&self, other: &Self) -> bool {
        let same_key = match (&other.authority_key, &self.subject_key) {
            (Some(wanted), Some(own)) => wanted == own,
            _ => true,
        };
        self.subject == other.issuer && same_key
    }
}

impl<'a> Chain<'a> {
    /// Builds the chain of `leaf` from what the client sent with it and from the trusted authorities; at most
    /// `depth` certificates may stand between the leaf and its root. Authorities go first, as in OpenSSL.
    pub(super) fn build(
        leaf: &'a Node,
        sent: &'a [Node],
        authorities: &'a [Node],
        depth: u32,
        now: i64,
    ) -> Self {
        let mut chain = Self {
            nodes: vec![leaf],
            end: None,
        };
        if leaf.is_self_issued() {
            let trusted = authorities.iter().any(|authority| authority.der == leaf.der);
            chain.end = (!trusted).then_some(Failure::SelfSigned);
            return chain;
        }
        let mut last = leaf;
        let mut in_store = false;
        loop {
            let issuer = if let Some(authority) = chain.issuer(last, authorities, now) {
                in_store = true;
                authority
            } else if let Some(found) = chain.issuer(last, sent, now).filter(|_| !in_store) {
                found
            } else {
                chain.end = Some(chain.broken(in_store));
                return chain;
            };
            chain.nodes.push(issuer);
            if issuer.is_self_issued() {
                chain.end = (!in_store).then_some(Failure::SelfSignedInChain);
                return chain;
            }
            if chain.nodes.len() - 1 > depth as usize {
                chain.end = Some(chain.broken(in_store));
                return chain;
            }
            last = issuer;
        }
    }

    /// The first certificate from the leaf upwards that is not valid at `now`.
    pub(super) fn time_failure(&self, now: i64) -> Option<Failure> {
        self.nodes.iter().find_map(|node| node.time_failure(now))
    }

    /// True if a certificate may not be used as it is. The root is trusted as it is.
    pub(super) fn has_wrong_purpose(&self) -> bool {
        let mut nodes = self.nodes.iter();
        let leaf = nodes
            .next()
            .is_some_and(|leaf| !leaf.has_client_purpose || !leaf.signs_handshakes);
        leaf || nodes.any(|node| !node.is_authority && !node.is_self_issued())
    }

    /// The next moment after `now` at which a certificate becomes or ceases to be valid.
    pub(super) fn next_change(&self, now: i64) -> Option<i64> {
        self.nodes.iter().filter_map(|node| node.next_change(now)).min()
    }

    /// Among several issuers of one name, as after an authority renewed its root, a valid one is preferred.
    fn issuer(&self, of: &Node, candidates: &'a [Node], now: i64) -> Option<&'a Node> {
        let fits = |node: &&Node| node.issued(of) && !self.nodes.iter().any(|known| known.der == node.der);
        let mut fitting = candidates.iter().filter(fits);
        let first = fitting.next()?;
        if first.time_failure(now).is_none() {
            return Some(first);
        }
        Some(
            fitting
                .find(|node| node.time_failure(now).is_none())
                .unwrap_or(first),
        )
    }

    fn broken(&self, in_store: bool) -> Failure {
        match (in_store, self.nodes.len()) {
            (true, _) => Failure::NoIssuer,
            (false, 1) => Failure::LeafUnverified,
            (false, _) => Failure::NoLocalIssuer,
        }
    }
}
