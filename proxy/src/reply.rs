//! An answer of our own, as data: each engine writes it with the same code.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION};
use http::{HeaderName, HeaderValue};

use crate::exchange::Exchange;
use crate::head::{Fields, PlainResponse};
use crate::reason::Reason;

/// An answer that no backend gave.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// Status code.
    pub(crate) status: u16,
    /// Why.
    pub(crate) reason: Reason,
    /// Header fields, beside those that every answer has.
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
    /// What is sent behind the head.
    pub(crate) body: Body,
    /// Line of the snippet's statement that answers, for `explain`.
    pub(crate) line: Option<usize>,
}

/// The body of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// A page that names status, reason and request id, in the format that the client accepts.
    Page,
    /// Nothing.
    Empty,
    /// This text.
    Text(Bytes),
    /// No answer at all: the connection is closed (nginx's status 444).
    Close,
}

impl Reply {
    /// An answer with the usual page.
    pub(crate) fn page(status: u16, reason: Reason) -> Self {
        Self {
            status,
            reason,
            fields: Vec::new(),
            body: Body::Page,
            line: None,
        }
    }

    /// An answer without body.
    pub(crate) fn empty(status: u16, reason: Reason) -> Self {
        Self {
            body: Body::Empty,
            ..Self::page(status, reason)
        }
    }

    /// A redirect. A location that cannot stand in a header is an internal fault.
    pub(crate) fn redirect(status: u16, location: &[u8], reason: Reason) -> Self {
        match HeaderValue::from_bytes(location) {
            Ok(value) => Self {
                fields: vec![(LOCATION, value)],
                ..Self::page(status, reason)
            },
            Err(_) => Self::page(500, Reason::Internal),
        }
    }

    /// Adds a field.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.push((name, value));
        self
    }

    /// Notes the line of the statement that answers.
    #[must_use]
    pub(crate) fn at_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// The whole answer, response phases of the steps that the request reached included.
    pub(crate) fn compose(&self, accept: Option<&[u8]>, exchange: &Exchange) -> (PlainResponse, Bytes) {
        let (content_type, body) = self.render(accept, exchange.request_id());
        let mut head = PlainResponse {
            status: self.status,
            fields: self.fields.iter().cloned().collect(),
        };
        if let Some(value) = content_type {
            head.set(&CONTENT_TYPE, value);
        }
        let date = httpdate::fmt_http_date(SystemTime::now());
        head.set(
            &DATE,
            HeaderValue::from_str(&date).expect("a date is visible ASCII"),
        );
        exchange.respond(&mut head);
        // RFC 9110 §8.6: none with 204, and with 304 only what a 200 would have.
        if !matches!(self.status, 204 | 304) {
            head.set(&CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        (head, body)
    }

    /// True if nothing that follows on the connection can be read for certain.
    pub(crate) fn ends_connection(&self) -> bool {
        matches!(
            self.reason,
            Reason::BadFraming
                | Reason::BadHost
                | Reason::BadTarget
                | Reason::HeaderTooLarge
                | Reason::MethodRefused
        )
    }

    /// The body and its type, for a client that accepts these types.
    pub(crate) fn render(&self, accept: Option<&[u8]>, request_id: &str) -> (Option<HeaderValue>, Bytes) {
        match &self.body {
            Body::Empty | Body::Close => (None, Bytes::new()),
            Body::Text(text) => {
                let is_typed = self.fields.iter().any(|(name, _)| *name == CONTENT_TYPE);
                (
                    (!is_typed).then(|| HeaderValue::from_static("text/html")),
                    text.clone(),
                )
            }
            Body::Page => page(self.status, self.reason, accept, request_id),
        }
    }
}

/// HTML for browsers, JSON for those who ask for it, plain text for the rest.
fn page(
    status: u16,
    reason: Reason,
    accept: Option<&[u8]>,
    request_id: &str,
) -> (Option<HeaderValue>, Bytes) {
    let accept = accept.unwrap_or_default();
    let accepts = |kind: &[u8]| {
        accept
            .windows(kind.len())
            .any(|part| part.eq_ignore_ascii_case(kind))
    };
    let (code, doc) = (reason.as_str(), reason.row().doc);
    let title = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Answer");
    if accepts(b"text/html") {
        let text = format!(
            "<!doctype html><html><head><meta charset=\"utf-8\"><title>{status} {title}</title></head><body>\
             <h1>{status} {title}</h1><p>{doc}</p><p><small>reason: {code} &middot; request: {request_id}</small></p>\
             </body></html>\n"
        );
        return (
            Some(HeaderValue::from_static("text/html; charset=utf-8")),
            text.into(),
        );
    }
    if accepts(b"application/json") {
        let body =
            serde_json::json!({"status": status, "reason": code, "message": doc, "requestId": request_id});
        return (
            Some(HeaderValue::from_static("application/json")),
            format!("{body}\n").into(),
        );
    }
    let text = format!("{status} {title}: {doc} (reason: {code}, request: {request_id})\n");
    (
        Some(HeaderValue::from_static("text/plain; charset=utf-8")),
        text.into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_comes_in_the_format_that_is_accepted() {
        let reply = Reply::page(503, Reason::NoEndpoint);
        for (accept, kind, part) in [
            (
                Some("text/html,application/xml;q=0.9"),
                "text/html; charset=utf-8",
                "<h1>503 Service Unavailable</h1>",
            ),
            (
                Some("application/json"),
                "application/json",
                r#""reason":"no_endpoint""#,
            ),
            (
                Some("*/*"),
                "text/plain; charset=utf-8",
                "reason: no_endpoint, request: r1",
            ),
            (None, "text/plain; charset=utf-8", "503 Service Unavailable"),
        ] {
            let (found, body) = reply.render(accept.map(str::as_bytes), "r1");
            assert_eq!(found.expect("typed"), kind);
            assert!(String::from_utf8_lossy(&body).contains(part), "{accept:?}");
        }
    }

    #[test]
    fn a_location_that_breaks_the_header_is_never_sent() {
        assert_eq!(
            Reply::redirect(302, b"/a\r\nSet-Cookie: x", Reason::Redirect).status,
            500
        );
    }
}
