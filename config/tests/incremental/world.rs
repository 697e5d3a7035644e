//! The small world of the property: strategies for settings and for changes of objects.
//!
//! Names are few on purpose. Every kind that is read is here, and every annotation that reaches beyond its own object.

use std::sync::Arc;

use ferrik_config::settings::{Acme, Settings};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value, json};

/// One change of the snapshot.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Adds the object, or replaces the one of its name.
    Insert(Value),
    /// Removes the object of this name.
    Remove(Value),
}

const NAMESPACES: [&str; 2] = ["a", "b"];
const HOSTS: [&str; 9] = [
    "",
    "one.example.org",
    "www.one.example.org",
    "two.example.org",
    "x.two.example.org",
    "*.example.org",
    "*.two.example.org",
    "alias.example.net",
    "<host>",
];
const PATHS: [&str; 6] = ["/", "/p", "/p/", "/P/.*", "/c++", "no-slash"];
const TYPES: [&str; 4] = ["Exact", "Prefix", "ImplementationSpecific", "prefix"];
const CLASSES: [&str; 5] = ["nginx", "traefik", "ferrik", "other", "none"];
const SERVICES: [&str; 2] = ["web", "api"];
const SECRETS: [&str; 4] = ["account", "certificate", "authority", "passwords"];

/// `tls.crt` and `tls.key` of a fixture: `site` is for two names, `wild` for `*.example.org`.
pub(crate) fn certificate(name: &str) -> Value {
    match name {
        "site" => {
            json!({"tls.crt": include_str!("../pem/site.crt"), "tls.key": include_str!("../pem/site.key")})
        }
        _ => json!({"tls.crt": include_str!("../pem/wild.crt"), "tls.key": include_str!("../pem/wild.key")}),
    }
}

/// Settings that decide which objects count.
pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(by_name, without, others, acme)| {
            let name = |is_set: bool, name: &str| is_set.then(|| (Arc::from("a"), Arc::from(name)));
            Settings {
                class_by_name: by_name,
                watch_without_class: without,
                default_backend: name(others, "web"),
                default_certificate: name(others, "certificate"),
                configmap: name(others, "settings"),
                acme: name(acme, "account").map(|account| Acme {
                    account,
                    by_default: without,
                    default_namespaces: vec!["a".to_owned()],
                }),
                ..Settings::default()
            }
        },
    )
}

/// A change of any kind of object; most objects are Ingresses.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    let object = prop_oneof![
        6 => ingress(),
        2 => service(),
        2 => slice(),
        1 => class(),
        2 => secret(),
        1 => config_map(),
        1 => middleware(),
        1 => tls_option(),
        2 => reference_grant(),
    ];
    (object, 0..4).prop_map(|(object, dice)| {
        if dice == 0 {
            Change::Remove(object)
        } else {
            Change::Insert(object)
        }
    })
}

fn object(version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    json!({"apiVersion": version, "kind": kind, "metadata": {"namespace": namespace, "name": name}})
}

fn ingress() -> impl Strategy<Value = Value> {
    let name = (
        select(&NAMESPACES),
        select(&["i", "j", "k"]),
        option::of(select(&["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"])),
    );
    let rules = prop::collection::vec(rule(), 0..4);
    let tls = prop::collection::vec(tls(), 0..2);
    let spec = (
        option::weighted(0.8, select(&CLASSES)),
        option::weighted(0.2, backend()),
        rules,
        tls,
    );
    (name, annotations(), spec).prop_map(
        |((namespace, name, created), annotations, (class, default, rules, tls))| {
            let mut ingress = object("networking.k8s.io/v1", "Ingress", namespace, name);
            ingress["metadata"]["creationTimestamp"] = json!(created);
            ingress["metadata"]["annotations"] = annotations;
            ingress["spec"] =
                json!({"ingressClassName": class, "defaultBackend": default, "rules": rules, "tls": tls});
            ingress
        },
    )
}

fn rule() -> impl Strategy<Value = Value> {
    let path = (option::of(select(&PATHS)), option::of(select(&TYPES)), backend())
        .prop_map(|(path, kind, backend)| json!({"path": path, "pathType": kind, "backend": backend}));
    (
        select(&HOSTS),
        option::weighted(0.9, prop::collection::vec(path, 0..3)),
    )
        .prop_map(|(host, paths)| json!({"host": host, "http": paths.map(|paths| json!({"paths": paths}))}))
}

fn backend() -> impl Strategy<Value = Value> {
    let port = select(&[80, 81, 443]).prop_map(|number| json!({"number": number}));
    let port = prop_oneof![3 => port, 1 => select(&["http", "admin"]).prop_map(|name| json!({"name": name}))];
    let service =
        (select(&SERVICES), port).prop_map(|(name, port)| json!({"service": {"name": name, "port": port}}));
    prop_oneof![9 => service, 1 => Just(json!({"resource": {"kind": "Bucket", "name": "files"}}))]
}

fn tls() -> impl Strategy<Value = Value> {
    (subsequence(&HOSTS, 0..3), option::weighted(0.8, select(&SECRETS)))
        .prop_map(|(hosts, secret)| json!({"hosts": hosts, "secretName": secret}))
}

/// Those that reach beyond their object: to the host, to other names, to Secrets, to middlewares and classes.
fn annotations() -> impl Strategy<Value = Value> {
    let rows: [(&str, &[&str]); 23] = [
        ("ferrik.dev/acme", &["true", "true", "false"]),
        ("kubernetes.io/tls-acme", &["true"]),
        ("traefik.ingress.kubernetes.io/router.tls.certresolver", &["le"]),
        ("kubernetes.io/ingress.class", &["nginx", "traefik", "other"]),
        ("nginx.ingress.kubernetes.io/use-regex", &["true", "maybe"]),
        ("nginx.ingress.kubernetes.io/rewrite-target", &["/", "/p", "/$1"]),
        ("nginx.ingress.kubernetes.io/app-root", &["/app"]),
        (
            "nginx.ingress.kubernetes.io/server-alias",
            &["alias.example.net", "two.example.org, *.two.example.org"],
        ),
        (
            "ferrik.dev/server-alias",
            &["alias.example.net, x.two.example.org"],
        ),
        ("nginx.ingress.kubernetes.io/from-to-www-redirect", &["true"]),
        ("nginx.ingress.kubernetes.io/ssl-redirect", &["false"]),
        ("nginx.ingress.kubernetes.io/force-ssl-redirect", &["true"]),
        (
            "nginx.ingress.kubernetes.io/auth-tls-secret",
            &["a/authority", "b/authority", "authority", ""],
        ),
        (
            "nginx.ingress.kubernetes.io/auth-tls-verify-client",
            &["on", "off", "optional", "optional_no_ca"],
        ),
        ("nginx.ingress.kubernetes.io/auth-tls-match-cn", &["CN=a", "a"]),
        ("nginx.ingress.kubernetes.io/auth-type", &["basic", "digest"]),
        (
            "nginx.ingress.kubernetes.io/auth-secret",
            &["passwords", "a/passwords", "b/passwords"],
        ),
        (
            "nginx.ingress.kubernetes.io/ssl-ciphers",
            &["aRSA+AESGCM", "AES256-SHA:!ECDHE"],
        ),
        ("nginx.ingress.kubernetes.io/no-such-thing", &["x"]),
        (
            "traefik.ingress.kubernetes.io/router.middlewares",
            &["a-m@kubernetescrd", "b-m@kubernetescrd,a-n@kubernetescrd"],
        ),
        (
            "traefik.ingress.kubernetes.io/router.tls.options",
            &["a-o@kubernetescrd", "b-o@kubernetescrd"],
        ),
        (
            "traefik.ingress.kubernetes.io/router.entrypoints",
            &["web", "websecure"],
        ),
        ("traefik.ingress.kubernetes.io/router.priority", &["1", "1000"]),
    ];
    let row = (select(rows.to_vec()), any::<Index>())
        .prop_map(|((name, texts), at)| (name.to_owned(), json!(at.get(texts))));
    prop::collection::vec(row, 0..4).prop_map(|rows| Value::Object(rows.into_iter().collect::<Map<_, _>>()))
}

fn service() -> impl Strategy<Value = Value> {
    let spec = select(vec![
        json!({"ports": [{"name": "http", "port": 80}]}),
        json!({"ports": [{"name": "http", "port": 80, "appProtocol": "https"}, {"name": "admin", "port": 81}]}),
        json!({"ports": [{"name": "quic", "port": 443, "protocol": "UDP"}, {"port": 443, "targetPort": 81}]}),
        json!({"ports": [{"name": "admin", "port": 80}], "publishNotReadyAddresses": true}),
        json!({"type": "ExternalName", "externalName": "app.example.net"}),
        json!({"type": "ExternalName", "externalName": "localhost", "ports": [{"port": 80}]}),
    ]);
    let sticky = option::weighted(
        0.2,
        Just(json!({"traefik.ingress.kubernetes.io/service.sticky.cookie": "true"})),
    );
    (select(&NAMESPACES), select(&SERVICES), spec, sticky).prop_map(|(namespace, name, spec, annotations)| {
        let mut service = object("v1", "Service", namespace, name);
        service["metadata"]["annotations"] = json!(annotations);
        service["spec"] = spec;
        service
    })
}

fn slice() -> impl Strategy<Value = Value> {
    let endpoint = (select(&["10.0.0.1", "10.0.0.2", "fd00::1", "none"]), option::of(any::<bool>()), option::of(any::<bool>()))
        .prop_map(|(address, ready, terminating)| {
            json!({"addresses": [address], "conditions": {"ready": ready, "terminating": terminating}})
        });
    let ports = select(vec![
        json!([{"name": "http", "port": 8080}]),
        json!([{"name": "http", "port": 8080}, {"name": "admin", "port": 8081}]),
        json!([{"port": 8443}]),
    ]);
    let label = option::weighted(0.9, select(&SERVICES));
    (
        select(&NAMESPACES),
        select(&["s", "t"]),
        label,
        prop::collection::vec(endpoint, 0..3),
        ports,
    )
        .prop_map(|(namespace, name, label, endpoints, ports)| {
            let mut slice = object("discovery.k8s.io/v1", "EndpointSlice", namespace, name);
            slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": label});
            slice["endpoints"] = json!(endpoints);
            slice["ports"] = ports;
            slice
        })
}

fn class() -> impl Strategy<Value = Value> {
    let controllers = [
        "k8s.io/ingress-nginx",
        "traefik.io/ingress-controller",
        "example.net/controller",
    ];
    (select(&CLASSES), select(controllers.to_vec()), any::<bool>()).prop_map(
        |(name, controller, is_default)| {
            let mut class = object("networking.k8s.io/v1", "IngressClass", "", name);
            class["metadata"]["annotations"] =
                json!({"ingressclass.kubernetes.io/is-default-class": is_default.to_string()});
            class["spec"] = json!({"controller": controller});
            class
        },
    )
}

fn secret() -> impl Strategy<Value = Value> {
    let data = select(vec![
        certificate("site"),
        certificate("wild"),
        json!({"ca.crt": include_str!("../pem/authority.crt"), "tls.ca": include_str!("../pem/authority.crt")}),
        json!({"auth": "alice:{SHA}none", "users": "alice:{SHA}none"}),
        json!({"thumbprint": "one"}),
        json!({"tls-alpn-01": format!(r#"{{"version": 5, "hosts": {{"a.example.org": {{"digest": "{}", "order": "a/a"}}}}}}"#, "7a".repeat(32))}),
        json!({}),
    ]);
    (select(&NAMESPACES), select(&SECRETS), data, any::<bool>()).prop_map(
        |(namespace, name, data, is_ours)| {
            let mut secret = object("v1", "Secret", namespace, name);
            secret["stringData"] = data;
            if is_ours {
                secret["metadata"]["labels"] = json!({"ferrik.dev/acme": "true"});
            }
            secret
        },
    )
}

fn config_map() -> impl Strategy<Value = Value> {
    let data = select(vec![
        json!({"ssl-ciphers": "EECDH+AESGCM:DES-CBC3-SHA", "proxy-body-size": "8m"}),
        json!({"ssl-ecdh-curve": "X25519"}),
        json!({"ssl-ecdh-curve": "auto", "no-such-thing": "x"}),
        json!({}),
    ]);
    data.prop_map(|data| {
        let mut map = object("v1", "ConfigMap", "a", "settings");
        map["data"] = data;
        map
    })
}

fn middleware() -> impl Strategy<Value = Value> {
    let spec = select(vec![
        json!({"basicAuth": {"secret": "passwords"}}),
        json!({"chain": {"middlewares": [{"name": "n"}, {"name": "m", "namespace": "b"}]}}),
        json!({"chain": {"middlewares": [{"name": "a-n@kubernetescrd"}]}}),
        json!({"headers": {"customRequestHeaders": {"X-One": "1"}}}),
        json!({"no-such-kind": {}}),
    ]);
    (select(&NAMESPACES), select(&["m", "n"]), spec).prop_map(|(namespace, name, spec)| {
        let mut middleware = object("traefik.io/v1alpha1", "Middleware", namespace, name);
        middleware["spec"] = spec;
        middleware
    })
}

fn tls_option() -> impl Strategy<Value = Value> {
    let modes = [
        "RequestClientCert",
        "VerifyClientCertIfGiven",
        "RequireAndVerifyClientCert",
        "Nonsense",
    ];
    let suites = option::of(select(&[
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_RC4_128_SHA",
        "none",
    ]));
    (select(&NAMESPACES), select(modes.to_vec()), option::of(select(&["VersionTLS13"])), suites).prop_map(|(namespace, mode, version, suite)| {
        let mut option = object("traefik.io/v1alpha1", "TLSOption", namespace, "o");
        option["spec"] = json!({"minVersion": version, "cipherSuites": suite.as_slice(), "clientAuth": {"secretNames": ["authority"], "clientAuthType": mode}});
        option
    })
}

fn reference_grant() -> impl Strategy<Value = Value> {
    let from = select(vec![
        ("networking.k8s.io", "Ingress"),
        ("traefik.io", "Middleware"),
    ]);
    let to = select(vec![
        ("", "Secret"),
        ("traefik.io", "Middleware"),
        ("traefik.io", "TLSOption"),
    ]);
    let name = option::weighted(0.3, select(&["passwords", "m", "o"]));
    let place = (select(&NAMESPACES), select(&["g", "h"]), select(&NAMESPACES));
    (place, from, to, name).prop_map(|((namespace, name, of), from, to, only)| {
        let mut grant = object("gateway.networking.k8s.io/v1", "ReferenceGrant", namespace, name);
        let (from, to) = (
            json!({"group": from.0, "kind": from.1, "namespace": of}),
            json!({"group": to.0, "kind": to.1, "name": only}),
        );
        grant["spec"] = json!({"from": [from], "to": [to]});
        grant
    })
}
