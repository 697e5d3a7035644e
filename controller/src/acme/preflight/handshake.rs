//! The question of TLS-ALPN-01 (RFC 8737), asked by ourselves: a handshake at every address of the host, on port 443.
//!
//! It is asked when every replica has said that it has the answer. The order is open by then; what does not get here has cost
//! it and nothing more, and the next attempt goes on with it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ferrik_config::table::Digest;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Refused, Wrong, at_every_address, connect};
use crate::acme::order::{Failure, Kind};

/// The port that authorities ask at (RFC 8737 §3).
const PORT: u16 = 443;
/// The protocol's name in ALPN (RFC 8737 §6.2).
const PROTOCOL: &[u8] = b"acme-tls/1";
/// The extension that holds the answer (RFC 8737 §6.1).
const EXTENSION: &str = "1.3.6.1.5.5.7.1.31";
/// Of a stranger's certificate, so many characters are told.
const TOLD: usize = 80;

/// Asks at every address of every host.
pub(in crate::acme) async fn check(answers: &BTreeMap<String, Digest>) -> Result<(), Refused> {
    for (host, digest) in answers {
        let asked = at_every_address(host, PORT, |address| ask(host, address, digest)).await;
        asked.map_err(|(what, may_change)| {
            let message = format!(
                "a TLS handshake for {host} on port {PORT} must come to ferrik before a certificate can be had, but {what}; point \
                 the name's A and AAAA records at ferrik, let nothing that ends TLS stand before it, or start with \
                 --acme-preflight=false if only this network cannot reach it"
            );
            Refused {
                failure: Failure::new(Kind::Preflight, message),
                may_change,
            }
        })?;
    }
    Ok(())
}

/// What the address did instead, if it did not answer as we do.
async fn ask(host: &str, address: SocketAddr, digest: &Digest) -> Result<(), Wrong> {
    let stream = connect(address).await?;
    let other = |what: String| Wrong::Other(what);
    let name = ServerName::try_from(host.to_owned()).map_err(|error| other(error.to_string()))?;
    let config = client().map_err(|error| other(error.to_string()))?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let mut stream = connected.map_err(|error| other(refusal(&error)))?;
    let what = judge(&stream, digest);
    // It ends it, too, and may be the first.
    let _ = stream.shutdown().await;
    what.map_err(other)
}

fn judge(stream: &tokio_rustls::client::TlsStream<TcpStream>, digest: &Digest) -> Result<(), String> {
    let connection = stream.get_ref().1;
    let leaf = connection.peer_certificates().and_then(|chain| chain.first());
    let leaf = leaf.and_then(|leaf| X509Certificate::from_der(leaf).ok());
    let Some((_, leaf)) = leaf else {
        return Err("answered without a certificate that can be read".to_owned());
    };
    let mut extensions = leaf.extensions().iter();
    match extensions.find(|extension| extension.oid.to_id_string() == EXTENSION) {
        // An OCTET STRING of 32 bytes (RFC 8737 §3).
        Some(answer) if connection.alpn_protocol() == Some(PROTOCOL) => {
            if answer.value == [&[4, 32], digest.0.as_slice()].concat() {
                return Ok(());
            }
            Err("answered with the answer to another challenge".to_owned())
        }
        _ => {
            let of: String = leaf.subject().to_string().chars().take(TOLD).collect();
            Err(format!(
                "answered with a certificate as any client gets it (`{of}`)"
            ))
        }
    }
}

fn refusal(error: &io::Error) -> String {
    let alert = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match alert {
        Some(Error::AlertReceived(alert)) => format!("refused the handshake ({alert:?})"),
        _ => format!("did not end the handshake ({error})"),
    }
}

fn client() -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

/// Takes every certificate: it is self-signed, has an extension that is critical, and is judged by what that says.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
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
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
