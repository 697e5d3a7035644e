//! A look at request heads on their way to the engine, and the answers that it gives without asking.
//!
//! The engine escapes what may not stand in a request line (a space, a control character) and goes on; nginx answers 400,
//! and so do we. And what the engine cannot parse it answers with a page of its own, which ours replaces.

use std::fmt::Write as _;

/// Heads beyond this size are answered 431 if the engine refuses them.
const LARGE: usize = 16 * 1024;
/// So are heads of more lines than this; the engine takes 256.
const MANY: usize = 250;

/// True if the bytes begin with a request line that holds what may not stand in one.
pub(crate) fn has_odd_request_line(bytes: &[u8]) -> bool {
    let mut line = FirstLine::default();
    line.feed(bytes, 0);
    line.is_odd()
}

/// What is known of the head that is arriving.
#[derive(Debug, Default)]
pub(super) struct FirstLine {
    /// How many requests came before it.
    request: u64,
    spaces: u8,
    is_over: bool,
    is_odd: bool,
    /// The byte before was a CR.
    has_return: bool,
    length: usize,
    lines: usize,
}

impl FirstLine {
    /// Looks at bytes that arrived while no request was in flight. `request` counts the requests before.
    pub(super) fn feed(&mut self, bytes: &[u8], request: u64) {
        if self.request != request {
            *self = Self {
                request,
                ..Self::default()
            };
        }
        self.length += bytes.len();
        self.lines += bytes.split(|byte| *byte == b'\n').count() - 1;
        let mut left = bytes.iter();
        while !self.is_over
            && let Some(byte) = left.next()
        {
            let is_behind_return = std::mem::replace(&mut self.has_return, *byte == b'\r');
            match byte {
                // RFC 9112 §2.2: an empty line before a request is ignored.
                b'\r' | b'\n' if self.spaces == 0 && self.length == bytes.len() => {}
                b'\n' => self.is_over = true,
                // RFC 9112 §2.2: a CR alone is no end of a line, and some servers take it for one.
                _ if is_behind_return => self.is_odd = true,
                b' ' => self.spaces = self.spaces.saturating_add(1),
                b'\r' => {}
                byte => self.is_odd |= *byte < b' ' || *byte == 0x7f,
            }
        }
        self.is_odd |= self.spaces > 2;
    }

    /// True if the request line holds what the engine would escape.
    pub(super) fn is_odd(&self) -> bool {
        self.is_odd
    }

    /// Our answer in the place of the engine's, which begins with `bytes`; `None` if that is no refusal of a head.
    pub(super) fn refusal(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let status = bytes.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3))?;
        let (title, reason, doc) = match status {
            b"400" if self.length > LARGE || self.lines > MANY => (
                "431 Request Header Fields Too Large",
                "header_too_large",
                "The request's header fields are larger than is accepted.",
            ),
            b"400" => ("400 Bad Request", "bad_framing", "The request cannot be read."),
            b"405" => (
                "405 Method Not Allowed",
                "method_refused",
                "The method is not served.",
            ),
            _ => return None,
        };
        let body = format!("{title}: {doc} (reason: {reason})\n");
        let mut head = format!("HTTP/1.1 {title}\r\n");
        write!(
            head,
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .expect("writing to a String");
        Some((head + &body).into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_odd(pieces: &[&str]) -> bool {
        let mut line = FirstLine::default();
        for piece in pieces {
            line.feed(piece.as_bytes(), 0);
        }
        line.is_odd()
    }

    #[test]
    fn only_the_first_line_counts_in_any_fragmentation() {
        assert!(!is_odd(&["GET /a HTTP/1.1\r\nX: a b c d\x01\r\n\r\n"]));
        assert!(!is_odd(&["G", "ET /a HT", "TP/1.1\r", "\nX: a b c d\r\n"]));
        assert!(!is_odd(&["\r\nGET /a HTTP/1.1\r\n"]));
        for bad in [
            "GET /a b HTTP/1.1\r\n",
            "GET /a\x01 HTTP/1.1\r\n",
            "GET  /a HTTP/1.1\r\n",
            "GET /a\tb HTTP/1.1\r\n",
            "GET /a\rb HTTP/1.1\r\n",
            "GET /a HTTP/1.1\r\r\n",
        ] {
            assert!(is_odd(&[bad]), "{bad:?}");
            let (a, b) = bad.split_at(7);
            assert!(is_odd(&[a, b]), "{bad:?}");
        }
    }

    #[test]
    fn the_next_request_starts_anew() {
        let mut line = FirstLine::default();
        line.feed(b"GET /a b HTTP/1.1\r\n", 0);
        line.feed(b"GET /a HTTP/1.1\r\n", 1);
        assert!(!line.is_odd());
    }

    #[test]
    fn the_engines_refusals_are_replaced() {
        let mut line = FirstLine::default();
        let text = |line: &FirstLine, bytes: &[u8]| {
            line.refusal(bytes)
                .map(|it| String::from_utf8_lossy(&it).into_owned())
        };
        assert!(
            text(&line, b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n")
                .is_some_and(|it| it.starts_with("HTTP/1.1 400 "))
        );
        assert!(text(&line, b"HTTP/1.1 405 \r\n").is_some_and(|it| it.contains("method_refused")));
        assert_eq!(text(&line, b"HTTP/1.1 200 OK\r\n"), None);
        line.feed(&vec![b'x'; LARGE + 1], 0);
        assert!(
            text(&line, b"HTTP/1.1 400 Bad Request\r\n").is_some_and(|it| it.starts_with("HTTP/1.1 431 "))
        );
    }
}
