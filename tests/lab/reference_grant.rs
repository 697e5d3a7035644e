//! References into other namespaces: closed until a `ReferenceGrant` over there allows them, and again when it does no longer.

use ferrik_test_cluster::{Lab, run};

use crate::ferrik::{Ferrik, Load, get_as};
use crate::history::History;
use crate::traefik;
use crate::yaml::{annotated, grant_kind, ingress, secret};

const HOST: &str = "a.example.org";
const OTHER: &str = "b.example.org";
/// `ann:test`, whose hash stands in the password file.
const ANN: &str = "YW5uOnRlc3Q=";

/// Makes the kind, and waits until objects of it are accepted.
pub(crate) async fn add_kind(lab: &Lab) {
    lab.cluster.apply(&grant_kind()).await;
    traefik::is_established(lab, "referencegrants.gateway.networking.k8s.io").await;
}

/// A grant in `vault` for Ingresses of `shop`.
fn grant(to: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {{name: shop, namespace: vault}}
spec: {{from: [{{group: networking.k8s.io, kind: Ingress, namespace: shop}}], to: [{to}]}}
"
    )
}

/// A password file in `vault`.
fn users(key: &str) -> String {
    let entries = format!("{{{key}: 'ann:{{SHA}}qUqP5cyxm6YcTAhz05Hph5gvu9M='}}");
    secret("vault", "users", "Opaque", &entries)
}

/// The Ingress that is guarded from `vault`, as nginx has it.
fn guarded() -> String {
    let annotations = "{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: vault/users}";
    annotated("shop", "app", HOST, "app", annotations)
}

#[test]
fn passwords_of_another_namespace_are_used_while_a_grant_allows_it() {
    run(async |lab| {
        lab.cluster.namespace("vault").await;
        let _app = lab.backend("shop", "app").await;
        let objects = [users("auth"), guarded(), ingress("shop", "other", OTHER, "app")];
        lab.cluster.apply(&objects.join("\n---\n")).await;
        // The cluster does not know the kind yet.
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, OTHER);
        let address = ferrik.http();
        let with = History::of(move || async move { get_as(address, HOST, ANN).await });
        let without = History::start(&ferrik, HOST);
        with.shows("503").await;
        without.shows("503").await;
        add_kind(&lab).await;
        let secret = grant("{group: '', kind: Secret, name: users}");
        lab.cluster.apply(&secret).await;
        with.shows("app").await;
        without.shows("401").await;
        // The Secret is followed like one of the own namespace.
        lab.cluster.delete(&users("auth")).await;
        with.shows("503").await;
        without.shows("503").await;
        lab.cluster.apply(&users("auth")).await;
        with.shows("app").await;
        without.shows("401").await;

        lab.cluster.delete(&secret).await;
        with.shows("503").await;
        without.shows("503").await;
        lab.cluster.apply(&secret).await;
        with.shows("app").await;
        without.shows("401").await;
        lab.cluster
            .apply(&grant("{group: '', kind: Secret, name: others}"))
            .await;
        with.shows("503").await;
        without.shows("503").await;
        lab.cluster.apply(&secret).await;
        with.shows("app").await;
        without.shows("401").await;
        // With the kind all grants are gone.
        lab.cluster.delete(&grant_kind()).await;
        with.shows("503").await;
        without.shows("503").await;
        with.end(&["503", "app", "503", "app", "503", "app", "503", "app", "503"])
            .await;
        without
            .end(&["503", "401", "503", "401", "503", "401", "503", "401", "503"])
            .await;
        load.end().await;
    });
}

#[test]
fn a_middleware_of_another_namespace_brings_its_own_secret() {
    run(async |lab| {
        traefik::add_kinds(&lab).await;
        add_kind(&lab).await;
        lab.cluster.namespace("vault").await;
        let _app = lab.backend("shop", "app").await;
        let middleware = "{apiVersion: traefik.io/v1alpha1, kind: Middleware, metadata: {name: guard, namespace: vault}, \
                          spec: {basicAuth: {secret: users}}}";
        let annotations = "{traefik.ingress.kubernetes.io/router.middlewares: vault-guard@kubernetescrd}";
        let of_traefik = annotated("shop", "app", HOST, "app", annotations)
            .replace("ingressClassName: nginx", "ingressClassName: traefik");
        let objects = [users("users"), middleware.to_owned(), of_traefik];
        lab.cluster.apply(&objects.join("\n---\n")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        ferrik.answers(HOST, 503).await;
        let middleware = grant("{group: traefik.io, kind: Middleware}");
        lab.cluster.apply(&middleware).await;
        ferrik.answers(HOST, 401).await;
        let answer = get_as(ferrik.http(), HOST, ANN).await.expect("an answer");
        assert_eq!(answer.pod().as_deref(), Some("app"));
        lab.cluster.delete(&middleware).await;
        ferrik.answers(HOST, 503).await;
    });
}

#[test]
fn a_grant_counts_only_where_objects_are_watched() {
    run(async |lab| {
        add_kind(&lab).await;
        lab.cluster.namespace("vault").await;
        let _app = lab.backend("shop", "app").await;
        let grant = grant("{group: '', kind: Secret}");
        let objects = [users("auth"), guarded(), grant];
        lab.cluster.apply(&objects.join("\n---\n")).await;
        let both = Ferrik::start(&lab, &["--watch-namespace=shop,vault"]).await;
        both.answers(HOST, 401).await;
        let one = Ferrik::start(&lab, &["--watch-namespace=shop"]).await;
        one.answers(HOST, 503).await;
    });
}
