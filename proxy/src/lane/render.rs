//! From heads to bytes: what the backend and the client receive.
//!
//! Fields that belong to one connection are written anew, never copied (RFC 9110 §7.6.1); lengths are those that the parser
//! has checked.

use std::time::SystemTime;

use http::header::CONNECTION;

use super::head::{Line, write_field};
use super::kind::{Kind, Kinds};
use super::message::{Request, Response, has_option};
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

/// TE is about this connection (RFC 9110 §10.1.4), and trailers do not pass.
const ENDS_AT_PROXY: Kinds = Kinds::NONE.with(Kind::Connection).with(Kind::Hop);

/// What a backend's `Connection` may name.
const NOMINATED: Kinds = Kinds::NONE
    .with(Kind::Host)
    .with(Kind::Expect)
    .with(Kind::Date)
    .with(Kind::Other);

/// Appends the request's head as the endpoint in flight receives it.
pub(super) fn request(request: &Request, exchange: &Exchange, out: &mut Vec<u8>) {
    let changes = &exchange.changes;
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b' ');
    let target = request.uri.target();
    if changes.path.is_some() || changes.query.is_some() {
        let at = target.iter().position(|byte| *byte == b'?');
        let (path, query) = at.map_or((target, None), |at| (&target[..at], Some(&target[at + 1..])));
        changes.write_target(path, query, out);
    } else {
        out.extend_from_slice(target);
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
    let host = upstream::host(exchange);
    let mut asked = Kinds::NONE.with(Kind::Coding);
    if host.is_some() {
        asked = asked.with(Kind::Host);
    }
    request
        .head
        .write(out, ENDS_AT_PROXY, asked, |kind, _| match (kind, &host) {
            (Kind::Coding, _) => Line::Put(b"chunked"),
            (Kind::Host, Some(host)) => Line::Put(host.as_bytes()),
            _ => Line::Keep,
        });
    out.extend_from_slice(b"\r\n");
}

/// Appends the head of a backend's answer as the client receives it.
pub(super) fn response(response: &Response, delivery: Delivery, closes: bool, out: &mut Vec<u8>) {
    status_line(response.status, response.phrase(), out);
    let is_nominated = |name: &[u8]| {
        response
            .head
            .values(&CONNECTION)
            .any(|list| has_option(list, name))
    };
    let mut cut = ENDS_AT_PROXY.with(Kind::Upgrade);
    // RFC 9110 §8.6, RFC 9112 §6.1: these have no body, and nothing says how long it is.
    if matches!(response.status, 100..200 | 204) {
        cut = cut.with(Kind::Length).with(Kind::Coding);
    }
    let asked = if response.head.nominates() {
        NOMINATED
    } else {
        Kinds::NONE
    };
    let written = response.head.write(out, cut, asked, |_, name| {
        if is_nominated(name) { Line::Cut } else { Line::Keep }
    });
    if delivery == Delivery::InChunks {
        write_field(out, b"Transfer-Encoding", b"chunked");
    }
    let is_final = !matches!(response.status, 100..200);
    if is_final && !written.has(Kind::Date) {
        // RFC 9110 §6.6.1: who has a clock adds it.
        let date = httpdate::fmt_http_date(SystemTime::now());
        write_field(out, b"Date", date.as_bytes());
    }
    if closes {
        write_field(out, b"Connection", b"close");
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
        write_field(out, name.as_str().as_bytes(), value.as_bytes());
    }
    if closes {
        write_field(out, b"Connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
}

fn status_line(status: u16, phrase: &[u8], out: &mut Vec<u8>) {
    let digit = |at: u16| b'0' + u8::try_from(status / at % 10).unwrap_or_default();
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(&[digit(100), digit(10), digit(1), b' ']);
    out.extend_from_slice(phrase);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
