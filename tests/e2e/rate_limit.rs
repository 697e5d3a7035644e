//! Limits of the nginx dialect on how fast the requests of one client may come.

use crate::support::{Answer, Backend, Ferrik, Ingress, eventually, get, yaml};

const HOST: &str = "app.example.org";

/// Two paths of one object; a minute makes room for one request only, so that no test waits for the next.
async fn start(backend: &Backend, annotations: &[(&str, &str)]) -> Ferrik {
    let ingress = annotations.iter().fold(
        Ingress::new("team", "app", "nginx")
            .prefix(HOST, "/one", "app")
            .prefix(HOST, "/two", "app"),
        |ingress, (name, value)| ingress.nginx(name, value),
    );
    let services = yaml::service_and_slice("team", "app", 80, &[backend.address]);
    Ferrik::start(&yaml::file(&[&yaml::classes(), &ingress, &services])).await
}

async fn ask(ferrik: &Ferrik, target: &str) -> Answer {
    ferrik.plain(get(HOST, target)).await
}

#[tokio::test]
async fn a_burst_passes_and_what_follows_is_refused() {
    let backend = Backend::echo().await;
    let limits = [("limit-rpm", "1"), ("limit-burst-multiplier", "3")];
    let ferrik = start(&backend, &limits).await;
    for target in ["/one", "/two", "/one", "/two"] {
        assert_eq!(ask(&ferrik, target).await.status, 200, "{target}");
    }
    for target in ["/one", "/two"] {
        let refused = ask(&ferrik, target).await;
        assert_eq!(refused.status, 503, "{target}");
        assert!(
            refused.text().contains("more requests than"),
            "{}",
            refused.text()
        );
    }
    assert_eq!(
        backend.count(),
        4,
        "refused requests do not reach the application"
    );
    eventually("the reason is counted", async || {
        let text = ferrik.get_admin("/metrics").await.text();
        text.lines()
            .any(|line| line.contains("too_many_requests") && line.ends_with(" 2"))
    })
    .await;
}

#[tokio::test]
async fn a_reload_resets_no_count() {
    let backend = Backend::echo().await;
    let limits = [("limit-rpm", "1"), ("limit-burst-multiplier", "1")];
    let ferrik = start(&backend, &limits).await;
    for status in [200, 200, 503] {
        assert_eq!(ask(&ferrik, "/one").await.status, status);
    }
    // The second rule makes the limited host's own table anew.
    let marker = Ingress::new("team", "marker", "nginx")
        .prefix("marker.example.org", "/", "app")
        .prefix(HOST, "/marker", "app");
    ferrik.write("marker.yaml", &marker.to_string());
    eventually("the new file is served", async || {
        ask(&ferrik, "/marker").await.status == 200
    })
    .await;
    assert_eq!(ask(&ferrik, "/one").await.status, 503);
}

#[tokio::test]
async fn exempt_networks_are_not_limited() {
    let backend = Backend::echo().await;
    let limits = [
        ("limit-rpm", "1"),
        ("limit-burst-multiplier", "1"),
        ("limit-whitelist", "127.0.0.0/8"),
    ];
    let ferrik = start(&backend, &limits).await;
    for _ in 0..5 {
        assert_eq!(ask(&ferrik, "/one").await.status, 200);
    }
}
