//! Authorities, server certificates and client certificates, made anew by each test.
//!
//! Client certificates are written by `der`, because subjects of the real world repeat a field (`DC=org, DC=example`).

mod der;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate with its key.
#[derive(Clone)]
pub(crate) struct Identity {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    fn new(certificate: Vec<u8>, key: &KeyPair) -> Self {
        Self {
            certificate,
            key: key.serialize_der(),
        }
    }

    /// The certificate, DER.
    pub(crate) fn der(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate, PEM.
    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// The key, PKCS#8 PEM.
    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }

    /// For rustls.
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.certificate.clone())]
    }

    /// For rustls.
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

/// A certificate authority.
pub(crate) struct Authority {
    name: String,
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
}

impl Authority {
    /// A new root with this common name.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("keys can be made");
        let certificate = params.self_signed(&key).expect("the parameters are good");
        Self {
            name: name.to_owned(),
            certificate: certificate.der().to_vec(),
            issuer: Issuer::new(params, key),
        }
    }

    /// The root, DER.
    pub(crate) fn der(&self) -> Vec<u8> {
        self.certificate.clone()
    }

    /// The root, PEM.
    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// A server certificate with an ECDSA key.
    pub(crate) fn server(&self, hosts: &[&str]) -> Identity {
        self.issue(hosts, &KeyPair::generate().expect("keys can be made"))
    }

    /// A server certificate with an RSA key.
    pub(crate) fn rsa_server(&self, hosts: &[&str]) -> Identity {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("keys can be made");
        self.issue(hosts, &key)
    }

    fn issue(&self, hosts: &[&str], key: &KeyPair) -> Identity {
        let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("host names");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params
            .signed_by(key, &self.issuer)
            .expect("the parameters are good");
        Identity::new(certificate.der().to_vec(), key)
    }

    /// A client certificate; the subject in the order in which it stands in the certificate.
    pub(crate) fn client(&self, subject: &[(&str, &str)]) -> Identity {
        let key = KeyPair::generate().expect("keys can be made");
        let years = ("20200101000000Z", "21200101000000Z");
        let certificate = der::client(&[("CN", &self.name)], self.issuer.key(), subject, &key, years);
        Identity::new(certificate, &key)
    }

    /// A client certificate that is no longer valid.
    pub(crate) fn expired_client(&self, subject: &[(&str, &str)]) -> Identity {
        let key = KeyPair::generate().expect("keys can be made");
        let years = ("20000101000000Z", "20010101000000Z");
        let certificate = der::client(&[("CN", &self.name)], self.issuer.key(), subject, &key, years);
        Identity::new(certificate, &key)
    }
}

/// A client certificate that is its own issuer.
pub(crate) fn self_signed_client(subject: &[(&str, &str)]) -> Identity {
    let key = KeyPair::generate().expect("keys can be made");
    let certificate = der::client(
        subject,
        &key,
        subject,
        &key,
        ("20200101000000Z", "21200101000000Z"),
    );
    Identity::new(certificate, &key)
}

/// RFC 7468, in lines of 64.
fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
