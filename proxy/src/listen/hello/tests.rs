//! A ClientHello in fragments, and what is none.

use std::sync::Arc;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, DuplexStream};

use super::*;
use crate::tls::testing::client_config;

/// The bytes of a client's first flight.
fn client_hello(name: ServerName<'static>, protocols: &[&[u8]]) -> Vec<u8> {
    let mut config = client_config(None);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).expect("memory takes everything");
    bytes
}

fn named(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).expect("a server name")
}

/// Sends `bytes` in segments of seven, and returns what the server made of them and answered.
async fn fragmented(bytes: &[u8]) -> (io::Result<Hello>, Vec<u8>) {
    let (mut client, mut server) = tokio::io::duplex(7);
    let bytes = bytes.to_vec();
    let client = tokio::spawn(async move {
        // The server stops reading what is not TLS.
        let _ = client.write_all(&bytes).await;
        let _ = client.shutdown().await;
        answer(client).await
    });
    let hello = Hello::read(&mut server).await;
    drop(server);
    (hello, client.await.expect("no panic"))
}

async fn answer(mut client: DuplexStream) -> Vec<u8> {
    let mut answer = Vec::new();
    client
        .read_to_end(&mut answer)
        .await
        .expect("memory does not fail");
    answer
}

#[tokio::test]
async fn a_fragmented_hello_is_read() {
    let bytes = client_hello(named("A.Test"), &[b"h2", b"acme-tls/1"]);
    let (hello, answer) = fragmented(&bytes).await;
    let hello = hello.expect("a ClientHello");
    assert_eq!(hello.sni.as_ref().map(Host::as_str), Some("a.test"));
    assert!(answer.is_empty());
}

#[tokio::test]
async fn names_are_canonical_or_absent() {
    for (name, expected) in [
        ("a.test.", Some("a.test")),
        ("192.0.2.1", None),
        ("under_score.test", Some("under_score.test")),
    ] {
        let (hello, _) = fragmented(&client_hello(named(name), &[])).await;
        let hello = hello.expect("a ClientHello");
        assert_eq!(hello.sni.as_ref().map(Host::as_str), expected, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_tls_gets_an_alert() {
    let (hello, answer) = fragmented(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    assert_eq!(
        hello.err().map(|error| error.kind()),
        Some(io::ErrorKind::InvalidData)
    );
    // RFC 8446 §6: an alert record, fatal.
    assert_eq!(answer.first(), Some(&21));
    assert_eq!(answer.get(5), Some(&2));
}

#[tokio::test]
async fn a_hello_that_never_ends_is_cut_off() {
    let (hello, _) = fragmented(&client_hello(named("a.test"), &[])[..100]).await;
    assert_eq!(
        hello.err().map(|error| error.kind()),
        Some(io::ErrorKind::UnexpectedEof)
    );
    // Handshake records of a message that claims to be as long as one can be.
    let mut endless = vec![1, 0xff, 0xff, 0xff];
    endless.resize(16 * 1024, 0);
    let record = [[22, 3, 1, 0x40, 0].as_slice(), &endless].concat();
    let (hello, _) = fragmented(&record.repeat(6)).await;
    assert_eq!(
        hello.err().map(|error| error.kind()),
        Some(io::ErrorKind::InvalidData)
    );
}
