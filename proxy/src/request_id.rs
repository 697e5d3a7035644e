//! Identifiers of requests: 32 hexadecimal digits, as nginx's `$request_id`. Unique, not secret. Or the client's own.
//!
//! Made for every request by the pipeline; told to backends, logs and pages.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;

use crate::arena;

/// Digits of an identifier of ours.
const DIGITS: usize = 32;
/// The longest identifier that is taken over.
const LONGEST: usize = 128;

/// Identifies a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(Id);

#[derive(Clone, Debug)]
enum Id {
    Own([u8; DIGITS]),
    Told(Bytes),
}

impl RequestId {
    /// Stands for none.
    pub(crate) const NONE: Self = Self(Id::Told(Bytes::new()));

    /// A new one.
    pub(crate) fn next() -> Self {
        static SEEDS: LazyLock<[foldhash::quality::RandomState; 2]> = LazyLock::new(Default::default);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let mut digits = [0; DIGITS];
        for (seed, half) in SEEDS.iter().zip(digits.chunks_exact_mut(DIGITS / 2)) {
            let mut hasher = seed.build_hasher();
            hasher.write_u64(number);
            let bytes = hasher.finish().to_be_bytes();
            for (pair, byte) in half.chunks_exact_mut(2).zip(bytes) {
                pair.copy_from_slice(&HEXADECIMAL[usize::from(byte)]);
            }
        }
        Self(Id::Own(digits))
    }

    /// The one that a client names, if it is one. It is shown in pages and logs and told to backends: nothing may stand in it
    /// that needs escaping anywhere.
    pub(crate) fn told(text: &[u8]) -> Option<Self> {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:/+=@-".contains(byte);
        let is_id = (1..=LONGEST).contains(&text.len()) && text.iter().all(is_plain);
        is_id.then(|| Self(Id::Told(arena::keep(text))))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Id::Own(digits) => digits,
            Id::Told(text) => text,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// The digits of each byte.
const HEXADECIMAL: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn none_comes_twice() {
        let made: BTreeSet<Vec<u8>> = (0..200).map(|_| RequestId::next().as_bytes().to_vec()).collect();
        assert_eq!(made.len(), 200);
        assert!(
            made.iter()
                .all(|id| id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit))
        );
    }

    #[test]
    fn only_plain_identifiers_of_clients_are_taken_over() {
        let longest = "a".repeat(LONGEST);
        for text in ["a", "0b1c.d_e:f/g+h=i@j-k", &longest] {
            let id = RequestId::told(text.as_bytes()).expect(text);
            assert_eq!(id.as_str(), text);
        }
        for text in [
            "",
            "a b",
            "a\"",
            "a\\",
            "<a>",
            "ä",
            "a\r\n",
            &format!("{longest}a"),
        ] {
            assert!(RequestId::told(text.as_bytes()).is_none(), "{text:?}");
        }
    }
}
