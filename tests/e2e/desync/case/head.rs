//! Header fields: their grammar, and `Host`.

use super::Expect::{Either, Passes, Refused, Unserved};
use super::{Case, get};

pub(super) fn all() -> Vec<Case> {
    let mut all = fields();
    all.extend(hosts());
    all
}

fn fields() -> Vec<Case> {
    vec![
        get("an empty value", Passes(2), "X-A:"),
        get("a value in the next line", Refused, "X-A:\r\n b"),
        get("a folded value", Refused, "X-A: b\r\n c"),
        get("a value folded with a tab", Refused, "X-A: b\r\n\tc"),
        get("a folded empty line", Refused, "X-A: b\r\n \r\nX-B: c"),
        get("an empty name", Refused, ": b"),
        get("no colon", Refused, "X-A"),
        get("a space in a name", Refused, "X A: b"),
        get("a space before the colon", Refused, "X-A : b"),
        get("a tab before the colon", Refused, "X-A\t: b"),
        get("a space before the name", Refused, " X-A: b"),
        get("a NUL in a name", Refused, "X\0A: b"),
        get("a byte over 127 in a name", Refused, "X\u{ff}A: b"),
        get("brackets in a name", Refused, "X[A]: b"),
        get("quotes in a name", Refused, "\"X-A\": b"),
        get("a slash in a name", Refused, "X/A: b"),
        get("token characters in a name", Either, "X!#$%&'*+.^_`|~: b"),
        get("a NUL in a value", Refused, "X-A: b\0c"),
        get("an LF in a value", Refused, "X-A: b\nX-B: c"),
        get("a CR in a value", Refused, "X-A: b\rX-B: c"),
        get("a CR CR LF", Refused, "X-A: b\r\r\nX-B: c"),
        get("a control byte in a value", Refused, "X-A: b\u{1}c"),
        get("an escape in a value", Refused, "X-A: b\u{1b}[0m"),
        get("a DEL in a value", Refused, "X-A: b\u{7f}"),
        get("bytes over 127 in a value", Either, "X-A: \u{e4}\u{ff}"),
        get("a tab in a value", Either, "X-A: b\tc"),
        get("a request behind LF in a value", Refused, "X-A: b\n\nGET {t}/smuggled HTTP/1.1\nHost: {h}\n"),
        get("a request in a value", Passes(2), "X-A: GET {t}/smuggled HTTP/1.1"),
        get("a request behind escaped lines in a value", Passes(2), "X-A: b%0d%0a%0d%0aGET {t}/smuggled HTTP/1.1"),
        get("a field of 100 KB", Refused, &format!("X-A: {}", "b".repeat(100 * 1024))),
        get("300 fields", Refused, &vec!["X-A: b"; 300].join("\r\n")),
        get("Upgrade with bytes behind it", Either, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        get("Upgrade that is broken", Either, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777"),
        get("Upgrade to h2c", Either, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
        get("Upgrade that Connection does not name", Either, "Upgrade: websocket"),
        get("Connection names Upgrade alone", Either, "Connection: Upgrade"),
        Case::new("Upgrade with a body", Either, "POST {t} HTTP/1.1\r\nHost: {h}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n\r\nabcd"),
        Case::new("two requests at once", Passes(3), "GET {t} HTTP/1.1\r\nHost: {h}\r\n\r\nGET {t}/second HTTP/1.1\r\nHost: {h}\r\n\r\n"),
        Case::new("a second request that is none", Either, "GET {t} HTTP/1.1\r\nHost: {h}\r\n\r\nGET {t}/second HTTP/1.1\nHost: {h}\r\n\r\n"),
        Case::new("CR LF too many behind a body", Either, "POST {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 4\r\n\r\nabcd\r\n"),
        Case::new("a body that is longer than said", Either, "POST {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 2\r\n\r\nabcd"),
        Case::new("a request behind one that closes", Either, "GET {t} HTTP/1.1\r\nHost: {h}\r\nConnection: close\r\n\r\nGET {t}/smuggled HTTP/1.1\r\nHost: {h}\r\n\r\n").ending(),
    ]
}

fn hosts() -> Vec<Case> {
    let host = |name, expect, line: &str| {
        Case::new(
            name,
            expect,
            format!("GET {{t}} HTTP/1.1\r\n{line}X-A: b\r\n\r\n"),
        )
    };
    vec![
        host("no Host", Refused, ""),
        host("an empty Host", Refused, "Host:\r\n"),
        host("two Hosts", Refused, "Host: {h}\r\nHost: forged.example\r\n"),
        host("the same Host twice", Refused, "Host: {h}\r\nHost: {h}\r\n"),
        host(
            "two Hosts, other case",
            Refused,
            "Host: {h}\r\nhOST: forged.example\r\n",
        ),
        host("Host and an empty one", Refused, "Host: {h}\r\nHost:\r\n"),
        host("Host with a port", Passes(2), "Host: {h}:8080\r\n"),
        host("Host with an empty port", Either, "Host: {h}:\r\n"),
        host("Host with a port that is none", Refused, "Host: {h}:80a\r\n"),
        host("Host with a port too large", Refused, "Host: {h}:65616\r\n"),
        host("Host with two ports", Refused, "Host: {h}:80:80\r\n"),
        host("Host with a user", Refused, "Host: forged.example@{h}\r\n"),
        host("Host as a user", Refused, "Host: {h}@forged.example\r\n"),
        host("Host with a comma", Refused, "Host: {h},forged.example\r\n"),
        host("Host with a space", Refused, "Host: {h} forged.example\r\n"),
        host("Host with a path", Refused, "Host: {h}/admin\r\n"),
        host("Host with a query", Refused, "Host: {h}?a\r\n"),
        host("Host with a fragment", Refused, "Host: {h}#a\r\n"),
        host("Host with a backslash", Refused, "Host: {h}\\a\r\n"),
        host("Host with a NUL", Refused, "Host: {h}\0\r\n"),
        host("Host with a tab", Refused, "Host: {h}\tx\r\n"),
        host("Host with brackets", Unserved, "Host: [{h}]\r\n"),
        host("Host with a byte over 127", Refused, "Host: {h}\u{ff}\r\n"),
        host("Host that is escaped", Refused, "Host: %61pp.example.org\r\n"),
        host("Host with a dot at the end", Either, "Host: {h}.\r\n"),
        host("Host in large letters", Passes(2), "Host: APP.EXAMPLE.ORG\r\n"),
        host("Host folded", Refused, "Host:\r\n {h}\r\n"),
        host("Host with a space before the colon", Refused, "Host : {h}\r\n"),
        host(
            "Host behind a field with a space",
            Refused,
            " X-B: c\r\nHost: {h}\r\n",
        ),
        host("X-Forwarded-Host instead", Refused, "X-Forwarded-Host: {h}\r\n"),
    ]
}
