//! The annotation of the nginx dialect whose Service stands in for one without endpoints.

use std::net::SocketAddr;

use crate::support::{Backend, Ferrik, Ingress, eventually, get, yaml};

const HOST: &str = "app.example.org";

fn service(name: &str, addresses: &[SocketAddr]) -> String {
    yaml::service_and_slice("team", name, 80, addresses)
}

#[tokio::test]
async fn it_serves_while_the_service_has_no_endpoints() {
    let (app, pages) = (Backend::echo().await, Backend::echo().await);
    let ingress = Ingress::new("team", "shop", "nginx")
        .nginx("default-backend", "pages")
        .prefix(HOST, "/", "app");
    let objects = [
        yaml::classes(),
        ingress.to_string(),
        service("pages", &[pages.address]),
    ];
    let ferrik = Ferrik::setup()
        .file("objects.yaml", &objects.join("---\n"))
        .file("app.yaml", &service("app", &[]))
        .start()
        .await;

    let forged = get(HOST, "/a%2Fb?c=d")
        .header("accept", "text/html")
        .header("x-code", "200");
    let received = ferrik.plain(forged).await.received();
    assert_eq!((&*received.target, &*received.host), ("/a%2Fb?c=d", HOST));
    for (name, value) in [
        ("x-code", "503"),
        ("x-format", "text/html"),
        ("x-namespace", "team"),
        ("x-ingress-name", "shop"),
        ("x-service-name", "app"),
        ("x-service-port", "80"),
    ] {
        assert_eq!(received.all(name), [value], "{name}");
    }
    assert_eq!(received.all("x-request-id").len(), 1);
    assert_eq!((app.count(), pages.count()), (0, 1));

    ferrik.write_by_rename("app.yaml", &service("app", &[app.address]));
    eventually("the application is asked", async || {
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 200);
        app.count() > 0
    })
    .await;
    let received = ferrik.plain(get(HOST, "/")).await.received();
    assert!(received.all("x-code").is_empty());

    ferrik.write_by_rename("app.yaml", &service("app", &[]));
    let before = pages.count();
    eventually("the default backend is asked again", async || {
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 200);
        pages.count() > before
    })
    .await;
}

#[tokio::test]
async fn without_endpoints_of_either_the_answer_is_503() {
    let ingress = Ingress::new("team", "shop", "nginx")
        .nginx("default-backend", "pages")
        .prefix(HOST, "/", "app");
    let objects = [
        yaml::classes(),
        ingress.to_string(),
        service("app", &[]),
        service("pages", &[]),
    ];
    let ferrik = Ferrik::start(&objects.join("---\n")).await;
    let answer = ferrik.plain(get(HOST, "/")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("no instance"), "{}", answer.text());
}
