//! The same site after its move to the traefik class: a chain of middlewares and a `TLSOption`, as its own HOWTO has them.

mod certificate;

use crate::support::certs::Authority;
use crate::support::{Backend, Ferrik, Ingress, ask, eventually, get, yaml};

const HOST: &str = "gulf.example.org";
const OLD: &str = "spill.example.org";
const ORIGIN: &str = "https://search.example.com";

/// The site with one backend and its clients' authority.
struct Site {
    ferrik: Ferrik,
    backend: Backend,
    clients: Authority,
}

impl Site {
    async fn start() -> Self {
        let backend = Backend::echo().await;
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        let objects = yaml::file(&[
            &include_str!("site_traefik/objects.yaml"),
            &yaml::service_and_slice("gulf", "gulf", 8080, &[backend.address]),
            &yaml::tls_secret("gulf", "server-certificate", &servers.server(&[HOST, OLD])),
            &yaml::ca_secret("gulf", "client-ca", &[&clients]),
        ]);
        // The site's entry point `web` redirects to `websecure`.
        let setup = Ferrik::setup()
            .file("objects.yaml", &objects)
            .arguments(&["--https-redirect"]);
        Self {
            ferrik: setup.start().await,
            backend,
            clients,
        }
    }
}

#[tokio::test]
async fn the_chain_adds_its_request_headers() {
    let site = Site::start().await;
    let forged = get(HOST, "/gulf/d1/mn/v2/object/doi%3A10.5063%2FF1")
        .header("x-proxy-key", "forged")
        .header("server", "forged")
        .header("ssl-client-verify", "SUCCESS")
        .header("ssl-client-subject-dn", "CN=forged");
    let received = site.ferrik.secure(forged).await.received();
    assert_eq!(received.target, "/gulf/d1/mn/v2/object/doi%3A10.5063%2FF1");
    assert_eq!(received.host, HOST);
    assert_eq!(received.all("x-proxy-key"), ["not-a-real-key"]);
    assert_eq!(received.all("server"), ["traefik"]);
    assert_eq!(received.header("ssl-client-verify"), None);
    assert_eq!(received.header("ssl-client-subject-dn"), None);
}

#[tokio::test]
async fn crawlers_are_redirected() {
    let site = Site::start().await;
    for (target, location) in [
        ("/robots.txt", "https://gulf.example.org/gulf/robots.txt"),
        (
            "/sitemap1.xml",
            "https://gulf.example.org/gulf/sitemaps/sitemap1.xml",
        ),
    ] {
        let answer = site.ferrik.secure(get(HOST, target)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (302, Some(location)),
            "{target}"
        );
        let answer = site.ferrik.secure(ask("POST", HOST, target)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (307, Some(location)),
            "{target}"
        );
    }
    assert_eq!(site.backend.count(), 0);
}

#[tokio::test]
async fn the_old_host_leads_to_the_new_one() {
    let site = Site::start().await;
    let location = Some("https://gulf.example.org/gulf/d1?q=a%2Fb");
    let answer = site.ferrik.secure(get(OLD, "/gulf/d1?q=a%2Fb")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (301, location)
    );
    let answer = site.ferrik.secure(ask("POST", OLD, "/gulf/d1?q=a%2Fb")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (308, location)
    );
    assert_eq!(site.backend.count(), 0);
}

#[tokio::test]
async fn plain_http_is_sent_to_https() {
    let site = Site::start().await;
    let answer = site.ferrik.plain(get(HOST, "/gulf/d1?q=a%2Fb")).await;
    assert!(matches!(answer.status.as_u16(), 301 | 308), "{}", answer.status);
    let port = site.ferrik.https().port();
    let location = answer.header("location").expect("a redirect says where to");
    let possible =
        [HOST.to_owned(), format!("{HOST}:{port}")].map(|host| format!("https://{host}/gulf/d1?q=a%2Fb"));
    assert!(possible.iter().any(|it| it == location), "{location}");
    assert_eq!(site.backend.count(), 0);
}

#[tokio::test]
async fn a_preflight_is_answered_here_with_200() {
    let site = Site::start().await;
    let preflight = ask("OPTIONS", HOST, "/gulf/d1")
        .header("origin", ORIGIN)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "authorization");
    let answer = site.ferrik.secure(preflight).await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("access-control-allow-origin", ORIGIN),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "POST,PUT,GET,OPTIONS"),
        (
            "access-control-allow-headers",
            "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization",
        ),
        ("access-control-max-age", "1728000"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(site.backend.count(), 0);
}

#[tokio::test]
async fn options_that_are_no_preflight_reach_the_application() {
    let site = Site::start().await;
    let received = site
        .ferrik
        .secure(ask("OPTIONS", HOST, "/gulf/d1"))
        .await
        .received();
    assert_eq!(received.method, "OPTIONS");
}

#[tokio::test]
async fn answers_name_the_origin_that_asked() {
    let site = Site::start().await;
    let answer = site
        .ferrik
        .secure(get(HOST, "/gulf/d1").header("origin", ORIGIN))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(
        answer.header("access-control-allow-methods"),
        None,
        "methods are for preflights"
    );
}

#[tokio::test]
async fn a_certificate_challenge_is_answered_over_plain_http() {
    let site = Site::start().await;
    let solver = Backend::echo().await;
    let path = "/.well-known/acme-challenge/a-token";
    let challenge =
        Ingress::new("gulf", "cm-acme-http-solver", "traefik").path(HOST, path, "Exact", "solver");
    let service = yaml::service_and_slice("gulf", "solver", 80, &[solver.address]);
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
