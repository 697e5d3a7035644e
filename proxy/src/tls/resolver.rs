//! Which of a host's certificates a client gets: the first, ECDSA before RSA, whose signatures it
//! understands.
//!
//! Called by rustls in each full handshake. Which host is meant is already decided: a policy belongs to one
//! server name.

use std::sync::Arc;

use ferrik_config::table::{Certificate, KeyKind, PrivateKey};
use rustls::SignatureScheme;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{crypto, default_certificate};

/// The certificates of one policy, cheapest for us first.
///
/// # Invariants
/// Never empty.
#[derive(Debug)]
pub(super) struct Certificates(Vec<Arc<CertifiedKey>>);

impl Certificates {
    /// Loads what the configuration lists; `None` if nothing of it can be used.
    pub(super) fn load(listed: &[Arc<Certificate>]) -> Option<Self> {
        let mut usable: Vec<(KeyKind, Arc<CertifiedKey>)> = listed
            .iter()
            .filter_map(|certificate| load(certificate).map(|key| (certificate.kind, Arc::new(key))))
            .collect();
        usable.sort_by_key(|(kind, _)| *kind);
        (!usable.is_empty()).then(|| Self(usable.into_iter().map(|(_, key)| key).collect()))
    }

    /// The self-signed certificate of this process.
    pub(super) fn self_signed() -> Self {
        Self(vec![default_certificate()])
    }

    /// The first one that the client can verify; the first of all if there is none, so that the alert is
    /// rustls's.
    fn choose(&self, offered: &[SignatureScheme]) -> Option<&Arc<CertifiedKey>> {
        let fits = |certificate: &&Arc<CertifiedKey>| certificate.key.choose_scheme(offered).is_some();
        self.0.iter().find(fits).or(self.0.first())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.signature_schemes()).cloned()
    }
}

fn load(certificate: &Certificate) -> Option<CertifiedKey> {
    let chain = certificate
        .chain
        .iter()
        .map(|der| CertificateDer::from(der.clone()))
        .collect();
    let key = match &certificate.key {
        PrivateKey::Pkcs8(der) => PrivateKeyDer::Pkcs8(der.to_vec().into()),
        PrivateKey::Pkcs1(der) => PrivateKeyDer::Pkcs1(der.to_vec().into()),
        PrivateKey::Sec1(der) => PrivateKeyDer::Sec1(der.to_vec().into()),
    };
    CertifiedKey::from_der(chain, key, crypto::provider())
        .inspect_err(|error| tracing::warn!(source = %certificate.source, %error, "certificate left out"))
        .ok()
}

#[cfg(test)]
mod tests {
    use rustls::SignatureAlgorithm;

    use super::super::testing;
    use super::*;

    #[test]
    fn ecdsa_goes_to_who_can_use_it_and_rsa_to_others() {
        let listed = [testing::rsa_certificate("a.test"), testing::certificate("a.test")];
        let certificates = Certificates::load(&listed).expect("both can be used");
        let chosen = |offered: &[SignatureScheme]| {
            certificates
                .choose(offered)
                .map(|chosen| chosen.key.algorithm())
                .expect("never empty")
        };
        let both = [
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ];
        assert_eq!(chosen(&both), SignatureAlgorithm::ECDSA);
        assert_eq!(chosen(&both[..1]), SignatureAlgorithm::RSA);
        assert_eq!(chosen(&both[1..]), SignatureAlgorithm::ECDSA);
        assert_eq!(
            chosen(&[]),
            SignatureAlgorithm::ECDSA,
            "rustls then ends the handshake"
        );
    }

    #[test]
    fn what_rustls_refuses_is_left_out() {
        let good = testing::certificate("a.test");
        let bad = Arc::new(Certificate {
            key: PrivateKey::Pkcs8([1, 2, 3].into()),
            ..(*good).clone()
        });
        assert!(Certificates::load(std::slice::from_ref(&bad)).is_none());
        assert_eq!(Certificates::load(&[bad, good]).expect("one is left").0.len(), 1);
    }
}
