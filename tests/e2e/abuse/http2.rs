//! Abuse of HTTP/2, written frame by frame (RFC 9113).

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{HOST, start};
use crate::support::{Backend, Tls, get, within};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// How many streams are opened and cancelled; a limit must strike long before.
const FLOOD: u32 = 20_000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a frame is short")
        .to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// `GET https://HOST/flood` in HPACK (RFC 7541), without touching the dynamic table.
fn get_block() -> Vec<u8> {
    let mut block = vec![0x82, 0x87];
    for (index, text) in [(0x04, "/flood"), (0x01, HOST)] {
        block.extend([index, u8::try_from(text.len()).expect("short")]);
        block.extend(text.as_bytes());
    }
    block
}

fn preface() -> Vec<u8> {
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &[]),
    ]
    .concat()
}

/// Whether the bytes, which begin with a frame, hold a GOAWAY.
fn has_goaway(mut bytes: &[u8]) -> bool {
    while let [a, b, c, kind, rest @ ..] = bytes {
        if *kind == GOAWAY {
            return true;
        }
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        bytes = rest.get(5 + length..).unwrap_or_default();
    }
    false
}

#[tokio::test]
async fn streams_opened_only_to_be_cancelled_end_the_connection() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &[]).await;
    let stream = Tls::to(HOST)
        .alpn(&["h2"])
        .connect(ferrik.https())
        .await
        .expect("the handshake succeeds");
    let (mut reader, mut writer) = tokio::io::split(stream);
    let flood = tokio::spawn(async move {
        writer.write_all(&preface()).await?;
        for at in 0..FLOOD {
            let id = 2 * at + 1;
            let open = frame(HEADERS, END_STREAM | END_HEADERS, id, &get_block());
            writer
                .write_all(&[open, frame(RST_STREAM, 0, id, &8_u32.to_be_bytes())].concat())
                .await?;
        }
        writer.flush().await
    });
    let mut bytes = Vec::new();
    let read = within("the flood ends", reader.read_to_end(&mut bytes)).await;
    assert!(
        has_goaway(&bytes) || read.is_err(),
        "the server says that it has had enough"
    );
    assert!(
        backend.count() < 2000,
        "{} of {FLOOD} cancelled requests reached the backend",
        backend.count()
    );
    // It fails when the server has closed the connection in the middle of it.
    flood.abort();
    assert_eq!(ferrik.secure(get(HOST, "/victim")).await.status, 200);
}

#[tokio::test]
async fn a_head_without_end_ends_the_connection() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &[]).await;
    let before = ferrik.rss();
    let stream = Tls::to(HOST)
        .alpn(&["h2"])
        .connect(ferrik.https())
        .await
        .expect("the handshake succeeds");
    let (mut reader, mut writer) = tokio::io::split(stream);
    let flood = tokio::spawn(async move {
        writer
            .write_all(&[preface(), frame(HEADERS, END_STREAM, 1, &get_block())].concat())
            .await?;
        // A literal field of 4000 bytes that is not indexed, over and over.
        let mut field = vec![0x00, 0x01, b'a', 0x7f, 0xa1, 0x1e];
        field.extend([b'a'; 4000]);
        for _ in 0..20_000 {
            writer.write_all(&frame(CONTINUATION, 0, 1, &field)).await?;
        }
        writer.flush().await
    });
    let mut bytes = Vec::new();
    let read = within("the flood ends", reader.read_to_end(&mut bytes)).await;
    assert!(
        has_goaway(&bytes) || read.is_err() || !bytes.is_empty(),
        "the server closes the connection"
    );
    flood.abort();
    assert_eq!(backend.count(), 0);
    let growth = ferrik.rss().saturating_sub(before);
    assert!(growth < 16 << 20, "a head without end cost {growth} bytes");
    assert_eq!(ferrik.secure(get(HOST, "/victim")).await.status, 200);
}

#[tokio::test]
async fn a_large_head_is_refused_over_http_2() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &[]).await;
    let tls = Tls::to(HOST).alpn(&["h2"]);
    let ask = get(HOST, "/").header("x-a", &"a".repeat(100 * 1024));
    // The client may see 431, or a stream that is refused.
    if let Ok(answer) = ferrik.with(&tls, ask).await {
        assert_eq!(answer.status, 431);
    }
    assert_eq!(backend.count(), 0);
    assert_eq!(
        ferrik
            .with(&tls, get(HOST, "/"))
            .await
            .expect("a new connection is served")
            .status,
        200
    );
}

#[tokio::test]
async fn host_and_authority_that_differ_are_refused() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &[]).await;
    let tls = Tls::to(HOST).alpn(&["h2"]);
    let ask = get(HOST, "/").header("host", "other.example.org");
    if let Ok(answer) = ferrik.with(&tls, ask).await {
        assert_eq!(answer.status, 400);
    }
    assert_eq!(backend.count(), 0);
}
