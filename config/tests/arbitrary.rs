//! Translation never panics, whatever the objects say, and equal input gives equal output.
//!
//! Objects are random JSON in the shape of Kubernetes objects, with odd texts in every field and under every annotation
//! that is known. What the report says about them must be fit for logs and Events.

use ferrik_config::annotation::{Annotation, Feature, OnInvalid, Support};
use ferrik_config::name::{Kind, ObjectRef};
use ferrik_config::policy::Policy;
use ferrik_config::settings::Settings;
use ferrik_config::snapshot::Object;
use ferrik_config::translate::{Output, Translator};
use ferrik_config::{Snapshot, nginx, traefik};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Texts that have broken parsers before.
const ODD: &[&str] = &[
    "",
    " ",
    "/",
    "//",
    "a",
    "*",
    "*.",
    ".",
    "..",
    "-",
    "$",
    "${",
    "$1",
    "\\",
    "'",
    "\"",
    "{",
    "}",
    ";",
    ",",
    ",,",
    ":",
    "://",
    "0",
    "-1",
    "65536",
    "18446744073709551616",
    "1e9",
    "true",
    "on",
    "null",
    "ä",
    "\u{0}",
    "\r\n",
    "\u{202e}",
    "日本",
    "a.example.org",
    "*.example.org",
    "/a/(.*)",
    "(",
    "[a",
    "(?=a)",
    "a++",
    "x{1000}{1000}",
    "10.0.0.0/8",
    "::/0",
    "a/b/c",
    "https://",
    "https://*.",
    "if ($host) {",
    "return 444;",
    "rewrite",
    "CN=",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    "a-b@kubernetescrd",
    "@",
    "a@b",
    "1m",
    "1x",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(ODD).prop_map(str::to_owned),
        1 => (select(ODD), select(ODD)).prop_map(|(a, b)| format!("{a}{b}")),
        1 => (select(ODD), 1..2000_usize).prop_map(|(text, times)| text.repeat(times)),
        2 => ".{0,12}",
    ]
}

/// A text, or sometimes anything at all.
fn leaf() -> BoxedStrategy<Value> {
    prop_oneof![30 => text().prop_map(Value::from), 1 => anything(), 1 => Just(Value::Null)].boxed()
}

fn anything() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((text(), inner), 0..3).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
    .boxed()
}

/// Every annotation of every dialect, with the examples of its row.
fn rows() -> Vec<(String, &'static [&'static str], &'static [&'static str])> {
    fn of<O>(
        prefix: &str,
        features: &'static [Feature<O>],
    ) -> Vec<(String, &'static [&'static str], &'static [&'static str])> {
        let rows = features.iter().flat_map(|feature| feature.annotations);
        rows.map(|row| (format!("{prefix}{}", row.name), row.accepts, row.rejects))
            .collect()
    }
    let mut rows = of(nginx::PREFIX, nginx::FEATURES);
    rows.extend(of(nginx::OWN_PREFIX, nginx::FEATURES));
    rows.extend(of(traefik::PREFIX, traefik::FEATURES));
    rows.push((
        "kubernetes.io/ingress.class".to_owned(),
        &["nginx", "traefik"],
        &["other"],
    ));
    rows
}

fn annotations() -> impl Strategy<Value = Value> {
    let known = select(rows()).prop_flat_map(|(name, accepts, rejects)| {
        let examples: Vec<String> = accepts
            .iter()
            .chain(rejects)
            .map(|text| (*text).to_owned())
            .collect();
        let examples = if examples.is_empty() {
            vec![String::new()]
        } else {
            examples
        };
        (Just(name), prop_oneof![select(examples), text()])
    });
    let unknown = (
        select(&[nginx::PREFIX, nginx::OWN_PREFIX, traefik::PREFIX]),
        text(),
        text(),
    )
        .prop_map(|(prefix, name, value)| (format!("{prefix}{name}"), value));
    let all = vec(prop_oneof![9 => known, 1 => unknown], 0..8);
    all.prop_map(|all| {
        all.into_iter()
            .map(|(name, text)| (name, Value::from(text)))
            .collect::<Map<_, _>>()
            .into()
    })
}

fn metadata() -> impl Strategy<Value = Value> {
    let name = prop_oneof![4 => select(&["a", "b"]).prop_map(Value::from), 1 => leaf()];
    (name.clone(), name, leaf(), annotations(), option::weighted(0.9, Just("web"))).prop_map(
        |(namespace, name, created, annotations, service)| {
            json!({
                "namespace": namespace, "name": name, "creationTimestamp": created, "annotations": annotations,
                "labels": {"kubernetes.io/service-name": service},
            })
        },
    )
}

fn ingress_spec() -> impl Strategy<Value = Value> {
    let port = prop_oneof![3 => (0..3_u16).prop_map(|it| json!({"number": it})), 1 => leaf().prop_map(|it| json!({"name": it})), 1 => anything()];
    let service = prop_oneof![3 => Just(json!("a")), 1 => leaf()];
    let backend = (service, port).prop_map(|(name, port)| json!({"service": {"name": name, "port": port}}));
    let backend = prop_oneof![9 => backend, 1 => anything()].boxed();
    let kind = prop_oneof![9 => select(&["Exact", "Prefix", "ImplementationSpecific"]).prop_map(Value::from), 1 => leaf()];
    let path = (leaf(), kind, backend.clone())
        .prop_map(|(path, kind, backend)| json!({"path": path, "pathType": kind, "backend": backend}));
    let rule =
        (leaf(), vec(path, 0..3)).prop_map(|(host, paths)| json!({"host": host, "http": {"paths": paths}}));
    let tls =
        (vec(leaf(), 0..3), leaf()).prop_map(|(hosts, secret)| json!({"hosts": hosts, "secretName": secret}));
    let class = prop_oneof![9 => select(&["nginx", "traefik", "ferrik"]).prop_map(Value::from), 1 => leaf()];
    (class, vec(rule, 0..3), vec(tls, 0..2), option::of(backend)).prop_map(|(class, rules, tls, default)| {
        json!({"ingressClassName": class, "rules": rules, "tls": tls, "defaultBackend": default})
    })
}

fn middleware_spec() -> impl Strategy<Value = Value> {
    let kinds: Vec<&str> = traefik::MIDDLEWARES.iter().map(|kind| kind.name).collect();
    let fields = [
        "regex",
        "replacement",
        "secret",
        "sourceRange",
        "prefixes",
        "scheme",
        "port",
        "average",
        "middlewares",
    ];
    let effect = vec((select(fields.to_vec()), anything()), 0..4);
    (select(kinds), effect).prop_map(|(kind, fields)| {
        json!({kind: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()})
    })
}

/// Everything else that is read, in one shape: unknown fields do not matter.
fn other_spec() -> impl Strategy<Value = Value> {
    let port = (leaf(), 0..3_u16, leaf())
        .prop_map(|(name, port, target)| json!({"name": name, "port": port, "targetPort": target}));
    (vec(port, 0..3), leaf(), leaf(), leaf()).prop_map(|(ports, kind, name, controller)| {
        json!({
            "ports": ports, "type": kind, "externalName": name, "controller": controller,
            "clientAuth": {"clientAuthType": kind},
            "from": [{"group": controller, "kind": kind, "namespace": name}], "to": [{"group": controller, "kind": kind}],
        })
    })
}

fn object() -> impl Strategy<Value = Value> {
    let kinds = [
        ("v1", "Service"),
        ("v1", "ConfigMap"),
        ("networking.k8s.io/v1", "IngressClass"),
        ("discovery.k8s.io/v1", "EndpointSlice"),
        ("traefik.io/v1alpha1", "TLSOption"),
        ("gateway.networking.k8s.io/v1", "ReferenceGrant"),
        ("v1", "Secret"),
    ];
    let spec = prop_oneof![
        6 => (Just(("networking.k8s.io/v1", "Ingress")), ingress_spec().boxed()),
        1 => (Just(("traefik.io/v1alpha1", "Middleware")), middleware_spec().boxed()),
        4 => (select(kinds.to_vec()), other_spec().boxed()),
        1 => (select(kinds.to_vec()), anything()),
    ];
    let keys = ["tls.crt", "tls.key", "ca.crt", "auth", "users"];
    let data = vec((select(keys.to_vec()), leaf()), 0..3);
    let endpoint = leaf().prop_map(|address| json!({"addresses": [address]}));
    (spec, metadata(), data, vec(endpoint, 0..3)).prop_map(
        |(((version, kind), spec), metadata, data, endpoints)| {
            let data: Map<String, Value> = data
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let mut object = json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec});
            match kind {
                "Secret" => object["stringData"] = data.into(),
                "EndpointSlice" => {
                    object["ports"] = object["spec"]["ports"].clone();
                    object["endpoints"] = endpoints.into();
                }
                _ => {}
            }
            object
        },
    )
}

fn snapshot<'a>(objects: impl Iterator<Item = &'a Value>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for object in objects.filter_map(|value| Object::read(value).ok()) {
        snapshot.insert(object);
    }
    snapshot
}

fn bytes(output: &Output) -> String {
    serde_json::to_string(&(&output.table, &output.endpoints, &output.report))
        .expect("every part has a serial form")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_objects_are_translated(objects in vec(object(), 1..6)) {
        let settings = Settings { class_by_name: true, ..Settings::default() };
        let output = Translator::full(settings.clone(), &snapshot(objects.iter()));
        let again = Translator::full(settings, &snapshot(objects.iter()));
        prop_assert_eq!(bytes(&output), bytes(&again));
        for diagnostic in output.report.iter() {
            prop_assert!(!diagnostic.message.is_empty() && !diagnostic.fix.is_empty(), "{:?}", diagnostic);
            for text in [&diagnostic.message, &diagnostic.fix] {
                prop_assert!(text.len() < 1024 && !text.contains(char::is_control), "{:?}", diagnostic);
            }
            prop_assert!(output.report.of(&diagnostic.object).contains(diagnostic), "{:?}", diagnostic);
        }
    }

    #[test]
    fn any_document_is_read_or_refused(document in anything(), fields in vec((text(), anything()), 0..4)) {
        let _ = Object::read(&document);
        let mut object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"});
        for (name, value) in fields {
            object[name] = value;
        }
        let _ = Object::read(&object);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(objects in vec(object(), 2..6)) {
        let mut seen = std::collections::BTreeSet::new();
        let is_first = |value: &&Value| Object::read(value).is_ok_and(|object| seen.insert(object.reference()));
        let objects: Vec<&Value> = objects.iter().filter(is_first).collect();
        let forwards = Translator::full(Settings::default(), &snapshot(objects.iter().copied()));
        let backwards = Translator::full(Settings::default(), &snapshot(objects.iter().rev().copied()));
        prop_assert_eq!(bytes(&forwards), bytes(&backwards));
    }
}

#[test]
fn a_guard_that_cannot_be_read_closes_its_routes() {
    let mut guards = 0;
    for class in ["nginx", "ferrik"] {
        guards += check_guards(class, nginx::PREFIX, nginx::FEATURES);
        guards += check_guards(class, nginx::OWN_PREFIX, nginx::FEATURES);
    }
    for class in ["traefik", "ferrik"] {
        guards += check_guards(class, traefik::PREFIX, traefik::FEATURES);
    }
    assert!(guards > 20, "the rows are not where they should be");
}

fn check_guards<O: 'static>(class: &str, prefix: &str, features: &'static [Feature<O>]) -> usize {
    let closes =
        |row: &&Annotation<O>| row.on_invalid == OnInvalid::Close && !matches!(row.support, Support::None(_));
    let rows = features
        .iter()
        .flat_map(|feature| feature.annotations)
        .filter(closes);
    let values = rows.flat_map(|row| row.rejects.iter().map(|text| (row.name, *text)));
    let mut count = 0;
    for (name, text) in values {
        count += 1;
        let full = format!("{prefix}{name}");
        let ingress = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"namespace": "a", "name": "i", "annotations": {&full: text}},
            "spec": {"ingressClassName": class, "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}, "rules": [
                {"host": "a.example.org", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {}}]}},
            ]},
        });
        let settings = Settings {
            class_by_name: true,
            ..Settings::default()
        };
        let output = Translator::full(settings, &snapshot([&ingress].into_iter()));
        for host in output.table.hosts.values() {
            for route in host.routes.iter().chain(&host.default) {
                let is_closed = route
                    .steps
                    .iter()
                    .any(|step| matches!(step.policy, Policy::Closed(_)));
                assert!(is_closed, "{class}: {full}: {text:?} leaves {route:#?} open");
            }
        }
        let object = ObjectRef::new(Kind::Ingress, "a", "i");
        let is_told = output
            .report
            .of(&object)
            .iter()
            .any(|it| it.field == format!("metadata.annotations[{full}]"));
        assert!(is_told, "{class}: {full}: {text:?} is not reported");
    }
    count
}
