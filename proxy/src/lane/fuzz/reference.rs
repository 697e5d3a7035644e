//! Parsers of the narrowest grammar (RFC 9112), slow and simple, to compare with.

/// How a message says where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Bytes(u64),
    Chunks,
    Connection,
}

/// A head.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) start: String,
    pub(super) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) length: Length,
    /// Bytes up to the end of the empty line.
    pub(super) taken: usize,
}

/// A chunked body.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) content: Vec<u8>,
    pub(super) taken: usize,
}

/// A request with exactly one way to read it. Hosts are judged elsewhere.
pub(super) fn request(bytes: &[u8]) -> Option<Read> {
    let mut skipped = 0;
    while bytes[skipped..].starts_with(b"\r\n") {
        skipped += 2;
    }
    let mut read = head(&bytes[skipped..])?;
    read.taken += skipped;
    let words: Vec<&str> = read.start.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else {
        return None;
    };
    let is_target = target.starts_with('/') && target.bytes().all(|byte| byte > b' ' && byte != 0x7f);
    if method.is_empty() || !method.bytes().all(is_token) || !is_target {
        return None;
    }
    read.length = match stated(&read.fields)? {
        Length::Connection => Length::Bytes(0),
        stated => stated,
    };
    Some(read)
}

/// An answer to a GET with exactly one way to read it.
pub(super) fn answer(bytes: &[u8]) -> Option<Read> {
    let mut read = head(bytes)?;
    let rest = read.start.strip_prefix("HTTP/1.1 ")?;
    let (status, phrase) = rest.split_once(' ')?;
    if status.len() != 3 || phrase.bytes().any(|byte| !is_text(byte)) {
        return None;
    }
    let status: u16 = status.parse().ok()?;
    let stated = stated(&read.fields)?;
    read.length = match status {
        0..100 => return None,
        100..200 | 204 | 304 => Length::Bytes(0),
        _ => stated,
    };
    Some(read)
}

/// Chunks; `is_bare`: without extensions and trailer fields.
pub(super) fn chunks(bytes: &[u8], is_bare: bool) -> Option<Body> {
    let (mut at, mut content) = (0, Vec::new());
    loop {
        let line = line(bytes, &mut at)?;
        let (size, extension) = match line.iter().position(|byte| *byte == b';') {
            Some(end) => (&line[..end], Some(&line[end..])),
            None => (line, None),
        };
        let is_size = (1..=15).contains(&size.len()) && size.iter().all(u8::is_ascii_hexdigit);
        let is_odd = |extension: &[u8]| is_bare || !extension.iter().copied().all(is_text);
        if !is_size || extension.is_some_and(is_odd) {
            return None;
        }
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        if size == 0 {
            break;
        }
        content.extend_from_slice(bytes.get(at..at.checked_add(size)?)?);
        at += size;
        bytes.get(at..)?.starts_with(b"\r\n").then_some(())?;
        at += 2;
    }
    loop {
        let line = line(bytes, &mut at)?;
        if line.is_empty() {
            return Some(Body { content, taken: at });
        }
        field(line)?;
        if is_bare {
            return None;
        }
    }
}

fn head(bytes: &[u8]) -> Option<Read> {
    let mut at = 0;
    let start = String::from_utf8_lossy(line(bytes, &mut at)?).into_owned();
    let mut fields = Vec::new();
    loop {
        let line = line(bytes, &mut at)?;
        if line.is_empty() {
            break;
        }
        fields.push(field(line)?);
    }
    Some(Read {
        start,
        fields,
        length: Length::Connection,
        taken: at,
    })
}

/// `Connection` if no length is stated; `None` if not exactly one way is.
fn stated(fields: &[(Vec<u8>, Vec<u8>)]) -> Option<Length> {
    let values = |meant: &[u8]| -> Vec<&[u8]> {
        let fields = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(meant));
        fields.map(|(_, value)| &value[..]).collect()
    };
    match (&values(b"content-length")[..], &values(b"transfer-encoding")[..]) {
        ([], []) => Some(Length::Connection),
        ([length], []) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
            Some(Length::Bytes(std::str::from_utf8(length).ok()?.parse().ok()?))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => Some(Length::Chunks),
        _ => None,
    }
}

fn field(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let is_field =
        !name.is_empty() && name.iter().copied().all(is_token) && value.iter().copied().all(is_text);
    is_field.then(|| (name.to_vec(), value.trim_ascii().to_vec()))
}

/// A line without its CRLF, which is the first CR and the first LF of it.
fn line<'b>(bytes: &'b [u8], at: &mut usize) -> Option<&'b [u8]> {
    let rest = bytes.get(*at..)?;
    let end = rest.iter().position(|byte| b"\r\n".contains(byte))?;
    rest[end..].starts_with(b"\r\n").then_some(())?;
    *at += end + 2;
    Some(&rest[..end])
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
