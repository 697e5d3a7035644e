//! The WebSocket protocol through the proxy, in every dialect, plain and over TLS.

use crate::support::raw::send;
use crate::support::{Backend, Ferrik, Ingress, Tls, get, websocket, yaml};

const HOST: &str = "chat.example.org";

fn objects(class: &str, address: std::net::SocketAddr) -> String {
    yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "chat", class).prefix(HOST, "/", "chat"),
        &yaml::service_and_slice("team", "chat", 80, &[address]),
    ])
}

#[tokio::test]
async fn messages_pass_in_both_directions() {
    for class in ["nginx", "traefik", "ferrik"] {
        let backend = websocket::EchoBackend::start().await;
        let ferrik = Ferrik::start(&objects(class, backend.address)).await;
        let mut socket = websocket::plain(ferrik.http(), &format!("ws://{HOST}/room%2F1?a=b")).await;
        let long = "long ".repeat(40_000);
        for message in ["one", "two", &long] {
            socket.send(message).await;
            assert_eq!(socket.receive().await.as_deref(), Some(message), "{class}");
        }
    }
}

#[tokio::test]
async fn messages_pass_over_tls() {
    let backend = websocket::EchoBackend::start().await;
    let ferrik = Ferrik::start(&objects("nginx", backend.address)).await;
    // A browser offers both and speaks HTTP/1.1 for a WebSocket.
    let tls = Tls::to(HOST).alpn(&["http/1.1"]);
    let mut socket = websocket::secure(ferrik.https(), &tls, &format!("wss://{HOST}/room")).await;
    for message in ["one", "two"] {
        socket.send(message).await;
        assert_eq!(socket.receive().await.as_deref(), Some(message));
    }
}

#[tokio::test]
async fn a_socket_outlives_the_idle_limits_of_requests() {
    let backend = websocket::EchoBackend::start().await;
    let setup = Ferrik::setup().file("objects.yaml", &objects("nginx", backend.address));
    let ferrik = setup
        .arguments(&["--client-header-timeout", "1", "--keepalive-timeout", "1"])
        .start()
        .await;
    let mut socket = websocket::plain(ferrik.http(), &format!("ws://{HOST}/")).await;
    // Once a connection that stayed idle from now on has been closed, the limits have passed for this one too.
    let mut idle = tokio::net::TcpStream::connect(ferrik.http())
        .await
        .expect("the port is open");
    assert!(crate::support::raw::rest(&mut idle).await.closed);
    socket.send("still here").await;
    assert_eq!(socket.receive().await.as_deref(), Some("still here"));
}

#[tokio::test]
async fn every_one_of_many_sockets_stays_open() {
    // Whether the backend's answer overtakes the end of the request inside the proxy is a matter of luck.
    let backend = websocket::EchoBackend::start().await;
    for _ in 0..4 {
        let ferrik = Ferrik::start(&objects("nginx", backend.address)).await;
        for at in 0..100 {
            let mut socket = websocket::plain(ferrik.http(), &format!("ws://{HOST}/{at}")).await;
            socket.send("one").await;
            assert_eq!(socket.receive().await.as_deref(), Some("one"), "socket {at}");
        }
    }
}

#[tokio::test]
async fn a_socket_ends_when_its_backend_goes() {
    let backend = websocket::EchoBackend::start().await;
    let ferrik = Ferrik::start(&objects("nginx", backend.address)).await;
    let mut socket = websocket::plain(ferrik.http(), &format!("ws://{HOST}/")).await;
    socket.send("one").await;
    assert_eq!(socket.receive().await.as_deref(), Some("one"));
    drop(backend);
    assert_eq!(socket.receive().await, None);
}

#[tokio::test]
async fn a_backend_that_refuses_the_upgrade_is_heard() {
    let backend = Backend::echo().await;
    let ferrik = Ferrik::start(&objects("nginx", backend.address)).await;
    let reply = send(
        ferrik.http(),
        format!(
            "GET /room HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ),
    )
    .await;
    assert_eq!(reply.status(), Some(200), "{}", reply.text());
    assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 200);
}
