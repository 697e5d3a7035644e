//! The engine's heads as filters see them.

use http::{HeaderName, HeaderValue};
use pingora::http::{RequestHeader, ResponseHeader};

use crate::head::{Fields, RequestHead, ResponseHead};

/// A request head of the engine.
pub(super) struct RequestFields<'a>(pub(super) &'a mut RequestHeader);

/// A response head of the engine.
pub(super) struct ResponseFields<'a>(pub(super) &'a mut ResponseHeader);

macro_rules! fields {
    ($Head:ident) => {
        impl Fields for $Head<'_> {
            fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
                self.0.headers.get(name)
            }

            fn values(&self, name: &HeaderName) -> impl Iterator<Item = &HeaderValue> {
                self.0.headers.get_all(name).iter()
            }

            fn names(&self) -> impl Iterator<Item = &HeaderName> {
                self.0.headers.keys()
            }

            fn set(&mut self, name: &HeaderName, value: HeaderValue) {
                self.0
                    .insert_header(name, value)
                    .expect("a header name is a header name");
            }

            fn append(&mut self, name: &HeaderName, value: HeaderValue) {
                // Fails only when the head is full, and then one field less is the lesser evil.
                let _ = self.0.append_header(name, value);
            }

            fn remove(&mut self, name: &HeaderName) {
                self.0.remove_header(name);
            }
        }
    };
}

fields!(RequestFields);
fields!(ResponseFields);

impl RequestHead for RequestFields<'_> {}

impl ResponseHead for ResponseFields<'_> {
    fn status(&self) -> u16 {
        self.0.status.as_u16()
    }
}
