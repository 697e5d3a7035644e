//! What a request must be before anything looks at it: one host, one clear length, a path in canonical form.
//!
//! Takes bytes, not an engine's types, and is called once for each request by every engine. It decides nothing about
//! routes. The client's own bytes are what is forwarded; what is computed here are the keys that match and guard.

mod host;
mod path;

pub(crate) use host::{CanonicalHost, canonical_host};
pub(crate) use path::{Path, decode, encode};

use crate::reason::Reason;

/// Largest request head that is accepted, in bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// Digits of a `Content-Length`.
const DIGITS: usize = 18;

/// The parts of an HTTP/1 request that decide where it ends and where it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawHead<'a> {
    /// The whole head as received, up to and including the empty line.
    pub(crate) bytes: &'a [u8],
    /// True if `Transfer-Encoding` is there.
    pub(crate) has_transfer_encoding: bool,
    /// How many `Content-Length` fields there are.
    pub(crate) content_lengths: usize,
}

/// Checks what a lenient parser lets pass (RFC 9112 §2.2, §6.1, §6.3).
pub(crate) fn check_raw_head(head: RawHead<'_>) -> Result<(), Reason> {
    if head.bytes.len() > MAX_HEAD {
        return Err(Reason::HeaderTooLarge);
    }
    // A line that ends in LF alone is read differently by different servers.
    let ends_badly = |at: usize| at == 0 || head.bytes.get(at - 1) != Some(&b'\r');
    if memchr::memchr_iter(b'\n', head.bytes).any(ends_badly) {
        return Err(Reason::BadFraming);
    }
    if head.has_transfer_encoding {
        check_transfer_encoding(head.bytes)?;
    } else if head.content_lengths > 1 {
        // RFC 9112 §6.3: equal values may be folded into one, but no honest client sends them.
        return Err(Reason::BadFraming);
    } else if head.content_lengths == 1 {
        check_content_length(head.bytes)?;
    }
    Ok(())
}

/// Digits and nothing else: parsers take lists of equal numbers for one, too.
fn check_content_length(head: &[u8]) -> Result<(), Reason> {
    for (name, value) in fields(head) {
        let is_number = (1..=DIGITS).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        if name.eq_ignore_ascii_case(b"content-length") && !is_number {
            return Err(Reason::BadFraming);
        }
    }
    Ok(())
}

/// Names and values of a head's lines.
fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((&line[..colon], line[colon + 1..].trim_ascii()))
    })
}

/// Exactly one `Transfer-Encoding: chunked`, and no `Content-Length` beside it.
fn check_transfer_encoding(head: &[u8]) -> Result<(), Reason> {
    let mut codings = 0;
    for (name, value) in fields(head) {
        if name.eq_ignore_ascii_case(b"content-length") {
            return Err(Reason::BadFraming);
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            codings += 1;
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Reason::BadFraming);
            }
        }
    }
    if codings == 1 {
        Ok(())
    } else {
        Err(Reason::BadFraming)
    }
}

/// Bytes that may not stand in a target: control characters, spaces, and what begins a fragment.
fn is_forbidden(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f || byte == b'#'
}

/// The path and query of a target in origin form, or in absolute form with the authority cut off (RFC 9112 §3.2.2).
pub(crate) fn split_target(target: &[u8]) -> Result<(&[u8], Option<&[u8]>), Reason> {
    let rest = if let [b'/', ..] = target {
        target
    } else {
        let scheme_end = target
            .windows(3)
            .position(|part| part == b"://")
            .ok_or(Reason::BadTarget)?;
        let scheme = &target[..scheme_end];
        if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
            return Err(Reason::BadTarget);
        }
        let after = &target[scheme_end + 3..];
        let end = after
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?'))
            .unwrap_or(after.len());
        &after[end..]
    };
    // All of it is looked at, so that the compiler can take many bytes at once.
    if rest.iter().fold(false, |bad, byte| bad | is_forbidden(*byte)) {
        return Err(Reason::BadTarget);
    }
    let (path, query) = match memchr::memchr(b'?', rest) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    Ok((if path.is_empty() { b"/" } else { path }, query))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str) -> Result<(), Reason> {
        let lower = head.to_ascii_lowercase();
        check_raw_head(RawHead {
            bytes: head.as_bytes(),
            has_transfer_encoding: lower.contains("transfer-encoding"),
            content_lengths: lower.matches("content-length").count(),
        })
    }

    #[test]
    fn one_clear_length_is_demanded() {
        assert_eq!(check("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(()));
        assert_eq!(
            check("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Ok(())
        );
        assert_eq!(
            check("POST / HTTP/1.1\r\nContent-Length:  3 \r\nX-A: b\r\n\r\n"),
            Ok(())
        );
        for head in [
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-LENGTH: 3\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 0000000000000000003\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
        ] {
            assert_eq!(check(head), Err(Reason::BadFraming), "{head:?}");
        }
    }

    #[test]
    fn large_heads_are_refused() {
        let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(MAX_HEAD));
        assert_eq!(check(&head), Err(Reason::HeaderTooLarge));
    }

    #[test]
    fn targets_are_split() {
        let split = |target: &'static str| {
            split_target(target.as_bytes()).map(|(path, query)| {
                (
                    String::from_utf8_lossy(path).into_owned(),
                    query.map(|it| String::from_utf8_lossy(it).into_owned()),
                )
            })
        };
        assert_eq!(split("/a?b=c?d"), Ok(("/a".into(), Some("b=c?d".into()))));
        assert_eq!(split("http://h:80/a?b"), Ok(("/a".into(), Some("b".into()))));
        assert_eq!(split("http://h?b"), Ok(("/".into(), Some("b".into()))));
        for target in ["*", "a", "ftp://h/a", "/a b", "/a\tb", "/a#b", "h:443"] {
            assert_eq!(split(target), Err(Reason::BadTarget), "{target}");
        }
    }
}
