//! From an accepted socket to a stream that can be served: the handshake on TLS listeners, a look at the
//! first bytes on others.
//!
//! Called by `accept` for each connection. What is late is ended by the registry; nothing here sets a timer.

use std::io;
use std::sync::Arc;

use ferrik_config::name::Host;
use rustls::ServerConfig;
use rustls::pki_types::UnixTime;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::StartHandshake;
use tokio_rustls::server::TlsStream;

use super::connection::Arrival;
use super::downstream::Transport;
use super::hello::Hello;
use super::sniff::sniff;
use super::socket::Socket;
use super::vitals::Vitals;
use super::{Connection, Downstream, HandshakeFailure, TlsLookup};
use crate::tls::TlsFacts;

/// `Ok(None)` if the client went away, or was sent away, before there was anything to serve.
pub(super) async fn greet(
    stream: TcpStream,
    arrival: Arrival,
    vitals: &Arc<Vitals>,
    lookup: &impl TlsLookup,
) -> Result<Option<Downstream>, HandshakeFailure> {
    let mut socket = Socket::new(stream, vitals.clone());
    if arrival.tls {
        // Boxed apart, so that plain connections that wait for their first byte do not take memory for it.
        let Some((stream, facts)) = Box::pin(handshake(socket, vitals, lookup)).await? else {
            return Ok(None);
        };
        let h2 = facts.h2;
        let connection = Connection::new(arrival, Some(facts), h2, vitals.clone());
        let transport = Transport::Tls(Box::new(stream));
        return Ok(Some(Downstream::new(transport, Arc::new(connection), Vec::new())));
    }
    // An error here is a client that was reset or too slow: there is nothing to tell it.
    let Ok(Some(sniffed)) = sniff(&mut socket).await else {
        return Ok(None);
    };
    let connection = Connection::new(arrival, None, sniffed.h2, vitals.clone());
    Ok(Some(Downstream::new(
        Transport::Plain(socket),
        Arc::new(connection),
        sniffed.bytes,
    )))
}

async fn handshake(
    mut socket: Socket,
    vitals: &Vitals,
    lookup: &impl TlsLookup,
) -> Result<Option<(TlsStream<Socket>, TlsFacts)>, HandshakeFailure> {
    let hello = match Hello::read(&mut socket).await {
        Ok(hello) => hello,
        Err(error) => return Err(part(socket, &error).await),
    };
    if let Some(host) = hello.sni.as_ref().filter(|_| hello.is_challenge) {
        // Without an answer the policy of the name takes over, which has no protocol in common with such a client.
        if let Some(answer) = lookup.answer(host) {
            return prove(host, StartHandshake::from_parts(hello.accepted, socket), answer).await;
        }
    }
    let policy = lookup.lookup(hello.sni.as_ref());
    let start = StartHandshake::from_parts(hello.accepted, socket);
    let mut stream = match start.into_stream(policy.config.clone()).into_fallible().await {
        Ok(stream) => stream,
        Err((error, socket)) => return Err(part(socket, &error).await),
    };
    let facts = TlsFacts::new(stream.get_ref().1, hello.sni, policy);
    if facts.resumed && facts.policy.check(&facts.client_chain, UnixTime::now()).is_err() {
        // The session was good when it was made. A full handshake would be refused now.
        let _ = stream.shutdown().await;
        return Err(HandshakeFailure::BadClientCertificate);
    }
    vitals.handshake_done();
    Ok(Some((stream, facts)))
}

/// Answers an authority: the handshake says all, and nothing is sent over the connection (RFC 8737 §3).
async fn prove<T>(
    host: &Host,
    start: StartHandshake<Socket>,
    answer: Arc<ServerConfig>,
) -> Result<Option<T>, HandshakeFailure> {
    let mut stream = match start.into_stream(answer).into_fallible().await {
        Ok(stream) => stream,
        Err((error, socket)) => return Err(part(socket, &error).await),
    };
    tracing::debug!(%host, "a challenge was answered");
    // The authority may be gone already.
    if stream.shutdown().await.is_ok() {
        stream.into_inner().0.farewell().await;
    }
    Ok(None)
}

/// Lets the alert reach a client that is still there.
async fn part(socket: Socket, error: &io::Error) -> HandshakeFailure {
    let failure = HandshakeFailure::from(error);
    if !matches!(failure, HandshakeFailure::Timeout | HandshakeFailure::Closed) {
        socket.farewell().await;
    }
    failure
}

#[cfg(test)]
mod tests;
