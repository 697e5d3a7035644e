//! What guards access is taken away and broken while clients ask: its routes close, its owner is told, nobody else notices.

use ferrik_test_cluster::{Identity, Lab, eventually, run};

use crate::ferrik::{Ferrik, Load, get_as};
use crate::history::History;
use crate::tls::{Authority, Clients};
use crate::traefik;
use crate::yaml::{annotated, ingress, secret};

const HOST: &str = "a.example.org";
const OTHER: &str = "b.example.org";
/// `ann:test`, whose hash stands in the password file.
const ANN: &str = "YW5uOnRlc3Q=";
const NO_ANSWER: &str = "no answer";

/// Waits for a warning about the Ingress `app` that holds these texts.
async fn told(lab: &Lab, reason: &str, text: &str) {
    let path =
        "jsonpath={range .items[*]}{.regarding.kind} {.regarding.name} {.reason} {.note}{\"\\n\"}{end}";
    let get = ["get", "events.events.k8s.io", "-n", "shop", "-o", path];
    eventually(&format!("an Event says {reason}: {text}"), async || {
        let events = lab.cluster.kubectl(&Identity::Admin, &get).await;
        let start = format!("Ingress app {reason} ");
        events
            .lines()
            .any(|line| line.starts_with(&start) && line.contains(text))
    })
    .await;
}

/// What clients get over TLS; a handshake that fails has no answer.
fn history_of(clients: Clients) -> History {
    History::of(move || {
        let clients = clients.clone();
        async move {
            let mut answer = clients.get("/").await;
            // The rules changed after the handshake: browsers ask again on a new connection.
            if answer.as_ref().is_ok_and(|answer| answer.status == 421) {
                answer = clients.get("/").await;
            }
            answer.map_err(|_| anyhow::anyhow!(NO_ANSWER))
        }
    })
}

#[test]
fn a_client_authority_that_is_deleted_broken_and_restored_closes_and_opens_its_host_alone() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let (clients, servers) = (Authority::new("clients"), Authority::new("servers"));
        let annotations = "{nginx.ingress.kubernetes.io/auth-tls-secret: shop/client-ca}";
        let guarded = annotated("shop", "app", HOST, "app", annotations)
            + &format!("  tls: [{{hosts: [{HOST}], secretName: server}}]\n");
        let objects = [
            servers.server_secret("shop", "server", &[HOST]),
            clients.secret("shop", "client-ca"),
            guarded,
            ingress("shop", "other", OTHER, "app"),
        ];
        lab.cluster.apply(&objects.join("\n---\n")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, OTHER);
        let trusted = servers.clients(Some(&clients), ferrik.https(), HOST);
        let with = history_of(trusted.clone());
        let without = history_of(servers.clients(None, ferrik.https(), HOST));
        with.shows("app").await;
        without.shows("400").await;
        let mut open = trusted.connect().await.expect("it is trusted");
        let answer = open.get(HOST, "/").await.expect("an answer");
        assert_eq!(answer.pod().as_deref(), Some("app"));

        lab.cluster.delete(&clients.secret("shop", "client-ca")).await;
        with.shows("403").await;
        without.shows("403").await;
        told(&lab, "RouteClosed", "client-ca").await;
        // The certificate of an open connection was verified before; that counts no longer.
        let answer = open.get(HOST, "/").await.expect("an answer");
        assert_eq!((answer.pod(), answer.status / 100), (None, 4), "{answer:?}");

        let garbage = secret("shop", "client-ca", "Opaque", "{ca.crt: no authority}");
        lab.cluster.apply(&garbage).await;
        told(&lab, "RouteClosed", "ca.crt").await;
        assert_eq!(trusted.get("/").await.expect("an answer").status, 403);
        // An authority that is there, but is another one: its clients are strangers.
        lab.cluster
            .apply(&Authority::new("strangers").secret("shop", "client-ca"))
            .await;
        with.shows("400").await;
        lab.cluster.apply(&clients.secret("shop", "client-ca")).await;
        with.shows("app").await;
        without.shows("400").await;
        with.end(&["app", "403", "400", "app"]).await;
        without.end(&["400", "403", "400"]).await;
        load.end().await;
    });
}

#[test]
fn a_password_file_that_is_deleted_broken_and_restored_closes_and_opens_its_host_alone() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let annotations =
            "{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users}";
        let users = secret(
            "shop",
            "users",
            "Opaque",
            "{auth: 'ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M='}",
        );
        lab.cluster.apply(&users).await;
        lab.cluster
            .apply(&annotated("shop", "app", HOST, "app", annotations))
            .await;
        lab.cluster.apply(&ingress("shop", "other", OTHER, "app")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, OTHER);
        let address = ferrik.http();
        let with = History::of(move || async move { get_as(address, HOST, ANN).await });
        let without = History::start(&ferrik, HOST);
        with.shows("app").await;
        without.shows("401").await;
        lab.cluster.delete(&users).await;
        with.shows("503").await;
        without.shows("503").await;
        told(&lab, "RouteClosed", "users").await;
        lab.cluster
            .apply(&secret("shop", "users", "Opaque", "{another-key: nothing}"))
            .await;
        told(&lab, "RouteClosed", "`auth`").await;
        lab.cluster.apply(&users).await;
        with.shows("app").await;
        without.shows("401").await;
        with.end(&["app", "503", "app"]).await;
        without.end(&["401", "503", "401"]).await;
        load.end().await;
    });
}

#[test]
fn the_authority_of_a_tls_option_that_is_deleted_and_broken_ends_handshakes_and_open_connections() {
    run(async |lab| {
        traefik::add_kinds(&lab).await;
        let _app = lab.backend("shop", "app").await;
        let (clients, servers) = (Authority::new("clients"), Authority::new("servers"));
        let option = "{apiVersion: traefik.io/v1alpha1, kind: TLSOption, metadata: {name: strict, namespace: shop}, \
                      spec: {clientAuth: {clientAuthType: RequireAndVerifyClientCert, secretNames: [client-ca]}}}";
        let annotations = "{traefik.ingress.kubernetes.io/router.tls.options: shop-strict@kubernetescrd}";
        let objects = [
            servers.server_secret("shop", "server", &[HOST]),
            clients.secret("shop", "client-ca"),
            option.to_owned(),
            of_traefik("app", HOST, annotations)
                + &format!("  tls: [{{hosts: [{HOST}], secretName: server}}]\n"),
            ingress("shop", "other", OTHER, "app"),
        ];
        lab.cluster.apply(&objects.join("\n---\n")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, OTHER);
        let trusted = servers.clients(Some(&clients), ferrik.https(), HOST);
        let with = history_of(trusted.clone());
        let without = history_of(servers.clients(None, ferrik.https(), HOST));
        with.shows("app").await;
        without.shows(NO_ANSWER).await;
        let mut open = trusted.connect().await.expect("it is trusted");
        let answer = open.get(HOST, "/").await.expect("an answer");
        assert_eq!(answer.pod().as_deref(), Some("app"));

        lab.cluster.delete(&clients.secret("shop", "client-ca")).await;
        with.shows(NO_ANSWER).await;
        told(&lab, "TlsOptionUnusable", "client-ca").await;
        let answer = open.get(HOST, "/").await;
        assert!(
            answer.as_ref().is_ok_and(|answer| answer.status == 421),
            "{answer:?}"
        );
        let garbage = secret("shop", "client-ca", "Opaque", "{ca.crt: no authority}");
        lab.cluster.apply(&garbage).await;
        told(&lab, "TlsOptionUnusable", "ca.crt").await;
        lab.cluster.apply(&clients.secret("shop", "client-ca")).await;
        with.shows("app").await;
        with.end(&["app", NO_ANSWER, "app"]).await;
        without.end(&[NO_ANSWER]).await;
        load.end().await;
    });
}

#[test]
fn a_middleware_that_asks_for_passwords_closes_its_route_when_it_or_its_secret_is_gone() {
    run(async |lab| {
        traefik::add_kinds(&lab).await;
        let _app = lab.backend("shop", "app").await;
        let users = secret(
            "shop",
            "users",
            "Opaque",
            "{users: 'ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M='}",
        );
        let middleware = "{apiVersion: traefik.io/v1alpha1, kind: Middleware, metadata: {name: guard, namespace: shop}, \
                          spec: {basicAuth: {secret: users}}}";
        let annotations = "{traefik.ingress.kubernetes.io/router.middlewares: shop-guard@kubernetescrd}";
        let objects = [
            users.clone(),
            middleware.to_owned(),
            of_traefik("app", HOST, annotations),
            ingress("shop", "other", OTHER, "app"),
        ];
        lab.cluster.apply(&objects.join("\n---\n")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, OTHER);
        let address = ferrik.http();
        let with = History::of(move || async move { get_as(address, HOST, ANN).await });
        let without = History::start(&ferrik, HOST);
        for gone in [users.as_str(), middleware] {
            with.shows("app").await;
            without.shows("401").await;
            lab.cluster.delete(gone).await;
            with.shows("503").await;
            without.shows("503").await;
            if gone == middleware {
                // What is gone after a moment is not told.
                told(&lab, "MiddlewareMissing", "guard").await;
            }
            lab.cluster.apply(gone).await;
        }
        with.shows("app").await;
        without.shows("401").await;
        with.end(&["app", "503", "app", "503", "app"]).await;
        without.end(&["401", "503", "401", "503", "401"]).await;
        load.end().await;
    });
}

fn of_traefik(name: &str, host: &str, annotations: &str) -> String {
    annotated("shop", name, host, "app", annotations)
        .replace("ingressClassName: nginx", "ingressClassName: traefik")
}
