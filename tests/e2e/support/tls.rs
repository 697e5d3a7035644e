//! The client's side of a TLS handshake, with everything a test may want to choose.
//!
//! Any server certificate is accepted unless a test names an authority: most tests are about something else.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CipherSuite, ClientConfig, DigitallySignedStruct, NamedGroup, RootCertStore, SignatureScheme,
    SupportedCipherSuite, SupportedProtocolVersion,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certs::{Authority, Identity};

/// A handshake to be made.
#[derive(Clone)]
pub(crate) struct Tls {
    name: Option<String>,
    identity: Option<Identity>,
    alpn: Vec<Vec<u8>>,
    authority: Option<Vec<u8>>,
    versions: Vec<&'static SupportedProtocolVersion>,
    /// In this order; all if empty.
    suites: Vec<CipherSuite>,
    groups: Vec<NamedGroup>,
    /// Shared by all connections, so that later ones resume the session of earlier ones.
    remembered: Option<Arc<ClientConfig>>,
}

impl Tls {
    /// With this server name, for HTTP/1.1.
    pub(crate) fn to(name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            identity: None,
            alpn: Vec::new(),
            authority: None,
            versions: rustls::ALL_VERSIONS.to_vec(),
            suites: Vec::new(),
            groups: Vec::new(),
            remembered: None,
        }
    }

    /// Without a server name.
    pub(crate) fn without_name() -> Self {
        Self {
            name: None,
            ..Self::to("")
        }
    }

    /// Offers these application protocols.
    pub(crate) fn alpn(mut self, protocols: &[&str]) -> Self {
        self.alpn = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        self
    }

    /// Presents this certificate if it is asked for one, whatever authorities the server names.
    pub(crate) fn certificate(mut self, identity: &Identity) -> Self {
        self.identity = Some(identity.clone());
        self
    }

    /// Fails unless the server's certificate is from this authority and for the name.
    pub(crate) fn trusting(mut self, authority: &Authority) -> Self {
        self.authority = Some(authority.der());
        self
    }

    /// Speaks this version only.
    pub(crate) fn only(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    /// Offers these cipher suites only, in this order.
    pub(crate) fn suites(mut self, suites: &[CipherSuite]) -> Self {
        self.suites = suites.to_vec();
        self
    }

    /// Offers these key exchange groups only, in this order.
    pub(crate) fn groups(mut self, groups: &[NamedGroup]) -> Self {
        self.groups = groups.to_vec();
        self
    }

    /// Remembers sessions, as browsers do: a handshake after the first one is a resumption if the server agrees.
    pub(crate) fn remembering(mut self) -> Self {
        self.remembered = Some(Arc::new(self.config().expect("the choices are good")));
        self
    }

    /// Connects and shakes hands. With TLS 1.3 a server that refuses the client's certificate says so only afterwards.
    pub(crate) async fn connect(&self, address: SocketAddr) -> anyhow::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.name.clone().unwrap_or_else(|| "unnamed.invalid".to_owned()))?;
        let stream = TcpStream::connect(address).await?;
        let config = match &self.remembered {
            Some(config) => config.clone(),
            None => Arc::new(self.config()?),
        };
        Ok(TlsConnector::from(config).connect(name, stream).await?)
    }

    fn provider(&self) -> CryptoProvider {
        let mut provider = aws_lc_rs::default_provider();
        let place = |suite: &SupportedCipherSuite| self.suites.iter().position(|it| *it == suite.suite());
        if !self.suites.is_empty() {
            provider.cipher_suites.retain(|suite| place(suite).is_some());
            provider.cipher_suites.sort_by_key(|suite| place(suite));
        }
        let place = |name: NamedGroup| self.groups.iter().position(|it| *it == name);
        if !self.groups.is_empty() {
            provider.kx_groups.retain(|group| place(group.name()).is_some());
            provider.kx_groups.sort_by_key(|group| place(group.name()));
        }
        provider
    }

    fn config(&self) -> anyhow::Result<ClientConfig> {
        let provider = Arc::new(self.provider());
        let builder =
            ClientConfig::builder_with_provider(provider.clone()).with_protocol_versions(&self.versions)?;
        let verifier: Arc<dyn ServerCertVerifier> = match &self.authority {
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from(authority.clone()))?;
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?
            }
            None => Arc::new(Anything(provider)),
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            Some(identity) => builder.with_client_auth_cert(identity.chain(), identity.key())?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config.enable_sni = self.name.is_some();
        Ok(config)
    }
}

/// Accepts any certificate whose key the server holds.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
