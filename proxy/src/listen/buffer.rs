//! Gathers small writes, so that a response's head and body leave in one system call and one TLS record.
//!
//! Used by [`Edge`](super::Edge). Nothing here decides when to flush.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// Bytes that were accepted and not yet written.
///
/// # Invariants
/// `done` is at most `bytes.len()`, and both are 0 when nothing waits.
#[derive(Debug, Default)]
pub(super) struct WriteBuffer {
    bytes: Vec<u8>,
    done: usize,
}

/// More than this is never gathered: two writes of 16 KiB cost less than copying them together.
const FULL: usize = 16 * 1024;
/// Memory that an idle connection may keep.
const KEPT: usize = 4 * 1024;

impl WriteBuffer {
    /// Takes `bytes` if they fit; otherwise writes what waits and as much of `bytes` as goes with it.
    pub(super) fn poll_write(
        &mut self,
        mut below: Pin<&mut (impl AsyncWrite + ?Sized)>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        while !self.takes(bytes.len()) {
            if self.is_empty() {
                return below.poll_write(context, bytes);
            }
            let waiting = &self.bytes[self.done..];
            let slices = [IoSlice::new(waiting), IoSlice::new(bytes)];
            let count = ready!(below.as_mut().poll_write_vectored(context, &slices))?;
            let own = count.min(waiting.len());
            self.written(own)?;
            if count > own {
                return Poll::Ready(Ok(count - own));
            }
        }
        self.bytes.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    /// As [`Self::poll_write`] for several pieces: takes as many whole ones as fit.
    pub(super) fn poll_write_vectored(
        &mut self,
        below: Pin<&mut (impl AsyncWrite + ?Sized)>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut taken = 0;
        for slice in slices {
            if self.takes(slice.len()) {
                self.bytes.extend_from_slice(slice);
                taken += slice.len();
            } else if taken > 0 {
                break;
            } else {
                return self.poll_write(below, context, slice);
            }
        }
        Poll::Ready(Ok(taken))
    }

    /// Writes everything that waits.
    pub(super) fn poll_drain(
        &mut self,
        mut below: Pin<&mut (impl AsyncWrite + ?Sized)>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let count = ready!(below.as_mut().poll_write(context, &self.bytes[self.done..]))?;
            self.written(count)?;
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn takes(&self, count: usize) -> bool {
        self.bytes.len() + count <= FULL
    }

    fn written(&mut self, count: usize) -> io::Result<()> {
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.done += count;
        if self.done == self.bytes.len() {
            self.done = 0;
            self.bytes.clear();
            if self.bytes.capacity() > KEPT {
                self.bytes = Vec::new();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
