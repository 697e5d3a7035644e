//! A request on its way to an endpoint: what has been written of it, and what is kept so that it can be sent once more.
//!
//! Used by the relay, kept by the lane over several tries. It writes nothing itself.

use super::buffer;

/// As much of a request is kept, so that another endpoint can be asked.
const KEPT: usize = 64 * 1024;

/// The request's bytes from the first on, as long as it is complete; then those that wait.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    written: usize,
    /// Bytes that were written have been dropped.
    is_incomplete: bool,
}

impl Outgoing {
    /// A request of this head.
    pub(super) fn new(head: Vec<u8>) -> Self {
        Self {
            bytes: head,
            written: 0,
            is_incomplete: false,
        }
    }

    /// True if it can be sent once more.
    pub(super) fn is_complete(&self) -> bool {
        !self.is_incomplete
    }

    /// Puts another head in the place of the first one, which was so long, and begins anew.
    pub(super) fn rewind(&mut self, head: &[u8], length: usize) {
        self.bytes.splice(..length, head.iter().copied());
        self.written = 0;
    }

    /// What is still to be written.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    pub(super) fn is_sent(&self) -> bool {
        self.written == self.bytes.len()
    }

    /// Notes that so many bytes have been written.
    pub(super) fn written(&mut self, count: usize) {
        self.written += count;
        if self.is_incomplete {
            self.drop_written();
        }
    }

    /// Adds bytes behind the others if all of it can still be kept.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> bool {
        let is_kept = self.is_complete() && self.bytes.len() + bytes.len() <= KEPT;
        if is_kept {
            self.bytes.extend_from_slice(bytes);
        }
        is_kept
    }

    /// From now on nothing is kept that has been written.
    pub(super) fn drop_written(&mut self) {
        self.is_incomplete = true;
        if self.written >= self.bytes.len() / 2 {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
    }

    /// Adds bytes that could not be written.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        buffer::give(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_kept_can_be_sent_again_with_another_head() {
        let mut outgoing = Outgoing::new(b"head".to_vec());
        assert!(outgoing.keep(b"body"));
        outgoing.written(6);
        assert_eq!(outgoing.rest(), b"dy");
        outgoing.rewind(b"another", 4);
        assert_eq!(outgoing.rest(), b"anotherbody");
        assert!(!outgoing.keep(&vec![0; KEPT]) && outgoing.is_complete());
    }

    #[test]
    fn what_is_not_kept_leaves() {
        let mut outgoing = Outgoing::new(b"head".to_vec());
        outgoing.written(4);
        outgoing.drop_written();
        assert!(outgoing.is_sent() && !outgoing.is_complete() && !outgoing.keep(b"x"));
        outgoing.add(b"rest");
        outgoing.written(3);
        assert_eq!((outgoing.rest(), outgoing.bytes.len()), (&b"t"[..], 1));
    }
}
