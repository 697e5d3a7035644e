//! Identifiers of requests: 32 hexadecimal digits, as nginx's `$request_id`. Unique, not secret.
//!
//! Made for every request by the pipeline.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::HeaderValue;

use crate::arena;

/// The next one.
pub(crate) fn next() -> HeaderValue {
    static SEEDS: LazyLock<[foldhash::quality::RandomState; 2]> = LazyLock::new(Default::default);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    let mut digits = [0; 32];
    for (seed, half) in SEEDS.iter().zip(digits.chunks_exact_mut(16)) {
        let mut hasher = seed.build_hasher();
        hasher.write_u64(number);
        let bytes = hasher.finish().to_be_bytes();
        for (pair, byte) in half.chunks_exact_mut(2).zip(bytes) {
            let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
    }
    arena::header_value(&digits).expect("digits are visible ASCII")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn none_comes_twice() {
        let made: BTreeSet<Vec<u8>> = (0..200).map(|_| next().as_bytes().to_vec()).collect();
        assert_eq!(made.len(), 200);
        assert!(
            made.iter()
                .all(|id| id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit))
        );
    }
}
