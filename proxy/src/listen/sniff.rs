//! HTTP/1 or HTTP/2 on a plain connection, by its first bytes (RFC 9113 §3.3, prior knowledge).
//!
//! Pingora's own way of telling waits for 24 bytes, which a short HTTP/1 request never sends.

use std::io;

use tokio::io::AsyncRead;

use super::chunk;

/// RFC 9113 §3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Most request heads fit, so that the engine need not read again.
const CHUNK: usize = 2048;

/// What was found out, and the bytes that were read for it.
pub(super) struct Sniffed {
    pub(super) h2: bool,
    pub(super) bytes: Vec<u8>,
}

/// Reads until the first byte that differs from the preface, or until the whole preface is there. `None` if
/// the client closes before.
pub(super) async fn sniff(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Sniffed>> {
    let mut bytes = Vec::new();
    loop {
        if chunk::read::<CHUNK>(stream, &mut bytes).await? == 0 {
            return Ok(None);
        }
        if let Some(h2) = classify(&bytes) {
            return Ok(Some(Sniffed { h2, bytes }));
        }
    }
}

/// `None`: it may become either.
fn classify(bytes: &[u8]) -> Option<bool> {
    if bytes.len() >= PREFACE.len() {
        return Some(bytes.starts_with(PREFACE));
    }
    if PREFACE.starts_with(bytes) {
        None
    } else {
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Sends byte by byte, each in a segment of its own, until the sniffer has seen enough.
    async fn fragmented(bytes: &[u8]) -> Option<(bool, Vec<u8>)> {
        let (mut client, mut server) = tokio::io::duplex(1);
        let bytes = bytes.to_vec();
        let sender = tokio::spawn(async move {
            // The reading end goes away when it knows enough.
            let _ = client.write_all(&bytes).await;
        });
        let sniffed = sniff(&mut server).await.expect("no error");
        drop(server);
        sender.await.expect("no panic");
        sniffed.map(|sniffed| (sniffed.h2, sniffed.bytes))
    }

    #[tokio::test]
    async fn the_preface_is_recognized_in_fragments() {
        assert_eq!(fragmented(PREFACE).await, Some((true, PREFACE.to_vec())));
    }

    #[tokio::test]
    async fn the_first_different_byte_decides() {
        assert_eq!(
            fragmented(b"GET / HTTP/1.0\r\n\r\n").await,
            Some((false, b"G".to_vec()))
        );
        assert_eq!(
            fragmented(b"PROPFIND / HTTP/1.1\r\n").await,
            Some((false, b"PRO".to_vec()))
        );
        let almost = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX";
        assert_eq!(fragmented(almost).await, Some((false, almost.to_vec())));
    }

    #[tokio::test]
    async fn a_client_that_goes_away_is_neither() {
        assert_eq!(fragmented(b"").await, None);
        assert_eq!(fragmented(b"PRI").await, None);
    }

    #[tokio::test]
    async fn all_that_was_read_is_kept() {
        let (mut client, mut server) = tokio::io::duplex(4096);
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .expect("room");
        let sniffed = sniff(&mut server).await.expect("no error").expect("a request");
        assert_eq!(sniffed.bytes, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
}
