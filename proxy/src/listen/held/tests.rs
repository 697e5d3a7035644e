//! Turns polled by hand over real sockets.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Wake, Waker};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::{Connection, testing};
use super::*;

/// What an engine does with the stream when it is polled.
enum Act {
    Write(Vec<u8>),
    Flush(Result<(), io::ErrorKind>),
    Shutdown,
    End,
}

use Act::{End, Flush, Shutdown, Write};

fn bytes(text: &str) -> Act {
    Write(text.as_bytes().to_vec())
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// An engine under a script, with so many requests in flight.
struct Turns {
    engine: Pin<Box<dyn Future<Output = ()>>>,
    next: Rc<RefCell<Vec<Act>>>,
    connection: Arc<Connection>,
    wakes: Arc<Wakes>,
    client: TcpStream,
}

impl Turns {
    async fn new(in_flight: u32) -> Self {
        let (edge, client) = testing::edge(true, b"").await;
        let connection = edge.connection().clone();
        for _ in 0..in_flight {
            connection.request_started();
        }
        let next = Rc::new(RefCell::new(Vec::new()));
        let script = next.clone();
        let engine = serve(edge, |mut held| {
            poll_fn(move |context| {
                for act in script.take() {
                    let mut held = Pin::new(&mut held);
                    match act {
                        Write(bytes) => {
                            let written = held.as_mut().poll_write(context, &bytes);
                            assert!(matches!(written, Poll::Ready(Ok(count)) if count == bytes.len()));
                        }
                        Flush(expected) => {
                            let flushed = held.as_mut().poll_flush(context);
                            let flushed = flushed.map_err(|error| error.kind());
                            assert_eq!(flushed, Poll::Ready(expected));
                        }
                        Shutdown => {
                            let shut = held.as_mut().poll_shutdown(context);
                            assert!(matches!(shut, Poll::Ready(Ok(()))));
                        }
                        End => return Poll::Ready(()),
                    }
                }
                Poll::Pending
            })
        });
        Self {
            engine: Box::pin(engine),
            next,
            connection,
            wakes: Arc::default(),
            client,
        }
    }

    /// Polls the engine, which does `acts`, and returns the bytes sent so far and the wake-ups that followed.
    async fn turn(&mut self, acts: impl IntoIterator<Item = Act>) -> (u64, usize) {
        self.next.replace(acts.into_iter().collect());
        let waker = Waker::from(self.wakes.clone());
        let ended = self.engine.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(ended.is_pending() || self.next.borrow().is_empty());
        // Deferred wake-ups come when this task has been left.
        tokio::task::yield_now().await;
        (self.connection.traffic().1, self.wakes.0.swap(0, Relaxed))
    }
}

#[tokio::test]
async fn what_two_turns_write_leaves_together() {
    let mut turns = Turns::new(2).await;
    assert_eq!(turns.turn([bytes("one"), Flush(Ok(()))]).await, (0, 1));
    let second = [bytes("two"), Flush(Ok(())), bytes("three"), Flush(Ok(()))];
    assert_eq!(turns.turn(second).await, (11, 0), "held once, not twice");
    let mut all = [0; 11];
    turns.client.read_exact(&mut all).await.expect("open");
    assert_eq!(&all, b"onetwothree");
    assert_eq!(turns.turn([]).await, (11, 0), "nothing waits");
    assert_eq!(turns.turn([bytes("four")]).await, (11, 1), "held again");
    assert_eq!(turns.turn([]).await, (15, 0), "with nothing to go with it");
}

#[tokio::test]
async fn a_request_that_is_alone_waits_for_no_other() {
    for in_flight in [0, 1] {
        let mut turns = Turns::new(in_flight).await;
        let acts = [bytes("head"), Flush(Ok(())), bytes("body")];
        assert_eq!(turns.turn(acts).await, (8, 0), "{in_flight} in flight");
    }
}

#[tokio::test]
async fn more_than_is_gathered_leaves_at_once() {
    let mut turns = Turns::new(2).await;
    let large = 64 * 1024;
    assert_eq!(
        turns.turn([bytes("head"), Write(vec![1; large])]).await,
        (large as u64 + 4, 1)
    );
    assert_eq!(turns.turn([]).await, (large as u64 + 4, 0));
}

#[tokio::test]
async fn the_end_is_not_held() {
    for end in [Shutdown, End] {
        let mut turns = Turns::new(2).await;
        assert_eq!(turns.turn([bytes("last"), end]).await.0, 4);
    }
}

#[tokio::test]
async fn an_error_is_told_once_the_engine_asks() {
    let mut turns = Turns::new(1).await;
    turns.turn([Shutdown]).await;
    assert_eq!(turns.turn([bytes("late")]).await.1, 1, "it is woken to hear it");
    let heard = [Flush(Err(io::ErrorKind::BrokenPipe)), Flush(Ok(()))];
    assert_eq!(turns.turn(heard).await.1, 0);
}

#[tokio::test]
async fn a_slow_client_gets_everything() {
    let (edge, mut client) = testing::edge(true, b"").await;
    let connection = edge.connection().clone();
    connection.request_started();
    connection.request_started();
    let size = 16 << 20;
    let engine = serve(edge, |mut held| async move {
        for _ in 0..size / 1000 {
            held.write_all(&[7; 1000]).await.expect("open");
            held.flush().await.expect("open");
        }
        pending::<()>().await;
    });
    let mut all = vec![0; size / 1000 * 1000];
    tokio::select! {
        () = engine => unreachable!("it waits for ever"),
        read = client.read_exact(&mut all) => read.map(drop).expect("open"),
    }
    assert!(all.iter().all(|byte| *byte == 7));
}
