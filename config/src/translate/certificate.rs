//! Certificates and authorities out of Secrets.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::Snapshot;
use crate::name::{Host, HostKey, Kind, ObjectRef};
use crate::nginx;
use crate::settings::Settings;
use crate::snapshot::Secret;
use crate::table::{Certificate, KeyKind, PrivateKey, TlsHost};

/// Reads a `kubernetes.io/tls` Secret. The error says what is wrong with which key of it.
pub(super) fn server(namespace: &str, name: &str, secret: &Secret) -> Result<Certificate, String> {
    let pem = secret.get("tls.crt").ok_or("it has no key `tls.crt`")?;
    let chain: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .map(|item| item.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|error| not_pem("tls.crt", &error))?;
    let leaf = chain.first().ok_or("`tls.crt` holds no certificate in PEM")?;
    let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| not_a_certificate("tls.crt"))?;
    let key = secret.get("tls.key").ok_or("it has no key `tls.key`")?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| not_pem("tls.key", &error))?;
    let signing =
        any_supported_type(&key).map_err(|_| "`tls.key` is of a kind that cannot be used".to_owned())?;
    let kind = match signing.algorithm() {
        rustls::SignatureAlgorithm::RSA => KeyKind::Rsa,
        rustls::SignatureAlgorithm::ED25519 => KeyKind::Ed25519,
        _ => KeyKind::Ecdsa,
    };
    CertifiedKey::new(vec![CertificateDer::from(leaf.clone())], signing)
        .keys_match()
        .map_err(|_| "`tls.key` does not belong to the certificate in `tls.crt`".to_owned())?;
    Ok(Certificate {
        source: ObjectRef::new(Kind::Secret, namespace, name),
        kind,
        names: names(&parsed),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        fingerprint: hexadecimal(&Sha256::digest(leaf)),
        key: match key {
            PrivateKeyDer::Pkcs1(der) => PrivateKey::Pkcs1(der.secret_pkcs1_der().into()),
            PrivateKeyDer::Sec1(der) => PrivateKey::Sec1(der.secret_sec1_der().into()),
            PrivateKeyDer::Pkcs8(der) => PrivateKey::Pkcs8(der.secret_pkcs8_der().into()),
            _ => return Err("`tls.key` is of a kind that cannot be used".to_owned()),
        },
        chain,
    })
}

/// The server certificate that a Secret holds with its key, or what is wrong.
pub fn usable(secret: &Secret) -> Result<Certificate, String> {
    let meta = &secret.metadata;
    server(&meta.namespace, &meta.name, secret)
}

/// Whether a Secret holds a usable server certificate: seconds since 1970 until which it is valid, or what is wrong.
pub fn usable_until(secret: &Secret) -> Result<i64, String> {
    usable(secret).map(|certificate| certificate.not_after)
}

/// Reads the certificates under one key of a Secret as trusted authorities.
pub(crate) fn authorities(secret: &Secret, key: &str) -> Result<Arc<[Vec<u8>]>, String> {
    let pem = secret.get(key).ok_or_else(|| format!("it has no key `{key}`"))?;
    let list: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .map(|item| item.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|error| not_pem(key, &error))?;
    for der in &list {
        X509Certificate::from_der(der).map_err(|_| not_a_certificate(key))?;
    }
    if list.is_empty() {
        Err(format!("`{key}` holds no certificate in PEM"))
    } else {
        Ok(list.into())
    }
}

/// What is wrong with a PEM text. The parser's own words can quote the text, and the text may be a private key.
fn not_pem(key: &str, error: &pem::Error) -> String {
    let what = match error {
        pem::Error::MissingSectionEnd { .. } => "has a section without its END line",
        pem::Error::IllegalSectionStart { .. } => {
            "has a BEGIN line that is not one; are the line breaks lost?"
        }
        pem::Error::Base64Decode(_) => "has a section that is not base64",
        pem::Error::NoItemsFound => "holds nothing of the kind in PEM",
        _ => "is not PEM",
    };
    format!("`{key}` {what}")
}

fn not_a_certificate(key: &str) -> String {
    format!("`{key}` holds something that is no X.509 certificate")
}

/// TLS for hosts without a certificate of their own, from the process-wide settings: a Secret, and limits in a ConfigMap.
pub(super) fn default_host(snapshot: &Snapshot, settings: &Settings) -> Arc<TlsHost> {
    let secret = settings.default_certificate.as_ref();
    let certificate = secret.and_then(|(namespace, name)| {
        let secret = snapshot.secrets.get(&(namespace.clone(), name.clone()))?;
        server(namespace, name, secret).ok()
    });
    let map = settings.configmap.as_ref();
    let map = map.and_then(|name| snapshot.config_maps.get(name));
    let limits = map.map(|map| nginx::default_limits(map)).unwrap_or_default();
    Arc::new(TlsHost {
        certificates: certificate.map(Arc::new).into_iter().collect(),
        client: None,
        versions: limits.versions,
        algorithms: limits.algorithms,
    })
}

/// True if the certificate covers the host (RFC 6125 §6.4.3: a wildcard covers one label).
pub(super) fn covers(certificate: &Certificate, host: &HostKey) -> bool {
    let covered = |name: &String| match (HostKey::parse(name), host) {
        (Err(_), _) | (_, HostKey::Any) => false,
        (Ok(HostKey::Wildcard(domain)), HostKey::Exact(host)) => host.parent() == Some(domain.as_str()),
        (Ok(name), host) => name == *host,
    };
    certificate.names.iter().any(covered)
}

/// DNS names of the certificate; the common name counts only if there are none, as browsers no longer do but old
/// in-house authorities expect.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let listed: Vec<String> = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        })
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    let common = certificate
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok());
    common
        .filter(|name| Host::parse(name.trim_start_matches("*.")).is_ok())
        .map(str::to_owned)
        .collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[&str]) -> Certificate {
        Certificate {
            source: ObjectRef::new(Kind::Secret, "a", "b"),
            kind: KeyKind::Ecdsa,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before: 0,
            not_after: 0,
            fingerprint: String::new(),
            chain: Vec::new(),
            key: PrivateKey::Pkcs8(Arc::from([])),
        }
    }

    #[test]
    fn a_wildcard_covers_one_label_and_nothing_covers_any_host() {
        for (name, host, expected) in [
            ("a.example.org", "a.example.org", true),
            ("A.Example.org", "a.example.org", true),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "*.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "a.b.example.org", false),
            ("a.example.org", "*.example.org", false),
            ("*", "a.example.org", false),
            ("", "", false),
        ] {
            let host = HostKey::parse(host).expect("a host");
            assert_eq!(covers(&certificate(&[name]), &host), expected, "{name} {host}");
        }
    }
}
