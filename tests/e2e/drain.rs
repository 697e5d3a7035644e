//! SIGTERM: readiness fails, what is under way is finished, and the process leaves with 0.

use crate::support::backend::Gate;
use crate::support::{Backend, Connection, Ferrik, Ingress, Tls, eventually, get, websocket, within, yaml};

const HOST: &str = "app.example.org";

async fn start(address: std::net::SocketAddr, drain_timeout: &str) -> Ferrik {
    let objects = yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "web", "nginx").prefix(HOST, "/", "web"),
        &yaml::service_and_slice("team", "web", 80, &[address]),
    ]);
    let setup = Ferrik::setup().file("objects.yaml", &objects);
    setup.arguments(&["--drain-timeout", drain_timeout]).start().await
}

/// Returns once the process says that it is not ready, or no longer answers.
async fn unready(ferrik: &Ferrik) {
    eventually("readiness fails", async || {
        ferrik
            .try_admin("/readyz")
            .await
            .map_or(true, |answer| answer.status != 200)
    })
    .await;
}

#[tokio::test]
async fn a_request_under_way_is_finished() {
    for tls in [None, Some(Tls::to(HOST).alpn(&["h2"]))] {
        let gate = Gate::new();
        let backend = Backend::held(&gate).await;
        let mut ferrik = start(backend.address, "30").await;
        let mut connection = match &tls {
            None => Connection::plain(ferrik.http()).await,
            Some(tls) => Connection::tls(ferrik.https(), tls)
                .await
                .expect("the handshake succeeds"),
        };
        let drain = async {
            gate.reached().await;
            assert_eq!(ferrik.get_admin("/readyz").await.status, 200);
            ferrik.terminate();
            unready(&ferrik).await;
            gate.open();
        };
        let (answer, ()) = tokio::join!(connection.send(get(HOST, "/held")), drain);
        assert_eq!(answer.expect("the answer arrives").received().target, "/held");
        eventually("the connection ends with it", async || connection.is_closed()).await;
        assert_eq!(ferrik.wait_exit().await.code(), Some(0));
    }
}

#[tokio::test]
async fn idle_connections_hold_nothing_up() {
    let backend = Backend::echo().await;
    let mut ferrik = start(backend.address, "30").await;
    let mut idle = Connection::plain(ferrik.http()).await;
    assert_eq!(idle.send(get(HOST, "/")).await.expect("an answer").status, 200);
    let mut idle_h2 = Connection::tls(ferrik.https(), &Tls::to(HOST).alpn(&["h2"]))
        .await
        .expect("the handshake succeeds");
    assert_eq!(idle_h2.send(get(HOST, "/")).await.expect("an answer").status, 200);
    let _silent = Connection::plain(ferrik.http()).await;
    ferrik.terminate();
    // The bound of the wait is shorter than the drain timeout.
    assert_eq!(ferrik.wait_exit().await.code(), Some(0));
    eventually("the idle connections are closed", async || {
        idle.is_closed() && idle_h2.is_closed()
    })
    .await;
}

#[tokio::test]
async fn what_does_not_end_is_cut_at_the_drain_timeout() {
    let gate = Gate::new();
    let backend = Backend::held(&gate).await;
    let mut ferrik = start(backend.address, "1").await;
    let mut connection = Connection::plain(ferrik.http()).await;
    let drain = async {
        gate.reached().await;
        ferrik.terminate();
    };
    let (answer, ()) = tokio::join!(connection.send(get(HOST, "/held")), drain);
    assert!(
        answer.is_err_and(|error| !error.to_string().contains("in time")),
        "the connection is cut"
    );
    assert_eq!(ferrik.wait_exit().await.code(), Some(0));
}

#[tokio::test]
async fn an_open_websocket_ends_at_the_drain_timeout() {
    let backend = websocket::EchoBackend::start().await;
    let mut ferrik = start(backend.address, "1").await;
    let mut socket = websocket::plain(ferrik.http(), &format!("ws://{HOST}/")).await;
    socket.send("one").await;
    assert_eq!(socket.receive().await.as_deref(), Some("one"));
    ferrik.terminate();
    assert_eq!(socket.receive().await, None);
    assert_eq!(ferrik.wait_exit().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_process_can_take_the_ports_over_afterwards() {
    let backend = Backend::echo().await;
    let mut first = start(backend.address, "5").await;
    let address = first.http();
    first.terminate();
    assert_eq!(first.wait_exit().await.code(), Some(0));
    let listener = within("the port is free", tokio::net::TcpListener::bind(address)).await;
    assert!(listener.is_ok(), "{listener:?}");
}
