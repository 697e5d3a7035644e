//! The cipher suites and key exchange groups of TLS that a host can be limited to: those that the proxy speaks, no others.
//!
//! Part of a host's TLS. All of them are authenticated ciphers with forward secrecy, so that no choice among them is a
//! weak one. The suites of TLS 1.3 cannot be chosen: neither nginx's `ssl_ciphers` nor Go can limit them.

use serde::{Serialize, Serializer};

use super::KeyKind;

/// Limits on what is agreed on in a handshake. Never empty in both lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct TlsAlgorithms {
    /// Suites for TLS 1.2, best first; empty means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suites: Vec<CipherSuite>,
    /// Whose order of suites counts.
    pub order: SuiteOrder,
    /// Key exchange groups, in the order of their variants; empty means the process's. The client's order counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<KeyExchangeGroup>,
}

impl TlsAlgorithms {
    /// True if whatever is agreed on under these limits could be agreed on under `wider` too.
    pub fn is_within(&self, wider: &Self) -> bool {
        within(&self.suites, &wider.suites) && within(&self.groups, &wider.groups)
    }
}

fn within<T: PartialEq>(list: &[T], wider: &[T]) -> bool {
    wider.is_empty() || (!list.is_empty() && list.iter().all(|it| wider.contains(it)))
}

/// Which side's preference decides among the suites that both have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuiteOrder {
    /// The client's, which knows what its machine is fast at.
    #[default]
    Client,
    /// Ours.
    Server,
}

/// A cipher suite of TLS 1.2, in OpenSSL's order of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CipherSuite {
    /// RFC 5289.
    EcdheEcdsaAes256Gcm,
    /// RFC 5289.
    EcdheRsaAes256Gcm,
    /// RFC 7905.
    EcdheEcdsaChacha20,
    /// RFC 7905.
    EcdheRsaChacha20,
    /// RFC 5289.
    EcdheEcdsaAes128Gcm,
    /// RFC 5289.
    EcdheRsaAes128Gcm,
}

impl CipherSuite {
    /// Every suite, in order.
    pub const ALL: [Self; 6] = [
        Self::EcdheEcdsaAes256Gcm,
        Self::EcdheRsaAes256Gcm,
        Self::EcdheEcdsaChacha20,
        Self::EcdheRsaChacha20,
        Self::EcdheEcdsaAes128Gcm,
        Self::EcdheRsaAes128Gcm,
    ];

    /// The name in IANA's registry.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdheEcdsaAes256Gcm => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            Self::EcdheRsaAes256Gcm => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            Self::EcdheEcdsaChacha20 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            Self::EcdheRsaChacha20 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            Self::EcdheEcdsaAes128Gcm => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            Self::EcdheRsaAes128Gcm => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        }
    }

    /// True if a server can use it with a key of this kind.
    pub fn is_for(self, kind: KeyKind) -> bool {
        let by_rsa = matches!(
            self,
            Self::EcdheRsaAes256Gcm | Self::EcdheRsaChacha20 | Self::EcdheRsaAes128Gcm
        );
        // RFC 8422 §5.10 has Ed25519 in the suites of ECDSA.
        by_rsa == (kind == KeyKind::Rsa)
    }

    /// OpenSSL's name.
    pub fn openssl(self) -> &'static str {
        match self {
            Self::EcdheEcdsaAes256Gcm => "ECDHE-ECDSA-AES256-GCM-SHA384",
            Self::EcdheRsaAes256Gcm => "ECDHE-RSA-AES256-GCM-SHA384",
            Self::EcdheEcdsaChacha20 => "ECDHE-ECDSA-CHACHA20-POLY1305",
            Self::EcdheRsaChacha20 => "ECDHE-RSA-CHACHA20-POLY1305",
            Self::EcdheEcdsaAes128Gcm => "ECDHE-ECDSA-AES128-GCM-SHA256",
            Self::EcdheRsaAes128Gcm => "ECDHE-RSA-AES128-GCM-SHA256",
        }
    }
}

impl Serialize for CipherSuite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The suites of TLS 1.3, which are always offered, in IANA's names.
pub const TLS13_SUITES: [&str; 3] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// A way to agree on keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyExchangeGroup {
    /// X25519 with ML-KEM-768; TLS 1.3 only.
    X25519Mlkem768,
    /// P-256 with ML-KEM-768; TLS 1.3 only, and not offered unless it is asked for.
    Secp256r1Mlkem768,
    /// RFC 7748.
    X25519,
    /// P-256.
    Secp256r1,
    /// P-384.
    Secp384r1,
}

impl KeyExchangeGroup {
    /// Every group, in order.
    pub const ALL: [Self; 5] = [
        Self::X25519Mlkem768,
        Self::Secp256r1Mlkem768,
        Self::X25519,
        Self::Secp256r1,
        Self::Secp384r1,
    ];

    /// The name in IANA's registry.
    pub fn name(self) -> &'static str {
        match self {
            Self::X25519Mlkem768 => "X25519MLKEM768",
            Self::Secp256r1Mlkem768 => "SecP256r1MLKEM768",
            Self::X25519 => "x25519",
            Self::Secp256r1 => "secp256r1",
            Self::Secp384r1 => "secp384r1",
        }
    }

    /// True if TLS 1.2 knows it.
    pub fn is_for_tls12(self) -> bool {
        !matches!(self, Self::X25519Mlkem768 | Self::Secp256r1Mlkem768)
    }
}

impl Serialize for KeyExchangeGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_within_another_if_it_allows_nothing_more() {
        let limits = |suites: &[CipherSuite], groups: &[KeyExchangeGroup]| TlsAlgorithms {
            suites: suites.to_vec(),
            groups: groups.to_vec(),
            ..TlsAlgorithms::default()
        };
        let [a, b, ..] = CipherSuite::ALL;
        let [x, y, ..] = KeyExchangeGroup::ALL;
        for (narrow, wide, expected) in [
            (limits(&[], &[]), limits(&[], &[]), true),
            (limits(&[a], &[x]), limits(&[], &[]), true),
            (limits(&[], &[]), limits(&[a], &[]), false),
            (limits(&[], &[]), limits(&[], &[x]), false),
            (limits(&[a], &[x]), limits(&[b, a], &[x, y]), true),
            (limits(&[a, b], &[x]), limits(&[a], &[x]), false),
            (limits(&[a], &[x, y]), limits(&[a], &[x]), false),
        ] {
            assert_eq!(narrow.is_within(&wide), expected, "{narrow:?} {wide:?}");
        }
    }
}
