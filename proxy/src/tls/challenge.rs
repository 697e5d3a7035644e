//! TLS-ALPN-01 (RFC 8737): the handshakes in which an authority looks whether a host is ours. Nothing is served over them.
//!
//! Compiled with each routing table from the digests of open challenges; `listen` asks for an answer when a client offers
//! `acme-tls/1` and nothing else. What a host asks of its clients, in versions or certificates, is not asked of an authority.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use ferrik_config::name::Host;
use ferrik_config::table::{Digest, TlsAlpn};
use foldhash::fast::RandomState;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::compress::CompressionCache;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};

use super::crypto;

/// The protocol's name in ALPN (RFC 8737 §6.2).
const PROTOCOL: &[u8] = b"acme-tls/1";

/// One key for all answers of this process: an answer then costs a signature when its table is compiled, and nothing more in
/// a handshake than any other certificate.
static KEY: LazyLock<(KeyPair, Arc<dyn SigningKey>)> = LazyLock::new(|| {
    let key = KeyPair::generate().expect("the system has randomness for a P-256 key");
    let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let loaded = crypto::provider().key_provider.load_private_key(der);
    (key, loaded.expect("the provider takes keys on P-256"))
});

/// True if a client that offers these protocols asks for an answer. Who offers others beside it is a client as any other.
pub(crate) fn is_challenge<'a>(offered: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut offered = offered.into_iter();
    offered.next() == Some(PROTOCOL) && offered.next().is_none()
}

/// The answers of one routing table.
#[derive(Default)]
pub(crate) struct Answers(HashMap<Host, (Digest, Arc<ServerConfig>), RandomState>);

impl Answers {
    /// Makes the answers; those whose digest did not change are taken over from the previous table.
    pub(crate) fn compile(previous: Option<&Self>, challenges: &TlsAlpn) -> Self {
        let answers = challenges.digests.iter().filter_map(|(host, digest)| {
            let known = previous.and_then(|previous| previous.0.get(host));
            let config = match known.filter(|(known, _)| known == digest) {
                Some((_, config)) => config.clone(),
                None => answer(host, digest)
                    .inspect_err(|error| tracing::warn!(%host, %error, "no answer to a challenge"))
                    .ok()?,
            };
            Some((host.clone(), (*digest, config)))
        });
        Self(answers.collect())
    }

    /// How a challenge for this host is answered; `None` if none is open.
    pub(crate) fn find(&self, host: &Host) -> Option<Arc<ServerConfig>> {
        self.0.get(host).map(|(_, config)| config.clone())
    }
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answers({})", self.0.len())
    }
}

fn answer(host: &Host, digest: &Digest) -> Result<Arc<ServerConfig>, rcgen::Error> {
    let (key, signing) = &*KEY;
    let mut params = CertificateParams::new(vec![host.as_str().to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Ferrik ACME challenge");
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(&digest.0)];
    let certificate = params.self_signed(key)?;
    // Where rustls compares certificate and key it refuses the extension, which is critical.
    let certified = CertifiedKey::new(vec![certificate.der().clone()], signing.clone());
    let mut config = ServerConfig::builder_with_provider(crypto::provider().clone())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("the provider has cipher suites for TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    // Nobody comes back to such a connection.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.cert_compression_cache = Arc::new(CompressionCache::Disabled);
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::super::testing::host;
    use super::*;

    fn open(challenges: &[(&str, u8)]) -> TlsAlpn {
        TlsAlpn {
            version: 1,
            digests: challenges
                .iter()
                .map(|(name, byte)| (host(name), Digest([*byte; 32])))
                .collect(),
        }
    }

    #[test]
    fn an_answer_is_made_once_for_each_digest() {
        let first = Answers::compile(None, &open(&[("a.test", 1), ("b.test", 2)]));
        let second = Answers::compile(Some(&first), &open(&[("a.test", 1), ("b.test", 3)]));
        let same = |name| {
            let of = |answers: &Answers| answers.find(&host(name)).expect("a challenge is open");
            Arc::ptr_eq(&of(&first), &of(&second))
        };
        assert!(same("a.test"));
        assert!(!same("b.test"));
        let third = Answers::compile(Some(&second), &open(&[]));
        assert!(third.find(&host("a.test")).is_none());
    }

    #[test]
    fn only_who_offers_nothing_else_asks() {
        assert!(is_challenge([b"acme-tls/1".as_slice()]));
        assert!(!is_challenge([b"acme-tls/1".as_slice(), b"h2"]));
        assert!(!is_challenge([b"h2".as_slice(), b"acme-tls/1"]));
        assert!(!is_challenge([b"acme-tls/1".as_slice(), b"acme-tls/1"]));
        assert!(!is_challenge([b"http/1.1".as_slice()]));
        assert!(!is_challenge([]));
    }
}
