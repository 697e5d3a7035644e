//! A strict reading of HTTP/1.1 messages, written for the tests and independent of the product: what the narrowest server
//! accepts (RFC 9112), and nothing else. Chunk extensions and trailer fields count as faults.

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The request line or the status line.
    pub(super) start: String,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// False if the stream ends within the body.
    pub(super) is_complete: bool,
}

impl Message {
    /// A word of the first line.
    pub(super) fn word(&self, at: usize) -> &str {
        self.start.split(' ').nth(at).unwrap_or_default()
    }

    fn values(&self, name: &str) -> Vec<&str> {
        let fields = self
            .fields
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_str()).collect()
    }
}

/// The requests of one connection.
pub(super) fn requests(bytes: &[u8]) -> Result<Vec<Message>, String> {
    messages(bytes, |message| {
        let words: Vec<&str> = message.start.split(' ').collect();
        let [method, target, "HTTP/1.1"] = words[..] else {
            return Err("no request line".to_owned());
        };
        if method.is_empty() || !method.bytes().all(is_token) {
            return Err("no method".to_owned());
        }
        if target.is_empty() || target.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err("no target".to_owned());
        }
        match message.values("host")[..] {
            [host]
                if host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte)) =>
            {
                Ok(Ends::Empty)
            }
            _ => Err("not exactly one host".to_owned()),
        }
    })
}

/// The answers of one connection to requests other than HEAD.
pub(super) fn answers(bytes: &[u8]) -> Result<Vec<Message>, String> {
    messages(bytes, |message| {
        let status: u16 = message.word(1).parse().map_err(|_| "no status".to_owned())?;
        let version = message.word(0);
        let is_known = version == "HTTP/1.1"
            || (version == "HTTP/1.0" && message.values("transfer-encoding").is_empty());
        if !is_known || message.word(1).len() != 3 {
            return Err("no status line".to_owned());
        }
        Ok(match status {
            100..200 | 204 | 304 => Ends::AtOnce,
            _ => Ends::WithConnection,
        })
    })
}

/// Where a message without a stated length ends.
enum Ends {
    Empty,
    /// Even with a length.
    AtOnce,
    WithConnection,
}

fn messages(
    mut bytes: &[u8],
    check: impl Fn(&Message) -> Result<Ends, String>,
) -> Result<Vec<Message>, String> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let read = head(bytes).and_then(|(mut message, rest)| {
            let ends = check(&message)?;
            let rest = body(&mut message, ends, rest)?;
            Ok((message, rest))
        });
        let (message, rest) =
            read.map_err(|why| format!("{why}, at {:?}", text(&bytes[..bytes.len().min(300)])))?;
        all.push(message);
        bytes = rest;
    }
    Ok(all)
}

fn head(bytes: &[u8]) -> Result<(Message, &[u8]), String> {
    let end = find(bytes, b"\r\n\r\n").ok_or("a head does not end")?;
    let mut left = &bytes[..end + 2];
    let start = text(line(&mut left)?);
    let mut fields = Vec::new();
    while !left.is_empty() {
        let line = line(&mut left)?;
        let colon = line
            .iter()
            .position(|byte| *byte == b':')
            .ok_or("a field without a colon")?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err("a name that is none".to_owned());
        }
        if value
            .iter()
            .any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f)
        {
            return Err("a control character in a value".to_owned());
        }
        fields.push((text(name), text(value.trim_ascii())));
    }
    let message = Message {
        start,
        fields,
        body: Vec::new(),
        is_complete: true,
    };
    Ok((message, &bytes[end + 4..]))
}

fn body<'b>(message: &mut Message, ends: Ends, rest: &'b [u8]) -> Result<&'b [u8], String> {
    let (lengths, codings) = (
        message.values("content-length"),
        message.values("transfer-encoding"),
    );
    let length = match (&lengths[..], &codings[..]) {
        ([], []) => None,
        ([length], []) if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(length.parse::<usize>().map_err(|_| "a length without end")?)
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => None,
        _ => return Err("not one clear length".to_owned()),
    };
    let is_chunked = !codings.is_empty();
    if matches!(ends, Ends::AtOnce) {
        return Ok(rest);
    }
    if is_chunked {
        return chunks(message, rest);
    }
    let count = match (length, ends) {
        (Some(length), _) => length,
        (None, Ends::WithConnection) => rest.len(),
        (None, _) => 0,
    };
    message.is_complete = count <= rest.len();
    let count = count.min(rest.len());
    message.body = rest[..count].to_vec();
    Ok(&rest[count..])
}

fn chunks<'b>(message: &mut Message, mut rest: &'b [u8]) -> Result<&'b [u8], String> {
    message.is_complete = false;
    loop {
        let Some(end) = find(rest, b"\r\n") else {
            let is_begun = rest.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'\r');
            return if is_begun {
                Ok(&[])
            } else {
                Err("a chunk's size that is none".to_owned())
            };
        };
        let size = text(&rest[..end]);
        if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("a chunk's size that is none".to_owned());
        }
        let size = usize::from_str_radix(&size, 16).map_err(|_| "a chunk without end")?;
        rest = &rest[end + 2..];
        let data = &rest[..size.min(rest.len())];
        message.body.extend_from_slice(data);
        rest = &rest[data.len()..];
        match rest {
            [b'\r', b'\n', ..] => rest = &rest[2..],
            [] | [b'\r'] => return Ok(&[]),
            _ => return Err("a chunk that is longer than it says, or a trailer field".to_owned()),
        }
        if size == 0 {
            message.is_complete = true;
            return Ok(rest);
        }
    }
}

/// A line without its CRLF.
fn line<'b>(left: &mut &'b [u8]) -> Result<&'b [u8], String> {
    let end = find(left, b"\r\n").ok_or("a line does not end")?;
    let line = &left[..end];
    *left = &left[end + 2..];
    if line.iter().any(|byte| b"\r\n".contains(byte)) {
        return Err("a lone CR or LF".to_owned());
    }
    Ok(line)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// One character for each byte.
pub(super) fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[test]
fn the_reference_reads_what_is_clear_and_nothing_else() {
    let read = |text: &str| requests(text.as_bytes()).map(|all| all.len());
    assert_eq!(
        read("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"),
        Ok(2)
    );
    assert_eq!(
        read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
        Ok(1)
    );
    for bad in [
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\n\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nabc",
    ] {
        assert!(read(bad).is_err(), "{bad:?}");
    }
}
