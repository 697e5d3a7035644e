//! Authorities, certificates and handshakes for tests: made on the spot, no files, no sockets.

use std::io::{Read, Write};
use std::sync::Arc;

use ferrik_config::name::{Host, Kind, ObjectRef};
use ferrik_config::policy::{ClientCertificate, ClientCertificateMode};
use ferrik_config::table::{Certificate, KeyKind, PrivateKey, TlsHost};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    PKCS_RSA_SHA256, SignatureAlgorithm,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, ServerConnection, SignatureScheme,
    SupportedProtocolVersion,
};

use super::{TlsFacts, TlsPolicy, crypto};

/// An authority that can issue certificates.
pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

/// A client's chain and key.
pub(crate) struct Client {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

pub(crate) fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

pub(crate) fn authority_params(common_name: &str) -> CertificateParams {
    let mut params = params(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

pub(crate) fn authority(common_name: &str) -> Authority {
    CertifiedIssuer::self_signed(authority_params(common_name), key()).expect("an authority")
}

pub(crate) fn intermediate(common_name: &str, issuer: &Authority) -> Authority {
    CertifiedIssuer::signed_by(authority_params(common_name), key(), issuer).expect("an intermediate")
}

impl Client {
    pub(crate) fn issued(params: &CertificateParams, issuer: &Authority) -> Self {
        let key = key();
        let certificate = params.signed_by(&key, issuer).expect("a client certificate");
        Self {
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    pub(crate) fn self_signed(params: &CertificateParams) -> Self {
        let key = key();
        let certificate = params.self_signed(&key).expect("a client certificate");
        Self {
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    /// Presents more certificates after its own.
    pub(crate) fn with(mut self, authorities: &[&Authority]) -> Self {
        self.chain
            .extend(authorities.iter().map(|authority| authority.der().clone()));
        self
    }

    /// Holds another key than the one in its certificate.
    pub(crate) fn with_wrong_key(mut self) -> Self {
        self.key = key();
        self
    }
}

pub(crate) fn client_policy(mode: ClientCertificateMode, authorities: &[&Authority]) -> ClientCertificate {
    let authorities: Vec<Vec<u8>> = authorities
        .iter()
        .map(|authority| authority.der().to_vec())
        .collect();
    ClientCertificate {
        authorities: Some(authorities.into()),
        mode,
        depth: 1,
    }
}

/// A self-signed server certificate with an ECDSA key.
pub(crate) fn certificate(name: &str) -> Arc<Certificate> {
    server_certificate(name, &rcgen::PKCS_ECDSA_P256_SHA256, KeyKind::Ecdsa)
}

/// A self-signed server certificate with an RSA key.
pub(crate) fn rsa_certificate(name: &str) -> Arc<Certificate> {
    server_certificate(name, &PKCS_RSA_SHA256, KeyKind::Rsa)
}

/// A host with one certificate and nothing else.
pub(crate) fn tls_host(name: &str) -> Arc<TlsHost> {
    Arc::new(TlsHost {
        certificates: vec![certificate(name)],
        ..TlsHost::default()
    })
}

pub(crate) fn host(name: &str) -> Host {
    Host::parse(name).expect("a host name")
}

/// A client configuration that trusts every server.
pub(crate) fn client_config(client: Option<&Client>) -> ClientConfig {
    client_config_of(client, rustls::DEFAULT_VERSIONS)
}

/// One for these versions only.
pub(crate) fn client_config_of(
    client: Option<&Client>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(crypto::provider().clone())
        .with_protocol_versions(versions)
        .expect("the provider's own versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustEverything));
    match client {
        Some(client) => {
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(client.key.serialize_der()));
            let key = crypto::provider()
                .key_provider
                .load_private_key(key)
                .expect("a key");
            // Unlike `with_client_auth_cert`, this also takes a key that is not the certificate's.
            let certified = CertifiedKey::new(client.chain.clone(), key);
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
        None => builder.with_no_client_auth(),
    }
}

/// A client that trusts every server and speaks these versions with this provider.
pub(crate) fn client_speaking(
    versions: &[&'static SupportedProtocolVersion],
    provider: CryptoProvider,
) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .expect("the provider has suites for the versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustEverything))
        .with_no_client_auth()
}

/// Handshakes in memory and exchanges one byte each way, after which session tickets have arrived. The error
/// is the server's.
pub(crate) fn handshake(
    client: Arc<ClientConfig>,
    policy: &Arc<TlsPolicy>,
    name: &str,
) -> Result<TlsFacts, Error> {
    let name = ServerName::try_from(name.to_owned()).expect("a host name");
    let mut client = ClientConnection::new(client, name).expect("a client");
    let mut server = ServerConnection::new(policy.config.clone()).expect("a server");
    client.writer().write_all(b"c").expect("room for a byte");
    let mut greeted = false;
    while !greeted || client.wants_write() || server.wants_write() {
        carry(|wire| client.write_tls(wire), |wire| server.read_tls(wire));
        server.process_new_packets()?;
        if !server.is_handshaking() && !greeted {
            greeted = true;
            server.writer().write_all(b"s").expect("room for a byte");
        }
        carry(|wire| server.write_tls(wire), |wire| client.read_tls(wire));
        client.process_new_packets().expect("the server is in order");
    }
    let mut byte = [0];
    client.reader().read_exact(&mut byte).expect("the server's byte");
    Ok(TlsFacts::new(&server, None, policy.clone()))
}

fn carry(
    mut write: impl FnMut(&mut Vec<u8>) -> std::io::Result<usize>,
    mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>,
) {
    let mut wire = Vec::new();
    while write(&mut wire).expect("memory takes everything") > 0 {}
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        read(&mut rest).expect("room for the records");
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn server_certificate(name: &str, algorithm: &'static SignatureAlgorithm, kind: KeyKind) -> Arc<Certificate> {
    let key = KeyPair::generate_for(algorithm).expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a host name");
    let certificate = params.self_signed(&key).expect("a certificate");
    Arc::new(Certificate {
        source: ObjectRef::new(Kind::Secret, "test", name),
        kind,
        names: vec![name.to_owned()],
        not_before: 0,
        not_after: i64::MAX,
        fingerprint: name.to_owned(),
        chain: vec![certificate.der().to_vec()],
        key: PrivateKey::Pkcs8(key.serialize_der().into()),
    })
}

#[derive(Debug)]
struct TrustEverything;

impl ServerCertVerifier for TrustEverything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        crypto::provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
