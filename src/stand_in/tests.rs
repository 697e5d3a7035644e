//! What is told from what when objects are missing.

use ferrik_config::report::{Reason, Severity};

use super::*;

const INGRESS: &str = "traefik.ingress.kubernetes.io/router";

/// An Ingress of the Traefik class with these annotations, and whatever else is there.
fn translated(annotations: &Value, others: &[Value]) -> Translated {
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": {
            "ingressClassName": "traefik",
            "rules": [{"host": "a.example.org", "http": {"paths": [{
                "path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}},
            }]}}],
        },
    });
    let mut snapshot = Snapshot::default();
    for document in std::iter::once(&ingress).chain(others) {
        snapshot.insert(Object::read(document).expect("an object"));
    }
    translate(
        &snapshot,
        Settings {
            class_by_name: true,
            ..Settings::default()
        },
    )
    .expect("stand-ins can be made")
}

fn middleware(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "traefik.io/v1alpha1", "kind": "Middleware",
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
    })
}

/// The errors of the exact translation, each with whether only an absence is behind it.
fn errors(translated: &Translated) -> Vec<(Reason, bool)> {
    let errors = translated
        .exact
        .report
        .iter()
        .filter(|it| it.severity == Severity::Error);
    errors
        .map(|diagnostic| (diagnostic.reason, translated.is_only_absence(diagnostic)))
        .collect()
}

fn named(reference: &str) -> Value {
    json!({format!("{INGRESS}.middlewares"): reference})
}

#[test]
fn a_reference_into_the_own_namespace_may_be_kept_elsewhere() {
    let translated = translated(&named("shop-limit@kubernetescrd"), &[]);
    let errors = errors(&translated);
    assert!(
        !errors.is_empty() && errors.iter().all(|(_, is_absence)| *is_absence),
        "{errors:?}"
    );
    let ingress = ObjectRef::new(Kind::Ingress, "shop", "web");
    let absent: Vec<String> = translated.absent(&ingress).map(ToString::to_string).collect();
    assert_eq!(absent, ["Middleware shop/limit"]);
}

#[test]
fn what_follows_from_an_absence_is_one_too() {
    let chain = middleware("chain", &json!({"chain": {"middlewares": [{"name": "auth"}]}}));
    let auth = middleware("auth", &json!({"basicAuth": {"secret": "users"}}));
    for others in [vec![chain.clone()], vec![chain, auth]] {
        let translated = translated(&named("shop-chain@kubernetescrd"), &others);
        let errors = errors(&translated);
        assert!(
            !errors.is_empty() && errors.iter().all(|(_, is_absence)| *is_absence),
            "{errors:?}"
        );
        assert!(
            translated
                .assumed
                .report
                .iter()
                .all(|it| it.severity == Severity::Warning)
        );
    }
}

#[test]
fn tls_options_and_their_authorities_may_be_kept_elsewhere() {
    let option = json!({
        "apiVersion": "traefik.io/v1alpha1", "kind": "TLSOption", "metadata": {"name": "mtls", "namespace": "shop"},
        "spec": {"clientAuth": {"clientAuthType": "RequireAndVerifyClientCert", "secretNames": ["ca"]}},
    });
    let annotations = json!({format!("{INGRESS}.tls.options"): "shop-mtls@kubernetescrd"});
    for others in [vec![], vec![option]] {
        let translated = translated(&annotations, &others);
        let errors = errors(&translated);
        assert!(
            !errors.is_empty() && errors.iter().all(|(_, is_absence)| *is_absence),
            "{errors:?}"
        );
    }
}

#[test]
fn what_is_wrong_in_itself_stays_an_error() {
    let broken = middleware("broken", &json!({"ipAllowList": {"sourceRange": ["everyone"]}}));
    for (reference, others) in [
        ("limit", vec![]),
        ("limit@file", vec![]),
        ("shop-broken@kubernetescrd", vec![broken]),
    ] {
        let errors = errors(&translated(&named(reference), &others));
        assert!(
            errors.iter().any(|(_, is_absence)| !is_absence),
            "{reference}: {errors:?}"
        );
    }
}

#[test]
fn nothing_is_absent_where_everything_is_there() {
    let limit = middleware("limit", &json!({"rateLimit": {"average": 10}}));
    let translated = translated(&named("shop-limit@kubernetescrd"), &[limit]);
    assert_eq!(
        translated
            .absent(&ObjectRef::new(Kind::Ingress, "shop", "web"))
            .count(),
        0
    );
}

#[test]
fn in_another_namespace_only_what_is_granted_may_be_kept_elsewhere() {
    let grant = |kind: &str, name: &str| {
        let mut to = json!({"group": "traefik.io", "kind": kind});
        if !name.is_empty() {
            to["name"] = name.into();
        }
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ReferenceGrant",
            "metadata": {"name": "g", "namespace": "vault"},
            "spec": {"from": [{"group": "networking.k8s.io", "kind": "Ingress", "namespace": "shop"}], "to": [to]},
        })
    };
    let reference = named("vault-auth@kubernetescrd");
    for (others, is_absence) in [
        (vec![grant("Middleware", "")], true),
        (vec![grant("Middleware", "auth")], true),
        (vec![grant("Middleware", "other")], false),
        (vec![grant("TLSOption", "")], false),
        (vec![], false),
    ] {
        let translated = translated(&reference, &others);
        let errors = errors(&translated);
        assert!(
            !errors.is_empty() && errors.iter().all(|(_, it)| *it == is_absence),
            "{others:?}: {errors:?}"
        );
    }
    // What a granted one refers to in its own namespace is absent like anything else.
    let mut auth = middleware("auth", &json!({"basicAuth": {"secret": "users"}}));
    auth["metadata"]["namespace"] = "vault".into();
    let translated = translated(&reference, &[auth, grant("Middleware", "auth")]);
    let ingress = ObjectRef::new(Kind::Ingress, "shop", "web");
    let absent: Vec<String> = translated.absent(&ingress).map(ToString::to_string).collect();
    assert_eq!(absent, ["Secret vault/users"]);
}
