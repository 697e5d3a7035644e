//! Backends that speak TLS, HTTP/2 or gRPC.

use super::{HOST, objects};
use crate::support::certs::{Authority, Identity};
use crate::support::grpc::{Call, EchoBackend};
use crate::support::{Backend, Ferrik, Ingress, Tls, ask, get, yaml};

#[tokio::test]
async fn a_backend_that_speaks_tls_is_reached() {
    let identity = Authority::new("inside").server(&["pod.internal"]);
    let backend = Backend::tls(&identity, &["http/1.1"]).await;
    let ingress = Ingress::new("team", "web", "nginx")
        .prefix(HOST, "/", "web")
        .nginx("backend-protocol", "HTTPS");
    let ferrik = Ferrik::start(&objects(&ingress, &[backend.address])).await;
    let received = ferrik
        .plain(ask("PUT", HOST, "/a%2Fb").body("text"))
        .await
        .received();
    assert_eq!(
        (received.target.as_str(), received.body.as_slice()),
        ("/a%2Fb", b"text".as_slice())
    );
    assert_eq!(received.host, HOST);
}

#[tokio::test]
async fn a_backend_that_speaks_plain_http_is_not_reached_over_tls() {
    let backend = Backend::echo().await;
    let ingress = Ingress::new("team", "web", "nginx")
        .prefix(HOST, "/", "web")
        .nginx("backend-protocol", "HTTPS");
    let ferrik = Ferrik::start(&objects(&ingress, &[backend.address])).await;
    assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 502);
    assert_eq!(backend.count(), 0);
}

async fn grpc(ingress: Ingress, backend: &EchoBackend, identity: &Identity) -> Ferrik {
    let ingress = ingress
        .nginx("backend-protocol", "GRPC")
        .tls(&[HOST], "certificate");
    let text = yaml::file(&[
        &objects(&ingress, &[backend.address]),
        &yaml::tls_secret("team", "certificate", identity),
    ]);
    Ferrik::start(&text).await
}

async fn call(ferrik: &Ferrik, path: &str) -> Call {
    let stream = Tls::to(HOST)
        .alpn(&["h2"])
        .connect(ferrik.https())
        .await
        .expect("the handshake succeeds");
    Call::open(stream, &format!("https://{HOST}{path}")).await
}

#[tokio::test]
async fn grpc_calls_pass_a_rewrite() {
    let backend = EchoBackend::start().await;
    let identity = Authority::new("servers").server(&[HOST]);
    let ingress = Ingress::new("team", "web", "nginx")
        .path(HOST, "/api/(.*)", "ImplementationSpecific", "web")
        .nginx("use-regex", "true")
        .nginx("rewrite-target", "/$1");
    let ferrik = grpc(ingress, &backend, &identity).await;
    let mut call = call(&ferrik, "/api/package.Service/Method").await;
    assert_eq!(call.head.status(), 200);
    call.send("one");
    assert_eq!(call.receive().await.as_deref(), Some("one"));
    call.finish();
    while call.receive().await.is_some_and(|message| !message.is_empty()) {}
    assert_eq!(call.trailers().await["grpc-status"], "0");
}

#[tokio::test]
async fn grpc_messages_and_trailers_pass_in_both_directions() {
    let backend = EchoBackend::start().await;
    let identity = Authority::new("servers").server(&[HOST]);
    let ingress = Ingress::new("team", "web", "nginx").prefix(HOST, "/", "web");
    let ferrik = grpc(ingress, &backend, &identity).await;
    let mut call = call(&ferrik, "/package.Service/Method").await;
    assert_eq!(call.head.status(), 200);
    assert_eq!(call.head.headers()["content-type"], "application/grpc");
    assert_eq!(call.head.headers()["received-te"], "trailers");
    for message in ["one", "two"] {
        // The second is sent after the first came back: the call is open in both directions.
        call.send(message);
        assert_eq!(call.receive().await.as_deref(), Some(message));
    }
    call.finish();
    assert_eq!(call.receive().await.filter(|message| !message.is_empty()), None);
    let trailers = call.trailers().await;
    assert_eq!(trailers["grpc-status"], "0");
    assert_eq!(trailers["grpc-message"], "done");
}
