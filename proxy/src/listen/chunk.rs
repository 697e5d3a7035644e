//! Reads from a stream into memory that is taken only when there is something: silent connections cost none.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// Appends what one read of at most `SIZE` bytes yields, and returns how many; 0 at the end of the stream.
pub(super) async fn read<const SIZE: usize>(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
) -> io::Result<usize> {
    poll_fn(|context| {
        // On the stack of this poll, not in the future that waits.
        let mut chunk = [0; SIZE];
        let mut buffer = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
        bytes.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    })
    .await
}
