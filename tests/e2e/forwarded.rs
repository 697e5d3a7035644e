//! What the backend is told about the client, and what a client cannot tell it.

use crate::support::raw::send;
use crate::support::{Ask, Backend, Ferrik, Ingress, Received, get, yaml};

const CLASSES: [&str; 3] = ["nginx", "traefik", "ferrik"];
const HOST: &str = "told.example.org";

async fn start(class: &str, backend: &Backend, arguments: &[&str]) -> Ferrik {
    let objects = yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "web", class).prefix(HOST, "/", "web"),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    Ferrik::setup()
        .file("objects.yaml", &objects)
        .arguments(arguments)
        .start()
        .await
}

/// A request that claims to come from somewhere else.
fn forged() -> Ask {
    get(HOST, "/")
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-real-ip", "203.0.113.7")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "forged.example")
        .header("x-forwarded-port", "4443")
        .header("x-forwarded-prefix", "/forged")
        .header("x-forwarded-server", "forged")
        .header("x-forwarded-uri", "/forged")
        .header("x-forwarded-method", "FORGED")
        .header("forwarded", "for=203.0.113.7;host=forged.example")
        .header("x_forwarded_for", "203.0.113.7")
        .header("x_real_ip", "203.0.113.7")
        .header("x-forwarded_proto", "https")
        .header("x.forwarded.for", "203.0.113.7")
        .header("x-real~ip", "203.0.113.7")
}

fn assert_headers(received: &Received, expected: &[(&str, &str)], context: &str) {
    for (name, value) in expected {
        assert_eq!(received.all(name), [*value], "{context}: {name}");
    }
}

#[tokio::test]
async fn an_unknown_client_cannot_say_where_it_comes_from() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = start(class, &backend, &[]).await;
        let received = ferrik.plain(forged()).await.received();
        let expected = [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", HOST),
        ];
        assert_headers(&received, &expected, class);
        // ingress-nginx hands the client's claim on under another name.
        let original = |name: &str| name.starts_with("x-original-");
        let claims = received.headers.iter().filter(|(name, value)| {
            !original(name) && (value.contains("203.0.113.7") || value.to_lowercase().contains("forged"))
        });
        let claims: Vec<_> = claims.collect();
        assert!(claims.is_empty(), "{class}: {claims:?}");
        for name in ["x-forwarded-for", "x-real-ip", "x-forwarded-proto"] {
            assert_eq!(received.names_like(name), [name], "{class}: one spelling only");
        }
    }
}

#[tokio::test]
async fn traefiks_headers_say_what_traefik_says() {
    let backend = Backend::echo().await;
    let ferrik = start("traefik", &backend, &[]).await;
    let received = ferrik.plain(get(HOST, "/")).await.received();
    assert_headers(
        &received,
        &[("x-forwarded-port", "80"), ("x-forwarded-proto", "http")],
        "plain",
    );
    assert!(
        received
            .header("x-forwarded-server")
            .is_some_and(|name| !name.is_empty()),
        "{received:?}"
    );
    assert_eq!(received.header("x-request-id"), None);
    assert_eq!(received.header("x-scheme"), None);
    let received = ferrik.secure(get(HOST, "/")).await.received();
    assert_headers(
        &received,
        &[("x-forwarded-port", "443"), ("x-forwarded-proto", "https")],
        "TLS",
    );
    let received = ferrik.secure(get(&format!("{HOST}:8443"), "/")).await.received();
    let host = format!("{HOST}:8443");
    assert_headers(
        &received,
        &[("x-forwarded-port", "8443"), ("x-forwarded-host", &host)],
        "with a port",
    );
    assert_eq!(received.host, host, "the host is passed as it came");
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_up_to_the_first_address_that_is_not_trusted() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = start(
            class,
            &backend,
            &["--trusted-proxies", "127.0.0.0/8,192.0.2.0/24"],
        )
        .await;
        let ask = get(HOST, "/")
            .header("x-forwarded-for", "198.51.100.1, 203.0.113.7, 192.0.2.9")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", "public.example.org");
        let received = ferrik.plain(ask).await.received();
        let told = received.header("x-forwarded-for").expect("it is there");
        let expected = match class {
            // Appended, as Go's reverse proxy does.
            "traefik" => "198.51.100.1, 203.0.113.7, 192.0.2.9, 127.0.0.1",
            // ingress-nginx replaces the list by the one address that it believes.
            _ => "203.0.113.7",
        };
        assert!(class == "ferrik" || told == expected, "{class}: {told}");
        assert_headers(
            &received,
            &[
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "public.example.org"),
            ],
            class,
        );
        assert_eq!(
            received.host, HOST,
            "{class}: routing and Host stay with the request's own host"
        );
        if class == "nginx" {
            assert_eq!(received.header("x-real-ip"), Some("203.0.113.7"));
        }
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_not_believed() {
    let backend = Backend::echo().await;
    let ferrik = start("nginx", &backend, &["--trusted-proxies", "192.0.2.0/24"]).await;
    let received = ferrik.plain(forged()).await.received();
    assert_headers(
        &received,
        &[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "http")],
        "nginx",
    );
}

#[tokio::test]
async fn access_by_address_follows_the_believed_address() {
    let backend = Backend::echo().await;
    let ingress = Ingress::new("team", "web", "nginx")
        .prefix(HOST, "/", "web")
        .nginx("whitelist-source-range", "203.0.113.0/24");
    let service = yaml::service_and_slice("team", "web", 80, &[backend.address]);
    let objects = yaml::file(&[&yaml::classes(), &ingress, &service]);
    let trusting = Ferrik::setup()
        .file("objects.yaml", &objects)
        .arguments(&["--trusted-proxies", "127.0.0.1/32"]);
    let trusting = trusting.start().await;
    let from = |address: &str| get(HOST, "/").header("x-forwarded-for", address);
    assert_eq!(trusting.plain(from("203.0.113.7")).await.status, 200);
    assert_eq!(trusting.plain(from("198.51.100.1")).await.status, 403);
    assert_eq!(
        trusting.plain(from("203.0.113.7, 198.51.100.1")).await.status,
        403
    );
    let careful = Ferrik::start(&objects).await;
    assert_eq!(careful.plain(from("203.0.113.7")).await.status, 403);
}

#[tokio::test]
async fn a_request_id_is_kept_or_made() {
    let backend = Backend::echo().await;
    let ferrik = start("nginx", &backend, &[]).await;
    let received = ferrik
        .plain(get(HOST, "/").header("x-request-id", "from-the-client-1"))
        .await
        .received();
    assert_eq!(received.header("x-request-id"), Some("from-the-client-1"));
    let mut made = Vec::new();
    for _ in 0..2 {
        let received = ferrik.plain(get(HOST, "/")).await.received();
        made.push(received.header("x-request-id").expect("an id is made").to_owned());
    }
    assert_ne!(made[0], made[1]);
    let odd = get(HOST, "/").header("x-request-id", "<script>alert(1)</script>");
    let received = ferrik.plain(odd).await.received();
    let told = received.header("x-request-id").expect("an id is made");
    assert!(told.bytes().all(|byte| byte.is_ascii_hexdigit()), "{told}");
}

#[tokio::test]
async fn a_middleware_has_the_last_word_over_traefiks_own_headers() {
    let backend = Backend::echo().await;
    let ingress = Ingress::new("team", "web", "traefik")
        .prefix(HOST, "/", "web")
        .annotation(
            "traefik.ingress.kubernetes.io/router.middlewares",
            "team-told@kubernetescrd",
        );
    let told = "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata:\n  name: told\n  namespace: team\n\
                spec:\n  headers:\n    customRequestHeaders:\n      X-Forwarded-Proto: https\n      X-Real-Ip: ''\n";
    let service = yaml::service_and_slice("team", "web", 80, &[backend.address]);
    let ferrik = Ferrik::start(&yaml::file(&[&yaml::classes(), &told, &ingress, &service])).await;
    let received = ferrik.plain(forged()).await.received();
    assert_headers(
        &received,
        &[("x-forwarded-proto", "https"), ("x-forwarded-for", "127.0.0.1")],
        "traefik",
    );
    assert_eq!(received.header("x-real-ip"), None, "an empty value removes");
}

#[tokio::test]
async fn hop_by_hop_headers_end_here() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = start(class, &backend, &[]).await;
        let reply = send(
            ferrik.http(),
            format!(
                "GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close, x-hop\r\nX-Hop: 1\r\n\
                 Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nProxy: http://203.0.113.7\r\n\
                 X-End-To-End: 1\r\n\r\n"
            ),
        )
        .await;
        assert_eq!(reply.status(), Some(200), "{class}: {}", reply.text());
        let received = backend.received().pop().expect("it was passed on");
        for name in ["x-hop", "keep-alive", "proxy-connection", "te", "proxy"] {
            // Traefik passes `Proxy` on; nobody needs that.
            assert_eq!(received.header(name), None, "{class}: {name}");
        }
        assert_headers(
            &received,
            &[("x-end-to-end", "1"), ("x-forwarded-for", "127.0.0.1")],
            class,
        );
        let connection = received.header("connection").unwrap_or_default().to_lowercase();
        assert!(
            !connection.contains("x-hop") && !connection.contains("close"),
            "{class}: {connection}"
        );
    }
}

#[tokio::test]
async fn a_client_cannot_have_our_own_headers_taken_for_its_hop_by_hop_ones() {
    for class in CLASSES {
        let backend = Backend::echo().await;
        let ferrik = start(class, &backend, &[]).await;
        for name in ["x-forwarded-for", "x-real-ip", "x-forwarded-proto", "host"] {
            let head = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close, {name}\r\n\r\n");
            let reply = send(ferrik.http(), head).await;
            assert!(
                matches!(reply.status(), Some(200 | 400)),
                "{class}: {name}: {}",
                reply.text()
            );
        }
        for received in backend.received() {
            assert_headers(
                &received,
                &[("x-forwarded-for", "127.0.0.1"), ("x-real-ip", "127.0.0.1")],
                class,
            );
            assert_headers(&received, &[("x-forwarded-proto", "http"), ("host", HOST)], class);
        }
    }
}

#[tokio::test]
async fn names_with_underscores_end_here_in_the_nginx_dialect_only() {
    for (class, passes) in [("nginx", false), ("traefik", true)] {
        let backend = Backend::echo().await;
        let ferrik = start(class, &backend, &[]).await;
        let received = ferrik
            .plain(get(HOST, "/").header("x_custom", "1"))
            .await
            .received();
        assert_eq!(received.header("x_custom").is_some(), passes, "{class}");
    }
}
