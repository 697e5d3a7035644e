//! Connections of the lane to endpoints: made, kept for the next request, and ended when nobody needs them.
//!
//! An endpoint owns the connections that wait for it, so they go when it goes. One that waits is looked at before it is
//! used: what has been closed meanwhile, or has bytes that nobody asked for, is not used again.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::reason::Reason;

use super::Endpoint;

/// A connection to an endpoint.
#[derive(Debug)]
pub(crate) struct Upstream {
    stream: TcpStream,
    /// It has served a request before.
    is_reused: bool,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Unreachable {
    /// It was refused, or there is no way.
    Failed(io::Error),
    /// Nobody answered in time.
    TimedOut,
}

impl Unreachable {
    /// What we answer, and what the log says.
    pub(crate) fn meaning(self) -> (u16, Reason, String) {
        match self {
            Self::Failed(error) => (502, Reason::ConnectFailed, error.to_string()),
            Self::TimedOut => (504, Reason::ConnectTimeout, "connecting took too long".to_owned()),
        }
    }
}

impl Upstream {
    /// A connection to the endpoint: one that waits, unless it must be fresh, or a new one.
    pub(crate) async fn to(
        endpoint: &Endpoint,
        limit: Duration,
        is_fresh: bool,
    ) -> Result<Self, Unreachable> {
        while !is_fresh && let Some(mut waiting) = endpoint.waiting.take() {
            if poll_fn(|context| Poll::Ready(waiting.stream.poll_read_ready(context).is_pending())).await {
                waiting.is_reused = true;
                return Ok(waiting);
            }
        }
        Self::connect(endpoint.address, limit).await
    }

    async fn connect(address: SocketAddr, limit: Duration) -> Result<Self, Unreachable> {
        let stream = match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Unreachable::Failed(error)),
            Err(_) => return Err(Unreachable::TimedOut),
        };
        stream.set_nodelay(true).map_err(Unreachable::Failed)?;
        Ok(Self {
            stream,
            is_reused: false,
        })
    }

    /// True if the other side may have closed it without having read anything.
    pub(crate) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Reads into `bytes`; 0 at the end.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(bytes);
        let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
        read.map_ok(|()| buffer.filled().len())
    }

    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }
}
