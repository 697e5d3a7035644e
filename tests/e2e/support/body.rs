//! The one body type of clients and backends, and bodies that a test feeds piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// A request or response body.
pub(crate) type Body = UnsyncBoxBody<Bytes, anyhow::Error>;

/// A body that is known as a whole.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body without bytes.
pub(crate) fn empty() -> Body {
    full(Bytes::new())
}

/// A body that sends what it is fed and ends when the feeding end is dropped; an error breaks the connection.
pub(crate) fn fed() -> (mpsc::Sender<anyhow::Result<Bytes>>, Body) {
    let (send, receive) = mpsc::channel(1);
    (
        send,
        Fed {
            receive,
            length: None,
        }
        .boxed_unsync(),
    )
}

/// The same with a length that is announced.
pub(crate) fn fed_with_length(length: u64) -> (mpsc::Sender<anyhow::Result<Bytes>>, Body) {
    let (send, receive) = mpsc::channel(1);
    (
        send,
        Fed {
            receive,
            length: Some(length),
        }
        .boxed_unsync(),
    )
}

struct Fed {
    receive: mpsc::Receiver<anyhow::Result<Bytes>>,
    length: Option<u64>,
}

impl hyper::body::Body for Fed {
    type Data = Bytes;
    type Error = anyhow::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<anyhow::Result<Frame<Bytes>>>> {
        self.receive
            .poll_recv(context)
            .map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
