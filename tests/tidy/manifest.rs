//! Rules over manifests: what each crate of the workspace may depend on.
//!
//! `config` has a closed list, because one convenient crate is enough to let I/O, a clock or a runtime in. The others
//! have a list of what stands on the far side of their wall. `deny.toml` says the same for the whole graph.

use serde_json::Value;

/// One entry of a dependency table.
pub(crate) struct Dependency {
    /// The crate's name on the registry, whatever the manifest renames it to.
    pub(crate) name: String,
    /// Whether it stands under `[dev-dependencies]`.
    pub(crate) dev: bool,
    /// The features that the manifest switches on.
    pub(crate) features: Vec<String>,
    /// Whether the crate's default features are on.
    pub(crate) default_features: bool,
}

/// What one crate may know.
struct Wall {
    package: &'static str,
    /// A closed list, where there is one: normal dependencies, and those of tests.
    allowed: Option<(&'static [&'static str], &'static [&'static str])>,
    /// Refused names; a `*` at the end stands for any rest.
    refused: &'static [&'static str],
}

/// What `config` may use. A crate gets in when it opens nothing, reads no clock and starts nothing.
const PURE: &[&str] = &[
    "base64",
    "imbl",
    "ipnet",
    "regex",
    "rustls",
    "serde",
    "serde_json",
    "serde_path_to_error",
    "sha2",
    "x509-parser",
];

/// What the tests of `config` may use besides: `proptest` for its properties, `saphyr-parser` because golden cases are the YAML
/// that a user would write, and `config` itself reads no text.
const PURE_TESTS: &[&str] = &["proptest", "saphyr-parser"];

/// What stands between a crate and a cluster or a certificate authority.
const CLUSTER: [&str; 3] = ["kube*", "k8s-openapi", "instant-acme"];

/// What is tested. The stages of tests know nothing of it.
const PRODUCT: [&str; 4] = ["ferrik", "ferrik-config", "ferrik-controller", "ferrik-proxy"];

const WALLS: &[Wall] = &[
    Wall {
        package: "ferrik",
        allowed: None,
        refused: &["pingora*", CLUSTER[0], CLUSTER[1], CLUSTER[2]],
    },
    Wall {
        package: "ferrik-config",
        allowed: Some((PURE, PURE_TESTS)),
        refused: &[
            "ferrik*", "tokio*", "pingora*", "tracing*", "hyper*", CLUSTER[0], CLUSTER[1], CLUSTER[2],
        ],
    },
    Wall {
        package: "ferrik-controller",
        allowed: None,
        refused: &["ferrik-proxy", "pingora*"],
    },
    Wall {
        package: "ferrik-proxy",
        allowed: None,
        refused: &["ferrik-controller", CLUSTER[0], CLUSTER[1], CLUSTER[2]],
    },
    // The stages of tests.
    Wall {
        package: "ferrik-test-process",
        allowed: Some((&["nix", "sha2", "tokio"], &[])),
        refused: &[],
    },
    // It knows Kubernetes.
    Wall {
        package: "ferrik-test-cluster",
        allowed: None,
        refused: &[
            PRODUCT[0],
            PRODUCT[1],
            PRODUCT[2],
            PRODUCT[3],
            "ferrik-test-acme",
            "pingora*",
            CLUSTER[2],
        ],
    },
    // It is the certificate authority's side of ACME; its own test is a client.
    Wall {
        package: "ferrik-test-acme",
        allowed: None,
        refused: &[
            PRODUCT[0],
            PRODUCT[1],
            PRODUCT[2],
            PRODUCT[3],
            "ferrik-test-cluster",
            "pingora*",
            CLUSTER[0],
            CLUSTER[1],
        ],
    },
];

/// The feature of `ferrik-config` behind which Kubernetes objects and dialects stand.
const TRANSLATION: &str = "translate";

/// What is wrong with the dependencies of one package.
pub(crate) fn problems(package: &str, dependencies: &[Dependency]) -> Vec<String> {
    let Some(wall) = WALLS.iter().find(|wall| wall.package == package) else {
        return vec![format!(
            "{package}: a crate without a row in WALLS: say what it may know"
        )];
    };
    let mut problems = Vec::new();
    for dependency in dependencies {
        let name = &dependency.name;
        if let Some(pattern) = wall.refused.iter().find(|pattern| matches(pattern, name)) {
            problems.push(format!("{package}: depends on {name}, refused as `{pattern}`"));
        } else if let Some((normal, dev)) = wall.allowed
            && !normal.contains(&name.as_str())
            && !(dependency.dev && dev.contains(&name.as_str()))
        {
            problems.push(format!(
                "{package}: {name} is not in its closed list (PURE, in this rule): is it free of I/O?"
            ));
        }
        let sees_translation =
            dependency.default_features || dependency.features.iter().any(|on| on == TRANSLATION);
        if package == "ferrik-proxy" && name == "ferrik-config" && sees_translation {
            problems.push(format!(
                "{package}: switches on `{TRANSLATION}` of {name}: it sees the model only"
            ));
        }
    }
    problems
}

/// The packages and their dependencies in the output of `cargo metadata --no-deps`.
pub(crate) fn packages(metadata: &Value) -> Vec<(String, Vec<Dependency>)> {
    let of = |package: &Value| (text(&package["name"]), list(&package["dependencies"], dependency));
    list(&metadata["packages"], of)
}

fn dependency(entry: &Value) -> Dependency {
    Dependency {
        name: text(&entry["name"]),
        dev: entry["kind"] == "dev",
        features: list(&entry["features"], text),
        default_features: entry["uses_default_features"] == true,
    }
}

fn list<T>(value: &Value, of: impl Fn(&Value) -> T) -> Vec<T> {
    value
        .as_array()
        .expect("cargo metadata has this list")
        .iter()
        .map(of)
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("cargo metadata has this name").to_owned()
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
fn depends(package: &str, name: &str, dev: bool) -> usize {
    problems(
        package,
        &[Dependency {
            name: name.to_owned(),
            dev,
            features: Vec::new(),
            default_features: false,
        }],
    )
    .len()
}

#[test]
fn config_has_a_closed_list() {
    for good in ["serde", "regex", "ipnet"] {
        assert_eq!(depends("ferrik-config", good, false), 0, "{good}");
    }
    for bad in [
        "ferrik-proxy",
        "tokio",
        "tokio-rustls",
        "kube",
        "pingora-core",
        "tracing",
        "hyper",
        "async-io",
    ] {
        assert_eq!(depends("ferrik-config", bad, false), 1, "{bad}");
        assert_eq!(depends("ferrik-config", bad, true), 1, "{bad} in tests");
    }
    assert_eq!(depends("ferrik-config", "proptest", true), 0);
    assert_eq!(
        depends("ferrik-config", "proptest", false),
        1,
        "a crate for tests only"
    );
}

#[test]
fn the_two_sides_do_not_know_each_other() {
    for (package, bad) in [
        ("ferrik-proxy", "ferrik-controller"),
        ("ferrik-proxy", "kube-client"),
        ("ferrik-proxy", "k8s-openapi"),
        ("ferrik-proxy", "instant-acme"),
        ("ferrik-controller", "ferrik-proxy"),
        ("ferrik-controller", "pingora"),
        ("ferrik-controller", "pingora-core"),
        ("ferrik", "pingora"),
        ("ferrik", "kube"),
        ("ferrik-test-cluster", "ferrik-config"),
        ("ferrik-test-cluster", "instant-acme"),
        ("ferrik-test-acme", "ferrik"),
        ("ferrik-test-acme", "ferrik-test-cluster"),
        ("ferrik-test-acme", "kube"),
        ("ferrik-test-process", "ferrik-config"),
    ] {
        assert_eq!(depends(package, bad, false), 1, "{package} on {bad}");
        assert_eq!(depends(package, bad, true), 1, "{package} on {bad} in tests");
    }
    for (package, good) in [
        ("ferrik-proxy", "pingora"),
        ("ferrik-proxy", "ferrik-config"),
        ("ferrik-controller", "kube"),
        ("ferrik-controller", "instant-acme"),
        ("ferrik", "ferrik-proxy"),
        ("ferrik", "ferrik-controller"),
        ("ferrik", "ferrik-test-cluster"),
        ("ferrik-test-cluster", "kube"),
        ("ferrik-test-cluster", "ferrik-test-process"),
        ("ferrik-test-acme", "ferrik-test-process"),
        ("ferrik-test-acme", "instant-acme"),
    ] {
        assert_eq!(depends(package, good, false), 0, "{package} on {good}");
    }
    assert_eq!(
        depends("ferrik-new", "serde", false),
        1,
        "a new crate needs a row"
    );
}

#[test]
fn metadata_is_read_and_the_proxy_sees_no_translation() {
    let metadata = |features: &str, default: bool| {
        serde_json::from_str::<Value>(&format!(
            r#"{{"packages": [{{"name": "ferrik-proxy", "dependencies": [
                {{"name": "ferrik-config", "kind": null, "features": [{features}], "uses_default_features": {default}}},
                {{"name": "kube", "kind": "dev", "features": [], "uses_default_features": true}}
            ]}}]}}"#
        ))
        .expect("valid JSON")
    };
    let count = |metadata: &Value| {
        let packages = packages(metadata);
        let [(name, dependencies)] = packages.as_slice() else {
            panic!("one package")
        };
        assert!(dependencies[1].dev, "kind is read");
        problems(name, dependencies).len()
    };
    assert_eq!(count(&metadata("", false)), 1, "kube alone");
    assert_eq!(count(&metadata("\"translate\"", false)), 2);
    assert_eq!(count(&metadata("", true)), 2);
}
