//! Server certificates and the TLS policy of a host.
//!
//! The proxy turns each [`TlsHost`] into one server configuration. Keys are here as bytes and are never printed.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::TlsAlgorithms;
use crate::name::ObjectRef;
use crate::policy::ClientCertificate;

/// What the handshake for one server name needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TlsHost {
    /// Certificates of different key kinds, best first; empty means the default certificate.
    pub certificates: Vec<Arc<Certificate>>,
    /// Whether and how clients present certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Arc<ClientCertificate>>,
    /// Limits on protocol versions.
    pub versions: TlsVersions,
    /// Limits on cipher suites and key exchange groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithms: Option<Arc<TlsAlgorithms>>,
}

/// The protocol versions that a host accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum TlsVersions {
    /// TLS 1.2 and 1.3.
    #[default]
    Tls12And13,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// A certificate chain with its key, both DER.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Where it came from.
    pub source: ObjectRef,
    /// Key algorithm, so that a host can have one of each.
    pub kind: KeyKind,
    /// DNS names that it covers, as written in it.
    pub names: Vec<String>,
    /// Seconds since 1970 from which on it is valid.
    #[serde(skip)]
    pub not_before: i64,
    /// Seconds since 1970 after which it is no longer valid.
    pub not_after: i64,
    /// SHA-256 of the leaf, hexadecimal: tells one certificate from another in output.
    pub fingerprint: String,
    /// Leaf first.
    #[serde(skip)]
    pub chain: Vec<Vec<u8>>,
    /// PKCS#8, PKCS#1 or SEC1.
    #[serde(skip)]
    pub key: PrivateKey,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.source, self.fingerprint)
    }
}

/// The algorithm of a certificate's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// ECDSA on any curve: preferred, because it is cheapest for us.
    Ecdsa,
    /// Ed25519.
    Ed25519,
    /// RSA.
    Rsa,
}

/// A private key in PEM's DER encodings; it has no `Debug` text and no serial form.
#[derive(Clone, PartialEq, Eq)]
pub enum PrivateKey {
    /// RFC 5208.
    Pkcs8(Arc<[u8]>),
    /// RFC 8017.
    Pkcs1(Arc<[u8]>),
    /// RFC 5915.
    Sec1(Arc<[u8]>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}
