//! Whatever stands in a spec, reading it ends, and a refusal is explained.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::read;
use crate::traefik::MIDDLEWARES;

/// Names of fields of many kinds.
const KEYS: &[&str] = &[
    "regex",
    "replacement",
    "scheme",
    "port",
    "prefix",
    "prefixes",
    "secret",
    "realm",
    "headerField",
    "average",
    "period",
    "burst",
    "sourceCriterion",
    "ipStrategy",
    "depth",
    "ipv6Subnet",
    "requestHost",
    "sourceRange",
    "rejectStatusCode",
    "customRequestHeaders",
    "customResponseHeaders",
    "accessControlAllowOriginListRegex",
    "accessControlAllowCredentials",
    "accessControlMaxAge",
    "stsSeconds",
    "info",
    "subject",
    "middlewares",
    "name",
];

/// JSON in which the keys are often those of middlewares, and the values often of the wrong type.
fn anything() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("https://${1}/$2".to_owned()),
        Just("^(.*)$".to_owned()),
        Just("1m30s".to_owned()),
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ];
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((select(KEYS), inner), 0..5).prop_map(|pairs| {
                pairs
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_spec_makes_the_reading_fail(at in 0..MIDDLEWARES.len(), inner in anything()) {
        let (steps, problems) = read(&json!({MIDDLEWARES[at].name: inner}));
        prop_assert!(steps.is_some() || !problems.is_empty(), "a refusal is always explained");
    }
}
