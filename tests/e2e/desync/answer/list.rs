//! The answers that are tried.

use super::Answer;
use super::Told::{self, Either, Narrow, Passes, Refused};

/// All of them.
pub(super) fn all() -> Vec<Answer> {
    let mut all = lengths();
    all.extend(heads());
    all.extend(chunks());
    all
}

fn answer(name: &'static str, told: Told, text: &str, closes: bool) -> Answer {
    Answer {
        name,
        told,
        text: text.to_owned(),
        closes,
    }
}

/// An answer of status 200 with these fields and this body.
fn ok(name: &'static str, told: Told, fields: &str, body: &str) -> Answer {
    answer(
        name,
        told,
        &format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{body}"),
        false,
    )
}

fn closing(answer: Answer) -> Answer {
    Answer {
        closes: true,
        ..answer
    }
}

fn lengths() -> Vec<Answer> {
    let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    vec![
        ok("a length", Passes, "Content-Length: 4", "abcd"),
        ok(
            "chunks",
            Passes,
            "Transfer-Encoding: chunked",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        closing(ok("until the connection ends", Passes, "X-A: b", "abcd")),
        ok(
            "CL + TE",
            Narrow,
            "Content-Length: 4\r\nTransfer-Encoding: chunked",
            "0\r\n\r\n",
        ),
        ok(
            "TE + CL",
            Narrow,
            "Transfer-Encoding: chunked\r\nContent-Length: 4",
            "0\r\n\r\n",
        ),
        ok(
            "two lengths",
            Refused,
            "Content-Length: 4\r\nContent-Length: 10",
            "abcdpoison",
        ),
        ok(
            "two lengths, the larger first",
            Refused,
            "Content-Length: 10\r\nContent-Length: 4",
            "abcdpoison",
        ),
        ok(
            "the same length twice",
            Either,
            "Content-Length: 4\r\nContent-Length: 4",
            "abcd",
        ),
        ok(
            "a list of lengths",
            Refused,
            "Content-Length: 4, 10",
            "abcdpoison",
        ),
        ok("a negative length", Refused, "Content-Length: -1", "abcd"),
        ok("a length with a plus", Refused, "Content-Length: +4", "abcd"),
        ok("a hexadecimal length", Refused, "Content-Length: 0x4", "abcd"),
        ok("an empty length", Refused, "Content-Length:", "abcd"),
        ok(
            "a length over 2^64",
            Refused,
            "Content-Length: 18446744073709551620",
            "abcd",
        ),
        closing(ok(
            "a length longer than the body",
            Refused,
            "Content-Length: 400",
            "abcd",
        )),
        ok(
            "bytes behind the end",
            Either,
            "Content-Length: 4",
            &format!("abcd{poison}"),
        ),
        ok(
            "bytes behind chunks",
            Either,
            "Transfer-Encoding: chunked",
            &format!("4\r\nabcd\r\n0\r\n\r\n{poison}"),
        ),
        answer(
            "bytes behind 204",
            Either,
            &format!("HTTP/1.1 204 No Content\r\n\r\n{poison}"),
            false,
        ),
        answer(
            "a length and a body with 204",
            Either,
            "HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\npoison",
            false,
        ),
        answer(
            "bytes behind 304",
            Either,
            &format!("HTTP/1.1 304 Not Modified\r\n\r\n{poison}"),
            false,
        ),
        answer(
            "two answers",
            Either,
            &poison.replace("poison", "foison").repeat(2),
            false,
        ),
        ok("TE: identity", Refused, "Transfer-Encoding: identity", "abcd"),
        ok(
            "TE: gzip, chunked",
            Refused,
            "Transfer-Encoding: gzip, chunked",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        ok(
            "TE: twice",
            Refused,
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        ok(
            "TE: xchunked",
            Refused,
            "Transfer-Encoding: xchunked",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        ok(
            "TE: space before colon",
            Narrow,
            "Transfer-Encoding : chunked",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        ok(
            "TE: vertical tab",
            Refused,
            "Transfer-Encoding: \u{b}chunked",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        ok(
            "TE: folded",
            Narrow,
            "Transfer-Encoding:\r\n chunked",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        ok(
            "TE: other case",
            Passes,
            "TRANSFER-encoding: CHUNKED",
            "4\r\nabcd\r\n0\r\n\r\n",
        ),
        closing(answer(
            "HTTP/1.0 with TE",
            Either,
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
            false,
        )),
    ]
}

fn heads() -> Vec<Answer> {
    let end = "Content-Length: 4\r\n\r\nabcd";
    let line = |name, told, line: &str| answer(name, told, &format!("{line}\r\n{end}"), false);
    let field =
        |name, told, field: &str| answer(name, told, &format!("HTTP/1.1 200 OK\r\n{field}\r\n{end}"), false);
    let hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    vec![
        line("an interim answer", Passes, &format!("{hint}HTTP/1.1 200 OK")),
        line(
            "a flood of interim answers",
            Narrow,
            &format!("{}HTTP/1.1 200 OK", go_on.repeat(1000)),
        ),
        line(
            "101 that nobody asked for",
            Refused,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nHTTP/1.1 200 OK",
        ),
        answer(
            "an interim answer with a body",
            Either,
            "HTTP/1.1 100 Continue\r\nContent-Length: 6\r\n\r\npoison",
            true,
        ),
        field("a folded value", Narrow, "X-A: b\r\n c"),
        field("a NUL in a value", Refused, "X-A: b\0c"),
        field("a CR in a value", Refused, "X-A: b\rX-B: c"),
        field("an LF in a value", Either, "X-A: b\nX-B: c"),
        field("a control byte in a value", Refused, "X-A: b\u{1}c"),
        field("no colon", Refused, "X-A"),
        field("a space before the colon", Narrow, "X-A : b"),
        field("an empty name", Refused, ": b"),
        field("a space in a name", Refused, "X A: b"),
        field("bytes over 127 in a value", Either, "X-A: \u{e4}"),
        field("Connection names a field", Passes, "Connection: X-A\r\nX-A: b"),
        field(
            "a field of 100 KB",
            Either,
            &format!("X-A: {}", "b".repeat(100 * 1024)),
        ),
        line("no phrase", Either, "HTTP/1.1 200"),
        line("an empty phrase", Passes, "HTTP/1.1 200 "),
        line("a NUL in the phrase", Refused, "HTTP/1.1 200 O\0K"),
        line("two digits", Refused, "HTTP/1.1 20 OK"),
        line("four digits", Refused, "HTTP/1.1 2000 OK"),
        line("a status of letters", Refused, "HTTP/1.1 abc OK"),
        line("status 099", Refused, "HTTP/1.1 099 OK"),
        line("a negative status", Refused, "HTTP/1.1 -20 OK"),
        line("HTTP/2.0", Refused, "HTTP/2.0 200 OK"),
        line("HTTP/1.2", Either, "HTTP/1.2 200 OK"),
        line("http/1.1", Refused, "http/1.1 200 OK"),
        line("HTTP/1.0", Either, "HTTP/1.0 200 OK"),
        line("two spaces before the status", Either, "HTTP/1.1  200 OK"),
        line("an empty line before", Either, "\r\nHTTP/1.1 200 OK"),
        answer(
            "lines of LF",
            Either,
            "HTTP/1.1 200 OK\nContent-Length: 4\n\nabcd",
            false,
        ),
        answer("no head", Refused, "poison", true),
        answer("half a head", Refused, "HTTP/1.1 200 OK\r\nContent-Len", true),
        answer("nothing", Refused, "", true),
        answer("TLS", Refused, "\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{16}", true),
    ]
}

fn chunks() -> Vec<Answer> {
    let one = |name, told, body: &str| ok(name, told, "Transfer-Encoding: chunked", body);
    vec![
        one("chunk: extension", Either, "4;a=b\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: extension with LF", Refused, "4;a\nabcd\r\n0\r\n\r\n"),
        one("chunk: extension with NUL", Narrow, "4;a\0\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: 0x", Refused, "0x4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: plus", Refused, "+4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: minus", Refused, "-4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: leading space", Refused, " 4\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: trailing space", Either, "4 \r\nabcd\r\n0\r\n\r\n"),
        one("chunk: LF behind the size", Refused, "4\nabcd\r\n0\r\n\r\n"),
        one("chunk: LF behind the data", Refused, "4\r\nabcd\n0\r\n\r\n"),
        one(
            "chunk: over 2^64",
            Refused,
            "10000000000000004\r\nabcd\r\n0\r\n\r\n",
        ),
        one("chunk: longer than said", Refused, "3\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: shorter than said", Refused, "5\r\nabcd\r\n0\r\n\r\n"),
        one("chunk: empty size", Narrow, "\r\nabcd\r\n0\r\n\r\n"),
        closing(one("chunk: no end", Refused, "4\r\nabcd\r\n")),
        closing(one("chunk: end within the data", Refused, "8\r\nabcd")),
        one(
            "trailer: Content-Length",
            Either,
            "4\r\nabcd\r\n0\r\nContent-Length: 100\r\n\r\n",
        ),
        one("trailer: LF", Refused, "4\r\nabcd\r\n0\r\nX-A: b\n\r\n"),
        one(
            "trailer: no colon",
            Narrow,
            "4\r\nabcd\r\n0\r\nHTTP/1.1 200 OK\r\n\r\n",
        ),
        one("trailer: NUL", Narrow, "4\r\nabcd\r\n0\r\nX-A: \0\r\n\r\n"),
    ]
}
