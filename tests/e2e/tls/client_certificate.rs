//! Hosts that demand client certificates: what happens without, and by way of another host's server name.

use rustls::version::{TLS12, TLS13};

use crate::support::certs::Authority;
use crate::support::{Backend, Connection, Ferrik, Ingress, Tls, eventually, get, yaml};

const PROTECTED: &str = "protected.example.org";
const OPEN: &str = "open.example.org";

const TLS_OPTION: &str = "apiVersion: traefik.io/v1alpha1\nkind: TLSOption\nmetadata:\n  name: strict\n  namespace: team\n\
                          spec:\n  clientAuth:\n    clientAuthType: RequireAndVerifyClientCert\n    secretNames: [client-ca]\n";

/// A host that demands a certificate beside one that does not.
fn objects(class: &str, backend: &Backend, servers: &Authority) -> String {
    let protected = Ingress::new("team", "protected", class)
        .prefix(PROTECTED, "/", "web")
        .tls(&[PROTECTED], "server");
    let protected = if class == "nginx" {
        protected
            .nginx("auth-tls-secret", "team/client-ca")
            .nginx("auth-tls-verify-client", "on")
    } else {
        protected.annotation(
            "traefik.ingress.kubernetes.io/router.tls.options",
            "team-strict@kubernetescrd",
        )
    };
    yaml::file(&[
        &yaml::classes(),
        &protected,
        &Ingress::new("team", "open", class)
            .prefix(OPEN, "/", "web")
            .tls(&[OPEN], "server"),
        &TLS_OPTION,
        &yaml::tls_secret("team", "server", &servers.server(&[PROTECTED, OPEN])),
        &yaml::service_and_slice("team", "web", 80, &[backend.address]),
    ])
}

async fn start(class: &str, backend: &Backend, clients: &Authority) -> Ferrik {
    let servers = Authority::new("servers");
    let setup = Ferrik::setup().file("objects.yaml", &objects(class, backend, &servers));
    setup
        .file("ca.yaml", &yaml::ca_secret("team", "client-ca", &[clients]))
        .start()
        .await
}

#[tokio::test]
async fn another_hosts_name_does_not_lead_past_the_demand() {
    for class in ["nginx", "traefik"] {
        let backend = Backend::echo().await;
        let clients = Authority::new("clients");
        let ferrik = start(class, &backend, &clients).await;
        for name in [
            Tls::to(OPEN),
            Tls::without_name(),
            Tls::to("unknown.example.org"),
            Tls::to(OPEN).alpn(&["h2"]),
        ] {
            let answer = ferrik
                .with(&name, get(PROTECTED, "/"))
                .await
                .expect("the handshake succeeds");
            assert_eq!(answer.status, 421, "{class}");
        }
        assert_eq!(backend.count(), 0, "{class}");
        let mut connection = Connection::tls(ferrik.https(), &Tls::to(OPEN))
            .await
            .expect("the handshake succeeds");
        assert_eq!(
            connection.send(get(OPEN, "/")).await.expect("an answer").status,
            200,
            "{class}"
        );
        let good = Tls::to(PROTECTED).certificate(&clients.client(&[("CN", "a")]));
        assert_eq!(
            ferrik
                .with(&good, get(PROTECTED, "/"))
                .await
                .expect("it is trusted")
                .status,
            200,
            "{class}"
        );
    }
}

#[tokio::test]
async fn the_plain_port_does_not_lead_past_the_demand() {
    for class in ["nginx", "traefik"] {
        let backend = Backend::echo().await;
        let ferrik = start(class, &backend, &Authority::new("clients")).await;
        let answer = ferrik.plain(get(PROTECTED, "/")).await;
        assert!(!answer.status.is_success(), "{class}: {}", answer.status);
        assert_eq!(backend.count(), 0, "{class}");
    }
}

#[tokio::test]
async fn the_nginx_dialect_answers_400_and_traefiks_handshake_fails() {
    let (clients, strangers) = (Authority::new("clients"), Authority::new("strangers"));
    let stranger = Tls::to(PROTECTED).certificate(&strangers.client(&[("CN", "a")]));
    let expired = Tls::to(PROTECTED).certificate(&clients.expired_client(&[("CN", "a")]));
    for class in ["nginx", "traefik"] {
        let backend = Backend::echo().await;
        let ferrik = start(class, &backend, &clients).await;
        for tls in [&Tls::to(PROTECTED), &stranger, &expired] {
            let answer = ferrik.with(tls, get(PROTECTED, "/")).await;
            if class == "nginx" {
                assert_eq!(answer.expect("the handshake takes any certificate").status, 400);
            } else {
                assert!(answer.is_err(), "{answer:?}");
            }
        }
        assert_eq!(backend.count(), 0, "{class}");
    }
}

#[tokio::test]
async fn a_host_whose_authorities_are_missing_is_closed() {
    for class in ["nginx", "traefik"] {
        let backend = Backend::echo().await;
        let clients = Authority::new("clients");
        let servers = Authority::new("servers");
        let ferrik = Ferrik::start(&objects(class, &backend, &servers)).await;
        let good = Tls::to(PROTECTED).certificate(&clients.client(&[("CN", "a")]));
        for tls in [&Tls::to(PROTECTED), &good] {
            match ferrik.with(tls, get(PROTECTED, "/")).await {
                Ok(answer) => assert_eq!((class, answer.status.as_u16()), ("nginx", 403)),
                Err(error) => assert_eq!(class, "traefik", "{error:#}"),
            }
        }
        assert_eq!(backend.count(), 0, "{class}");
        assert_eq!(
            ferrik.secure(get(OPEN, "/")).await.status,
            200,
            "{class}: the other host is not touched"
        );
        ferrik.write("ca.yaml", &yaml::ca_secret("team", "client-ca", &[&clients]));
        eventually("the host opens for its clients", async || {
            ferrik
                .with(&good, get(PROTECTED, "/"))
                .await
                .is_ok_and(|answer| answer.status == 200)
        })
        .await;
    }
}

#[tokio::test]
async fn an_authority_that_is_taken_away_counts_at_once() {
    for class in ["nginx", "traefik"] {
        let backend = Backend::echo().await;
        let (old, new) = (Authority::new("old"), Authority::new("new"));
        let ferrik = start(class, &backend, &old).await;
        let tls = Tls::to(PROTECTED).certificate(&old.client(&[("CN", "a")]));
        assert_eq!(
            ferrik
                .with(&tls, get(PROTECTED, "/"))
                .await
                .expect("it is trusted")
                .status,
            200
        );
        ferrik.write_by_rename("ca.yaml", &yaml::ca_secret("team", "client-ca", &[&new]));
        eventually("the old authority is not trusted", async || {
            ferrik
                .with(&tls, get(PROTECTED, "/"))
                .await
                .map_or(true, |answer| answer.status == 400)
        })
        .await;
        let tls = Tls::to(PROTECTED).certificate(&new.client(&[("CN", "a")]));
        assert_eq!(
            ferrik
                .with(&tls, get(PROTECTED, "/"))
                .await
                .expect("it is trusted")
                .status,
            200
        );
    }
}

#[tokio::test]
async fn a_resumed_session_is_judged_by_the_authorities_of_today() {
    for class in ["nginx", "traefik"] {
        for version in [&TLS12, &TLS13] {
            let backend = Backend::echo().await;
            let (old, new) = (Authority::new("old"), Authority::new("new"));
            let ferrik = start(class, &backend, &old).await;
            let tls = Tls::to(PROTECTED)
                .certificate(&old.client(&[("CN", "a")]))
                .only(version)
                .remembering();
            for is_resumed in [false, true] {
                let mut connection = Connection::tls(ferrik.https(), &tls)
                    .await
                    .expect("it is trusted");
                assert_eq!(connection.is_resumed, is_resumed, "{class} {version:?}");
                assert_eq!(
                    connection
                        .send(get(PROTECTED, "/"))
                        .await
                        .expect("an answer")
                        .status,
                    200
                );
            }
            ferrik.write_by_rename("ca.yaml", &yaml::ca_secret("team", "client-ca", &[&new]));
            eventually("the old authority is not trusted", async || {
                ferrik
                    .with(&tls, get(PROTECTED, "/"))
                    .await
                    .map_or(true, |answer| answer.status == 400)
            })
            .await;
            let again = ferrik.with(&tls, get(PROTECTED, "/")).await;
            assert!(
                again.is_err() || again.is_ok_and(|answer| answer.status == 400),
                "{class} {version:?}"
            );
        }
    }
}
