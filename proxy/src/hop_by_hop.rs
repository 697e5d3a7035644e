//! Fields that end at this proxy (RFC 9110 §7.6.1), taken away before any step looks at the head.
//!
//! A client names further fields in `Connection`. Those are its own and go; ours come later and must not go with them, so
//! the names are cut from `Connection` too, and the engine finds nothing there but what belongs to the connection itself.

use std::sync::LazyLock;

use http::header::{CONNECTION, COOKIE, PROXY_AUTHORIZATION, TE, TRAILER, UPGRADE};
use http::{HeaderName, HeaderValue};

use crate::head::{Names, RequestHead};

static KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
static PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
/// Not a real field, but programs started with CGI take it for the address of a proxy.
static PROXY: HeaderName = HeaderName::from_static("proxy");

static ENDING: LazyLock<Names> = LazyLock::new(|| {
    Names::new(&[
        &KEEP_ALIVE,
        &PROXY_CONNECTION,
        &PROXY,
        &PROXY_AUTHORIZATION,
        &TRAILER,
    ])
});

/// Removes what ends here, and joins what HTTP/2 may split.
pub(crate) fn strip(head: &mut impl RequestHead) {
    if head.has(&CONNECTION) {
        strip_nominated(head);
    }
    head.remove_each(&ENDING);
    if head
        .text(&TE)
        .is_some_and(|text| !text.eq_ignore_ascii_case("trailers"))
    {
        head.remove(&TE);
    }
    join_cookies(head);
}

fn strip_nominated(head: &mut impl RequestHead) {
    let lists: Vec<String> = head
        .values(&CONNECTION)
        .map(|value| String::from_utf8_lossy(value).to_ascii_lowercase())
        .collect();
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for name in lists
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        match name {
            "close" | "keep-alive" => kept.push(name),
            // Upgrading is the connection's affair; without the field it names, nothing is left of it.
            "upgrade" if head.has(&UPGRADE) => kept.push(name),
            // Needed by gRPC, and answered for by the engine.
            "te" | "upgrade" | "host" | "content-length" | "transfer-encoding" | "connection" => {}
            name => gone.extend(HeaderName::from_bytes(name.as_bytes())),
        }
    }
    let value = kept.join(", ");
    for name in &gone {
        head.remove(name);
    }
    match HeaderValue::from_str(&value) {
        Ok(value) if !value.is_empty() => head.set(&CONNECTION, value),
        _ => head.remove(&CONNECTION),
    }
}

/// RFC 9113 §8.2.3: cookies that come in several fields are one field for HTTP/1.
fn join_cookies(head: &mut impl RequestHead) {
    if !head.has(&COOKIE) || head.values(&COOKIE).nth(1).is_none() {
        return;
    }
    let fields: Vec<&[u8]> = head.values(&COOKIE).collect();
    if let Ok(value) = HeaderValue::from_bytes(&fields.join(&b"; "[..])) {
        head.set(&COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn strip_all(fields: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let mut head = HeaderMap::new();
        for (name, value) in fields {
            head.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        strip(&mut head);
        let text = |value: &HeaderValue| value.to_str().expect("ASCII").to_owned();
        head.iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    #[test]
    fn nominated_fields_go_and_are_named_no_more() {
        let fields = [
            ("connection", "close, X-Real-IP"),
            ("connection", "x-a"),
            ("x-real-ip", "1"),
            ("x-a", "1"),
            ("x-b", "1"),
        ];
        assert_eq!(
            strip_all(&fields),
            [("connection".into(), "close".into()), ("x-b".into(), "1".into())]
        );
        assert_eq!(
            strip_all(&[("connection", "x-a"), ("proxy", "x"), ("te", "gzip")]),
            []
        );
    }

    #[test]
    fn upgrades_and_trailers_stay() {
        let fields = [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("te", "trailers"),
        ];
        assert_eq!(strip_all(&fields).len(), 3);
    }

    #[test]
    fn cookies_become_one_field() {
        assert_eq!(
            strip_all(&[("cookie", "a=1"), ("cookie", "b=2; c=3")]),
            [("cookie".into(), "a=1; b=2; c=3".into())]
        );
    }
}
