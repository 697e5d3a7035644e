//! Listeners that come and go, limits and deadlines, with real clients.

use std::net::{Ipv4Addr, SocketAddr};

use ferrik_config::table::TlsHost;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::super::testing::{Site, closed, exchange, patient, spec, unlimited, until};
use super::super::{Cut, HandshakeFailure, Limits, Refusal, Timeouts};
use super::*;

const SHORT: Duration = Duration::from_millis(50);

fn site(timeouts: &Timeouts, limits: Limits) -> Site {
    Site::new(timeouts, limits, TlsHost::default())
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

#[tokio::test]
async fn listeners_come_and_go_and_keep_their_sockets() {
    let site = site(&patient(), unlimited());
    let first = site.listeners.apply(vec![spec("a", false)]).await;
    let second = site
        .listeners
        .apply(vec![spec("a", false), spec("b", true)])
        .await;
    assert_eq!(second[0], first[0], "untouched");
    assert_eq!(second.len(), 2);
    assert_eq!(site.listeners.status().await, second);
    let address = first[0].bound.clone().expect("a port");
    let mut client = connect(address).await;
    exchange(&mut client, "one\n").await;

    let third = site.listeners.apply(vec![spec("b", true)]).await;
    assert_eq!(third, second[1..]);
    assert!(TcpStream::connect(address).await.is_err(), "the socket is closed");
    exchange(&mut client, "two\n").await;
    closed(&mut client).await;
}

#[tokio::test]
async fn idle_connections_of_a_removed_listener_are_ended() {
    let site = site(&patient(), unlimited());
    let mut client = connect(site.listen(false).await).await;
    exchange(&mut client, "one\n").await;
    site.listeners.apply(Vec::new()).await;
    closed(&mut client).await;
}

#[tokio::test]
async fn an_address_in_use_is_reported_and_tried_again() {
    let site = site(&patient(), unlimited());
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = taken.local_addr().expect("an address");
    let wanted = ListenerSpec {
        name: "a".into(),
        address,
        tls: false,
        reuse_port: false,
    };
    let status = site.listeners.apply(vec![wanted.clone(), spec("b", false)]).await;
    assert!(
        status[0]
            .bound
            .as_ref()
            .is_err_and(|error| error.contains("in use")),
        "{status:?}"
    );
    assert!(status[1].bound.is_ok(), "others are not affected");
    drop(taken);
    while site.listeners.status().await[0].bound != Ok(address) {
        tokio::task::yield_now().await;
    }
    exchange(&mut connect(address).await, "hello\n").await;
    // One that never comes up can be given up.
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let hopeless = ListenerSpec {
        address: other.local_addr().expect("an address"),
        ..wanted
    };
    assert!(site.listeners.apply(vec![hopeless]).await[0].bound.is_err());
    assert!(site.listeners.apply(Vec::new()).await.is_empty());
}

#[tokio::test]
async fn a_listener_can_take_over_the_port_of_another() {
    let site = site(&patient(), unlimited());
    let address = site.listen(false).await;
    let renamed = ListenerSpec {
        name: "renamed".into(),
        address,
        tls: false,
        reuse_port: false,
    };
    assert_eq!(site.listeners.apply(vec![renamed]).await[0].bound, Ok(address));
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let limits = Limits {
        total: 100,
        per_client: 1,
    };
    let site = site(&patient(), limits);
    let address = site.listen(false).await;
    let mut first = connect(address).await;
    exchange(&mut first, "one\n").await;
    closed(&mut connect(address).await).await;
    assert_eq!(site.registry.counters().refused(Refusal::Client), 1);
    exchange(&mut first, "two\n").await;
    drop(first);
    until(|| site.registry.active() == 0).await;
    exchange(&mut connect(address).await, "three\n").await;
    site.registry.set(
        &patient(),
        Limits {
            total: 0,
            per_client: 0,
        },
    );
    closed(&mut connect(address).await).await;
    assert_eq!(site.registry.counters().refused(Refusal::Total), 1);
}

#[tokio::test]
async fn silent_and_slow_clients_are_ended() {
    let site = site(
        &Timeouts {
            header: SHORT,
            ..patient()
        },
        unlimited(),
    );
    let address = site.listen(false).await;
    let (mut silent, mut slow) = (connect(address).await, connect(address).await);
    slow.write_all(b"half a li").await.expect("open");
    closed(&mut silent).await;
    closed(&mut slow).await;
    assert_eq!(site.registry.counters().cut(Cut::Header), 2);
}

#[tokio::test]
async fn a_client_that_drips_is_ended_all_the_same() {
    let site = site(
        &Timeouts {
            header: SHORT,
            ..patient()
        },
        unlimited(),
    );
    let mut client = connect(site.listen(false).await).await;
    let (mut reader, mut writer) = client.split();
    let dripping = async {
        while writer.write_all(b".").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let mut byte = [0];
    tokio::select! {
        () = dripping => {}
        // The end of the stream, or a reset because a drop came too late.
        read = tokio::io::AsyncReadExt::read(&mut reader, &mut byte) => assert!(!matches!(read, Ok(1..))),
    }
    assert_eq!(site.registry.counters().cut(Cut::Header), 1);
}

#[tokio::test]
async fn a_second_request_must_come_in_time_too() {
    let idle = site(
        &Timeouts {
            keepalive: SHORT,
            ..patient()
        },
        unlimited(),
    );
    let mut client = connect(idle.listen(false).await).await;
    exchange(&mut client, "one\n").await;
    closed(&mut client).await;
    assert_eq!(idle.registry.counters().cut(Cut::Keepalive), 1);

    let slow = site(
        &Timeouts {
            header: SHORT,
            ..patient()
        },
        unlimited(),
    );
    let mut client = connect(slow.listen(false).await).await;
    exchange(&mut client, "one\n").await;
    client.write_all(b"half a li").await.expect("open");
    closed(&mut client).await;
    assert_eq!(slow.registry.counters().cut(Cut::Header), 1);
}

#[tokio::test]
async fn a_request_may_take_longer_than_any_deadline() {
    let timeouts = Timeouts {
        handshake: SHORT,
        header: SHORT,
        keepalive: SHORT,
    };
    let mut site = site(&timeouts, unlimited());
    site.permits.forget_permits(usize::MAX);
    let mut client = connect(site.listen(false).await).await;
    client.write_all(b"slow\n").await.expect("open");
    let connection = site.served().await;
    until(|| connection.in_flight() == 1).await;
    // Another connection, begun later, is ended: so much time has passed.
    closed(&mut connect(site.listen(false).await).await).await;
    site.permits.add_permits(1);
    let mut echo = [0; 5];
    tokio::io::AsyncReadExt::read_exact(&mut client, &mut echo)
        .await
        .expect("an echo");
}

#[tokio::test]
async fn a_handshake_that_never_comes_is_ended() {
    let site = site(
        &Timeouts {
            handshake: SHORT,
            ..patient()
        },
        unlimited(),
    );
    closed(&mut connect(site.listen(true).await).await).await;
    assert_eq!(site.registry.counters().cut(Cut::Handshake), 1);
    until(|| {
        site.registry
            .counters()
            .failed_handshakes(HandshakeFailure::Timeout)
            == 1
    })
    .await;
}
