//! Where the body ends: `Content-Length`, `Transfer-Encoding`, and the grammar of chunks.

use super::Expect::{Cut, Either, Passes, Refused};
use super::{Case, post};

/// A request that must stay the content of another one.
const SMUGGLED: &str = "GET {t}/smuggled HTTP/1.1\r\nHost: {h}\r\n\r\n";

pub(super) fn lengths() -> Vec<Case> {
    let one = |name, expect, fields: &str| post(name, expect, fields, "abcd");
    vec![
        one("Content-Length", Passes(2), "Content-Length: 4"),
        one(
            "Content-Length: same twice",
            Refused,
            "Content-Length: 4\r\nContent-Length: 4",
        ),
        one(
            "Content-Length: two",
            Refused,
            "Content-Length: 4\r\nContent-Length: 0",
        ),
        one(
            "Content-Length: two, other case",
            Refused,
            "Content-Length: 0\r\ncontent-length: 4",
        ),
        one("Content-Length: list", Refused, "Content-Length: 4, 4"),
        one("Content-Length: list of two", Refused, "Content-Length: 4,0"),
        one("Content-Length: plus", Refused, "Content-Length: +4"),
        one("Content-Length: minus", Refused, "Content-Length: -4"),
        one("Content-Length: minus zero", Refused, "Content-Length: -0"),
        one("Content-Length: space within", Refused, "Content-Length: 0 4"),
        one("Content-Length: hex", Refused, "Content-Length: 0x4"),
        one("Content-Length: letter", Refused, "Content-Length: 4a"),
        one("Content-Length: fraction", Refused, "Content-Length: 4.0"),
        one("Content-Length: exponent", Refused, "Content-Length: 4e0"),
        one("Content-Length: underscore", Refused, "Content-Length: 0_4"),
        one("Content-Length: quoted", Refused, "Content-Length: \"4\""),
        one("Content-Length: empty", Refused, "Content-Length:"),
        one("Content-Length: comma", Refused, "Content-Length: ,4"),
        one(
            "Content-Length: 2^64 + 4",
            Refused,
            "Content-Length: 18446744073709551620",
        ),
        one(
            "Content-Length: 2^63",
            Refused,
            "Content-Length: 9223372036854775808",
        ),
        one(
            "Content-Length: 20 zeros",
            Refused,
            "Content-Length: 00000000000000000004",
        ),
        one("Content-Length: leading zeros", Either, "Content-Length: 004"),
        one("Content-Length: spaces around", Either, "Content-Length:  4  "),
        one("Content-Length: tab before", Either, "Content-Length:\t4"),
        one("Content-Length: vertical tab", Refused, "Content-Length: \u{b}4"),
        one(
            "Content-Length: no-break space",
            Refused,
            "Content-Length: \u{a0}4",
        ),
        one("Content-Length: NUL", Refused, "Content-Length: 4\0"),
        one(
            "Content-Length: space before colon",
            Refused,
            "Content-Length : 4",
        ),
        one("Content-Length: tab before colon", Refused, "Content-Length\t: 4"),
        one("Content-Length: folded", Refused, "Content-Length:\r\n 4"),
        one(
            "Content-Length: LF and a second",
            Refused,
            "X-A: b\nContent-Length: 4\r\nContent-Length: 0",
        ),
        one(
            "Content_Length beside none",
            Refused,
            "Content_Length: 0\r\nContent-Length: 4\r\nContent-Length: 4",
        ),
        post(
            "Content-Length: longer than the body",
            Cut,
            "Content-Length: 400",
            "abcd",
        )
        .ending(),
        post(
            "a request in a body",
            Passes(2),
            "Content-Length: 61",
            &padded(SMUGGLED, 61),
        ),
        post(
            "a request in a body of chunks",
            Passes(2),
            "Transfer-Encoding: chunked",
            &format!("3d\r\n{}\r\n0\r\n\r\n", padded(SMUGGLED, 61)),
        ),
        Case::new(
            "GET with a body",
            Passes(2),
            "GET {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 4\r\n\r\nabcd",
        ),
        Case::new(
            "GET with chunks",
            Passes(2),
            "GET {t} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        ),
        Case::new(
            "HEAD with a body",
            Passes(2),
            "HEAD {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 4\r\n\r\nabcd",
        ),
        Case::new(
            "OPTIONS with a body",
            Passes(2),
            "OPTIONS {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 4\r\n\r\nabcd",
        ),
        Case::new(
            "DELETE with chunks",
            Passes(2),
            "DELETE {t} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        ),
        Case::new(
            "TRACE with a body",
            Either,
            "TRACE {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 4\r\n\r\nabcd",
        ),
        Case::new(
            "CONNECT with a body",
            Refused,
            "CONNECT {h}:80 HTTP/1.1\r\nHost: {h}:80\r\nContent-Length: 4\r\n\r\nabcd",
        ),
        Case::new(
            "CONNECT to a path",
            Refused,
            "CONNECT {t} HTTP/1.1\r\nHost: {h}\r\n\r\n",
        ),
        post(
            "Expect: 100-continue, sent at once",
            Either,
            "Expect: 100-continue\r\nContent-Length: 4",
            "abcd",
        ),
        post(
            "Expect: 100-continue with chunks",
            Either,
            "Expect: 100-continue\r\nTransfer-Encoding: chunked",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        post(
            "Expect: unknown",
            Either,
            "Expect: miracles\r\nContent-Length: 4",
            "abcd",
        ),
        post(
            "Expect: twice",
            Either,
            "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 4",
            "abcd",
        ),
        post(
            "Expect: 100-continue without a body",
            Either,
            "Expect: 100-continue\r\nContent-Length: 0",
            "",
        ),
    ]
}

/// With content behind it, so that it has this length whatever the path's.
fn padded(text: &str, length: usize) -> String {
    let written = text.len() - "{t}{h}".len() + super::PATH + super::HOST;
    format!("{text}{}", "x".repeat(length - written))
}

pub(super) fn codings() -> Vec<Case> {
    let one = |name, expect, fields: &str| post(name, expect, fields, "0\r\n\r\n");
    let coding = "Transfer-Encoding: chunked";
    vec![
        one("Transfer-Encoding", Passes(2), coding),
        one(
            "Transfer-Encoding: other case",
            Passes(2),
            "TRANSFER-ENCODING: ChUnKeD",
        ),
        one(
            "CL + TE",
            Refused,
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
        ),
        one(
            "TE + CL",
            Refused,
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
        ),
        one(
            "TE + CL 0",
            Refused,
            "Transfer-Encoding: chunked\r\nContent-Length: 0",
        ),
        one(
            "CL + TE of another case",
            Refused,
            "content-length: 5\r\nTRANSFER-encoding: CHUNKED",
        ),
        one(
            "CL + TE: identity",
            Refused,
            "Content-Length: 5\r\nTransfer-Encoding: identity",
        ),
        one("TE: identity", Refused, "Transfer-Encoding: identity"),
        one(
            "TE: chunked, identity",
            Refused,
            "Transfer-Encoding: chunked, identity",
        ),
        one(
            "TE: identity, chunked",
            Refused,
            "Transfer-Encoding: identity, chunked",
        ),
        one("TE: gzip, chunked", Refused, "Transfer-Encoding: gzip, chunked"),
        one(
            "TE: chunked, chunked",
            Refused,
            "Transfer-Encoding: chunked, chunked",
        ),
        one("TE: xchunked", Refused, "Transfer-Encoding: xchunked"),
        one("TE: chunkedx", Refused, "Transfer-Encoding: chunkedx"),
        one("TE: chunk", Refused, "Transfer-Encoding: chunk"),
        one("TE: empty", Refused, "Transfer-Encoding:"),
        one(
            "TE: empty with a length",
            Refused,
            "Transfer-Encoding:\r\nContent-Length: 5",
        ),
        one("TE: comma before", Refused, "Transfer-Encoding: ,chunked"),
        one("TE: comma behind", Refused, "Transfer-Encoding: chunked,"),
        one("TE: quoted", Refused, "Transfer-Encoding: \"chunked\""),
        one("TE: single quotes", Refused, "Transfer-Encoding: 'chunked'"),
        one("TE: parameter", Refused, "Transfer-Encoding: chunked;q=1"),
        one(
            "TE: twice",
            Refused,
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        ),
        one(
            "TE: chunked and cow",
            Refused,
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
        ),
        one(
            "TE: cow and chunked",
            Refused,
            "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked",
        ),
        one("TE: space before colon", Refused, "Transfer-Encoding : chunked"),
        one("TE: tab before colon", Refused, "Transfer-Encoding\t: chunked"),
        one(
            "TE: space before name",
            Refused,
            "X-A: b\r\n Transfer-Encoding: chunked",
        ),
        one("TE: tab before value", Either, "Transfer-Encoding:\tchunked"),
        one("TE: no space", Either, "Transfer-Encoding:chunked"),
        one("TE: spaces behind", Either, "Transfer-Encoding: chunked  "),
        one(
            "TE: vertical tab before value",
            Refused,
            "Transfer-Encoding: \u{b}chunked",
        ),
        one(
            "TE: vertical tab behind",
            Refused,
            "Transfer-Encoding: chunked\u{b}",
        ),
        one("TE: form feed", Refused, "Transfer-Encoding:\u{c}chunked"),
        one("TE: no-break space", Refused, "Transfer-Encoding: \u{a0}chunked"),
        one("TE: folded", Refused, "Transfer-Encoding:\r\n chunked"),
        one(
            "TE: folded with a length",
            Refused,
            "Content-Length: 5\r\nTransfer-Encoding:\r\n\tchunked",
        ),
        one("TE: NUL behind", Refused, "Transfer-Encoding: chunked\0"),
        one("TE: NUL within", Refused, "Transfer-Encoding: chu\0nked"),
        one("TE: byte over 127", Refused, "Transfer-Encoding: chunked\u{ff}"),
        one("TE: CR behind", Refused, "Transfer-Encoding: chunked\r\r"),
        one("TE: LF before", Refused, "X-A: b\nTransfer-Encoding: chunked"),
        one("TE: LF behind", Refused, "Transfer-Encoding: chunked\nX-A: b"),
        one("TE: CR before name", Refused, "\rTransfer-Encoding: chunked"),
        one(
            "TE: CR in the value before",
            Refused,
            "X-A: b\rTransfer-Encoding: chunked",
        ),
        one("TE: NUL before name", Refused, "\0Transfer-Encoding: chunked"),
        one(
            "TE: byte over 127 in name",
            Refused,
            "Transfer-Encoding\u{ff}: chunked",
        ),
        post(
            "Transfer_Encoding beside CL",
            Either,
            "Transfer_Encoding: chunked\r\nContent-Length: 5",
            "0\r\n\r\n",
        ),
        post(
            "Transfer Encoding beside CL",
            Refused,
            "Transfer Encoding: chunked\r\nContent-Length: 5",
            "0\r\n\r\n",
        ),
        post(
            "X-Transfer-Encoding beside CL",
            Passes(2),
            "X-Transfer-Encoding: chunked\r\nContent-Length: 5",
            "0\r\n\r\n",
        ),
        post(
            "Connection names Content-Length",
            Either,
            "Connection: Content-Length\r\nContent-Length: 4",
            "abcd",
        ),
        post(
            "Connection names Transfer-Encoding",
            Either,
            "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
            "0\r\n\r\n",
        ),
        Case::new(
            "HTTP/1.0 with TE",
            Either,
            "POST {t} HTTP/1.0\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        )
        .ending(),
        Case::new(
            "HTTP/1.0 with CL and TE",
            Refused,
            "POST {t} HTTP/1.0\r\nHost: {h}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
    ]
}

pub(super) fn chunks() -> Vec<Case> {
    let one = |name, expect, body: &str| post(name, expect, "Transfer-Encoding: chunked", body);
    vec![
        one("chunks", Passes(2), "4\r\nabcd\r\n0A\r\n0123456789\r\n0\r\n\r\n"),
        one("chunk: leading zeros", Either, "00000004\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: last of many zeros", Either, "4\r\nabcd\r\n000\r\n\r\n"),
        one("chunk: extension", Either, "4;a=b\r\nabcd\r\n0\r\n\r\n"),
        one(
            "chunk: quoted extension",
            Either,
            "4;a=\"b;c\"\r\nabcd\r\n0;x\r\n\r\n",
        ),
        one("chunk: extension with LF", Cut, "4;a\nabcd\r\n0\r\n\r\n"),
        one(
            "chunk: extension with LF that hides a request",
            Cut,
            "4;a\nx\r\n4c\r\n0\r\n\r\nGET {t}/smuggled HTTP/1.1\r\nHost: {h}\r\n\r\n0\r\n\r\n",
        ),
        one("chunk: extension with CR", Cut, "4;a\rb\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: extension with NUL", Cut, "4;a\0\r\nabcd\r\n0\r\n\r\n"),
        one(
            "chunk: extension without end",
            Cut,
            &format!("4;{}", "a".repeat(20_000)),
        ),
        one(
            "chunk: space before extension",
            Either,
            "4 ;a\r\nabcd\r\n0\r\n\r\n",
        ),
        one("chunk: 0x", Cut, "0x4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: plus", Cut, "+4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: minus", Cut, "-4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: leading space", Cut, " 4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: trailing space", Either, "4 \r\nabcd\r\n0\r\n\r\n"),
        one("chunk: tab behind", Either, "4\t\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: underscore", Cut, "0_4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: empty size", Cut, "\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: no size", Cut, ";a\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: 16 digits", Cut, "ffffffffffffffff\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: 2^64 + 4", Cut, "10000000000000004\r\nabcd\r\n0\r\n\r\n"),
        one(
            "chunk: 2^32 + 4 in 33 bits",
            Cut,
            "100000004\r\nabcd\r\n0\r\n\r\n",
        )
        .ending(),
        one("chunk: LF behind the size", Cut, "4\nabcd\r\n0\r\n\r\n"),
        one("chunk: CR behind the size", Cut, "4\rabcd\r\n0\r\n\r\n"),
        one("chunk: LF behind the data", Cut, "4\r\nabcd\n0\r\n\r\n"),
        one("chunk: nothing behind the data", Cut, "4\r\nabcd0\r\n\r\n"),
        one("chunk: longer than said", Cut, "3\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: shorter than said", Cut, "8\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: two bytes that are no CRLF", Cut, "4\r\nabcdXX0\r\n\r\n"),
        one("chunk: last line ends in LF", Cut, "4\r\nabcd\r\n0\n\n"),
        one("chunk: end of LF", Cut, "4\r\nabcd\r\n0\r\n\n"),
        one("chunk: end of CR CR LF", Cut, "4\r\nabcd\r\n0\r\n\r\r\n"),
        one("chunk: no end", Cut, "4\r\nabcd\r\n").ending(),
        one("chunk: end within the size", Cut, "4").ending(),
        one("chunk: end within the last line", Cut, "4\r\nabcd\r\n0\r\n\r").ending(),
        one(
            "chunk: request instead of a chunk",
            Cut,
            "GET {t}/smuggled HTTP/1.1\r\nHost: {h}\r\n\r\n",
        ),
        one("trailer", Either, "4\r\nabcd\r\n0\r\nX-A: b\r\n\r\n"),
        one(
            "trailer: Content-Length",
            Either,
            "4\r\nabcd\r\n0\r\nContent-Length: 100\r\n\r\n",
        ),
        one(
            "trailer: Transfer-Encoding",
            Either,
            "4\r\nabcd\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        one(
            "trailer: Host",
            Either,
            "4\r\nabcd\r\n0\r\nHost: forged.example\r\n\r\n",
        ),
        one(
            "trailer: X-Forwarded-For",
            Either,
            "4\r\nabcd\r\n0\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n",
        ),
        one("trailer: LF", Cut, "4\r\nabcd\r\n0\r\nX-A: b\n\r\n"),
        one(
            "trailer: space before colon",
            Cut,
            "4\r\nabcd\r\n0\r\nX-A : b\r\n\r\n",
        ),
        one("trailer: folded", Cut, "4\r\nabcd\r\n0\r\nX-A: b\r\n c\r\n\r\n"),
        one(
            "trailer: no colon",
            Cut,
            "4\r\nabcd\r\n0\r\nGET {t}/smuggled HTTP/1.1\r\n\r\n",
        ),
        one("trailer: NUL", Cut, "4\r\nabcd\r\n0\r\nX-A: \0\r\n\r\n"),
        one(
            "trailer: without end",
            Cut,
            &format!("4\r\nabcd\r\n0\r\n{}", "X-A: b\r\n".repeat(3000)),
        ),
    ]
}
