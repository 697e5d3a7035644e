//! A third Ingress of the real site: CORS by annotations, with a variable of nginx as the origin, which ingress-nginx never
//! understood there: it skips the item and falls back to any origin.

use crate::support::{Answer, Backend, Ferrik, Ingress, ask, get, yaml};

const HOST: &str = "api.example.org";
const ORIGIN: &str = "https://search.example.com";

async fn start(backend: &Backend) -> Ferrik {
    let ingress = Ingress::new("quality", "nginx", "nginx")
        .prefix(HOST, "/quality", "controller")
        .nginx("enable-cors", "true")
        .nginx("cors-allow-methods", "GET, POST, OPTIONS")
        .nginx("cors-allow-origin", "$http_origin")
        .nginx("cors-allow-credentials", "true");
    let service = yaml::service_and_slice("quality", "controller", 80, &[backend.address]);
    Ferrik::start(&yaml::file(&[&yaml::classes(), &ingress, &service])).await
}

fn assert_cors(answer: &Answer) {
    let origin = answer
        .header("access-control-allow-origin")
        .expect("an origin is allowed");
    assert!(["*", ORIGIN].contains(&origin), "{origin}");
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET, POST, OPTIONS")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
}

#[tokio::test]
async fn an_origin_that_is_a_variable_lets_every_origin_read() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend).await;
    let answer = ferrik
        .plain(get(HOST, "/quality/runs").header("origin", ORIGIN))
        .await;
    assert_eq!(answer.status, 200);
    assert_cors(&answer);
    let preflight = ferrik
        .plain(ask("OPTIONS", HOST, "/quality/runs").header("origin", ORIGIN))
        .await;
    assert_eq!(preflight.status, 204);
    assert_cors(&preflight);
    assert_eq!(backend.targets(), ["/quality/runs"]);
}

#[tokio::test]
async fn other_paths_of_the_host_are_not_served() {
    let backend = Backend::echo().await;
    let ferrik = start(&backend).await;
    for target in ["/", "/qualityx", "/other/quality"] {
        assert_eq!(ferrik.plain(get(HOST, target)).await.status, 404, "{target}");
    }
    assert_eq!(ferrik.plain(get(HOST, "/quality")).await.status, 200);
}
