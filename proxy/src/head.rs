//! Message heads as filters see them: fields by lower-case name, whatever engine holds them.
//!
//! Filters are generic over these traits, so that each engine's own head is used in place, without a copy. The head of
//! the general engine implements them in `hooks/head.rs`, the lane's in `lane/head.rs`; the plain `http` types do here, for
//! `explain`, our own answers and tests.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::arena::header_value;

/// Header fields.
pub(crate) trait Fields {
    /// The first value of a field.
    fn get(&self, name: &HeaderName) -> Option<&[u8]>;
    /// Every value of a field, in order.
    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]>;
    /// Replaces all fields of the name.
    fn set(&mut self, name: &HeaderName, value: HeaderValue);
    /// Adds a field.
    fn append(&mut self, name: &HeaderName, value: HeaderValue);
    /// As [`Self::append`], with a value that somebody keeps.
    fn append_copy(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.append(name, value.clone());
    }
    /// As [`Self::set`], with a text; what cannot stand in a field's value becomes spaces.
    fn set_text(&mut self, name: &HeaderName, value: &[u8]) {
        self.set(name, header_value(value));
    }
    /// As [`Self::append`], with a text; what cannot stand in a field's value becomes spaces.
    fn append_text(&mut self, name: &HeaderName, value: &[u8]) {
        self.append(name, header_value(value));
    }
    /// Removes all fields of the name.
    fn remove(&mut self, name: &HeaderName);
    /// Removes all fields of these names, few of which are there.
    fn remove_each(&mut self, names: &Names) {
        for (_, name) in &names.list {
            self.remove(name);
        }
    }
    /// Removes all fields whose names are meant; names come in any case.
    fn remove_if(&mut self, is_meant: impl Fn(&[u8]) -> bool);

    /// True if the field is there.
    fn has(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// The first value as text, if it is ASCII.
    #[inline]
    fn text(&self, name: &HeaderName) -> Option<&str> {
        let is_plain = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
        let value = self.get(name).filter(|value| value.iter().all(is_plain));
        value.and_then(|value| std::str::from_utf8(value).ok())
    }
}

/// Names that are looked for together.
#[derive(Debug)]
pub(crate) struct Names {
    list: Vec<(Key, HeaderName)>,
    marks: u64,
}

impl Names {
    pub(crate) fn new(names: &[&HeaderName]) -> Self {
        let list: Vec<_> = names
            .iter()
            .map(|name| (Key::of(name.as_str().as_bytes()), (*name).clone()))
            .collect();
        Self {
            marks: list.iter().fold(0, |marks, (key, _)| marks | key.mark()),
            list,
        }
    }

    /// A bit for each of the names, as [`Key::mark`] gives them.
    pub(crate) fn marks(&self) -> u64 {
        self.marks
    }

    /// True if a name of this key may be one of them.
    pub(crate) fn may_have(&self, key: Key) -> bool {
        self.marks & key.mark() != 0
    }

    /// True if the name, which has this key, is one of them in any case.
    pub(crate) fn has(&self, key: Key, name: &[u8]) -> bool {
        let is = |(other, own): &(Key, HeaderName)| {
            *other == key && own.as_str().as_bytes().eq_ignore_ascii_case(name)
        };
        self.may_have(key) && self.list.iter().any(is)
    }
}

/// What most names that differ differ in: their length and their last letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u16);

impl Key {
    /// The key of a name in any case.
    pub(crate) fn of(name: &[u8]) -> Self {
        let last = name.last().map_or(0, u8::to_ascii_lowercase);
        Self(u16::from_le_bytes([name.len().to_le_bytes()[0], last]))
    }

    /// The bit of a set that stands for names of this key, and for some others.
    pub(crate) fn mark(self) -> u64 {
        1 << (u32::from(self.0).wrapping_mul(SPREAD) >> 26)
    }
}

/// Found by trying: no usual field of a browser's request shares a bit with one that is taken away from requests, so that
/// nothing is looked for among them.
const SPREAD: u32 = 0x54a4_7165;

/// True if a name, in any case, starts with this text in lower case.
pub(crate) fn has_prefix(name: &[u8], prefix: &str) -> bool {
    let start = name.get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// The head of a request. Method and target stand apart, in the request's facts.
pub(crate) trait RequestHead: Fields {
    /// False if every received name is of letters, digits and `-` alone, as nearly all are.
    fn may_have_aliases(&self) -> bool {
        true
    }
}

/// The head of a response.
pub(crate) trait ResponseHead: Fields {
    /// The status code.
    fn status(&self) -> u16;
}

impl Fields for HeaderMap {
    fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        Self::get(self, name).map(HeaderValue::as_bytes)
    }

    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        self.get_all(name).iter().map(HeaderValue::as_bytes)
    }

    fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        self.insert(name.clone(), value);
    }

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        Self::append(self, name.clone(), value);
    }

    fn remove(&mut self, name: &HeaderName) {
        Self::remove(self, name);
    }

    fn remove_if(&mut self, is_meant: impl Fn(&[u8]) -> bool) {
        for name in named(self, is_meant) {
            Self::remove(self, name);
        }
    }
}

/// The names in a map that are meant.
pub(crate) fn named(map: &HeaderMap, is_meant: impl Fn(&[u8]) -> bool) -> Vec<HeaderName> {
    map.keys()
        .filter(|name| is_meant(name.as_str().as_bytes()))
        .cloned()
        .collect()
}

impl RequestHead for HeaderMap {}

/// A response head of plain parts.
#[derive(Debug)]
pub(crate) struct PlainResponse {
    /// The status code.
    pub(crate) status: u16,
    /// The fields.
    pub(crate) fields: HeaderMap,
}

impl Fields for PlainResponse {
    fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        Fields::get(&self.fields, name)
    }

    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        Fields::values(&self.fields, name)
    }

    fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        Fields::set(&mut self.fields, name, value);
    }

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        Fields::append(&mut self.fields, name, value);
    }

    fn remove(&mut self, name: &HeaderName) {
        Fields::remove(&mut self.fields, name);
    }

    fn remove_if(&mut self, is_meant: impl Fn(&[u8]) -> bool) {
        self.fields.remove_if(is_meant);
    }
}

impl ResponseHead for PlainResponse {
    fn status(&self) -> u16 {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_fields_are_not_taken_for_those_that_are_removed() {
        const REMOVED: [&str; 14] = [
            "forwarded",
            "keep-alive",
            "proxy",
            "proxy-authorization",
            "proxy-connection",
            "trailer",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-proto",
            "x-forwarded-server",
            "x-forwarded-tls-client-cert",
            "x-forwarded-uri",
            "x-real-ip",
        ];
        let names = REMOVED.map(HeaderName::from_static);
        let removed = Names::new(&names.each_ref());
        for name in [
            "Host",
            "User-Agent",
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "Authorization",
            "Cache-Control",
            "Connection",
            "Content-Length",
            "Content-Type",
            "Cookie",
            "If-None-Match",
            "Origin",
            "Priority",
            "Sec-Fetch-Dest",
            "Sec-Fetch-Mode",
            "Sec-Fetch-Site",
            "Upgrade-Insecure-Requests",
        ] {
            assert!(!removed.may_have(Key::of(name.as_bytes())), "{name}");
        }
        for name in REMOVED {
            let name = name.to_ascii_uppercase();
            assert!(removed.has(Key::of(name.as_bytes()), name.as_bytes()), "{name}");
        }
    }
}
