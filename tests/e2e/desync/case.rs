//! The requests that are tried, and what may become of each. A character stands for one byte (U+00FF for 0xFF); `{t}` stands
//! for a path of the case's own and `{h}` for the host. Nobody may serve a path that ends in `smuggled`.

mod body;
mod claim;
mod head;
mod line;

/// The length of a case's path.
pub(super) const PATH: usize = 5;
/// The host that is served.
pub(super) const SERVED: &str = "app.example.org";
const HOST: usize = SERVED.len();

/// What may become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// Nothing of it reaches the origin.
    Refused,
    /// The same, but it can be seen where it ends: the next request may be served.
    Unserved,
    /// Its head may have left before its body turned out to be none; nothing complete reaches the origin. The general engine
    /// reads chunks with less care: it frames them anew, and what stands behind them ends the connection.
    Cut,
    /// So many requests arrive, complete, with the one that follows. The general engine serves nothing that came with
    /// another request, and ends the connection.
    Passes(usize),
    /// It is served or refused as a whole.
    Either,
}

/// One of the requests, or several on one connection.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) expect: Expect,
    template: String,
    /// The client sends nothing more: no request follows.
    pub(super) ends: bool,
}

impl Case {
    fn new(name: &'static str, expect: Expect, template: impl Into<String>) -> Self {
        Self {
            name,
            expect,
            template: template.into(),
            ends: false,
        }
    }

    fn ending(self) -> Self {
        Self { ends: true, ..self }
    }

    /// What the client sends, for a path and a host.
    pub(super) fn bytes(&self, path: &str, host: &str) -> Vec<u8> {
        let next = "GET {t}/next HTTP/1.1\r\nHost: {h}\r\nConnection: close\r\n\r\n";
        let next = if self.ends { "" } else { next };
        let text = format!("{}{next}", self.template)
            .replace("{t}", path)
            .replace("{h}", host);
        text.chars()
            .map(|letter| u8::try_from(letter).expect("a character stands for a byte"))
            .collect()
    }
}

/// All of them.
pub(super) fn all() -> Vec<Case> {
    let mut all = body::lengths();
    all.extend(body::codings());
    all.extend(body::chunks());
    all.extend(line::all());
    all.extend(head::all());
    all.extend(claim::all());
    all
}

/// A GET with these fields.
fn get(name: &'static str, expect: Expect, fields: &str) -> Case {
    Case::new(
        name,
        expect,
        format!("GET {{t}} HTTP/1.1\r\nHost: {{h}}\r\n{fields}\r\n\r\n"),
    )
}

/// A POST with these fields and this body.
fn post(name: &'static str, expect: Expect, fields: &str, body: &str) -> Case {
    Case::new(
        name,
        expect,
        format!("POST {{t}} HTTP/1.1\r\nHost: {{h}}\r\n{fields}\r\n\r\n{body}"),
    )
}
