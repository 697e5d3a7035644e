//! Which certificate a client is shown, what is negotiated, and that the server name cannot be used to slip past a host's
//! demand for client certificates.

mod cipher_suite;
mod client_certificate;

use rustls::version::{TLS12, TLS13};

use crate::support::certs::{Authority, Identity};
use crate::support::{Backend, Connection, Ferrik, Ingress, Tls, eventually, get, yaml};

/// The certificate that the server shows.
async fn shown(ferrik: &Ferrik, tls: &Tls) -> Vec<u8> {
    let connection = Connection::tls(ferrik.https(), tls)
        .await
        .expect("the handshake succeeds");
    connection
        .server_chain
        .into_iter()
        .next()
        .expect("a server shows a certificate")
}

fn host(name: &str, host: &str) -> Ingress {
    Ingress::new("team", name, "nginx")
        .prefix(host, "/", "web")
        .tls(&[host], name)
}

/// One host with this certificate.
async fn one_host(identity: &Identity, backend: &Backend) -> Ferrik {
    let setup = Ferrik::setup().file("secret.yaml", &yaml::tls_secret("team", "one", identity));
    let objects = yaml::file(&[
        &yaml::classes(),
        &host("one", "one.example.org"),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    setup.file("objects.yaml", &objects).start().await
}

#[tokio::test]
async fn the_server_name_chooses_the_certificate() {
    let backend = Backend::echo().await;
    let authority = Authority::new("servers");
    let (exact, wild) = (
        authority.server(&["one.example.org"]),
        authority.server(&["*.example.org"]),
    );
    let default = authority.server(&["default.example.net"]);
    let objects = yaml::file(&[
        &yaml::classes(),
        &host("exact", "one.example.org"),
        &host("wild", "*.example.org"),
        &yaml::tls_secret("team", "exact", &exact),
        &yaml::tls_secret("team", "wild", &wild),
        &yaml::tls_secret("system", "default", &default),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    let setup = Ferrik::setup().file("objects.yaml", &objects);
    let ferrik = setup
        .arguments(&["--default-ssl-certificate", "system/default"])
        .start()
        .await;
    for (name, expected) in [
        ("one.example.org", &exact),
        ("two.example.org", &wild),
        ("a.two.example.org", &default),
        ("example.org", &default),
        ("unknown.example.net", &default),
    ] {
        assert!(shown(&ferrik, &Tls::to(name)).await == expected.der(), "{name}");
    }
    assert!(
        shown(&ferrik, &Tls::without_name()).await == default.der(),
        "no name"
    );
    let answer = ferrik
        .with(&Tls::without_name(), get("one.example.org", "/"))
        .await
        .expect("an answer");
    assert_eq!(answer.status, 200, "routing follows the host");
}

#[tokio::test]
async fn without_a_default_certificate_one_is_made() {
    let backend = Backend::echo().await;
    let identity = Authority::new("servers").server(&["one.example.org"]);
    let ferrik = one_host(&identity, &backend).await;
    let made = shown(&ferrik, &Tls::to("unknown.example.net")).await;
    assert!(made != identity.der());
    assert!(
        made == shown(&ferrik, &Tls::without_name()).await,
        "it is the same every time"
    );
}

#[tokio::test]
async fn a_certificate_that_is_missing_or_broken_gives_way_to_the_default_one() {
    let backend = Backend::echo().await;
    let identity = Authority::new("servers").server(&["one.example.org"]);
    let ferrik = one_host(&identity, &backend).await;
    let default = shown(&ferrik, &Tls::to("unknown.example.net")).await;
    let broken = [("tls.crt", "no PEM".to_owned()), ("tls.key", "no PEM".to_owned())];
    let objects = yaml::file(&[
        &host("missing", "missing.example.org"),
        &host("broken", "broken.example.org"),
        &yaml::secret("team", "broken", "kubernetes.io/tls", &broken),
    ]);
    ferrik.write("more.yaml", &objects);
    for name in ["missing.example.org", "broken.example.org"] {
        eventually("the host is served", async || {
            ferrik.secure(get(name, "/")).await.status == 200
        })
        .await;
        assert!(shown(&ferrik, &Tls::to(name)).await == default, "{name}");
    }
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_with_either_kind_of_key() {
    let backend = Backend::echo().await;
    let authority = Authority::new("servers");
    for identity in [
        authority.server(&["one.example.org"]),
        authority.rsa_server(&["one.example.org"]),
    ] {
        let ferrik = one_host(&identity, &backend).await;
        for version in [&TLS12, &TLS13] {
            let tls = Tls::to("one.example.org").trusting(&authority).only(version);
            let answer = ferrik
                .with(&tls, get("one.example.org", "/"))
                .await
                .expect("the handshake succeeds");
            assert_eq!(answer.status, 200, "{version:?}");
        }
    }
}

#[tokio::test]
async fn http_2_is_spoken_if_the_client_offers_it() {
    let backend = Backend::echo().await;
    let ferrik = one_host(&Authority::new("servers").server(&["one.example.org"]), &backend).await;
    let http2 = hyper::Version::HTTP_2;
    let http1 = hyper::Version::HTTP_11;
    for (offer, expected) in [
        (&["h2", "http/1.1"][..], http2),
        (&["http/1.1", "h2"][..], http2),
        (&["h2"][..], http2),
        (&["http/1.1"][..], http1),
        (&[][..], http1),
    ] {
        let tls = Tls::to("one.example.org").alpn(offer);
        let answer = ferrik
            .with(&tls, get("one.example.org", "/"))
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status.as_u16(), answer.version),
            (200, expected),
            "{offer:?}"
        );
    }
}

#[tokio::test]
async fn http_2_with_prior_knowledge_is_spoken_on_the_plain_port() {
    let backend = Backend::echo().await;
    let objects = yaml::file(&[
        &yaml::classes(),
        &Ingress::new("team", "web", "traefik").prefix("one.example.org", "/", "web"),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    let ferrik = Ferrik::start(&objects).await;
    let mut connection = Connection::h2c(ferrik.http())
        .await
        .expect("the preface is accepted");
    let answer = connection
        .send(get("one.example.org", "/"))
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status.as_u16(), answer.version),
        (200, hyper::Version::HTTP_2)
    );
}

#[tokio::test]
async fn a_new_certificate_is_shown_soon_and_costs_no_connection() {
    let backend = Backend::echo().await;
    let authority = Authority::new("servers");
    let (old, new) = (
        authority.server(&["one.example.org"]),
        authority.server(&["one.example.org"]),
    );
    let ferrik = one_host(&old, &backend).await;
    let tls = Tls::to("one.example.org").trusting(&authority);
    let mut connection = Connection::tls(ferrik.https(), &tls)
        .await
        .expect("the handshake succeeds");
    assert!(connection.server_chain[0] == old.der());
    ferrik.write_by_rename("secret.yaml", &yaml::tls_secret("team", "one", &new));
    eventually("the new certificate is shown", async || {
        shown(&ferrik, &tls).await == new.der()
    })
    .await;
    assert_eq!(
        connection
            .send(get("one.example.org", "/"))
            .await
            .expect("it stands")
            .status,
        200
    );
    // A Secret that is being replaced by something broken must not take the site down.
    ferrik.write_by_rename("secret.yaml", "kind: [broken\n");
    ferrik.write(
        "marker.yaml",
        &Ingress::new("team", "marker", "nginx")
            .prefix("m.example.org", "/", "web")
            .to_string(),
    );
    eventually("the marker is served", async || {
        ferrik.plain(get("m.example.org", "/")).await.status == 200
    })
    .await;
    assert!(shown(&ferrik, &tls).await == new.der());
}
