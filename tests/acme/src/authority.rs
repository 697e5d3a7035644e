//! The authority that vouches for the listeners, and both sides of TLS with it. It has nothing to do with the certificates
//! that the ACME server issues.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// One authority and the certificate of all listeners.
pub(crate) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    /// A certificate for these addresses and `localhost`.
    pub(crate) fn new(addresses: &[IpAddr]) -> Self {
        let mut params = named("acme-listener-ca");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let root = CertifiedIssuer::self_signed(params, key()).expect("the parameters are good");
        let mut names = vec!["localhost".to_owned()];
        names.extend(addresses.iter().map(IpAddr::to_string));
        let mut params = named("acme");
        params.subject_alt_names = CertificateParams::new(names)
            .expect("names and addresses")
            .subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = key();
        let certificate = params.signed_by(&key, &root).expect("the parameters are good");
        Self {
            root,
            certificate,
            key,
        }
    }

    /// The root, PEM.
    pub(crate) fn pem(&self) -> String {
        self.root.pem()
    }

    /// The listeners' certificate and its key, PEM.
    pub(crate) fn listener(&self) -> (String, String) {
        (self.certificate.pem(), self.key.serialize_pem())
    }

    /// For a listener that speaks HTTP/1.1.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(
                vec![self.certificate.der().clone()],
                PrivatePkcs8KeyDer::from(self.key.serialize_der()).into(),
            )
            .expect("the certificate fits its key");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    /// For a client that trusts this authority only.
    pub(crate) fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::clone(self.root.der());
        roots.add(root).expect("the authority's certificate is one");
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("keys can be made")
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
