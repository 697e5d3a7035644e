//! The rule that a feature is one word everywhere: filter, annotation rows and golden folder are called like the
//! policy they carry. It compares names that exist and asks for no empty file.

use std::collections::BTreeSet;

/// Files beside the annotation rows that are no feature: the folder, the name, and why there is no such policy.
const NOT_A_FEATURE: &[(&str, &str, &str)] = &[
    (
        "nginx",
        "acme",
        "certificates that are asked for, which the controller gets",
    ),
    (
        "nginx",
        "alias",
        "more names of a host, not something a route does",
    ),
    (
        "nginx",
        "backend",
        "what is spoken to the backend, a part of the route and no step",
    ),
    ("nginx", "buffering", "read to be checked, never in effect"),
    (
        "nginx",
        "cipher_suite",
        "what the handshakes of a host agree on, not something a route does",
    ),
    ("nginx", "configmap", "its keys are defaults of many features"),
    (
        "nginx",
        "configuration_snippet",
        "the annotation whose text becomes the policy snippet",
    ),
    (
        "nginx",
        "default_backend",
        "a part of the route's backend and no step",
    ),
    ("nginx", "features", "the macro that makes the list of features"),
    (
        "nginx",
        "snippet",
        "the language of the annotation configuration_snippet",
    ),
    (
        "nginx",
        "unsupported",
        "annotations that are known and not served",
    ),
    ("traefik", "duration", "values: Go's time spans"),
    (
        "traefik",
        "entry_point",
        "which listeners a route is for, not a step",
    ),
    ("traefik", "field", "reads the fields of a middleware's spec"),
    (
        "traefik",
        "middleware",
        "a kind of object whose variants are the features",
    ),
    ("traefik", "placeholder", "finds values that were never filled in"),
    ("traefik", "reference", "finds the object that a name refers to"),
    (
        "traefik",
        "router",
        "annotations of the router: priority, matcher, TLS",
    ),
    (
        "traefik",
        "service",
        "annotations of the Service: scheme, sticky cookie",
    ),
    ("traefik", "spelling", "names are written in any case"),
    (
        "traefik",
        "sticky",
        "the cookie of the Service's annotations, a part of the backend",
    ),
    (
        "traefik",
        "tls_option",
        "a kind of object that becomes TLS of a host",
    ),
];

/// Golden folders about translation itself: which objects count and which route they become.
const TOPICS: &[&str] = &[
    "acme",
    "alias",
    "annotation",
    "backend",
    "buffering",
    "class",
    "configmap",
    "conflict",
    "default_backend",
    "endpoints",
    "entry_point",
    "host",
    "middleware",
    "path",
    "reference_grant",
    "router",
    "service",
    "site",
    "tls",
    "tls_option",
];

/// Every feature file and golden folder among `paths` has a policy of the same name, or a stated reason why not.
pub(crate) fn one_word(paths: &[String]) -> Vec<String> {
    let policies = stems(paths, "config/src/policy/");
    let mut problems = Vec::new();
    for name in stems(paths, "proxy/src/filters/").difference(&policies) {
        problems.push(format!(
            "proxy/src/filters/{name}.rs: no policy of that name: config/src/policy/{name}.rs"
        ));
    }
    for dialect in ["nginx", "traefik"] {
        let folder = format!("config/src/{dialect}/");
        for name in stems(paths, &folder).difference(&policies) {
            if !NOT_A_FEATURE
                .iter()
                .any(|(of, known, _)| *of == dialect && known == name)
            {
                problems.push(format!(
                    "{folder}{name}.rs: no policy config/src/policy/{name}.rs, and no row in NOT_A_FEATURE that says why"
                ));
            }
        }
    }
    for name in folders(paths, "config/tests/golden/") {
        if !policies.contains(name) && !TOPICS.contains(&name) {
            problems.push(format!(
                "config/tests/golden/{name}: neither a policy nor one of TOPICS"
            ));
        }
    }
    problems
}

/// The names of the Rust files directly in `folder`, without modules for tests.
fn stems<'a>(paths: &'a [String], folder: &str) -> BTreeSet<&'a str> {
    let files = paths
        .iter()
        .filter_map(|path| path.strip_prefix(folder)?.strip_suffix(".rs"));
    files
        .filter(|name| !name.contains('/') && !matches!(*name, "tests" | "testing"))
        .collect()
}

/// The names of the folders directly in `folder`.
fn folders<'a>(paths: &'a [String], folder: &str) -> BTreeSet<&'a str> {
    paths
        .iter()
        .filter_map(|path| Some(path.strip_prefix(folder)?.split_once('/')?.0))
        .collect()
}

#[cfg(test)]
fn problems_of(paths: &[&str]) -> Vec<String> {
    one_word(&paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())
}

#[test]
fn the_same_word_everywhere_is_silent() {
    let problems = problems_of(&[
        "config/src/policy/cors.rs",
        "config/src/policy/timeout.rs",
        "config/src/nginx/cors.rs",
        "config/src/nginx/cors/tests.rs",
        "config/src/nginx/tests.rs",
        "config/src/nginx/snippet.rs",
        "config/src/traefik/router.rs",
        "config/src/traefik/router/token.rs",
        "config/tests/golden/cors/preflight.yaml",
        "config/tests/golden/path/longest.yaml",
        "config/tests/golden/README.md",
        "proxy/src/filters/cors.rs",
        "proxy/src/filters/cors/tests.rs",
        "proxy/src/filters/tests.rs",
    ]);
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn a_second_word_for_a_feature_is_found() {
    for bad in [
        "proxy/src/filters/cross_origin.rs",
        "config/src/nginx/cross_origin.rs",
        "config/src/traefik/cross_origin.rs",
        "config/src/traefik/snippet.rs",
        "config/tests/golden/cross_origin/preflight.yaml",
    ] {
        let problems = problems_of(&["config/src/policy/cors.rs", bad]);
        assert_eq!(problems.len(), 1, "{bad}: {problems:?}");
    }
}

#[test]
fn the_tables_stay_true() {
    assert!(TOPICS.is_sorted(), "TOPICS is sorted");
    assert!(NOT_A_FEATURE.is_sorted(), "NOT_A_FEATURE is sorted");
    assert!(
        NOT_A_FEATURE.iter().all(|(_, _, why)| !why.is_empty()),
        "every exception has a reason"
    );
}
