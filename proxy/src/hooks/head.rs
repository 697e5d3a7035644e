//! The engine's heads as filters see them.

use http::{HeaderName, HeaderValue};
use pingora::http::{RequestHeader, ResponseHeader};

use crate::head::{self, Fields, RequestHead, ResponseHead};

/// A request head of the engine.
pub(super) struct RequestFields<'a>(pub(super) &'a mut RequestHeader);

/// A response head of the engine.
pub(super) struct ResponseFields<'a>(pub(super) &'a mut ResponseHeader);

macro_rules! fields {
    ($Head:ident) => {
        impl Fields for $Head<'_> {
            fn get(&self, name: &HeaderName) -> Option<&[u8]> {
                self.0.headers.get(name).map(HeaderValue::as_bytes)
            }

            fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
                self.0
                    .headers
                    .get_all(name)
                    .iter()
                    .map(HeaderValue::as_bytes)
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

            fn remove_if(&mut self, is_meant: impl Fn(&[u8]) -> bool) {
                for name in head::named(&self.0.headers, is_meant) {
                    self.0.remove_header(&name);
                }
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
