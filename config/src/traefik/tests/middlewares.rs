//! How middlewares are found, and what happens to routes whose middleware cannot be used.

use serde_json::{Value, json};

use super::{
    chain_of, field, ingress, middleware, object, problems, reasons, route, secret, snapshot, translate,
    words,
};
use crate::name::{Kind, ObjectRef};
use crate::policy::Policy;
use crate::report::Reason;
use crate::settings::Settings;
use crate::snapshot::Object;
use crate::translate::{Output, Translator};

fn prefix() -> Value {
    json!({"addPrefix": {"prefix": "/x"}})
}

fn named(text: &str, objects: &[Value]) -> Output {
    let mut all = vec![ingress(json!({"router.middlewares": text}))];
    all.extend_from_slice(objects);
    translate(&all)
}

fn reported(output: &Output, object: &str, field: &str, reason: Reason) -> bool {
    problems(output).contains(&(object.to_owned(), field.to_owned(), reason))
}

#[test]
fn middlewares_run_in_the_order_they_are_written_and_may_repeat() {
    let objects = [
        middleware("b", prefix()),
        middleware("a", json!({"stripPrefix": {"prefixes": ["/y"]}})),
        middleware(
            "both",
            json!({"headers": {"accessControlMaxAge": 5, "customRequestHeaders": {"A": "b"}}}),
        ),
        middleware("outer", chain_of(&["both", "inner", "b"])),
        middleware("inner", chain_of(&["a"])),
        middleware("none", json!({"compress": {}})),
    ];
    let output = named(
        "lab-b@kubernetescrd, lab-outer@kubernetescrd,lab-none@kubernetescrd,",
        &objects,
    );
    assert_eq!(
        words(&output),
        ["rewrite", "cors", "header", "rewrite", "rewrite"]
    );
    let route = route(&output);
    let names: Vec<&str> = route.steps.iter().map(|step| &*step.source.object.name).collect();
    assert_eq!(names, ["b", "both", "both", "a", "b"]);
    assert_eq!(reasons(&output), [Reason::MiddlewareUnsupported]);
}

#[test]
fn a_name_that_leads_nowhere_closes_the_routes() {
    let foreign = object("Middleware", "other", "x", prefix());
    for (text, objects, reason) in [
        ("lab-gone@kubernetescrd", vec![], Reason::MiddlewareMissing),
        ("auth@file", vec![], Reason::MiddlewareMissing),
        (
            "lab-auth",
            vec![middleware("auth", prefix())],
            Reason::MiddlewareMissing,
        ),
        ("other-x@kubernetescrd", vec![foreign], Reason::ReferenceRefused),
        (
            "lab-bad@kubernetescrd",
            vec![middleware("bad", json!({"forwardAuth": {}}))],
            Reason::MiddlewareInvalid,
        ),
    ] {
        let output = named(text, &objects);
        assert_eq!(words(&output), ["closed"], "{text}");
        assert!(
            reported(&output, "Ingress lab/app", &field("router.middlewares"), reason),
            "{text}"
        );
    }
    let output = named("", &[]);
    assert_eq!(
        (words(&output), reasons(&output)),
        (vec!["closed"], vec![Reason::RouteClosed])
    );
}

#[test]
fn one_bad_middleware_among_good_ones_closes_the_routes() {
    let objects = [
        middleware("a", prefix()),
        middleware("b", json!({"redirectRegex": {"regex": "("}})),
    ];
    let output = named(
        "lab-a@kubernetescrd,lab-b@kubernetescrd,lab-c@kubernetescrd",
        &objects,
    );
    assert_eq!(words(&output), ["closed"]);
    assert_eq!(
        route(&output).steps[0].source.object,
        ObjectRef::new(Kind::Middleware, "lab", "b")
    );
    assert!(reported(
        &output,
        "Ingress lab/app",
        &field("router.middlewares"),
        Reason::MiddlewareInvalid
    ));
    assert!(reported(
        &output,
        "Ingress lab/app",
        &field("router.middlewares"),
        Reason::MiddlewareMissing
    ));
    assert!(reported(
        &output,
        "Middleware lab/b",
        "spec.redirectRegex.regex",
        Reason::FieldInvalid
    ));
}

#[test]
fn a_chain_reports_its_own_members() {
    let member = |name: &str, namespace: &str| {
        let member = json!({"name": name, "namespace": namespace});
        middleware("all", json!({"chain": {"middlewares": [{"name": "a"}, member]}}))
    };
    let at = "spec.chain.middlewares[1].name";
    for (chain, at, reason) in [
        (member("gone", ""), at, Reason::MiddlewareMissing),
        (member("gone", "lab"), at, Reason::MiddlewareMissing),
        (member("a", "other"), at, Reason::ReferenceRefused),
        (member("a@file", ""), at, Reason::MiddlewareMissing),
        (
            member("all", ""),
            "spec.chain.middlewares",
            Reason::MiddlewareInvalid,
        ),
    ] {
        let output = named(
            "lab-all@kubernetescrd",
            &[middleware("a", prefix()), chain.clone()],
        );
        assert_eq!(words(&output), ["closed"], "{chain}");
        assert!(
            reported(&output, "Middleware lab/all", at, reason),
            "{chain} {:?}",
            problems(&output)
        );
        assert!(reported(
            &output,
            "Ingress lab/app",
            &field("router.middlewares"),
            Reason::MiddlewareInvalid
        ));
    }
    let objects = [middleware("a", prefix()), member("lab-a@kubernetescrd", "")];
    assert_eq!(
        words(&named("lab-all@kubernetescrd", &objects)),
        ["rewrite", "rewrite"]
    );
}

#[test]
fn chains_that_grow_without_bound_are_refused() {
    let mut objects: Vec<Value> = (0..14)
        .map(|at| {
            let next = format!("c{}", at + 1);
            middleware(&format!("c{at}"), chain_of(&[&next, &next]))
        })
        .collect();
    objects.push(middleware("c14", prefix()));
    assert_eq!(words(&named("lab-c0@kubernetescrd", &objects)), ["closed"]);
    let mut deep: Vec<Value> = (0..40)
        .map(|at| middleware(&format!("c{at}"), chain_of(&[&format!("c{}", at + 1)])))
        .collect();
    deep.push(middleware("c40", prefix()));
    assert_eq!(words(&named("lab-c0@kubernetescrd", &deep)), ["closed"]);
    assert_eq!(words(&named("lab-c30@kubernetescrd", &deep)), ["rewrite"]);
}

#[test]
fn passwords_come_from_the_forms_of_secret_that_traefik_takes() {
    let auth = middleware(
        "auth",
        json!({"basicAuth": {"secret": "users", "headerField": "X-User", "removeHeader": true}}),
    );
    for (data, users) in [
        (
            json!({"users": "alice:$apr1$a$b\n# note:x\n\nbob:{SHA}c"}),
            Some(vec!["alice", "bob"]),
        ),
        (json!({"users": "alice:x", "other": "eve:y"}), Some(vec!["alice"])),
        (json!({"anything": "alice:x"}), Some(vec!["alice"])),
        (
            json!({"username": "alice", "password": "x:y"}),
            Some(vec!["alice"]),
        ),
        (json!({"a": "alice:x", "b": "bob:y"}), None),
        (json!({"users": "alice"}), None),
        (json!({"users": ""}), None),
    ] {
        let output = named(
            "lab-auth@kubernetescrd",
            &[auth.clone(), secret("users", data.clone())],
        );
        let route = route(&output);
        match (&route.steps[0].policy, users) {
            (Policy::BasicAuth(policy), Some(users)) => {
                let names: Vec<&str> = policy.credentials.iter().map(|it| it.user.as_str()).collect();
                assert_eq!(names, users, "{data}");
                assert_eq!(
                    (policy.realm.as_str(), policy.forward_authorization),
                    ("traefik", false)
                );
                assert_eq!(
                    policy.user_header.as_ref().map(ToString::to_string).as_deref(),
                    Some("x-user")
                );
            }
            (Policy::Closed(_), None) => {
                assert!(reported(
                    &output,
                    "Middleware lab/auth",
                    "spec.basicAuth.secret",
                    Reason::SecretMissing
                ));
            }
            (other, _) => panic!("{data}: {other:?}"),
        }
    }
    assert_eq!(words(&named("lab-auth@kubernetescrd", &[auth])), ["closed"]);
}

#[test]
fn a_clear_text_password_is_marked_as_one() {
    let auth = middleware("auth", json!({"basicAuth": {"secret": "users"}}));
    let data = json!({"username": "alice", "password": "open sesame"});
    let output = named("lab-auth@kubernetescrd", &[auth, secret("users", data)]);
    let route = route(&output);
    let Policy::BasicAuth(policy) = &route.steps[0].policy else {
        panic!("no password is asked for")
    };
    assert_eq!(policy.credentials[0].hash, "{PLAIN}open sesame");
    assert!(!format!("{output:?}").contains("sesame"));
}

#[test]
fn what_was_missing_opens_the_routes_when_it_comes() {
    let objects = [ingress(json!({"router.middlewares": "lab-all@kubernetescrd"}))];
    let mut snapshot = snapshot(&objects);
    let mut translator = Translator::new(Settings::default());
    translator.update(&snapshot, snapshot.references());
    let later = [
        (middleware("all", chain_of(&["a", "auth"])), vec!["closed"]),
        (middleware("a", prefix()), vec!["closed"]),
        (
            middleware("auth", json!({"basicAuth": {"secret": "users"}})),
            vec!["closed"],
        ),
        (
            secret("users", json!({"users": "alice:x"})),
            vec!["rewrite", "basic_auth"],
        ),
    ];
    for (document, expected) in later {
        let changed = snapshot.insert(Object::read(&document).expect("a valid object"));
        translator.update(&snapshot, changed);
        assert_eq!(words(&translator.output()), expected, "{document}");
    }
    assert_eq!(reasons(&translator.output()), []);
    snapshot.remove(&ObjectRef::new(Kind::Secret, "lab", "users"));
    translator.update(&snapshot, [ObjectRef::new(Kind::Secret, "lab", "users")]);
    assert_eq!(words(&translator.output()), ["closed"]);
}

#[test]
fn placeholders_are_reported_whether_or_not_anything_refers_to_them() {
    let output = translate(&[
        object(
            "Middleware",
            "namespace",
            "release-name-chain",
            chain_of(&["release-name-cors"]),
        ),
        object(
            "TLSOption",
            "lab",
            "mtls",
            json!({"clientAuth": {"secretNames": ["changeme"]}}),
        ),
    ]);
    let fields: Vec<String> = output
        .report
        .iter()
        .map(|it| format!("{} {}", it.object, it.field))
        .collect();
    assert_eq!(
        fields,
        [
            "Middleware namespace/release-name-chain metadata.name",
            "Middleware namespace/release-name-chain metadata.namespace",
            "Middleware namespace/release-name-chain spec.chain.middlewares[0].name",
            "TLSOption lab/mtls spec.clientAuth.secretNames[0]",
        ]
    );
    assert!(
        reasons(&output)
            .iter()
            .all(|reason| *reason == Reason::PlaceholderValue)
    );
}
