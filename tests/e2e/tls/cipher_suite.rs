//! Hosts that are limited to some cipher suites and key exchange groups, beside hosts on the same port that are not.

use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, NamedGroup};

use crate::support::certs::Authority;
use crate::support::{Backend, Connection, Ferrik, Ingress, Tls, eventually, get, yaml};

const LIMITED: &str = "limited.example.org";
const FREE: &str = "free.example.org";

const AES128: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
const AES256: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384;
const CHACHA20: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;

fn tls_option(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: traefik.io/v1alpha1\nkind: TLSOption\nmetadata: {{name: {name}, namespace: team}}\nspec: {spec}\n"
    )
}

/// One host with this class and annotation beside one without any.
async fn start(class: &str, annotation: (&str, &str), options: &str, backend: &Backend) -> Ferrik {
    let servers = Authority::new("servers");
    let limited = Ingress::new("team", "limited", class)
        .annotation(annotation.0, annotation.1)
        .prefix(LIMITED, "/", "web")
        .tls(&[LIMITED], "server");
    let free = Ingress::new("team", "free", class)
        .prefix(FREE, "/", "web")
        .tls(&[FREE], "server");
    let objects = yaml::file(&[
        &yaml::classes(),
        &limited,
        &free,
        &options,
        &yaml::tls_secret("team", "server", &servers.rsa_server(&["*.example.org"])),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    Ferrik::setup().file("objects.yaml", &objects).start().await
}

/// What is agreed on; an error if the server refuses.
async fn agreed(ferrik: &Ferrik, tls: &Tls) -> anyhow::Result<CipherSuite> {
    let stream = tls.connect(ferrik.https()).await?;
    let suite = stream.get_ref().1.negotiated_cipher_suite();
    Ok(suite.expect("a handshake has a suite").suite())
}

#[tokio::test]
async fn a_client_without_an_allowed_suite_is_refused_on_that_host_only() {
    let option = tls_option(
        "few",
        "{cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA]}",
    );
    for (class, annotation) in [
        (
            "nginx",
            (
                "nginx.ingress.kubernetes.io/ssl-ciphers",
                "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA",
            ),
        ),
        (
            "traefik",
            (
                "traefik.ingress.kubernetes.io/router.tls.options",
                "team-few@kubernetescrd",
            ),
        ),
    ] {
        let backend = Backend::echo().await;
        let ferrik = start(class, annotation, &option, &backend).await;
        let tls12 = |name: &str| Tls::to(name).only(&TLS12);
        let refused = agreed(&ferrik, &tls12(LIMITED).suites(&[AES256, CHACHA20])).await;
        let error = format!("{:#}", refused.expect_err("no suite in common"));
        assert!(error.contains("HandshakeFailure"), "{class}: {error}");
        for (tls, expected) in [
            (tls12(LIMITED).suites(&[AES256, AES128]), AES128),
            (tls12(LIMITED), AES128),
            (tls12(FREE).suites(&[AES256]), AES256),
            (tls12(FREE).suites(&[CHACHA20]), CHACHA20),
        ] {
            let suite = agreed(&ferrik, &tls).await.expect("a suite in common");
            assert_eq!(suite, expected, "{class}");
        }
        for name in [LIMITED, FREE] {
            let answer = ferrik.with(&Tls::to(name).only(&TLS13), get(name, "/")).await;
            assert_eq!(
                answer.expect("TLS 1.3 is not limited").status,
                200,
                "{class} {name}"
            );
        }
    }
}

#[tokio::test]
async fn the_servers_order_counts_unless_it_leaves_it_to_the_client() {
    let backend = Backend::echo().await;
    let text = "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256";
    let ciphers = ("nginx.ingress.kubernetes.io/ssl-ciphers", text);
    let ferrik = start("nginx", ciphers, "", &backend).await;
    let tls = Tls::to(LIMITED).only(&TLS12).suites(&[AES128, CHACHA20]);
    assert_eq!(agreed(&ferrik, &tls).await.expect("both are allowed"), CHACHA20);
    let other = Ingress::new("team", "other", "nginx")
        .nginx("ssl-ciphers", text)
        .nginx("ssl-prefer-server-ciphers", "false")
        .prefix("other.example.org", "/", "web")
        .tls(&["other.example.org"], "server");
    ferrik.write("other.yaml", &other.to_string());
    let tls = Tls::to("other.example.org")
        .only(&TLS12)
        .suites(&[AES128, CHACHA20]);
    eventually("the client's order counts", async || {
        agreed(&ferrik, &tls).await.is_ok_and(|suite| suite == AES128)
    })
    .await;
}

#[tokio::test]
async fn a_client_without_an_allowed_group_is_refused_on_that_host_only() {
    let option = tls_option("few", "{curvePreferences: [CurveP384]}");
    for (class, annotation) in [
        ("nginx", ("ferrik.dev/ssl-ecdh-curve", "secp384r1")),
        (
            "traefik",
            (
                "traefik.ingress.kubernetes.io/router.tls.options",
                "team-few@kubernetescrd",
            ),
        ),
    ] {
        let backend = Backend::echo().await;
        let ferrik = start(class, annotation, &option, &backend).await;
        for version in [&TLS12, &TLS13] {
            let offering = |name: &str, groups: &[NamedGroup]| Tls::to(name).only(version).groups(groups);
            let x25519 = [NamedGroup::X25519];
            assert!(
                agreed(&ferrik, &offering(LIMITED, &x25519)).await.is_err(),
                "{class}"
            );
            assert!(agreed(&ferrik, &offering(FREE, &x25519)).await.is_ok(), "{class}");
            let both = [NamedGroup::X25519, NamedGroup::secp384r1];
            assert!(
                agreed(&ferrik, &offering(LIMITED, &both)).await.is_ok(),
                "{class}"
            );
        }
    }
}

#[tokio::test]
async fn another_hosts_name_does_not_lead_past_the_limits() {
    let backend = Backend::echo().await;
    let ciphers = (
        "nginx.ingress.kubernetes.io/ssl-ciphers",
        "ECDHE-RSA-AES128-GCM-SHA256",
    );
    let ferrik = start("nginx", ciphers, "", &backend).await;
    let weaker = Tls::to(FREE).only(&TLS12).suites(&[AES256]);
    let answer = ferrik.with(&weaker, get(LIMITED, "/")).await;
    assert_eq!(answer.expect("the handshake succeeds").status, 421);
    assert_eq!(backend.count(), 0);
    let mut connection = Connection::tls(ferrik.https(), &Tls::to(LIMITED))
        .await
        .expect("the handshake succeeds");
    for name in [LIMITED, FREE] {
        let answer = connection.send(get(name, "/")).await.expect("an answer");
        assert_eq!(
            answer.status, 200,
            "{name}: the stricter limits are good for both"
        );
    }
}

#[tokio::test]
async fn the_configmap_limits_every_host_of_its_dialect_and_clients_without_a_name() {
    let backend = Backend::echo().await;
    let host = |name: &str, class| Ingress::new("team", class, class).prefix(name, "/", "web");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: system}\n\
               data: {ssl-ecdh-curve: secp384r1}\n";
    let objects = yaml::file(&[
        &yaml::classes(),
        &map,
        &host(LIMITED, "nginx"),
        &host(FREE, "traefik").tls(&[FREE], "server"),
        &yaml::tls_secret("team", "server", &Authority::new("servers").server(&[FREE])),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ]);
    let setup = Ferrik::setup().file("objects.yaml", &objects);
    let ferrik = setup.arguments(&["--configmap", "system/settings"]).start().await;
    let x25519 = [NamedGroup::X25519];
    for (tls, is_served) in [
        (Tls::to(LIMITED), false),
        (Tls::without_name(), false),
        (Tls::to(FREE), true),
    ] {
        assert_eq!(agreed(&ferrik, &tls.groups(&x25519)).await.is_ok(), is_served);
    }
    let answer = ferrik.with(&Tls::without_name(), get(LIMITED, "/")).await;
    assert_eq!(answer.expect("the client has P-384 too").status, 200);
}
