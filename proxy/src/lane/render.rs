//! From heads to bytes: what the backend and the client receive.
//!
//! Fields that belong to one connection are written anew, never copied (RFC 9110 §7.6.1); lengths are those that the parser
//! has checked.

use std::time::SystemTime;

use http::header::{CONNECTION, DATE};

use super::message::{Kind, Request, Response, has_option};
use crate::exchange::Exchange;
use crate::head::{Fields, PlainResponse};
use crate::upstream;

/// How an answer's body reaches the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// As the backend frames it.
    AsItIs,
    /// In chunks of ours: the backend's ends with its connection, and the client's goes on.
    InChunks,
}

/// Appends the request's head as the endpoint in flight receives it.
pub(super) fn request(request: &Request, exchange: &Exchange, out: &mut Vec<u8>) {
    let changes = &exchange.changes;
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b' ');
    let target = &request.target[..];
    if changes.path.is_some() || changes.query.is_some() {
        let at = target.iter().position(|byte| *byte == b'?');
        let (path, query) = at.map_or((target, None), |at| (&target[..at], Some(&target[at + 1..])));
        changes.write_target(path, query, out);
    } else {
        out.extend_from_slice(target);
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    let host = upstream::host(exchange);
    for (name, value) in request.head.each() {
        match Kind::of(name) {
            Kind::Connection => {}
            Kind::Host => field(out, b"Host", host.as_ref().map_or(value, |host| host.as_bytes())),
            Kind::Coding => field(out, b"Transfer-Encoding", b"chunked"),
            // RFC 9110 §10.1.4: it is about this connection, and trailers do not pass.
            _ if name.eq_ignore_ascii_case(b"te") => {}
            _ => field(out, name, value),
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the head of a backend's answer as the client receives it.
pub(super) fn response(response: &Response, delivery: Delivery, closes: bool, out: &mut Vec<u8>) {
    status_line(response.status, response.phrase(), out);
    let nominated = response.head.get(&CONNECTION).unwrap_or_default();
    for (name, value) in response.head.each() {
        let ends_here = match Kind::of(name) {
            Kind::Connection | Kind::Upgrade => true,
            Kind::Length | Kind::Coding => false,
            _ => is_of_connection(name) || has_option(nominated, name),
        };
        if !ends_here {
            field(out, name, value);
        }
    }
    if delivery == Delivery::InChunks {
        field(out, b"Transfer-Encoding", b"chunked");
    }
    let is_final = !matches!(response.status, 100..200);
    if is_final && response.head.get(&DATE).is_none() {
        // RFC 9110 §6.6.1: who has a clock adds it.
        let date = httpdate::fmt_http_date(SystemTime::now());
        field(out, b"Date", date.as_bytes());
    }
    if closes {
        field(out, b"Connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the head of an answer of our own.
pub(super) fn own(head: &PlainResponse, closes: bool, out: &mut Vec<u8>) {
    let phrase = http::StatusCode::from_u16(head.status)
        .ok()
        .and_then(|status| status.canonical_reason());
    status_line(head.status, phrase.unwrap_or_default().as_bytes(), out);
    for (name, value) in &head.fields {
        field(out, name.as_str().as_bytes(), value.as_bytes());
    }
    if closes {
        field(out, b"Connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
}

fn is_of_connection(name: &[u8]) -> bool {
    let is = |text: &[u8]| name.eq_ignore_ascii_case(text);
    match name.len() {
        7 => is(b"trailer"),
        10 => is(b"keep-alive"),
        16 => is(b"proxy-connection"),
        _ => false,
    }
}

fn status_line(status: u16, phrase: &[u8], out: &mut Vec<u8>) {
    let digit = |at: u16| b'0' + u8::try_from(status / at % 10).unwrap_or_default();
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(&[digit(100), digit(10), digit(1), b' ']);
    out.extend_from_slice(phrase);
    out.extend_from_slice(b"\r\n");
}

fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::message::{self, Parsed};
    use http::Method;

    fn answer(text: &str) -> String {
        let parsed = message::response(text.as_bytes(), &Method::GET).expect("it is HTTP");
        let (head, _) = parsed.expect("it is complete");
        let mut out = Vec::new();
        response(&head, Delivery::AsItIs, false, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn an_answer_without_a_date_gets_one_and_an_interim_one_does_not() {
        let dated = answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let date = dated.lines().find_map(|line| line.strip_prefix("Date: "));
        assert!(
            date.is_some_and(|date| httpdate::parse_http_date(date).is_ok()),
            "{dated}"
        );
        let own = answer("HTTP/1.1 200 OK\r\ndate: then\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(own, "HTTP/1.1 200 OK\r\ndate: then\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(answer("HTTP/1.1 103 Early\r\n\r\n"), "HTTP/1.1 103 Early\r\n\r\n");
    }

    #[test]
    fn a_backend_is_not_told_that_trailers_are_welcome() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTest: 1\r\n\r\n";
        let Ok(Parsed::Complete(head, _)) = message::request(text.as_bytes()) else {
            panic!("it is a request of the lane");
        };
        let mut out = Vec::new();
        request(&head, &Exchange::new(), &mut out);
        assert_eq!(
            String::from_utf8(out).expect("ASCII"),
            "GET / HTTP/1.1\r\nHost: a\r\nTest: 1\r\n\r\n"
        );
    }
}
