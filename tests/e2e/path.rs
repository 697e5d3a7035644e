//! Paths: which route they take, what the backend receives, and that no spelling leads past a route that guards access.

use crate::support::raw::{Reply, send};
use crate::support::{Backend, Connection, Ferrik, Ingress, Tls, get, yaml};

const CLASSES: [&str; 3] = ["nginx", "traefik", "ferrik"];
const HOST: &str = "guarded.example.org";

/// Spellings that some application reads as `/admin` or something below it.
const SPELLINGS: [&str; 33] = [
    "/admin",
    "/admin/",
    "/admin/x",
    "/admin?x=y",
    "/admin%2Fx",
    "/admin%2fx",
    "/%61dmin/x",
    "/%61%64%6D%69%6e",
    "/admi%6E%2Fx",
    "//admin/x",
    "///admin",
    "/%2Fadmin/x",
    "/./admin/x",
    "/.//admin/x",
    "/%2e/admin/x",
    "/x/../admin/y",
    "/x/..//admin/y",
    "/x/%2e%2e/admin/y",
    "/x/.%2E/admin/y",
    "/x/..%2Fadmin/y",
    "/x%2F..%2Fadmin%2Fy",
    "/x/%2e%2e%2fadmin/y",
    "/x/y/../../admin",
    "/admin/../admin/x",
    "/admin;a=b/x",
    "/admin;/x",
    "/admin%3Ba=b/x",
    "/x/..;/admin/y",
    "/x/..;a=b/admin/y",
    "\\admin\\x",
    "/\\admin/x",
    "/x/..\\admin",
    "/%5Cadmin/x",
];

/// Paths that only look similar, which must pass untouched.
const HARMLESS: [&str; 8] = [
    "/administrator",
    "/x/admin",
    "/open%2Fx",
    "/x;a=b/y",
    "/x/..y/z",
    "/doi%3A10.5063%2FF1",
    "/x//y",
    "/x?next=/../admin",
];

/// A host whose `/admin` refuses this client and whose `/` is open.
fn guarded(class: &str, backend: &Backend) -> String {
    let admin = Ingress::new("team", "admin", class).prefix(HOST, "/admin", "web");
    let admin = match class {
        "nginx" => admin.nginx("whitelist-source-range", "10.0.0.0/8"),
        "ferrik" => admin.annotation("ferrik.dev/allowlist-source-range", "10.0.0.0/8"),
        _ => admin.annotation(
            "traefik.ingress.kubernetes.io/router.middlewares",
            "team-inside@kubernetescrd",
        ),
    };
    let inside = "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata:\n  name: inside\n  namespace: team\n\
                  spec:\n  ipAllowList:\n    sourceRange: [10.0.0.0/8]\n";
    yaml::file(&[
        &yaml::classes(),
        &inside,
        &admin,
        &Ingress::new("team", "open", class).prefix(HOST, "/", "web"),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ])
}

async fn request(ferrik: &Ferrik, target: &str) -> Reply {
    send(
        ferrik.http(),
        format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"),
    )
    .await
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_past_its_guard() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = Ferrik::start(&guarded(class, &backend)).await;
        for target in SPELLINGS {
            let reply = request(&ferrik, target).await;
            assert_eq!(
                backend.targets(),
                Vec::<String>::new(),
                "{class}: {target} reached the backend"
            );
            let status = reply.status();
            assert!(
                matches!(status, Some(400 | 403 | 404)),
                "{class}: {target}: {status:?} {}",
                reply.text()
            );
        }
        let absolute = request(&ferrik, &format!("http://{HOST}/x/../admin/y")).await;
        assert!(
            matches!(absolute.status(), Some(400 | 403 | 404)),
            "{class}: {}",
            absolute.text()
        );
        assert_eq!(
            backend.targets(),
            Vec::<String>::new(),
            "{class}: the absolute form reached the backend"
        );
    }
}

#[tokio::test]
async fn no_spelling_leads_past_a_guard_over_http_2() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = Ferrik::start(&guarded(class, &backend)).await;
        let mut connection = Connection::tls(ferrik.https(), &Tls::to(HOST).alpn(&["h2"]))
            .await
            .expect("the handshake succeeds");
        // Its client cannot send what is no path.
        for target in SPELLINGS.iter().filter(|target| target.starts_with('/')) {
            let answer = connection
                .send(get(HOST, target))
                .await
                .expect("a bad path ends one request only");
            assert_eq!(
                backend.targets(),
                Vec::<String>::new(),
                "{class}: {target} reached the backend"
            );
            assert!(
                matches!(answer.status.as_u16(), 400 | 403 | 404),
                "{class}: {target}: {}",
                answer.status
            );
        }
    }
}

#[tokio::test]
async fn similar_paths_pass_beside_a_guard() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = Ferrik::start(&guarded(class, &backend)).await;
        for target in HARMLESS {
            let reply = request(&ferrik, target).await;
            assert_eq!(reply.status(), Some(200), "{class}: {target}: {}", reply.text());
        }
        assert_eq!(backend.targets(), HARMLESS, "{class}");
    }
}

#[tokio::test]
async fn dot_segments_are_resolved_before_the_backend_sees_them() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = Ferrik::start(&guarded(class, &backend)).await;
        let reply = request(&ferrik, "/a/./b/../c%2Fd?x=/../y").await;
        assert_eq!(reply.status(), Some(200), "{class}: {}", reply.text());
        assert_eq!(backend.targets(), ["/a/c%2Fd?x=/../y"], "{class}");
    }
}

#[tokio::test]
async fn the_absolute_form_is_served_like_the_origin_form() {
    let backend = Backend::echo().await;
    let ferrik = Ferrik::start(&guarded("ferrik", &backend)).await;
    let reply = request(&ferrik, &format!("http://{HOST}/a%2Fb?c=d")).await;
    assert_eq!(reply.status(), Some(200), "{}", reply.text());
    let reply = request(&ferrik, &format!("http://{HOST}?c=d")).await;
    assert_eq!(reply.status(), Some(200), "{}", reply.text());
    assert_eq!(backend.targets(), ["/a%2Fb?c=d", "/?c=d"]);
}

#[tokio::test]
async fn a_rewrite_cannot_join_its_way_out_of_its_target() {
    let backend = Backend::echo().await;
    let rewrite = Ingress::new("team", "web", "nginx")
        .path(HOST, "/data(.*)", "ImplementationSpecific", "web")
        .nginx("use-regex", "true")
        .nginx("rewrite-target", "/files/$1");
    let service = yaml::service_and_slice("team", "web", 80, &[backend.address]);
    let ferrik = Ferrik::start(&yaml::file(&[&yaml::classes(), &rewrite, &service])).await;
    for (target, received) in [
        ("/dataset", "/files/set"),
        ("/data../x", "/x"),
        ("/data../../../x", "/x"),
    ] {
        let reply = request(&ferrik, target).await;
        // One that climbs is resolved or refused, and never left for the backend to resolve.
        if matches!(reply.status(), Some(400 | 404)) {
            continue;
        }
        assert_eq!(backend.targets().pop().as_deref(), Some(received), "{target}");
    }
    assert_eq!(backend.targets().first().map(String::as_str), Some("/files/set"));
}

/// Each path of the host names the service that serves it.
async fn two_services(class: &str) -> (Ferrik, Backend, Backend) {
    let (inner, outer) = (Backend::echo().await, Backend::echo().await);
    let rules = Ingress::new("team", "rules", class)
        .prefix(HOST, "/", "outer")
        .prefix(HOST, "/a/b", "inner")
        .path(HOST, "/exact", "Exact", "inner");
    let objects = yaml::file(&[
        &yaml::classes(),
        &rules,
        &yaml::service_and_slice("team", "inner", 80, &[inner.address]),
        &yaml::service_and_slice("team", "outer", 80, &[outer.address]),
    ]);
    (Ferrik::start(&objects).await, inner, outer)
}

#[tokio::test]
async fn routes_match_whole_path_elements_longest_first_and_exact_before_prefix() {
    for class in CLASSES {
        let (ferrik, inner, outer) = two_services(class).await;
        for target in [
            "/a/b", "/a/b/", "/a/b/c", "/exact", "/a", "/a/bc", "/exact/", "/exact/x", "/b/a/b",
        ] {
            assert_eq!(
                request(&ferrik, target).await.status(),
                Some(200),
                "{class}: {target}"
            );
        }
        assert_eq!(inner.targets(), ["/a/b", "/a/b/", "/a/b/c", "/exact"], "{class}");
        assert_eq!(
            outer.targets(),
            ["/a", "/a/bc", "/exact/", "/exact/x", "/b/a/b"],
            "{class}"
        );
    }
}

#[tokio::test]
async fn an_escaped_slash_is_a_slash_to_nginx_routes_only() {
    for (class, is_slash) in [("nginx", true), ("traefik", false), ("ferrik", false)] {
        let (ferrik, inner, outer) = two_services(class).await;
        assert_eq!(request(&ferrik, "/a%2Fb/c").await.status(), Some(200), "{class}");
        let server = if is_slash { &inner } else { &outer };
        assert_eq!(server.targets(), ["/a%2Fb/c"], "{class}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_never_taken_for_a_request() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = Ferrik::start(&guarded(class, &backend)).await;
        let hidden = format!("GET /hidden HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        let length = hidden.len() + 1;
        let head = format!("POST /admin HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n\r\n");
        let reply = send(
            ferrik.http(),
            format!("{head}{hidden}xGET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n"),
        )
        .await;
        assert_eq!(reply.status(), Some(403), "{class}: {}", reply.text());
        assert_eq!(reply.count(), 1, "{class}: {}", reply.text());
        assert!(reply.closed, "{class}");
        assert_eq!(backend.targets(), Vec::<String>::new(), "{class}");
    }
}

#[tokio::test]
async fn an_escaped_letter_is_the_letter() {
    for class in CLASSES {
        let (ferrik, inner, _outer) = two_services(class).await;
        assert_eq!(request(&ferrik, "/%61/b/c").await.status(), Some(200), "{class}");
        assert_eq!(inner.targets(), ["/%61/b/c"], "{class}");
    }
}
