//! Short texts of requests, cut from blocks of memory that a thread allocates a few kilobytes at a time.
//!
//! Header values own their bytes; without this each one that a request makes would be an allocation. A block lives as long as
//! one text of it does.

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;

const BLOCK: usize = 4 * 1024;
/// Longer texts get memory of their own.
const LONGEST: usize = 512;

thread_local! {
    static REST: RefCell<BytesMut> = RefCell::new(BytesMut::new());
}

/// A copy of the bytes.
pub(crate) fn keep(bytes: &[u8]) -> Bytes {
    if bytes.len() > LONGEST {
        return Bytes::copy_from_slice(bytes);
    }
    REST.with_borrow_mut(|rest| {
        if rest.capacity() < bytes.len() {
            *rest = BytesMut::with_capacity(BLOCK);
        }
        rest.extend_from_slice(bytes);
        rest.split().freeze()
    })
}

/// A header value out of any text: control characters, which a decoded path may hold, become spaces.
pub(crate) fn header_value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_maybe_shared(keep(text)).unwrap_or_else(|_| {
        let is_control = |byte: u8| byte == 0x7f || (byte < 0x20 && byte != b'\t');
        let clean: Vec<u8> = text
            .iter()
            .map(|byte| if is_control(*byte) { b' ' } else { *byte })
            .collect();
        HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static(""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_what_they_are_while_others_are_made() {
        let made: Vec<(Vec<u8>, Bytes)> = (0..2000)
            .map(|at: usize| vec![u8::try_from(at % 251).unwrap_or_default(); at % 700])
            .map(|bytes| (bytes.clone(), keep(&bytes)))
            .collect();
        assert!(made.iter().all(|(bytes, kept)| bytes[..] == kept[..]));
        assert_eq!(header_value(b"a\tb\nc\x7f"), "a\tb c ");
    }
}
