//! From bytes to heads: what the lane takes, what it leaves to the general engine, and what nobody may forward.
//!
//! The parser underneath refuses folded lines, spaces before a colon, NUL and bad names. What it lets pass and servers read
//! differently is refused here (RFC 9112 §2.2, §3.2, §6). Nothing is decided about routes.

use std::mem::MaybeUninit;
use std::ops::Range;

use http::Method;
use httparse::{Error, Status};

use super::buffer;
use super::framing::Framing;
use super::head::Head;
use super::kind::{Kind, is};
use crate::listen::has_odd_request_line;
use crate::reason::Reason;
use crate::sanitize::{self, MAX_HEAD, RawHead};

/// Fields of one head, as many as the general engine takes.
const FIELDS: usize = 256;
/// Digits of a `Content-Length`.
const DIGITS: usize = 18;

/// A request whose head is complete.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) head: Head,
    pub(super) method: Method,
    pub(super) uri: TargetUri,
    pub(super) framing: Framing,
    /// The client sends no further request.
    pub(super) closes: bool,
}

/// Where a request goes (RFC 9110 §7.1), as the client wrote it. Apart from the head, which steps change meanwhile.
#[derive(Debug)]
pub(super) struct TargetUri {
    /// The target, and the host behind it.
    text: Vec<u8>,
    /// Length of the target.
    target: usize,
    has_host: bool,
}

/// What bytes of a client begin with.
pub(super) enum Parsed {
    /// A part of a head.
    Partial,
    /// A request for the general engine.
    Declined,
    /// A request, and the length of its head.
    Complete(Request, usize),
}

/// An answer's head.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) head: Head,
    pub(super) status: u16,
    /// Where the reason phrase stands in the head's bytes.
    pub(super) phrase: Range<usize>,
    pub(super) framing: Framing,
    /// The backend takes a further request on the connection.
    pub(super) keeps: bool,
}

impl Request {
    /// Stands for one that is refused: as much of it as can be read, for the log and the page.
    pub(super) fn refused(bytes: &[u8]) -> Self {
        let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
        let mut parsed = httparse::Request::new(&mut []);
        let read = parsed.parse_with_uninit_headers(bytes, &mut fields);
        let mut head = Head::new();
        if let Ok(Status::Complete(length)) = read {
            for field in parsed.headers.iter() {
                let name = field.name.as_bytes();
                head.push(bytes, Kind::of(name), name, field.value);
            }
            head.keep(bytes.get(..length).unwrap_or(bytes));
        }
        let (method, target) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
        Self {
            head,
            method: Method::from_bytes(method.as_bytes()).unwrap_or_default(),
            uri: TargetUri::new(target.as_bytes()),
            framing: Framing::Done,
            closes: true,
        }
    }
}

impl TargetUri {
    fn new(target: &[u8]) -> Self {
        Self {
            text: kept(target),
            target: target.len(),
            has_host: false,
        }
    }

    fn set_host(&mut self, host: &[u8]) {
        self.text.truncate(self.target);
        self.text.extend_from_slice(host);
        self.has_host = true;
    }

    /// Path and query.
    pub(super) fn target(&self) -> &[u8] {
        &self.text[..self.target]
    }

    /// The value of `Host`.
    pub(super) fn host(&self) -> Option<&[u8]> {
        self.has_host.then(|| &self.text[self.target..])
    }
}

impl Drop for TargetUri {
    fn drop(&mut self) {
        buffer::give(std::mem::take(&mut self.text));
    }
}

impl Response {
    /// What the backend says beside the status.
    pub(super) fn phrase(&self) -> &[u8] {
        self.head.bytes().get(self.phrase.clone()).unwrap_or_default()
    }
}

/// Reads a request's head.
pub(super) fn request(bytes: &[u8]) -> Result<Parsed, Reason> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    let length = match parsed.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if bytes.len() > MAX_HEAD => return Err(Reason::HeaderTooLarge),
        Ok(Status::Partial) => return Ok(Parsed::Partial),
        Err(Error::TooManyHeaders) => return Err(Reason::HeaderTooLarge),
        Err(_) if has_odd_request_line(bytes) => return Err(Reason::BadTarget),
        // RFC 9113 §3.4: a preface that came late, or another version; the general engine answers.
        Err(Error::Version) => return Ok(Parsed::Declined),
        Err(_) => return Err(Reason::BadFraming),
    };
    let (method, target) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
    if parsed.version != Some(1) || !target.starts_with('/') || method == "CONNECT" {
        return Ok(Parsed::Declined);
    }
    let mut request = Request {
        head: Head::new(),
        method: Method::from_bytes(method.as_bytes()).map_err(|_| Reason::BadFraming)?,
        uri: TargetUri::new(target.as_bytes()),
        framing: Framing::Done,
        closes: false,
    };
    let (mut hosts, mut lengths, mut is_chunked) = (0, 0, false);
    for field in parsed.headers.iter() {
        let name = field.name.as_bytes();
        let kind = Kind::of(name);
        match kind {
            Kind::Other | Kind::Hop | Kind::Date => {}
            Kind::Host => {
                hosts += 1;
                request.uri.set_host(field.value);
            }
            Kind::Length => {
                lengths += 1;
                request.framing = Framing::length(number(field.value).ok_or(Reason::BadFraming)?);
            }
            Kind::Coding => is_chunked = true,
            Kind::Connection => {
                request.closes |= !is(field.value, b"keep-alive") && has_option(field.value, b"close");
            }
            Kind::Upgrade | Kind::Expect => return Ok(Parsed::Declined),
        }
        request.head.look_at(name);
        request.head.push(bytes, kind, name, field.value);
    }
    if hosts > 1 {
        return Err(Reason::BadHost);
    }
    sanitize::check_raw_head(RawHead {
        bytes: bytes.get(..length).unwrap_or(bytes),
        has_transfer_encoding: is_chunked,
        content_lengths: lengths,
    })?;
    if is_chunked {
        request.framing = Framing::CHUNKED;
    }
    request.head.keep(bytes.get(..length).unwrap_or(bytes));
    Ok(Parsed::Complete(request, length))
}

/// Why an answer cannot be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unclear(pub(super) &'static str);

/// Reads an answer's head, to a request of this method; `None` if it is not complete. Held to the same rules as requests:
/// an answer with two lengths would be split differently by the client's next proxy.
pub(super) fn response(bytes: &[u8], method: &Method) -> Result<Option<(Response, usize)>, Unclear> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let length = match config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields) {
        Ok(Status::Complete(length)) if length <= MAX_HEAD => length,
        Ok(Status::Partial) if bytes.len() <= MAX_HEAD => return Ok(None),
        Ok(_) => return Err(Unclear("the head is too large")),
        Err(_) => return Err(Unclear("the head is no HTTP")),
    };
    let status = parsed.code.unwrap_or_default();
    if status < 100 {
        return Err(Unclear("its status is none"));
    }
    let (mut closes, mut keeps) = (false, false);
    let (mut length_of_body, mut codings, mut is_chunked) = (None, 0, false);
    let mut head = Head::new();
    for field in parsed.headers.iter() {
        let name = field.name.as_bytes();
        let kind = Kind::of(name);
        match kind {
            Kind::Length => {
                let value = number(field.value).ok_or(Unclear("Content-Length is no number"))?;
                match length_of_body.replace(value) {
                    None => {}
                    // RFC 9112 §6.3: said once to the client, who may count the fields.
                    Some(known) if known == value => continue,
                    Some(_) => return Err(Unclear("it has two lengths")),
                }
            }
            Kind::Coding => {
                codings += 1;
                is_chunked = field.value.eq_ignore_ascii_case(b"chunked");
            }
            Kind::Connection if is(field.value, b"keep-alive") => keeps = true,
            Kind::Connection if is(field.value, b"close") => closes = true,
            Kind::Connection => {
                closes |= has_option(field.value, b"close");
                keeps |= has_option(field.value, b"keep-alive");
                head.note_nominations();
            }
            Kind::Host | Kind::Upgrade | Kind::Expect | Kind::Date | Kind::Hop | Kind::Other => {}
        }
        head.push(bytes, kind, name, field.value);
    }
    if codings > 1 || (codings == 1 && (!is_chunked || length_of_body.is_some())) {
        return Err(Unclear("it says in two ways where it ends"));
    }
    let is_current = parsed.version == Some(1);
    let framing = if *method == Method::HEAD || matches!(status, 100..200 | 204 | 304) {
        Framing::Done
    } else if is_chunked {
        Framing::CHUNKED
    } else {
        length_of_body.map_or(Framing::Close, Framing::length)
    };
    head.set_status(status);
    head.keep(bytes.get(..length).unwrap_or(bytes));
    let response = Response {
        head,
        status,
        phrase: place(bytes, parsed.reason.unwrap_or_default().as_bytes()),
        framing,
        // RFC 9112 §6.1: chunks in HTTP/1.0 are a fault of somebody's.
        keeps: !closes && (is_current || (keeps && codings == 0)) && framing != Framing::Close,
    };
    Ok(Some((response, length)))
}

/// True if a head may end in these bytes behind the first `before`, or is too large by now.
pub(super) fn may_be_complete(bytes: &[u8], before: usize) -> bool {
    let tail = bytes.get(before.saturating_sub(2)..).unwrap_or_default();
    bytes.len() > MAX_HEAD
        || tail.windows(2).any(|pair| pair == b"\n\n")
        || tail.windows(3).any(|three| three == b"\n\r\n")
}

/// True if a list names the option.
pub(super) fn has_option(list: &[u8], option: &[u8]) -> bool {
    list.split(|byte| *byte == b',')
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(option))
}

/// RFC 9110 §8.6: digits and nothing else.
fn number(value: &[u8]) -> Option<u64> {
    if !(1..=DIGITS).contains(&value.len()) {
        return None;
    }
    // So many digits always fit.
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    value
        .iter()
        .try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

/// A copy in memory of the thread.
fn kept(bytes: &[u8]) -> Vec<u8> {
    let mut copy = buffer::take();
    copy.extend_from_slice(bytes);
    copy
}

/// Where a part of the bytes stands in them.
fn place(bytes: &[u8], part: &[u8]) -> Range<usize> {
    if part.is_empty() {
        return 0..0;
    }
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
mod tests;
