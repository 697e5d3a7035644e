//! Clients that mean no good: requests that two parsers read differently, heads that never end, streams opened to be
//! cancelled. Nothing of it reaches a backend, and other clients are served meanwhile.

mod http2;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::raw::{Reply, rest, send};
use crate::support::{Backend, Ferrik, Ingress, eventually, get, within, yaml};

const HOST: &str = "app.example.org";

async fn start(backend: &Backend, arguments: &[&str]) -> Ferrik {
    let objects = yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "web", "nginx").prefix(HOST, "/", "web"),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    Ferrik::setup()
        .file("objects.yaml", &objects)
        .arguments(arguments)
        .start()
        .await
}

/// What must be answered 400, with the connection closed, because somebody reads it differently (RFC 9112 §11).
pub(crate) const AMBIGUOUS: &[(&str, &str)] = &[
    (
        "a length and chunks",
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunks and a length",
        "POST / HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    ),
    (
        "two lengths",
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    ),
    (
        "the same length twice",
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    ),
    (
        "two lengths in one field",
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 4, 5\r\n\r\nabcde",
    ),
    (
        "a length with a sign",
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: +4\r\n\r\nabcd",
    ),
    (
        "a negative length",
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: -1\r\n\r\n",
    ),
    (
        "a hexadecimal length",
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 0x4\r\n\r\nabcd",
    ),
    (
        "an empty length",
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length:\r\n\r\n",
    ),
    (
        "an unknown coding",
        "POST / HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked not last",
        "POST / HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    ),
    (
        "a coding twice",
        "POST / HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "a coding behind a vertical tab",
        "POST / HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "a coding before a space",
        "POST / HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ),
    ("lines that end in LF", "GET / HTTP/1.1\nHost: {}\n\n"),
    (
        "one line that ends in LF",
        "GET / HTTP/1.1\r\nHost: {}\nX-A: b\r\n\r\n",
    ),
    (
        "a lone CR in a value",
        "GET / HTTP/1.1\r\nHost: {}\r\nX-A: b\rX-C: d\r\n\r\n",
    ),
    (
        "a folded line",
        "GET / HTTP/1.1\r\nHost: {}\r\nX-A: b\r\n c\r\n\r\n",
    ),
    (
        "a folded first line",
        "GET / HTTP/1.1\r\n X-A: b\r\nHost: {}\r\n\r\n",
    ),
    (
        "a NUL in a value",
        "GET / HTTP/1.1\r\nHost: {}\r\nX-A: b\0c\r\n\r\n",
    ),
    ("a NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: {}\r\n\r\n"),
    (
        "a control character in the target",
        "GET /a\u{1}b HTTP/1.1\r\nHost: {}\r\n\r\n",
    ),
    ("a space in the target", "GET /a b HTTP/1.1\r\nHost: {}\r\n\r\n"),
    ("no host", "GET / HTTP/1.1\r\nX-A: b\r\n\r\n"),
    ("an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    (
        "two hosts",
        "GET / HTTP/1.1\r\nHost: {}\r\nHost: other.example.org\r\n\r\n",
    ),
    (
        "the same host twice",
        "GET / HTTP/1.1\r\nHost: {}\r\nHost: {}\r\n\r\n",
    ),
    ("a host that is none", "GET / HTTP/1.1\r\nHost: {}/admin\r\n\r\n"),
    ("a host with a user", "GET / HTTP/1.1\r\nHost: other@{}\r\n\r\n"),
    (
        "a space in a header's name",
        "GET / HTTP/1.1\r\nHost: {}\r\nX A: b\r\n\r\n",
    ),
    ("a space before the colon", "GET / HTTP/1.1\r\nHost : {}\r\n\r\n"),
    (
        "a header without a name",
        "GET / HTTP/1.1\r\nHost: {}\r\n: b\r\n\r\n",
    ),
    (
        "a header without a colon",
        "GET / HTTP/1.1\r\nHost: {}\r\nX-A\r\n\r\n",
    ),
    ("a version that is none", "GET / HTTP/1.x\r\nHost: {}\r\n\r\n"),
    ("a method that is none", "GE(T / HTTP/1.1\r\nHost: {}\r\n\r\n"),
    ("a target that is none", "GET admin HTTP/1.1\r\nHost: {}\r\n\r\n"),
];

/// Bodies in chunks that are none.
pub(crate) const BAD_CHUNKS: [&str; 4] = [
    "zz\r\nabc\r\n0\r\n\r\n",
    "-1\r\n\r\n",
    "3\r\nabcdef\r\n0\r\n\r\n",
    "ffffffffffffffffff\r\nabc",
];

#[tokio::test]
async fn ambiguous_requests_are_refused_and_their_connection_closed() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &[]).await;
    let mut problems = Vec::new();
    for (name, template) in AMBIGUOUS {
        // What follows would be a request of its own to a server that reads the first one differently.
        let smuggled = format!("GET /smuggled HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        let before = backend.count();
        let reply = send(ferrik.http(), template.replace("{}", HOST) + &smuggled).await;
        let passed = backend.targets().split_off(before);
        if (reply.status(), reply.count(), reply.closed) != (Some(400), 1, true) || !passed.is_empty() {
            problems.push(format!(
                "{name}: {}; the backend received {passed:?}",
                outcome(&reply)
            ));
        }
    }
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

fn outcome(reply: &Reply) -> String {
    format!(
        "status {:?}, {} responses, closed: {}",
        reply.status(),
        reply.count(),
        reply.closed
    )
}

#[tokio::test]
async fn a_bad_chunk_ends_the_connection() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &[]).await;
    for body in BAD_CHUNKS {
        let head =
            format!("POST /chunk HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let smuggled = format!("GET /smuggled HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        let reply = send(ferrik.http(), head + &smuggled).await;
        assert!(reply.closed, "{body:?}: {}", outcome(&reply));
        assert!(reply.status() != Some(200), "{body:?}: {}", reply.text());
    }
    assert!(
        !backend.targets().contains(&"/smuggled".to_owned()),
        "{:?}",
        backend.targets()
    );
}

#[tokio::test]
async fn a_head_of_100_kb_is_answered_431() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &[]).await;
    let one = format!("X-A: {}\r\n", "a".repeat(100 * 1024));
    let many = "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(2048);
    for headers in [one, many] {
        let reply = send(
            ferrik.http(),
            format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n"),
        )
        .await;
        assert_eq!(
            (reply.status(), reply.closed),
            (Some(431), true),
            "{}",
            reply.text()
        );
    }
    assert_eq!(backend.count(), 0);
}

#[tokio::test]
async fn a_slow_head_is_cut_while_others_are_served() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &["--client-header-timeout", "1"]).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(ferrik.http()).await.expect("the port is open");
        stream
            .write_all(format!("GET /slow HTTP/1.1\r\nHost: {HOST}\r\nX-A: ").as_bytes())
            .await
            .expect("it is open");
        slow.push(stream);
    }
    eventually("every slow client is cut", async || {
        assert_eq!(ferrik.plain(get(HOST, "/victim")).await.status, 200);
        // One byte more from each, for which a limit that counts from the last byte would start anew.
        slow.retain(|stream| stream.try_write(b"a").is_ok() && !is_closed(stream));
        slow.is_empty()
    })
    .await;
    assert!(
        backend.targets().iter().all(|target| target == "/victim"),
        "{:?}",
        backend.targets()
    );
}

/// Whether the server has closed the connection, perhaps after an answer.
fn is_closed(stream: &TcpStream) -> bool {
    let mut buffer = [0; 1024];
    loop {
        match stream.try_read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let backend = Backend::echo().await;
    let ferrik = start(
        &backend,
        &["--client-header-timeout", "1", "--keepalive-timeout", "1"],
    )
    .await;
    for address in [ferrik.http(), ferrik.https()] {
        let mut stream = TcpStream::connect(address).await.expect("the port is open");
        // A handshake has a limit of its own.
        let read = within("a silent connection is closed", stream.read(&mut [0; 64])).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_tls_end_one_connection_only() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend, &[]).await;
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0x16, 3, 1, 0xff, 0xff, 1, 2, 3],
        &[0; 4096],
    ] {
        let mut stream = TcpStream::connect(ferrik.https())
            .await
            .expect("the port is open");
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        assert!(rest(&mut stream).await.closed);
    }
    assert_eq!(ferrik.secure(get(HOST, "/")).await.status, 200);
    assert_eq!(backend.count(), 1);
}
