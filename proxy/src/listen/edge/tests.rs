//! The stream over real sockets, and what an engine sees of it.

use pingora::protocols::{ALPN, GetProxyDigest, GetSocketDigest, Shutdown, Ssl};
use pingora::proxy::Session;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::testing;
use super::*;

#[tokio::test]
async fn replayed_bytes_come_first() {
    let (mut edge, mut client) = testing::edge(false, b"abcde").await;
    client.write_all(b"fg").await.expect("open");
    client.shutdown().await.expect("open");
    let mut two = [0; 2];
    edge.read_exact(&mut two).await.expect("replayed");
    let mut rest = Vec::new();
    edge.read_to_end(&mut rest).await.expect("open");
    assert_eq!(
        (two.as_slice(), rest.as_slice()),
        (b"ab".as_slice(), b"cdefg".as_slice())
    );
    assert_eq!(edge.connection().traffic().0, 2, "only the wire counts");
}

#[tokio::test]
async fn writes_wait_for_the_flush_and_are_counted() {
    let (mut edge, mut client) = testing::edge(false, b"").await;
    edge.write_all(b"head").await.expect("room");
    edge.write_all(b"body").await.expect("room");
    assert_eq!(edge.connection().traffic().1, 0);
    edge.flush().await.expect("open");
    assert_eq!(edge.connection().traffic().1, 8);
    let large = vec![1; 1 << 20];
    let write = async {
        edge.write_all(&large).await.expect("open");
        Shutdown::shutdown(&mut edge).await;
    };
    let read = async move {
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.expect("open");
        all
    };
    let ((), all) = tokio::join!(write, read);
    assert_eq!(all.len(), 8 + large.len());
    assert!(all.starts_with(b"headbody"));
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_is_still_sending() {
    let (mut edge, client) = testing::edge(false, b"").await;
    let (mut reader, mut writer) = client.into_split();
    let send = async move {
        writer
            .write_all(&vec![0; 32 << 20])
            .await
            .expect("the server listens on");
    };
    let answer = async move {
        edge.write_all(b"no").await.expect("open");
        Shutdown::shutdown(&mut edge).await;
    };
    let receive = async move {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).await.expect("no reset");
        all
    };
    assert_eq!(tokio::join!(send, answer, receive).2, b"no");
}

#[tokio::test]
async fn the_protocol_is_what_the_connection_says() {
    assert_eq!(
        testing::edge(true, b"").await.0.selected_alpn_proto(),
        Some(ALPN::H2)
    );
    assert_eq!(testing::edge(false, b"").await.0.selected_alpn_proto(), None);
}

#[tokio::test]
async fn the_engine_hands_the_connection_back() {
    let (edge, client) = testing::edge(false, b"").await;
    let connection = edge.connection().clone();
    let addresses = edge.get_socket_digest().expect("addresses");
    let address = |address: Option<&pingora::protocols::l4::socket::SocketAddr>| {
        address.and_then(|address| address.as_inet().copied())
    };
    assert_eq!(address(addresses.peer_addr()), client.local_addr().ok());
    assert_eq!(address(addresses.local_addr()), client.peer_addr().ok());
    assert!(edge.get_proxy_digest().is_some());
    let session = Session::new_h1(Box::new(edge));
    assert!(Arc::ptr_eq(Connection::of(&session).expect("ours"), &connection));
}
