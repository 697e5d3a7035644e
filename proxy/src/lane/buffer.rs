//! Memory that connections borrow from their thread: heads and waiting bytes, and one large piece to read into.
//!
//! Used by the whole lane. A connection that waits for a request owns none of it. What is given back is used again by the
//! next request of the thread, so that a request asks the allocator for nothing.

use std::cell::{Cell, RefCell};

/// What is read at most at once when bodies pass. Few large reads and writes cost about half of what many of 64 KiB do.
const SCRATCH: usize = 256 * 1024;
/// First capacity of a buffer: most heads fit.
const FIRST: usize = 4 * 1024;
/// Larger buffers are kept apart, for what a client does not take at once of a body.
const LARGEST: usize = 64 * 1024;
/// Buffers that a thread keeps.
const KEPT: usize = 128;
/// Large ones, each of at most twice what is read at once. Memory that is given up and asked for again with every read
/// stays with the process for a while, and adds up to more than these.
const KEPT_LARGE: usize = 4;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static LARGE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static PIECE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An empty buffer with room for a head.
pub(super) fn take() -> Vec<u8> {
    let spare = SPARE.with_borrow_mut(Vec::pop);
    spare.unwrap_or_else(|| Vec::with_capacity(FIRST))
}

/// Gives a buffer back.
pub(super) fn give(mut bytes: Vec<u8>) {
    let (pool, most) = match bytes.capacity() {
        1..=LARGEST => (&SPARE, KEPT),
        size if size > LARGEST && size <= 2 * SCRATCH => (&LARGE, KEPT_LARGE),
        _ => return,
    };
    bytes.clear();
    pool.with_borrow_mut(|spare| {
        if spare.len() < most {
            spare.push(bytes);
        }
    });
}

/// An empty buffer with room for all that is read at once.
fn take_large() -> Vec<u8> {
    let spare = LARGE.with_borrow_mut(Vec::pop);
    spare.unwrap_or_else(|| Vec::with_capacity(SCRATCH))
}

/// The thread's piece of memory to read into, for the time of one poll.
pub(super) struct Scratch(Vec<u8>);

impl Scratch {
    pub(super) fn borrow() -> Self {
        let mut piece = PIECE.take();
        if piece.is_empty() {
            piece = vec![0; SCRATCH];
        }
        Self(piece)
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        PIECE.set(std::mem::take(&mut self.0));
    }
}

/// How much is read at once of a body on its way: more while it passes at once, less when the other side holds it up, for
/// what it does not take waits in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace(usize);

impl Pace {
    /// A head and an answer of 64 KiB are one read.
    const FIRST: usize = 128 * 1024;
    const SLOW: usize = 64 * 1024;

    pub(super) fn new() -> Self {
        Self(Self::FIRST)
    }

    /// How much to read now.
    pub(super) fn room(self) -> usize {
        self.0
    }

    /// Notes that so much was read, and whether all of it was taken.
    pub(super) fn note(&mut self, read: usize, is_taken: bool) {
        if !is_taken {
            self.0 = Self::SLOW;
        } else if read == self.0 {
            self.0 = (self.0 * 2).min(SCRATCH);
        }
    }
}

/// Bytes that could not be written yet, oldest first. Without any it owns no memory.
///
/// # Invariants
/// `done` is less than `bytes.len()`, or both are 0.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    bytes: Vec<u8>,
    done: usize,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.done..]
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.done..]
    }

    /// Adds bytes behind those that wait.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.bytes.capacity() == 0 && bytes.len() > LARGEST {
            self.bytes = take_large();
        }
        self.end().extend_from_slice(bytes);
    }

    /// The memory behind those that wait, to add to.
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = take();
        }
        // Somebody who always has more to send must not have everything kept that was ever sent.
        if self.done > 0 && self.done >= self.bytes.len() / 2 {
            self.bytes.drain(..self.done);
            self.done = 0;
        }
        &mut self.bytes
    }

    /// Notes that so many of them have been written.
    pub(super) fn written(&mut self, count: usize) {
        self.done += count;
        if self.done >= self.bytes.len() {
            self.done = 0;
            give(std::mem::take(&mut self.bytes));
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_used_again() {
        let mut buffer = take();
        buffer.extend_from_slice(&[1; 10_000]);
        let (place, capacity) = (buffer.as_ptr(), buffer.capacity());
        give(buffer);
        let again = take();
        assert_eq!(
            (again.as_ptr(), again.capacity(), again.len()),
            (place, capacity, 0)
        );
    }

    #[test]
    fn a_large_buffer_is_used_again_for_large_pieces_only() {
        let mut waiting = Waiting::default();
        waiting.add(&vec![1; 200_000]);
        let place = waiting.bytes.as_ptr();
        waiting.written(200_000);
        waiting.add(b"small");
        assert_ne!(waiting.bytes.as_ptr(), place);
        waiting.written(5);
        waiting.add(&vec![2; 100_000]);
        assert_eq!((waiting.bytes.as_ptr(), waiting.bytes().len()), (place, 100_000));
    }

    #[test]
    fn more_is_read_at_once_as_long_as_all_of_it_is_taken() {
        let mut pace = Pace::new();
        pace.note(1000, true);
        assert_eq!(
            pace.room(),
            128 * 1024,
            "what does not fill the room says nothing"
        );
        for room in [256, 256] {
            pace.note(pace.room(), true);
            assert_eq!(pace.room(), room * 1024);
        }
        pace.note(pace.room(), false);
        assert_eq!(pace.room(), 64 * 1024);
        pace.note(pace.room(), true);
        assert_eq!(pace.room(), 128 * 1024);
        assert_eq!(Scratch::borrow().bytes().len(), 256 * 1024);
    }

    #[test]
    fn what_is_gone_takes_no_memory_though_something_always_waits() {
        let mut waiting = Waiting::default();
        for _ in 0..1000 {
            waiting.add(&vec![0; 40_000]);
            waiting.written(39_000.min(waiting.bytes().len() - 1));
        }
        assert!(
            waiting.bytes.capacity() < 4_000_000,
            "{}",
            waiting.bytes.capacity()
        );
    }

    #[test]
    fn waiting_bytes_come_in_order_and_leave_no_memory() {
        let mut waiting = Waiting::default();
        waiting.add(b"abc");
        waiting.written(1);
        waiting.add(b"de");
        assert_eq!(waiting.bytes(), b"bcde");
        waiting.written(4);
        assert!(waiting.is_empty());
        assert_eq!(waiting.bytes.capacity(), 0);
    }
}
