//! What is gathered, and what a narrow writer below gets.

use std::task::Waker;

use super::*;

/// Takes at most `room` bytes per call, and none every other time.
#[derive(Default)]
struct Narrow {
    room: usize,
    blocks: bool,
    written: Vec<u8>,
    calls: usize,
}

impl AsyncWrite for Narrow {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.calls += 1;
        if self.blocks && self.calls % 2 == 1 {
            return Poll::Pending;
        }
        let mut room = self.room;
        for slice in slices {
            let taken = slice.len().min(room);
            self.written.extend_from_slice(&slice[..taken]);
            room -= taken;
        }
        Poll::Ready(Ok(self.room - room))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn wide() -> Narrow {
    Narrow {
        room: usize::MAX,
        ..Narrow::default()
    }
}

/// Polls again until it is ready.
fn finish<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(result) = poll(&mut context) {
            return result.expect("no error");
        }
    }
    panic!("it never gets ready");
}

fn write(buffer: &mut WriteBuffer, below: &mut Narrow, bytes: &[u8]) -> usize {
    finish(|context| buffer.poll_write(Pin::new(below), context, bytes))
}

fn drain(buffer: &mut WriteBuffer, below: &mut Narrow) {
    finish(|context| buffer.poll_drain(Pin::new(below), context));
}

#[test]
fn small_writes_leave_together() {
    let (mut buffer, mut below) = (WriteBuffer::default(), wide());
    for piece in [b"head ".as_slice(), b"", b"body"] {
        assert_eq!(write(&mut buffer, &mut below, piece), piece.len());
    }
    assert_eq!(below.calls, 0);
    drain(&mut buffer, &mut below);
    assert_eq!(
        (below.calls, below.written.as_slice()),
        (1, b"head body".as_slice())
    );
    drain(&mut buffer, &mut below);
    assert_eq!(below.calls, 1, "nothing left to write");
}

#[test]
fn a_large_piece_leaves_with_what_waits() {
    let (mut buffer, mut below) = (WriteBuffer::default(), wide());
    let body = vec![7; 2 * FULL];
    write(&mut buffer, &mut below, b"head");
    assert_eq!(write(&mut buffer, &mut below, &body), body.len());
    assert_eq!((below.calls, below.written.len()), (1, 4 + body.len()));
    assert_eq!(
        write(&mut buffer, &mut below, &body),
        body.len(),
        "straight through"
    );
    assert_eq!(below.calls, 2);
}

#[test]
fn several_pieces_are_taken_as_far_as_they_fit() {
    let (mut buffer, mut below) = (WriteBuffer::default(), wide());
    let large = vec![1; FULL];
    let slices = [IoSlice::new(b"frame"), IoSlice::new(&large)];
    let mut context = Context::from_waker(Waker::noop());
    let taken = buffer.poll_write_vectored(Pin::new(&mut below), &mut context, &slices);
    assert!(matches!(taken, Poll::Ready(Ok(5))) && below.calls == 0);
    let taken = buffer.poll_write_vectored(Pin::new(&mut below), &mut context, &slices[1..]);
    assert!(matches!(taken, Poll::Ready(Ok(count)) if count == FULL));
    assert_eq!((below.calls, below.written.len()), (1, 5 + FULL));
}

#[test]
fn nothing_is_lost_or_repeated_below_a_narrow_writer() {
    for room in [1, 7, 1000, FULL - 1, FULL, FULL + 1] {
        for blocks in [false, true] {
            let (mut buffer, mut below) = (
                WriteBuffer::default(),
                Narrow {
                    room,
                    blocks,
                    ..wide()
                },
            );
            let mut expected = Vec::new();
            for (number, size) in [1, 500, FULL, 3, FULL - 2, 2, 5 * FULL / 2, 0, 9]
                .into_iter()
                .enumerate()
            {
                let piece: Vec<u8> = (0..size)
                    .map(|index| (index % 251 + number).to_le_bytes()[0])
                    .collect();
                let mut rest = piece.as_slice();
                while !rest.is_empty() {
                    rest = &rest[write(&mut buffer, &mut below, rest)..];
                }
                expected.extend_from_slice(&piece);
            }
            drain(&mut buffer, &mut below);
            assert!(below.written == expected, "room {room}, blocks {blocks}");
        }
    }
}

#[test]
fn large_memory_is_given_back() {
    let (mut buffer, mut below) = (WriteBuffer::default(), wide());
    write(&mut buffer, &mut below, &vec![0; FULL]);
    drain(&mut buffer, &mut below);
    assert_eq!(buffer.bytes.capacity(), 0);
    write(&mut buffer, &mut below, b"small");
    drain(&mut buffer, &mut below);
    assert!(buffer.bytes.capacity() > 0);
}

#[test]
fn a_writer_that_takes_nothing_is_an_error() {
    let (mut buffer, mut below) = (WriteBuffer::default(), Narrow::default());
    write(&mut buffer, &mut below, b"x");
    let mut context = Context::from_waker(Waker::noop());
    let result = buffer.poll_drain(Pin::new(&mut below), &mut context);
    assert!(matches!(result, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::WriteZero));
}
