//! HTTP/1.1 messages as they stand on a connection, read by both sides of the comparison: the client and the backend.
//!
//! Reads what is well-formed and says where something ends before its time. Judges nothing and rejects nothing.

use std::collections::BTreeMap;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Lower-case names, and the values of each in their order.
pub(super) type Fields = BTreeMap<String, Vec<String>>;

/// The first line of a message, and its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) line: String,
    pub(super) fields: Fields,
}

/// What a message says about the end of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    /// Until the connection ends.
    Close,
}

/// A body, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) trailers: Fields,
    /// False if it broke off.
    pub(super) is_whole: bool,
}

/// A stream, and what has been read of it ahead of its use.
pub(super) struct Reader<R> {
    stream: R,
    ahead: Vec<u8>,
    at: usize,
}

impl Head {
    /// The value of the first field of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.first().map(String::as_str)
    }

    /// True if a field that is a list names this item.
    pub(super) fn lists(&self, name: &str, item: &str) -> bool {
        let values = self.fields.get(name).into_iter().flatten();
        values
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(item))
    }

    /// How a body is framed; `None` if no field says so.
    pub(super) fn framing(&self) -> Option<Framing> {
        if self.lists("transfer-encoding", "chunked") {
            return Some(Framing::Chunked);
        }
        let length = self.get("content-length")?.parse().ok()?;
        Some(Framing::Length(length))
    }

    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        Self {
            line,
            fields: fields(lines),
        }
    }
}

fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let values = fields.entry(name.to_ascii_lowercase()).or_default();
        values.push(value.trim_matches([' ', '\t']).to_owned());
    }
    fields
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(super) fn new(stream: R) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
            at: 0,
        }
    }

    /// The next head; `None` if the connection ends before its end. Empty lines before it are skipped.
    pub(super) async fn head(&mut self) -> Option<Head> {
        loop {
            let bytes = self.through(b"\r\n\r\n").await?;
            let bytes = bytes.trim_ascii_start();
            if !bytes.is_empty() {
                return Some(Head::parse(bytes));
            }
        }
    }

    /// The body that follows.
    pub(super) async fn content(&mut self, framing: Framing) -> Content {
        let mut content = Content::default();
        content.is_whole = match framing {
            Framing::Length(length) => self.exact(length, &mut content.bytes).await,
            Framing::Close => {
                while self.exact(1, &mut content.bytes).await {}
                true
            }
            Framing::Chunked => self.chunks(&mut content).await.is_some(),
        };
        content
    }

    /// `None` if they end before their time.
    async fn chunks(&mut self, content: &mut Content) -> Option<()> {
        loop {
            let line = self.through(b"\r\n").await?;
            let digits: Vec<u8> = line.iter().copied().take_while(u8::is_ascii_hexdigit).collect();
            let size = usize::from_str_radix(&String::from_utf8(digits).ok()?, 16).ok()?;
            if size == 0 {
                break;
            }
            self.exact(size, &mut content.bytes).await.then_some(())?;
            self.through(b"\r\n").await?;
        }
        let mut lines = Vec::new();
        loop {
            let line = self.through(b"\r\n").await?;
            if line == b"\r\n" {
                break;
            }
            lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        content.trailers = fields(lines.iter().map(String::as_str));
        Some(())
    }

    /// Bytes up to and with this end; `None`, and nothing is used up, if it does not come.
    async fn through(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        let mut from = 0;
        loop {
            let rest = &self.ahead[self.at..];
            if let Some(found) = rest[from..].windows(end.len()).position(|part| part == end) {
                let bytes = rest[..from + found + end.len()].to_vec();
                self.at += bytes.len();
                return Some(bytes);
            }
            from = rest.len().saturating_sub(end.len() - 1);
            self.fill().await?;
        }
    }

    /// Appends so many bytes, or as many as come. True if all came.
    async fn exact(&mut self, count: usize, into: &mut Vec<u8>) -> bool {
        let end = into.len() + count;
        loop {
            let rest = &self.ahead[self.at..];
            let taken = rest.len().min(end - into.len());
            into.extend_from_slice(&rest[..taken]);
            self.at += taken;
            if into.len() == end {
                return true;
            }
            if self.fill().await.is_none() {
                return false;
            }
        }
    }

    /// Reads more; `None` at the end of the connection. A reset is an end as well.
    async fn fill(&mut self) -> Option<()> {
        if self.at == self.ahead.len() {
            self.ahead.clear();
            self.at = 0;
        }
        let count = self.stream.read_buf(&mut self.ahead).await.ok()?;
        (count > 0).then_some(())
    }
}
