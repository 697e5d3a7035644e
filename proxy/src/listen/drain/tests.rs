//! The drain, with clients in every state.

use std::net::TcpStream as Blocking;

use ferrik_config::table::TlsHost;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::ListenerSpec;
use super::super::testing::{Site, closed, exchange, patient, spec, unlimited, until};
use super::*;

const LONG: DrainLimits = DrainLimits {
    grace: Duration::from_millis(200),
    deadline: Duration::from_secs(600),
};
const NO_GRACE: DrainLimits = DrainLimits {
    grace: Duration::ZERO,
    ..LONG
};

fn site() -> Site {
    Site::new(&patient(), unlimited(), TlsHost::default())
}

async fn nothing() {}

#[tokio::test]
async fn what_sits_in_the_accept_queue_is_served() {
    let site = site();
    let address = site.listen(false).await;
    // The accept loop cannot run before the drain begins, because nothing is awaited in between.
    let clients: Vec<Blocking> = (0..20)
        .map(|_| {
            let mut client = Blocking::connect(address).expect("a connection");
            std::io::Write::write_all(&mut client, b"hello\n").expect("open");
            client
        })
        .collect();
    assert_eq!(site.listeners.drain(LONG, nothing).await, 0);
    for mut client in clients {
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut client, &mut answer).expect("a proper end");
        assert_eq!(answer, "hello\n");
    }
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn idle_connections_are_ended_and_requests_are_finished() {
    let mut site = site();
    let address = site.listen(false).await;
    let mut idle = TcpStream::connect(address).await.expect("a connection");
    exchange(&mut idle, "one\n").await;
    site.served().await;
    site.permits.forget_permits(usize::MAX);
    let mut busy = TcpStream::connect(address).await.expect("a connection");
    busy.write_all(b"two\n").await.expect("open");
    let connection = site.served().await;
    until(|| connection.in_flight() == 1).await;

    let cleaned = std::sync::atomic::AtomicBool::new(false);
    let permits = site.permits.clone();
    let cleanup = || async { cleaned.store(true, std::sync::atomic::Ordering::Relaxed) };
    let (open, ()) = tokio::join!(site.listeners.drain(LONG, cleanup), async {
        closed(&mut idle).await;
        permits.add_permits(1);
        let mut answer = Vec::new();
        busy.read_to_end(&mut answer).await.expect("a proper end");
        assert_eq!(answer, b"two\n");
    });
    assert_eq!(open, 0);
    assert!(cleaned.into_inner());
}

#[tokio::test]
async fn a_silent_client_gets_no_more_than_its_grace() {
    let site = site();
    let mut silent = TcpStream::connect(site.listen(false).await)
        .await
        .expect("a connection");
    until(|| site.registry.active() == 1).await;
    assert_eq!(site.listeners.drain(NO_GRACE, nothing).await, 0);
    closed(&mut silent).await;
}

#[tokio::test]
async fn what_is_open_at_the_deadline_is_told() {
    let mut site = site();
    site.permits.forget_permits(usize::MAX);
    let mut stuck = TcpStream::connect(site.listen(false).await)
        .await
        .expect("a connection");
    stuck.write_all(b"stuck\n").await.expect("open");
    let connection = site.served().await;
    until(|| connection.in_flight() == 1).await;
    let limits = DrainLimits {
        grace: Duration::ZERO,
        deadline: Duration::from_millis(50),
    };
    assert_eq!(site.listeners.drain(limits, nothing).await, 1);
}

#[tokio::test]
async fn after_a_drain_nothing_listens_again() {
    let site = site();
    site.listen(false).await;
    site.listeners.drain(LONG, nothing).await;
    let again: Vec<ListenerSpec> = vec![spec("again", false)];
    assert!(site.listeners.apply(again).await.is_empty());
}
