//! What the operator chooses for the lines: request header fields, and whether queries are shown.
//!
//! Values are taken when a request comes, before its steps change it, and rendered at its end. Nothing is allocated if no
//! field is chosen.

use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, REFERER};
use http::{HeaderName, HeaderValue};

use crate::arena::header_value;
use crate::head::Fields;

/// Bytes of a value that are shown; the rest is cut off.
const LIMIT: usize = 256;
/// Stands for the value of a field that proves who somebody is.
const REDACTED: &str = "(redacted)";

/// What lines show besides the fields that they all have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFields {
    /// Header fields of requests. Values of those with passwords and sessions are never shown: `Authorization`,
    /// `Proxy-Authorization`, `Cookie` and `X-Api-Key`.
    pub headers: Vec<HeaderName>,
    /// Whether queries are shown.
    pub query: LogQuery,
}

/// Whether lines show queries, in which some clients send secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogQuery {
    /// The target and `Referer` as the client sent them.
    #[default]
    Keep,
    /// Both without what follows the first `?`.
    Drop,
}

/// The same, as the log keeps it: cheap to clone, each name once.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    names: Arc<[HeaderName]>,
    query: LogQuery,
}

/// Values of one request: the place of the name among those that are chosen, and a value.
#[derive(Debug, Default)]
pub(crate) struct LoggedHeaders(Vec<(usize, HeaderValue)>);

impl Chosen {
    pub(super) fn new(fields: &LogFields) -> Self {
        let mut names: Vec<HeaderName> = Vec::new();
        for name in &fields.headers {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        Self {
            names: names.into(),
            query: fields.query,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Allocates for what is chosen only.
    pub(super) fn take(&self, head: &impl Fields) -> LoggedHeaders {
        let mut values = Vec::new();
        for (at, name) in self.names.iter().enumerate() {
            let is_secret = is_secret(name);
            for value in head.values(name) {
                let shown = if is_secret {
                    HeaderValue::from_static(REDACTED)
                } else {
                    header_value(value)
                };
                values.push((at, shown));
                if is_secret {
                    break;
                }
            }
        }
        LoggedHeaders(values)
    }

    /// Each name with its values, joined as if they were one field (RFC 9110 §5.3); `None` if the request has none.
    pub(super) fn each<'a>(
        &'a self,
        values: &'a LoggedHeaders,
    ) -> impl Iterator<Item = (&'a str, Option<String>)> + 'a {
        self.names.iter().enumerate().map(|(at, name)| {
            let own = values.0.iter().filter(move |(of, _)| *of == at);
            let text = own.fold(None, |joined: Option<String>, (_, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                let value = if *name == REFERER {
                    self.without_query(&value)
                } else {
                    &value
                };
                Some(joined.map_or_else(|| value.to_owned(), |joined| joined + ", " + value))
            });
            (name.as_str(), text.map(cut))
        })
    }

    /// A target or URL as it may be shown.
    pub(super) fn without_query<'a>(&self, target: &'a str) -> &'a str {
        match self.query {
            LogQuery::Keep => target,
            LogQuery::Drop => target.split('?').next().unwrap_or_default(),
        }
    }
}

fn is_secret(name: &HeaderName) -> bool {
    [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(name) || name.as_str() == "x-api-key"
}

/// As many whole characters as the limit has room for.
fn cut(mut text: String) -> String {
    let mut end = text.len().min(LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn chosen(names: &[&'static str], query: LogQuery) -> Chosen {
        let headers = names.iter().map(|name| HeaderName::from_static(name)).collect();
        Chosen::new(&LogFields { headers, query })
    }

    fn shown(chosen: &Chosen, head: &[(&'static str, &[u8])]) -> Vec<(String, Option<String>)> {
        let mut map = HeaderMap::new();
        for (name, value) in head {
            map.append(*name, HeaderValue::from_bytes(value).expect("a value"));
        }
        let values = chosen.take(&map);
        let each = chosen.each(&values);
        each.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn what_is_chosen_is_shown_once_and_in_the_order_of_the_choice() {
        let chosen = chosen(&["x-b", "x-a", "x-b", "x-none"], LogQuery::Keep);
        let head: [(&str, &[u8]); 4] = [("x-a", b"1"), ("x-other", b"2"), ("x-b", b"3"), ("x-b", b"4")];
        let expected = [("x-b", Some("3, 4")), ("x-a", Some("1")), ("x-none", None)];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        assert_eq!(shown(&chosen, &head), expected);
    }

    #[test]
    fn passwords_and_sessions_are_never_shown() {
        let names = ["authorization", "proxy-authorization", "cookie", "x-api-key"];
        for name in names {
            let chosen = chosen(&[name], LogQuery::Keep);
            let head: [(&str, &[u8]); 2] = [(name, b"canary"), (name, b"canary")];
            assert_eq!(
                shown(&chosen, &head),
                [(name.to_owned(), Some("(redacted)".to_owned()))]
            );
            assert_eq!(shown(&chosen, &[]), [(name.to_owned(), None)]);
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let chosen = chosen(&["x-long"], LogQuery::Keep);
        let long = format!("a{}", "é".repeat(500));
        let shown = shown(&chosen, &[("x-long", long.as_bytes())]);
        assert_eq!(shown[0].1, Some(format!("a{}", "é".repeat(127))));
    }

    #[test]
    fn queries_are_shown_unless_they_are_dropped() {
        let url = "https://a.example.org/b?token=canary";
        for (query, expected) in [(LogQuery::Keep, url), (LogQuery::Drop, "https://a.example.org/b")] {
            let chosen = chosen(&["referer"], query);
            assert_eq!(chosen.without_query(url), expected);
            let shown = shown(&chosen, &[("referer", url.as_bytes())]);
            assert_eq!(shown[0].1.as_deref(), Some(expected));
        }
    }

    #[test]
    fn nothing_is_kept_if_nothing_is_chosen() {
        let chosen = chosen(&[], LogQuery::Drop);
        let mut head = HeaderMap::new();
        head.insert("x-a", HeaderValue::from_static("1"));
        assert!(chosen.is_empty());
        assert_eq!(chosen.take(&head).0.capacity(), 0);
    }
}
