//! What the handshake asks of a client: a certificate or not, and which ones it lets through.
//!
//! Whatever is let through, the client has proven that it holds the key: that signature is always verified.
//! In the nginx dialect nothing else is, because a filter judges; in the Traefik dialect the handshake
//! refuses.

use std::fmt;
use std::sync::Arc;

use ferrik_config::policy::{ClientCertificate, ClientCertificateMode as Mode};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::{TrustStore, crypto};

/// The client's part of one policy's handshakes.
pub(super) struct ClientVerifier {
    trust: Arc<TrustStore>,
    is_mandatory: bool,
    acceptance: Acceptance,
}

/// Which certificates the handshake lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acceptance {
    /// Any: somebody else judges, or nobody.
    Any,
    /// Those that the authorities trust.
    Trusted,
    /// None, because the authorities are not there.
    Closed,
}

impl ClientVerifier {
    /// Prepares the handshakes of a host.
    pub(super) fn new(client: &ClientCertificate, trust: Arc<TrustStore>) -> Self {
        let (is_mandatory, acceptance) = match client.mode {
            Mode::Require | Mode::Optional | Mode::OptionalNoCa => (false, Acceptance::Any),
            _ if trust.is_closed() => (true, Acceptance::Closed),
            Mode::HandshakeRequest => (false, Acceptance::Any),
            Mode::HandshakeRequireAny => (true, Acceptance::Any),
            Mode::HandshakeVerifyIfGiven => (false, Acceptance::Trusted),
            Mode::HandshakeRequire => (true, Acceptance::Trusted),
        };
        Self {
            trust,
            is_mandatory,
            acceptance,
        }
    }

    /// Decides on a chain at any time, so that a resumed session is held to what is true now.
    pub(super) fn check(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        match self.acceptance {
            _ if chain.is_empty() && self.is_mandatory => Err(Error::NoCertificatesPresented),
            Acceptance::Closed => Err(CertificateError::UnknownIssuer.into()),
            Acceptance::Trusted if !chain.is_empty() => self.trust.verify(chain, now),
            Acceptance::Any | Acceptance::Trusted => Ok(()),
        }
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ClientVerifier({:?}, mandatory: {})",
            self.acceptance, self.is_mandatory
        )
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.is_mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.trust.hints()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain: Vec<CertificateDer<'_>> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|der| der.as_ref().into())
            .collect();
        self.check(&chain, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    crypto::provider().signature_verification_algorithms
}
