//! The cryptography that every handshake uses, fixed here instead of taken from the process default.
//!
//! Other crates of the process may install another default provider first; this one is the only one that
//! offers X25519MLKEM768, which browsers speak by default.

use std::sync::{Arc, LazyLock};

use ferrik_config::table::{CipherSuite, KeyExchangeGroup, TlsAlgorithms, TlsVersions};
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::server::ProducesTickets;
use rustls::{ProtocolVersion, SupportedCipherSuite};

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));

/// The provider, with X25519MLKEM768 as its first key exchange group.
pub(super) fn provider() -> &'static Arc<CryptoProvider> {
    &PROVIDER
}

/// The provider with no more than a host allows. It always has a suite for each of the versions and a group, unless a list of
/// groups is for TLS 1.3 only.
pub(super) fn limited(algorithms: &TlsAlgorithms, versions: TlsVersions) -> CryptoProvider {
    let mut provider = (**provider()).clone();
    let is_tls12 = |suite: &SupportedCipherSuite| suite.version().version == ProtocolVersion::TLSv1_2;
    if !algorithms.suites.is_empty() {
        provider.cipher_suites.retain(|suite| !is_tls12(suite));
        provider
            .cipher_suites
            .extend(algorithms.suites.iter().copied().map(suite));
    }
    if versions == TlsVersions::Tls12 {
        // Suites that are never agreed on would count when rustls tells which certificates fit.
        provider.cipher_suites.retain(is_tls12);
    }
    if !algorithms.groups.is_empty() {
        provider.kx_groups = algorithms.groups.iter().copied().map(group).collect();
    }
    provider
}

fn suite(suite: CipherSuite) -> SupportedCipherSuite {
    match suite {
        CipherSuite::EcdheEcdsaAes256Gcm => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheRsaAes256Gcm => cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheEcdsaChacha20 => cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        CipherSuite::EcdheRsaChacha20 => cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        CipherSuite::EcdheEcdsaAes128Gcm => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdheRsaAes128Gcm => cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    }
}

fn group(group: KeyExchangeGroup) -> &'static dyn SupportedKxGroup {
    match group {
        KeyExchangeGroup::X25519Mlkem768 => kx_group::X25519MLKEM768,
        KeyExchangeGroup::Secp256r1Mlkem768 => kx_group::SECP256R1MLKEM768,
        KeyExchangeGroup::X25519 => kx_group::X25519,
        KeyExchangeGroup::Secp256r1 => kx_group::SECP256R1,
        KeyExchangeGroup::Secp384r1 => kx_group::SECP384R1,
    }
}

/// Makes a ticket key of its own, replaced every six hours. `None` if there is no randomness: then sessions
/// are not resumed.
pub(super) fn tickets() -> Option<Arc<dyn ProducesTickets>> {
    aws_lc_rs::Ticketer::new()
        .inspect_err(|error| tracing::warn!(%error, "session tickets are off"))
        .ok()
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;

    use super::*;

    #[test]
    fn the_hybrid_group_is_preferred() {
        assert_eq!(provider().kx_groups[0].name(), NamedGroup::X25519MLKEM768);
    }
    /// Names come from one crate and algorithms from another; here they meet.
    #[test]
    fn every_algorithm_is_the_one_of_its_name() {
        for listed in CipherSuite::ALL {
            let iana = suite(listed).suite().as_str().expect("a name");
            assert_eq!(iana, listed.name());
        }
        for listed in KeyExchangeGroup::ALL {
            let iana = format!("{:?}", group(listed).name());
            assert!(iana.eq_ignore_ascii_case(listed.name()), "{iana}");
        }
        let all = &provider().cipher_suites;
        assert_eq!(
            all.len(),
            CipherSuite::ALL.len() + 3,
            "the provider has these and TLS 1.3's"
        );
    }

    #[test]
    fn a_limited_provider_has_the_lists_in_their_order_and_all_of_tls_1_3() {
        let algorithms = TlsAlgorithms {
            suites: vec![CipherSuite::EcdheRsaAes128Gcm, CipherSuite::EcdheEcdsaAes256Gcm],
            groups: vec![KeyExchangeGroup::Secp384r1],
            ..TlsAlgorithms::default()
        };
        let names = |versions| {
            let provider = limited(&algorithms, versions);
            assert_eq!(provider.kx_groups.len(), 1);
            provider
                .cipher_suites
                .iter()
                .map(|suite| suite.suite().as_str().unwrap_or_default())
                .collect::<Vec<_>>()
        };
        let tls12 = [
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        ];
        assert_eq!(names(TlsVersions::Tls12), tls12);
        let both = names(TlsVersions::Tls12And13);
        assert!(both.len() == 5 && both[3..] == tls12, "{both:?}");
    }
}
