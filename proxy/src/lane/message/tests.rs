//! Heads that are taken, declined and refused.

use super::*;
use crate::head::Fields;

fn outcome(text: &str) -> String {
    match request(text.as_bytes()) {
        Ok(Parsed::Partial) => "partial".to_owned(),
        Ok(Parsed::Declined) => "declined".to_owned(),
        Ok(Parsed::Complete(request, length)) => {
            assert!(text.is_char_boundary(length));
            let target = String::from_utf8_lossy(request.uri.target());
            format!(
                "{} {target} {:?} {}",
                request.method,
                request.framing,
                text.len() - length
            )
        }
        Err(reason) => reason.as_str().to_owned(),
    }
}

#[test]
fn plain_requests_are_taken() {
    assert_eq!(outcome("GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /a?b Done 0");
    assert_eq!(
        outcome("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\nGET"),
        "GET /a Done 3"
    );
    assert_eq!(
        outcome("POST /a HTTP/1.1\r\nHost: a\r\ncontent-length: 12\r\n\r\nabc"),
        "POST /a Length(12) 3"
    );
    assert!(
        outcome("PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n")
            .starts_with("PUT /a Chunked")
    );
    let text = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    for end in 0..text.len() {
        assert_eq!(outcome(&text[..end]), "partial", "{end}");
    }
}

#[test]
fn what_the_general_engine_serves_is_declined() {
    for text in [
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        assert_eq!(outcome(text), "declined", "{text:?}");
    }
}

#[test]
fn what_servers_read_differently_is_refused() {
    for (text, reason) in [
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "bad_target"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "bad_host"),
        ("GET / HTTP/1.1\nHost: a\n\n", "bad_framing"),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "bad_framing"),
        ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "bad_framing"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", "bad_framing"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX[]: b\r\n\r\n", "bad_framing"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
            "bad_framing",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\n",
            "bad_framing",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
            "bad_framing",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "bad_framing",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "bad_framing",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "bad_framing",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
            "bad_framing",
        ),
    ] {
        assert_eq!(outcome(text), reason, "{text:?}");
    }
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(MAX_HEAD));
    assert_eq!(outcome(&large), "header_too_large");
    assert_eq!(outcome(&format!("{large}\r\n\r\n")), "header_too_large");
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(FIELDS));
    assert_eq!(outcome(&many), "header_too_large");
}

#[test]
fn a_length_that_is_said_twice_is_passed_on_once() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\nContent-Length: 5\r\n\r\n";
    let (response, _) = response(text.as_bytes(), &Method::GET)
        .expect("it is clear")
        .expect("it is complete");
    let names: Vec<&[u8]> = response.head.each().map(|(name, _)| name).collect();
    assert_eq!(names, [&b"Content-Length"[..], b"X"]);
}

fn answer(text: &str, method: &Method) -> Result<Option<(u16, Framing, bool)>, &'static str> {
    let parsed = response(text.as_bytes(), method).map_err(|unclear| unclear.0)?;
    Ok(parsed.map(|(response, _)| (response.status, response.framing, response.keeps)))
}

#[test]
fn the_length_of_an_answer_is_clear_or_it_is_refused() {
    let of = |fields: &str| answer(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), &Method::GET);
    assert_eq!(
        of("Content-Length: 5\r\n"),
        Ok(Some((200, Framing::Length(5), true)))
    );
    assert_eq!(
        of("Content-Length: 5\r\nContent-Length: 5\r\n"),
        Ok(Some((200, Framing::Length(5), true)))
    );
    assert_eq!(
        of("Transfer-Encoding: chunked\r\n"),
        Ok(Some((200, Framing::CHUNKED, true)))
    );
    assert_eq!(of(""), Ok(Some((200, Framing::Close, false))));
    assert_eq!(
        of("Content-Length: 0\r\nConnection: close\r\n"),
        Ok(Some((200, Framing::Done, false)))
    );
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Content-Length: -1\r\n",
    ] {
        assert!(of(fields).is_err(), "{fields:?}");
    }
    for status in ["099", "000"] {
        let text = format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(answer(&text, &Method::GET), Err("its status is none"), "{status}");
    }
    let old = "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n";
    assert_eq!(
        answer(old, &Method::GET),
        Ok(Some((200, Framing::Length(1), false)))
    );
    let none = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(answer(none, &Method::GET), Ok(Some((304, Framing::Done, true))));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(answer(head, &Method::HEAD), Ok(Some((200, Framing::Done, true))));
    assert_eq!(answer("HTTP/1.1 200", &Method::GET), Ok(None));
}

#[test]
fn an_old_backend_keeps_its_connection_only_with_a_length() {
    let of = |fields: &str| {
        let text = format!("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n{fields}\r\n");
        answer(&text, &Method::GET).map(|parsed| parsed.map(|(.., keeps)| keeps))
    };
    assert_eq!(of("Content-Length: 1\r\n"), Ok(Some(true)));
    assert_eq!(of("Transfer-Encoding: chunked\r\n"), Ok(Some(false)));
}

#[test]
fn what_can_be_read_of_a_refused_request_is_kept() {
    let read = |text: &str| {
        let refused = Request::refused(text.as_bytes());
        let target = String::from_utf8_lossy(refused.uri.target()).into_owned();
        let host = refused
            .head
            .text(&http::header::HOST)
            .unwrap_or_default()
            .to_owned();
        (refused.method.to_string(), target, host)
    };
    let all =
        |method: &str, target: &str, host: &str| (method.to_owned(), target.to_owned(), host.to_owned());
    assert_eq!(
        read("POST /a HTTP/1.1\r\nHost: b\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nc"),
        all("POST", "/a", "b")
    );
    assert_eq!(read("POST /a HTTP/1.1\r\nHost: b\r\n"), all("POST", "/a", ""));
    assert_eq!(read("nonsense"), all("GET", "", ""));
}
