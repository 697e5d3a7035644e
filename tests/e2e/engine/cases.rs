//! What both engines are asked, one case after the other: requests of one connection, `|` standing for a line's end.

mod framing;
mod route;

pub(crate) use framing::FRAMING;
pub(crate) use route::ROUTES;

use super::conversation::{Conversation, Pieces, Request};
use crate::abuse::{AMBIGUOUS, BAD_CHUNKS};

/// A name, and the requests.
pub(crate) type Case = (&'static str, &'static [&'static str]);

/// Requests that are written together.
pub(super) const PIPELINED: &[Case] = &[
    (
        "two",
        &[
            "GET /plain?n=1 HTTP/1.1|Host: n.example.org||",
            "GET /plain?n=2 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "bodies",
        &[
            "POST /plain?n=1 HTTP/1.1|Host: n.example.org|Content-Length: 3||abc",
            "POST /plain?n=2 HTTP/1.1|Host: n.example.org|Transfer-Encoding: chunked||3|def|0||",
            "GET /plain?n=3 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "an end in between",
        &[
            "GET /plain?n=1 HTTP/1.1|Host: n.example.org|Connection: close||",
            "GET /plain?n=2 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "our own answers",
        &[
            "GET /unknown HTTP/1.1|Host: n.example.org||",
            "GET /denied HTTP/1.1|Host: n.example.org||",
            "GET /plain HTTP/1.1|Host: n.example.org||",
        ],
    ),
];

/// Requests that are written together and in the middle of which the general engine takes over.
pub(super) const HANDED_OVER: &[Case] = &[(
    "the other engine in between",
    &[
        "GET /plain?n=1 HTTP/1.1|Host: n.example.org||",
        "GET /again/?n=2 HTTP/1.1|Host: n.example.org||",
        "GET /plain?n=3 HTTP/1.1|Host: n.example.org||",
    ],
)];

/// Requests whose second part waits for an interim answer.
pub(super) const WAITING: &[Case] = &[
    (
        "Expect",
        &["POST /plain HTTP/1.1|Host: n.example.org|Expect: 100-continue|Content-Length: 3||abc"],
    ),
    (
        "Expect of what is not served",
        &["POST /unknown HTTP/1.1|Host: n.example.org|Expect: 100-continue|Content-Length: 3||abc"],
    ),
    (
        "an upgrade",
        &[
            "GET /plain?s=101&f=none&up=1 HTTP/1.1|Host: n.example.org|Connection: Upgrade|Upgrade: echo||ping",
        ],
    ),
    (
        "an upgrade that is refused",
        &["GET /plain HTTP/1.1|Host: n.example.org|Connection: Upgrade|Upgrade: echo||"],
    ),
];

/// Over TLS.
pub(super) const SECURE: &[Case] = &[
    (
        "plain",
        &[
            "GET /a?b HTTP/1.1|Host: secure.example.org||",
            "POST /a?f=c&n=70000 HTTP/1.1|Host: secure.example.org|Content-Length: 3||abc",
            "GET / HTTP/1.1|Host: stranger.example.org||",
        ],
    ),
    (
        "of another host",
        &[
            "GET /plain HTTP/1.1|Host: t.example.org||",
            "GET /secure HTTP/1.1|Host: t.example.org||",
        ],
    ),
    (
        "a client that ends",
        &["GET /a HTTP/1.1|Host: secure.example.org|Connection: close||"],
    ),
    ("HTTP/1.0", &["GET /a HTTP/1.0|Host: secure.example.org||"]),
];

/// To a ferrik that trusts this client to be a proxy.
pub(super) const TRUSTED: &[Case] = &[
    (
        "nginx",
        &[
            "GET /plain HTTP/1.1|Host: n.example.org|X-Forwarded-For: 198.51.100.1, 203.0.113.7|X-Forwarded-Proto: https|X-Forwarded-Host: public.example.org|X-Request-ID: given||",
        ],
    ),
    (
        "Traefik",
        &[
            "GET /plain HTTP/1.1|Host: t.example.org|X-Forwarded-For: 198.51.100.1, 203.0.113.7|X-Forwarded-Proto: https|X-Forwarded-Port: 8443|X-Real-IP: 203.0.113.7||",
        ],
    ),
    (
        "Kubernetes",
        &["GET /prefix HTTP/1.1|Host: f.example.org|Forwarded: for=203.0.113.7;proto=https||"],
    ),
    (
        "addresses",
        &[
            "GET /denied HTTP/1.1|Host: n.example.org|X-Forwarded-For: 203.0.113.7||",
            "GET /denied HTTP/1.1|Host: n.example.org|X-Forwarded-For: 198.51.100.1||",
            "GET /denied HTTP/1.1|Host: t.example.org|X-Forwarded-For: 203.0.113.7||",
        ],
    ),
    (
        "to https",
        &[
            "GET /a HTTP/1.1|Host: secure.example.org|X-Forwarded-Proto: https||",
            "GET /a HTTP/1.1|Host: secure.example.org|X-Forwarded-Proto: http||",
        ],
    ),
    (
        "no address",
        &["GET /plain HTTP/1.1|Host: n.example.org|X-Forwarded-For: unknown, , 1.2.3||"],
    ),
];

/// What is malformed, too large or too long, each followed by a request that must not be served.
pub(super) fn abuse() -> Vec<(String, Conversation)> {
    let host = "n.example.org";
    let smuggled = format!("GET /plain/smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let one = |name: &str, text: &str| {
        let mut conversation = conversation(&[""], false);
        conversation.requests[0].bytes = (text.to_owned() + &smuggled).into_bytes();
        (name.to_owned(), conversation)
    };
    let ambiguous = AMBIGUOUS
        .iter()
        .map(|(name, text)| one(name, &text.replace("{}", host)));
    let chunked = format!("POST /plain HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunks = BAD_CHUNKS.iter().map(|body| one(body, &(chunked.clone() + body)));
    let head = format!("GET /plain HTTP/1.1\r\nHost: {host}\r\n");
    let long = one(
        "a long field",
        &format!("{head}X-A: {}\r\n\r\n", "a".repeat(100 << 10)),
    );
    let many = one(
        "many fields",
        &format!("{head}{}\r\n", "X-A: aaaaaaaaaaaaaaaaaaaa\r\n".repeat(4 << 10)),
    );
    let more = one("300 fields", &format!("{head}{}\r\n", "X-A: a\r\n".repeat(300)));
    let body = "a".repeat(2000);
    let counted = one(
        "a counted body",
        &format!(
            "POST /small HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n{body}\r\n0\r\n\r\n"
        ),
    );
    ambiguous
        .chain(chunks)
        .chain([long, many, more, counted])
        .collect()
}

/// Bytes of a request.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    text.replace('|', "\r\n").into_bytes()
}

/// The requests of a case on one connection, one after the other or all at once.
pub(super) fn conversation(texts: &[&str], is_pipelined: bool) -> Conversation {
    let request = |text: &&str| Request {
        bytes: bytes(text),
        is_head: text.starts_with("HEAD "),
        pause: None,
    };
    Conversation {
        requests: texts.iter().map(request).collect(),
        groups: if is_pipelined {
            Vec::new()
        } else {
            vec![1; texts.len()]
        },
        ..Conversation::default()
    }
}

/// The same, each request waiting behind its head.
pub(super) fn waiting(texts: &[&str]) -> Conversation {
    let mut conversation = conversation(texts, false);
    for request in &mut conversation.requests {
        let end = request.bytes.windows(4).position(|part| part == b"\r\n\r\n");
        request.pause = end.map(|end| end + 4);
    }
    conversation
}

/// The same, written byte by byte.
pub(super) fn dripping(mut conversation: Conversation) -> Conversation {
    conversation.pieces = Pieces::Drops;
    conversation
}
