//! Rules over the walls inside `proxy`: which files may name the engine, and what filters may not know.
//!
//! Code counts, comments do not: a comment may say why something is done because of the engine.

use super::text::is_rust;

/// The places that may name the engine: the hooks it calls, the streams it is given, the peers it connects to, and where
/// operators' names for both engines stand.
const ENGINE_ROOMS: &[&str] = &[
    "proxy/src/engine.rs",
    "proxy/src/lib.rs",
    "proxy/src/server.rs",
    "proxy/src/hooks.rs",
    "proxy/src/hooks/",
    "proxy/src/listen/",
    "proxy/src/upstream/",
];

const ENGINE: &str = "pingora";

/// In `proxy/src`, the engine is named in its rooms only, so that a second one fits beside it.
pub(crate) fn engine(path: &str, text: &str) -> Vec<String> {
    let in_room = ENGINE_ROOMS
        .iter()
        .any(|room| path == *room || (room.ends_with('/') && path.starts_with(room)));
    if !path.starts_with("proxy/src/") || !is_rust(path) || in_room {
        return Vec::new();
    }
    found(
        path,
        text,
        |code| code.contains(ENGINE),
        "names the engine outside its rooms",
    )
}

/// A filter sees the request and the answer, never the engine or its session: it is tested without sockets.
pub(crate) fn filter(path: &str, text: &str) -> Vec<String> {
    let is_filter = path == "proxy/src/filters.rs" || path.starts_with("proxy/src/filters/");
    if !is_filter || !is_rust(path) {
        return Vec::new();
    }
    found(
        path,
        text,
        |code| names(code).any(|name| name == "Session"),
        "a filter knows a session",
    )
}

fn found(path: &str, text: &str, is_bad: impl Fn(&str) -> bool, what: &str) -> Vec<String> {
    let bad = (1..).zip(text.lines()).filter(|(_, line)| is_bad(code(line)));
    bad.map(|(number, line)| format!("{path}:{number}: {what}: {}", line.trim()))
        .collect()
}

/// The names in a line of code.
fn names(code: &str) -> impl Iterator<Item = &str> {
    code.split(|character: char| !character.is_alphanumeric() && character != '_')
}

/// A line without its `//` comment. A string may hold `//`, and a character may be a quote.
fn code(line: &str) -> &str {
    let mut in_string = false;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '\'' if !in_string && line[at..].starts_with("'\"'") => {
                characters.next();
            }
            '"' => in_string = !in_string,
            '/' if !in_string && characters.peek().is_some_and(|(_, next)| *next == '/') => {
                return &line[..at];
            }
            _ => {}
        }
    }
    line
}

#[test]
fn the_engine_is_named_in_its_rooms_only() {
    let text = "//! Why.\nuse pingora::proxy::ProxyHttp;\n";
    for good in [
        "proxy/src/hooks.rs",
        "proxy/src/hooks/head.rs",
        "proxy/src/listen/stream.rs",
        "proxy/src/upstream/peer.rs",
        "proxy/src/lib.rs",
        "proxy/src/server.rs",
        "proxy/tests/wire.rs",
        "config/src/lib.rs",
        "proxy/Cargo.toml",
    ] {
        assert_eq!(engine(good, text).len(), 0, "{good}");
    }
    for bad in [
        "proxy/src/router.rs",
        "proxy/src/hooks_more.rs",
        "proxy/src/filters/cors.rs",
        "proxy/src/a/lib.rs",
    ] {
        assert_eq!(engine(bad, text).len(), 1, "{bad}");
    }
    let problems = engine("proxy/src/lane/head.rs", text);
    assert!(
        problems[0].starts_with("proxy/src/lane/head.rs:2: "),
        "{problems:?}"
    );
}

#[test]
fn comments_may_name_the_engine_and_strings_may_not() {
    for good in [
        "// unlike pingora",
        "let a = 1; // as pingora does",
        "/// See pingora.",
        "let b = '\"'; // pingora",
    ] {
        assert_eq!(engine("proxy/src/a.rs", good).len(), 0, "{good}");
    }
    for bad in [
        "let a = \"// pingora\";",
        "let u = \"http://a\"; pingora::b();",
        "pingora_core::a() // b",
    ] {
        assert_eq!(engine("proxy/src/a.rs", bad).len(), 1, "{bad}");
    }
}

#[test]
fn filters_know_no_session() {
    for bad in [
        "fn request(&self, session: &mut Session)",
        "use crate::hooks::Session;",
    ] {
        assert_eq!(filter("proxy/src/filters/cors.rs", bad).len(), 1, "{bad}");
        assert_eq!(filter("proxy/src/filters.rs", bad).len(), 1, "{bad}");
        assert_eq!(filter("proxy/src/hooks.rs", bad).len(), 0, "{bad}");
    }
    for good in [
        "struct SessionCookie;",
        "let session = 1;",
        "// pingora's Session is not visible here",
    ] {
        assert_eq!(filter("proxy/src/filters/sticky.rs", good).len(), 0, "{good}");
    }
}
