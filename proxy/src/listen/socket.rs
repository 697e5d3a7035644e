//! The TCP stream under everything: counts what passes and fails with `TimedOut` when the connection is late.
//!
//! Owned by [`Edge`](super::Edge), directly or below TLS, so that handshakes and record headers are counted
//! too.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::vitals::Vitals;

/// A counted stream with a deadline.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    vitals: Arc<Vitals>,
}

impl Socket {
    /// Wraps an accepted stream.
    pub(super) fn new(stream: TcpStream, vitals: Arc<Vitals>) -> Self {
        Self { stream, vitals }
    }

    /// The descriptor's number, valid as long as the socket is.
    pub(super) fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Closes without losing what was sent last: the kernel resets a connection that is closed with unread
    /// bytes, and the reset overtakes an alert on its way to the client. So the client's bytes are read, for
    /// a short while.
    pub(super) async fn farewell(mut self) {
        self.vitals.leave_within(FAREWELL);
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let mut scratch = [0; 1024];
        for _ in 0..FAREWELL_READS {
            if !matches!(self.read(&mut scratch).await, Ok(1..)) {
                return;
            }
        }
    }

    fn counted(&self, result: Poll<io::Result<usize>>, context: &Context<'_>) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(count)) => self.vitals.sent(count),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return self.vitals.poll_over(context),
        }
        result
    }
}

const FAREWELL: Duration = Duration::from_secs(1);
const FAREWELL_READS: usize = 64;

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        match result {
            Poll::Ready(Ok(())) => {
                let count = buffer.filled().len() - before;
                if count > 0 {
                    self.vitals.received(count);
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return self.vitals.poll_over(context),
        }
        result
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.counted(result, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.counted(result, context)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The kernel has what was written.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
