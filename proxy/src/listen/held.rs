//! The stream of an HTTP/2 connection: what its requests are answered with at about the same time leaves together.
//!
//! The h2 crate flushes after every DATA frame that is not small, and its connection runs as soon as the first of
//! several answers can be sent. Taken at its word, each answer is a TLS record and a system call of its own. Here a
//! flush is held: bytes leave after the engine's future has been polled, and while other requests of the connection are
//! in flight, after the tasks that were ready have run and it has been polled once more. No byte waits for longer, and
//! none for the client.
//!
//! Used by the server for the general engine. HTTP/1 connections use [`Edge`] as it is.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Edge;

mod session;

/// An [`Edge`] that is flushed by [`serve`].
#[derive(Clone, Debug)]
pub(crate) struct HeldEdge(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    edge: Edge,
    /// Something was written after the last flush that was finished.
    waits: bool,
    /// What waits has been left for the next turn already, or the client does not take it.
    is_due: bool,
    /// Of a flush after a turn, until the engine asks.
    failure: Option<io::Error>,
}

/// Runs `engine` over the stream to its end. Each poll of it is a turn.
pub(crate) async fn serve<F: Future>(edge: Edge, engine: impl FnOnce(HeldEdge) -> F) -> F::Output {
    let held = HeldEdge(Arc::new(Mutex::new(Held {
        edge,
        waits: false,
        is_due: false,
        failure: None,
    })));
    let mut engine = pin!(engine(held.clone()));
    poll_fn(|context| {
        let served = engine.as_mut().poll(context);
        held.lock().end_turn(context, served.is_ready());
        served
    })
    .await
}

impl Held {
    /// The engine's future has been polled. With `is_last` it will not be again.
    fn end_turn(&mut self, context: &mut Context<'_>, is_last: bool) {
        if !self.waits {
            return;
        }
        if !self.is_due && !is_last && self.edge.connection().in_flight() > 1 {
            self.is_due = true;
            wake_after_others(context);
            return;
        }
        match self.edge.poll_send(context) {
            Poll::Ready(sent) => {
                self.waits = false;
                self.is_due = false;
                if let Err(error) = sent {
                    self.failure = Some(error);
                    context.waker().wake_by_ref();
                }
            }
            Poll::Pending => self.is_due = true,
        }
    }

    /// Tells the engine of a failure once: what it does with the stream afterwards fails by itself.
    fn failure(&mut self) -> io::Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

/// Wakes the task once those that are ready have run. After a plain wake-up an idle thread may take it before they do.
fn wake_after_others(context: &mut Context<'_>) {
    let asked = pin!(tokio::task::yield_now()).poll(context);
    debug_assert!(asked.is_pending());
}

impl HeldEdge {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for HeldEdge {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut held = self.lock();
        held.failure()?;
        held.edge.poll_receive(context, buffer)
    }
}

impl AsyncWrite for HeldEdge {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut held = self.lock();
        held.failure()?;
        held.waits = true;
        Pin::new(&mut held.edge).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Ready at once: [`serve`] flushes, and nothing that is written waits for a request to.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.lock().failure())
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut held = self.lock();
        held.failure()?;
        Pin::new(&mut held.edge).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
