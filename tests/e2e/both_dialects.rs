//! One host while it moves from one class to the other: an nginx and a traefik Ingress share it, and each route keeps the
//! conventions of its own class.

use crate::support::{Backend, Ferrik, Ingress, ask, get, yaml};

const HOST: &str = "moving.example.org";

const MIDDLEWARE: &str = "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata:\n  name: stamp\n  namespace: team\n\
                          spec:\n  headers:\n    customRequestHeaders:\n      X-Stamp: traefik\n    accessControlAllowOriginList: ['*']\n    \
                          accessControlAllowMethods: [GET]\n";

async fn start(old: &Backend, new: &Backend) -> Ferrik {
    let nginx = Ingress::new("team", "old", "nginx")
        .prefix(HOST, "/", "old")
        .nginx("enable-cors", "true")
        .nginx(
            "configuration-snippet",
            "more_set_input_headers \"X-Stamp: nginx\";",
        )
        .annotation(
            "traefik.ingress.kubernetes.io/router.middlewares",
            "team-stamp@kubernetescrd",
        );
    let traefik = Ingress::new("team", "new", "traefik")
        .prefix(HOST, "/new", "new")
        .annotation(
            "traefik.ingress.kubernetes.io/router.middlewares",
            "team-stamp@kubernetescrd",
        )
        .nginx("configuration-snippet", "return 403;");
    Ferrik::start(&yaml::file(&[
        &yaml::classes(),
        &nginx,
        &traefik,
        &MIDDLEWARE,
        &yaml::service_and_slice("team", "old", 80, &[old.address]),
        &yaml::service_and_slice("team", "new", 80, &[new.address]),
    ]))
    .await
}

#[tokio::test]
async fn each_route_keeps_the_conventions_of_its_class() {
    let (old, new) = (Backend::echo().await, Backend::echo().await);
    let ferrik = start(&old, &new).await;

    let received = ferrik.plain(get(HOST, "/a")).await.received();
    assert_eq!(received.all("x-stamp"), ["nginx"]);
    assert!(received.header("x-request-id").is_some());
    assert_eq!(received.header("x-scheme"), Some("http"));

    let received = ferrik.plain(get(HOST, "/new/a")).await.received();
    assert_eq!(received.all("x-stamp"), ["traefik"]);
    assert_eq!(received.header("x-request-id"), None);
    assert_eq!(received.header("x-scheme"), None);

    assert_eq!(old.targets(), ["/a"]);
    assert_eq!(new.targets(), ["/new/a"]);
}

#[tokio::test]
async fn each_route_answers_options_as_its_class_does() {
    let (old, new) = (Backend::echo().await, Backend::echo().await);
    let ferrik = start(&old, &new).await;
    let preflight = |target: &str| {
        ask("OPTIONS", HOST, target)
            .header("origin", "https://page.example.com")
            .header("access-control-request-method", "GET")
    };
    assert_eq!(ferrik.plain(preflight("/a")).await.status, 204);
    assert_eq!(ferrik.plain(preflight("/new/a")).await.status, 200);
    assert_eq!((old.count(), new.count()), (0, 0));
}

#[tokio::test]
async fn a_path_that_traefik_serves_is_not_lost_to_an_nginx_prefix_and_back() {
    let (old, new) = (Backend::echo().await, Backend::echo().await);
    let ferrik = start(&old, &new).await;
    for target in ["/new", "/new/", "/newer", "/old/new"] {
        ferrik.plain(get(HOST, target)).await.received();
    }
    assert_eq!(new.targets(), ["/new", "/new/"]);
    assert_eq!(old.targets(), ["/newer", "/old/new"]);
}
