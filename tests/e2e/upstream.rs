//! The way to the backend: which endpoint, what is tried again, which protocol, and what a failure is called.

mod failure;
mod protocol;

use std::net::SocketAddr;

use crate::support::{Backend, Ferrik, Ingress, get, yaml};

const HOST: &str = "app.example.org";

/// An address where nobody listens.
fn dead() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 254], 1))
}

async fn start(class: &str, addresses: &[SocketAddr]) -> Ferrik {
    let ingress = Ingress::new("team", "web", class).prefix(HOST, "/", "web");
    Ferrik::start(&objects(&ingress, addresses)).await
}

fn objects(ingress: &Ingress, addresses: &[SocketAddr]) -> String {
    let service = yaml::service_and_slice("team", "web", 80, addresses);
    yaml::file(&[&yaml::classes(), ingress, &service])
}

#[tokio::test]
async fn requests_go_round_the_endpoints() {
    for class in ["nginx", "traefik", "ferrik"] {
        let (first, second) = (Backend::echo().await, Backend::echo().await);
        let ferrik = start(class, &[first.address, second.address]).await;
        for _ in 0..20 {
            assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 200);
        }
        assert_eq!((first.count(), second.count()), (10, 10), "{class}");
    }
}

#[tokio::test]
async fn connections_to_backends_are_used_again() {
    let backend = Backend::echo().await;
    let ferrik = start("nginx", &[backend.address]).await;
    for _ in 0..20 {
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 200);
    }
    assert!(
        backend.connections() <= 4,
        "{} connections for 20 requests in a row",
        backend.connections()
    );
}

#[tokio::test]
async fn an_unready_endpoint_gets_nothing_while_a_ready_one_is_there() {
    let (ready, unready) = (Backend::echo().await, Backend::echo().await);
    let ingress = Ingress::new("team", "web", "nginx").prefix(HOST, "/", "web");
    let text =
        objects(&ingress, &[unready.address, ready.address]).replacen("ready: true", "ready: false", 1);
    let ferrik = Ferrik::start(&text).await;
    for _ in 0..6 {
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 200);
    }
    assert_eq!((ready.count(), unready.count()), (6, 0));
}

#[tokio::test]
async fn what_no_rule_covers_is_answered_404() {
    let backend = Backend::echo().await;
    let ingress = Ingress::new("team", "web", "nginx").prefix(HOST, "/only", "web");
    let ferrik = Ferrik::start(&objects(&ingress, &[backend.address])).await;
    assert_eq!(
        ferrik.plain(get("stranger.example.org", "/only")).await.status,
        404
    );
    assert_eq!(ferrik.plain(get(HOST, "/other")).await.status, 404);
    assert_eq!(ferrik.plain(get(HOST, "/only")).await.status, 200);
    assert_eq!(
        ferrik.plain(get(&HOST.to_uppercase(), "/only")).await.status,
        200,
        "hosts have no case"
    );
    assert_eq!(
        ferrik.plain(get(&format!("{HOST}:8080"), "/only")).await.status,
        200,
        "the port is no part of it"
    );
}

#[tokio::test]
async fn the_default_backend_serves_what_no_rule_covers() {
    let (web, fallback) = (Backend::echo().await, Backend::echo().await);
    let ingress = Ingress::new("team", "web", "nginx").prefix(HOST, "/only", "web");
    let text = yaml::file(&[
        &objects(&ingress, &[web.address]),
        &yaml::service_and_slice("system", "fallback", 80, &[fallback.address]),
    ]);
    let setup = Ferrik::setup().file("objects.yaml", &text);
    let ferrik = setup
        .arguments(&["--default-backend-service", "system/fallback"])
        .start()
        .await;
    ferrik.plain(get("stranger.example.org", "/x")).await.received();
    ferrik.plain(get(HOST, "/other")).await.received();
    ferrik.plain(get(HOST, "/only")).await.received();
    assert_eq!(fallback.targets(), ["/x", "/other"]);
    assert_eq!(web.targets(), ["/only"]);
}
