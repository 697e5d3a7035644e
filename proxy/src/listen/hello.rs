//! The ClientHello: read as it comes, in any fragmentation, before anything is decided about the connection.
//!
//! Called by `greet`. The raw bytes are kept, because a connection that is passed through to its backend must
//! begin with them.

use std::io;

use ferrik_config::name::Host;
use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::chunk;

/// A complete ClientHello.
pub(super) struct Hello {
    /// Goes on to the handshake.
    pub(super) accepted: Accepted,
    /// The server name in canonical form; `None` if there is none, or one that no host can have.
    pub(super) sni: Option<Host>,
    /// An authority asks for the answer to its challenge.
    pub(super) is_challenge: bool,
}

/// More is no ClientHello. (A handshake message could be larger, but rustls does not take it.)
const LIMIT: usize = 64 * 1024;
const CHUNK: usize = 4096;

impl Hello {
    /// Reads a ClientHello. On an error of TLS the client has been sent the alert.
    pub(super) async fn read(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Self> {
        let mut acceptor = Acceptor::default();
        let mut raw = Vec::new();
        loop {
            let start = raw.len();
            if chunk::read::<CHUNK>(stream, &mut raw).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut rest = &raw[start..];
            while !rest.is_empty() {
                if acceptor.read_tls(&mut rest)? == 0 {
                    break;
                }
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => {
                    let hello = accepted.client_hello();
                    let sni = hello.server_name().and_then(|name| Host::parse(name).ok());
                    let is_challenge = hello.alpn().is_some_and(crate::tls::is_challenge);
                    return Ok(Self {
                        accepted,
                        sni,
                        is_challenge,
                    });
                }
                Ok(None) if raw.len() >= LIMIT => return Err(io::ErrorKind::InvalidData.into()),
                Ok(None) => {}
                Err((error, alert)) => {
                    send(stream, alert).await;
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
        }
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), mut alert: AcceptedAlert) {
    let mut bytes = Vec::new();
    if alert.write_all(&mut bytes).is_ok() {
        // Who sends no TLS may not wait for an answer in TLS.
        let _ = stream.write_all(&bytes).await;
    }
}

#[cfg(test)]
mod tests;
