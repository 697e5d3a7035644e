//! Identifiers of requests: 32 hexadecimal digits, as nginx's `$request_id`. Unique, not secret.
//!
//! Made for every request by the pipeline. Each thread makes some at a time, so that most requests allocate nothing for theirs.

use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use http::HeaderValue;

const LENGTH: usize = 32;
/// How many are made at a time.
const BLOCK: usize = 64;

thread_local! {
    static MADE: RefCell<Bytes> = const { RefCell::new(Bytes::new()) };
}

/// The next one.
pub(crate) fn next() -> HeaderValue {
    MADE.with_borrow_mut(|made| {
        if made.is_empty() {
            *made = make().into();
        }
        HeaderValue::from_maybe_shared(made.split_to(LENGTH)).expect("digits are visible ASCII")
    })
}

fn make() -> Vec<u8> {
    static SEEDS: LazyLock<[foldhash::quality::RandomState; 2]> = LazyLock::new(Default::default);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut digits = Vec::with_capacity(BLOCK * LENGTH);
    for _ in 0..BLOCK {
        let number = NEXT.fetch_add(1, Relaxed);
        for seed in SEEDS.iter() {
            let mut hasher = seed.build_hasher();
            hasher.write_u64(number);
            let value = hasher.finish();
            digits.extend(value.to_be_bytes().iter().flat_map(|byte| {
                let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
                [digit(byte >> 4), digit(byte & 15)]
            }));
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn none_comes_twice() {
        let made: BTreeSet<Vec<u8>> = (0..3 * BLOCK).map(|_| next().as_bytes().to_vec()).collect();
        assert_eq!(made.len(), 3 * BLOCK);
        assert!(
            made.iter()
                .all(|id| id.len() == LENGTH && id.iter().all(u8::is_ascii_hexdigit))
        );
    }
}
