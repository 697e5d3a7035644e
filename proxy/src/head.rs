//! Message heads as filters see them: fields by lower-case name, whatever engine holds them.
//!
//! Filters are generic over these traits, so that each engine's own head is used in place, without a copy. The head of
//! the general engine implements them in `hooks/head.rs`; the plain `http` types do here, for `explain` and tests.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Header fields.
pub(crate) trait Fields {
    /// The first value of a field.
    fn get(&self, name: &HeaderName) -> Option<&HeaderValue>;
    /// Every value of a field, in order.
    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &HeaderValue>;
    /// Every name that is there; a name may come more than once.
    fn names(&self) -> impl Iterator<Item = &HeaderName>;
    /// Replaces all fields of the name.
    fn set(&mut self, name: &HeaderName, value: HeaderValue);
    /// Adds a field.
    fn append(&mut self, name: &HeaderName, value: HeaderValue);
    /// Removes all fields of the name.
    fn remove(&mut self, name: &HeaderName);

    /// True if the field is there.
    fn has(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// The first value as text, if it is ASCII.
    fn text(&self, name: &HeaderName) -> Option<&str> {
        self.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The head of a request. Method and target stand apart, in the request's facts.
pub(crate) trait RequestHead: Fields {}

/// The head of a response.
pub(crate) trait ResponseHead: Fields {
    /// The status code.
    fn status(&self) -> u16;
}

impl Fields for HeaderMap {
    fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        Self::get(self, name)
    }

    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &HeaderValue> {
        self.get_all(name).iter()
    }

    fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.keys()
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
    fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.fields.get(name)
    }

    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &HeaderValue> {
        Fields::values(&self.fields, name)
    }

    fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.fields.keys()
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
}

impl ResponseHead for PlainResponse {
    fn status(&self) -> u16 {
        self.status
    }
}
