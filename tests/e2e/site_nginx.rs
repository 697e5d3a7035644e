//! A real site's Ingress of the nginx class, as its chart renders it: every behaviour that its users rely on.

mod certificate;

use crate::support::certs::Authority;
use crate::support::curl::curl;
use crate::support::{Answer, Backend, Ferrik, Ingress, Tls, ask, eventually, get, yaml};

const HOST: &str = "archive.example.org";
const NAMES: [&str; 4] = [HOST, "data.example.org", "ecogrid.example.net", "old.example.org"];
const ALLOWED: &str = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";

/// The site with one backend, its server certificate and its clients' authority.
struct Site {
    ferrik: Ferrik,
    backend: Backend,
    servers: Authority,
    clients: Authority,
}

impl Site {
    async fn start() -> Self {
        let backend = Backend::echo().await;
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        let objects = yaml::file(&[
            &include_str!("site_nginx/objects.yaml"),
            &yaml::service_and_slice("repository", "archive", 8080, &[backend.address]),
            &yaml::tls_secret("repository", "server-certificate", &servers.server(&NAMES)),
            &yaml::ca_secret("repository", "client-ca", &[&clients]),
        ]);
        Self {
            ferrik: Ferrik::start(&objects).await,
            backend,
            servers,
            clients,
        }
    }
}

#[tokio::test]
async fn the_host_and_its_aliases_are_served_with_the_proxy_key_added() {
    let site = Site::start().await;
    for host in [HOST, "data.example.org", "ecogrid.example.net"] {
        let forged = get(host, "/archive/d1").header("x-proxy-key", "forged");
        let received = site.ferrik.secure(forged).await.received();
        assert_eq!(received.host, host);
        assert_eq!(received.target, "/archive/d1");
        assert_eq!(received.all("x-proxy-key"), ["not-a-real-key"], "{host}");
    }
    let stranger = site.ferrik.secure(get("other.example.org", "/")).await;
    assert_eq!(stranger.status, 404);
}

#[tokio::test]
async fn the_server_certificate_covers_the_host_and_its_aliases() {
    let site = Site::start().await;
    for host in NAMES {
        let tls = Tls::to(host).trusting(&site.servers);
        let answer = site.ferrik.with(&tls, get(host, "/x")).await;
        assert!(answer.is_ok(), "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn a_get_with_an_origin_carries_the_cors_headers() {
    let site = Site::start().await;
    let answer = site
        .ferrik
        .secure(get(HOST, "/archive").header("origin", "https://search.example.com"))
        .await;
    assert_eq!(answer.status, 200);
    assert_cors(&answer, Some("https://search.example.com"));
}

#[tokio::test]
async fn a_get_without_an_origin_carries_no_allowed_origin() {
    let site = Site::start().await;
    let answer = site.ferrik.secure(get(HOST, "/archive")).await;
    assert_eq!(answer.status, 200);
    assert_cors(&answer, None);
}

#[tokio::test]
async fn options_are_answered_here_with_204() {
    let site = Site::start().await;
    let preflight = || ask("OPTIONS", HOST, "/archive").header("origin", "https://search.example.com");
    for answer in [
        site.ferrik.secure(preflight()).await,
        site.ferrik.plain(preflight()).await,
    ] {
        assert_eq!(answer.status, 204);
        assert_cors(&answer, Some("https://search.example.com"));
        assert_eq!(answer.header("content-type"), Some("text/plain charset=UTF-8"));
        assert!(answer.body.is_empty());
    }
    assert_eq!(site.backend.count(), 0, "no preflight reaches the application");
}

#[tokio::test]
async fn crawlers_are_redirected() {
    let site = Site::start().await;
    for (target, location) in [
        ("/robots.txt", "https://archive.example.org/archive/robots.txt"),
        (
            "/sitemap.xml",
            "https://archive.example.org/archive/sitemaps/sitemap.xml",
        ),
        (
            "/sitemap_index.xml",
            "https://archive.example.org/archive/sitemaps/sitemap_index.xml",
        ),
    ] {
        let answer = site.ferrik.secure(get(HOST, target)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (302, Some(location)),
            "{target}"
        );
    }
    let alias = site.ferrik.secure(get("data.example.org", "/robots.txt")).await;
    assert_eq!(
        alias.header("location"),
        Some("https://data.example.org/archive/robots.txt")
    );
    assert_eq!(site.backend.count(), 0);
}

#[tokio::test]
async fn plain_http_is_sent_to_https_after_the_snippet_had_its_say() {
    let site = Site::start().await;
    let answer = site.ferrik.plain(get(HOST, "/archive/d1?q=a%2Fb")).await;
    assert_eq!(answer.status, 308);
    assert_eq!(
        answer.header("location"),
        Some("https://archive.example.org/archive/d1?q=a%2Fb")
    );
    let robots = site.ferrik.plain(get(HOST, "/robots.txt")).await;
    assert_eq!(robots.status, 302);
    assert_eq!(
        robots.header("location"),
        Some("http://archive.example.org/archive/robots.txt")
    );
    assert_eq!(site.backend.count(), 0);
}

#[tokio::test]
async fn the_old_name_leads_to_the_new_one() {
    let site = Site::start().await;
    for answer in [
        site.ferrik.secure(get("old.example.org", "/a%2Fb?c=d")).await,
        site.ferrik.plain(get("old.example.org", "/a%2Fb?c=d")).await,
    ] {
        assert_eq!(answer.status, 301);
        assert_eq!(
            answer.header("location"),
            Some("https://archive.example.org/a%2Fb?c=d")
        );
    }
}

#[tokio::test]
async fn identifiers_arrive_byte_for_byte() {
    let site = Site::start().await;
    for target in [
        "/archive/d1/mn/v2/object/doi%3A10.5063%2FF1",
        "/archive/d1/mn/v2/object/doi:10.5063%2fF1",
        "/archive/d1/mn/v2/object/https%3A%2F%2Fdoi.org%2F10.5063%2FF1?checksum=a%2Bb",
        "/archive/d1/mn/v2/object/urn:uuid:1;version=2",
        "/archive/d1/mn/v2/object/a%20b+c%2Bd",
        "/archive/d1/mn/v2/object//a///b",
        "/archive/d1/mn/v2/object/https://doi.org/10.5063/F1",
        "/archive/d1/mn/v2/query/solr/?q=id:*&fq=%22a%20b%22&rows=1;2",
        "/archive/d1/mn/v2/object/%E2%82%AC",
    ] {
        assert_eq!(
            site.ferrik.secure(get(HOST, target)).await.received().target,
            target
        );
    }
}

#[tokio::test]
async fn forwarded_headers_are_those_of_nginx() {
    let site = Site::start().await;
    let forged = get(HOST, "/")
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-real-ip", "203.0.113.7")
        .header("x-forwarded-proto", "http")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-port", "1")
        .header("x-scheme", "http")
        .header("x-forwarded-scheme", "http");
    let received = site.ferrik.secure(forged).await.received();
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", HOST),
        ("x-forwarded-port", "443"),
        ("x-forwarded-scheme", "https"),
        ("x-scheme", "https"),
    ] {
        assert_eq!(received.all(name), [value], "{name}");
    }
    let id = received.header("x-request-id").expect("every request has an id");
    assert!(
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
}

#[tokio::test]
async fn a_client_that_nobody_here_wrote_is_served_over_http_2() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, site.servers.pem()).expect("the folder is writable");
    let port = site.ferrik.https().port();
    let answer = curl(&[
        "--http2",
        "--cacert",
        &authority.display().to_string(),
        "--resolve",
        &format!("{HOST}:{port}:127.0.0.1"),
        "-w",
        "\n%{http_version} %{http_code}",
        &format!("https://{HOST}:{port}/archive/d1/mn/v2/object/doi%3A10.5063%2FF1"),
    ])
    .await;
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stdout.ends_with("\n2 200"), "{}", answer.stdout);
    assert_eq!(
        site.backend.targets(),
        ["/archive/d1/mn/v2/object/doi%3A10.5063%2FF1"]
    );
}

#[tokio::test]
async fn a_certificate_challenge_is_answered_over_plain_http() {
    let site = Site::start().await;
    let solver = Backend::echo().await;
    let path = "/.well-known/acme-challenge/a-token";
    let challenge = Ingress::new("repository", "cm-acme-http-solver", "nginx").path(
        HOST,
        path,
        "ImplementationSpecific",
        "solver",
    );
    let service = yaml::service_and_slice("repository", "solver", 80, &[solver.address]);
    site.ferrik
        .write("solver.yaml", &yaml::file(&[&challenge, &service]));
    eventually("the solver answers, not the application", async || {
        assert_eq!(
            site.ferrik.plain(get(HOST, path)).await.status,
            200,
            "a challenge is never redirected"
        );
        solver.targets() == [path]
    })
    .await;
}

fn assert_cors(answer: &Answer, origin: Option<&str>) {
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("POST, PUT, GET, OPTIONS")
    );
    assert_eq!(answer.header("access-control-allow-headers"), Some(ALLOWED));
    assert_eq!(answer.header("access-control-max-age"), Some("1728000"));
}
