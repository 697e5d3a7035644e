//! Every kind of middleware by table: the spec, the steps that it becomes, and what is reported on the Middleware.

#![expect(
    clippy::needless_pass_by_value,
    reason = "tables of literals read better without borrows"
)]

mod property;

use serde_json::{Value, json};

use super::kind::{Effect, parse};
use crate::name::{Kind, ObjectRef};
use crate::report::Reason;
use crate::report::Reason::{
    CorsWideOpen, FieldInvalid, FieldUnknown, FieldUnsupported, MiddlewareInvalid, MiddlewareUnsupported,
    PlaceholderValue, RedirectSuspicious,
};
use crate::snapshot::Middleware;
use crate::traefik::field::Problems;
use crate::traefik::{MIDDLEWARES, check_middleware};

/// What a spec becomes: its steps as JSON, or nothing if the middleware cannot be used; and the problems in order.
fn read(spec: &Value) -> (Option<Value>, Vec<(String, Reason)>) {
    let object = ObjectRef::new(Kind::Middleware, "lab", "it");
    let mut problems = Problems::of(&object);
    let parsed = parse(spec, &mut problems);
    let is_usable = problems.refusal().is_none();
    let steps = parsed.filter(|_| is_usable).map(|parsed| match parsed.effect {
        Effect::Steps(policies) => serde_json::to_value(policies).expect("policies have a JSON form"),
        other => json!(format!("{other:?}")),
    });
    let middleware = Middleware {
        spec: spec.clone(),
        ..Middleware::default()
    };
    let mut report = Vec::new();
    check_middleware(&object, &middleware, &mut report);
    (
        steps,
        report
            .into_iter()
            .map(|problem| (problem.field, problem.reason))
            .collect(),
    )
}

/// The spec becomes these steps, and these problems are reported.
fn served(spec: Value, steps: Value, problems: &[(&str, Reason)]) {
    let (got, found) = read(&spec);
    assert_eq!(got, Some(steps), "{spec}");
    assert_eq!(found, owned(problems), "{spec}");
}

/// The spec cannot be used, for these reasons.
fn refused(spec: Value, problems: &[(&str, Reason)]) {
    let (got, found) = read(&spec);
    assert_eq!((got, found), (None, owned(problems)), "{spec}");
}

fn owned(problems: &[(&str, Reason)]) -> Vec<(String, Reason)> {
    problems
        .iter()
        .map(|(field, reason)| ((*field).to_owned(), *reason))
        .collect()
}

#[test]
fn headers_become_fixed_changes() {
    served(
        json!({"headers": {
            "customRequestHeaders": {"X-Key": "abc", "Ssl-Client-Verify": "", "Host": "inner.example.org"},
            "customResponseHeaders": {"Server": "", "X-Frame-Options": "SAMEORIGIN"},
            "frameDeny": true, "contentTypeNosniff": true, "browserXssFilter": true, "stsSeconds": 60,
            "stsIncludeSubdomains": true, "stsPreload": true, "referrerPolicy": "no-referrer",
        }}),
        json!([{"Header": {
            "request": [
                {"Set": ["host", "inner.example.org"]}, {"Remove": "ssl-client-verify"}, {"Set": ["x-key", "abc"]},
            ],
            "response": [
                {"Set": ["x-frame-options", "DENY"]}, {"Set": ["x-xss-protection", "1; mode=block"]},
                {"Set": ["x-content-type-options", "nosniff"]}, {"Set": ["referrer-policy", "no-referrer"]},
                {"Remove": "server"}, {"Set": ["x-frame-options", "SAMEORIGIN"]},
            ],
            "response_over_tls": [
                {"Set": ["strict-transport-security", "max-age=60; includeSubDomains; preload"]},
            ],
        }}]),
        &[],
    );
    served(
        json!({"headers": {"stsSeconds": 60, "forceSTSHeader": true, "customFrameOptionsValue": "DENY"}}),
        json!([{"Header": {"request": [], "response": [
            {"Set": ["x-frame-options", "DENY"]}, {"Set": ["strict-transport-security", "max-age=60"]},
        ]}}]),
        &[],
    );
}

#[test]
fn headers_that_cannot_be_served_are_reported() {
    served(
        json!({"headers": {
            "customRequestHeaders": {"X-Key": "your-secret-key-here", "host": ""},
            "sslRedirect": true, "publicKey": "pin", "frameDenied": true, "sslHost": "",
        }}),
        json!([{"Header": {"request": [{"Set": ["x-key", "your-secret-key-here"]}], "response": []}}]),
        &[
            ("spec.headers.publicKey", FieldUnsupported),
            ("spec.headers.sslRedirect", FieldUnsupported),
            ("spec.headers.customRequestHeaders.host", FieldUnsupported),
            ("spec.headers.frameDenied", FieldUnknown),
            ("spec.headers.customRequestHeaders.X-Key", PlaceholderValue),
        ],
    );
    for (spec, field) in [
        (json!({}), "spec.headers"),
        (json!({"sslRedirect": false}), "spec.headers"),
        (
            json!({"customRequestHeaders": {"a b": "x"}}),
            "spec.headers.customRequestHeaders.a b",
        ),
        (
            json!({"customRequestHeaders": {"a": "x\ny"}}),
            "spec.headers.customRequestHeaders.a",
        ),
        (
            json!({"customResponseHeaders": {"a": 5}}),
            "spec.headers.customResponseHeaders.a",
        ),
        (
            json!({"frameDeny": true, "allowedHosts": ["a.example.org"]}),
            "spec.headers.allowedHosts",
        ),
        (json!({"frameDeny": "true"}), "spec.headers.frameDeny"),
        (
            json!({"contentSecurityPolicy": "script-src $NONCE"}),
            "spec.headers.contentSecurityPolicy",
        ),
    ] {
        let (got, found) = read(&json!({"headers": spec}));
        assert_eq!(got, None, "{spec}");
        assert_eq!(found.first(), Some(&(field.to_owned(), FieldInvalid)), "{spec}");
    }
}

#[test]
fn cors_comes_before_the_headers_of_the_same_middleware() {
    served(
        json!({"headers": {
            "accessControlAllowOriginList": ["https://A.example.org"],
            "accessControlAllowMethods": ["GET", "OPTIONS"],
            "accessControlAllowHeaders": ["Range", "X-Token"],
            "accessControlExposeHeaders": ["ETag"],
            "accessControlMaxAge": 600, "addVaryHeader": true,
            "customResponseHeaders": {"X-A": "b"},
        }}),
        json!([
            {"Cors": {
                "origins": {"any": false, "listed": [{"Exact": "https://a.example.org"}]},
                "credentials": false, "methods": "GET,OPTIONS", "headers": "Range,X-Token", "expose": "ETag",
                "max_age": 600, "preflight": "Fetch", "vary": true,
            }},
            {"Header": {"request": [], "response": [{"Set": ["x-a", "b"]}]}},
        ]),
        &[],
    );
}

#[test]
fn credentials_for_every_origin_are_reported() {
    let field = "spec.headers.accessControlAllowOriginListRegex";
    for (patterns, is_wide) in [
        (json!([".*"]), true),
        (json!(["^"]), true),
        (json!(["a", ".+"]), true),
        (json!(["^https://a\\.org$"]), false),
    ] {
        let spec = json!({"headers": {
            "accessControlAllowOriginListRegex": patterns, "accessControlAllowCredentials": true,
        }});
        let (steps, found) = read(&spec);
        assert!(steps.is_some(), "{spec}");
        assert_eq!(
            found,
            if is_wide {
                owned(&[(field, CorsWideOpen)])
            } else {
                vec![]
            },
            "{spec}"
        );
    }
    let spec =
        json!({"headers": {"accessControlAllowOriginList": ["*"], "accessControlAllowCredentials": true}});
    assert_eq!(
        read(&spec).1,
        owned(&[("spec.headers.accessControlAllowOriginList", CorsWideOpen)])
    );
    assert_eq!(
        read(&json!({"headers": {"accessControlAllowOriginListRegex": [".*"]}})).1,
        vec![]
    );
    refused(
        json!({"headers": {"accessControlAllowOriginListRegex": ["("]}}),
        &[(field, FieldInvalid)],
    );
}

#[test]
fn redirects_by_expression_keep_the_replacement_as_written() {
    let redirect = |permanent: bool, replacement: &str| {
        let spec = json!({"redirectRegex": {
            "regex": "^https?://([^/]+)/(old.+)", "replacement": replacement, "permanent": permanent,
        }});
        let status = if permanent { "Permanent" } else { "Temporary" };
        let steps = json!([{"Redirect": {"status": status, "to": {"Match": {
            "pattern": "^https?://([^/]+)/(old.+)", "replacement": replacement,
        }}}}]);
        (spec, steps)
    };
    for (replacement, problems) in [
        ("https://${1}/new/${2}", 0),
        ("/new/$2", 0),
        ("https://https://${1}/${2}", 1),
        ("http://https//${1}", 1),
        ("https://$1new", 1),
        ("https://${3}", 1),
        ("www.example.org/$2", 1),
    ] {
        let (spec, steps) = redirect(problems == 1, replacement);
        served(
            spec,
            steps,
            &[("spec.redirectRegex.replacement", RedirectSuspicious)][..problems],
        );
    }
    refused(
        json!({"redirectRegex": {"regex": "^(?!x)", "replacement": ""}}),
        &[
            ("spec.redirectRegex.replacement", FieldInvalid),
            ("spec.redirectRegex.regex", FieldInvalid),
        ],
    );
}

#[test]
fn redirects_to_a_scheme_name_only_unusual_ports() {
    let https = |status: &str| json!([{"HttpsRedirect": {"status": status, "strip_trailing_slash": false}}]);
    served(
        json!({"redirectScheme": {"scheme": "https", "permanent": true, "port": "443"}}),
        https("Permanent"),
        &[],
    );
    served(
        json!({"redirectScheme": {"scheme": "https"}}),
        https("Temporary"),
        &[],
    );
    served(
        json!({"redirectScheme": {"scheme": "https", "port": 8443}}),
        json!([{"HttpsRedirect": {"status": "Temporary", "strip_trailing_slash": false, "port": 8443}}]),
        &[],
    );
    served(
        json!({"redirectScheme": {"scheme": "http", "port": "8080"}}),
        json!([{"Redirect": {"status": "Temporary", "to": {"Scheme": {"scheme": "http", "port": 8080}}}}]),
        &[],
    );
    for (spec, field) in [
        (json!({}), "scheme"),
        (json!({"scheme": "ftp"}), "scheme"),
        (json!({"scheme": "https", "port": "x"}), "port"),
        (json!({"scheme": "https", "permanent": "yes"}), "permanent"),
    ] {
        let spec = json!({"redirectScheme": spec});
        refused(spec, &[(&format!("spec.redirectScheme.{field}"), FieldInvalid)]);
    }
}

#[test]
fn the_certificate_is_told_by_parts() {
    let parts = |name: &str| {
        let names = [
            "domain_component",
            "country",
            "province",
            "locality",
            "organization",
            "organizational_unit",
        ];
        let mut parts: Value = names
            .iter()
            .chain(&["serial_number", "common_name"])
            .map(|it| ((*it).to_owned(), json!(false)))
            .collect();
        parts[name] = json!(true);
        parts
    };
    served(
        json!({"passTLSClientCert": {"pem": true, "info": {
            "sans": true, "notAfter": true,
            "subject": {"organizationalUnit": true}, "issuer": {"commonName": true, "organizationalUnit": true},
        }}}),
        json!([{"ForwardCertificate": {"pem": true, "info": {
            "subject": parts("organizational_unit"), "issuer": parts("common_name"),
            "serial_number": false, "not_before": false, "not_after": true, "sans": true,
        }}}]),
        &[(
            "spec.passTLSClientCert.info.issuer.organizationalUnit",
            FieldUnknown,
        )],
    );
    served(
        json!({"passTLSClientCert": {}}),
        json!([{"ForwardCertificate": {"pem": false}}]),
        &[],
    );
}

#[test]
fn paths_are_rewritten() {
    served(
        json!({"stripPrefix": {"prefixes": ["/a", "b"], "forceSlash": false}}),
        json!([{"Rewrite": {"StripPrefix": {"prefixes": ["/a", "b"]}}}]),
        &[
            ("spec.stripPrefix.prefixes", FieldUnsupported),
            ("spec.stripPrefix.forceSlash", FieldUnsupported),
        ],
    );
    served(
        json!({"addPrefix": {"prefix": "/a"}}),
        json!([{"Rewrite": {"AddPrefix": {"prefix": "/a"}}}]),
        &[],
    );
    served(
        json!({"replacePathRegex": {"regex": "^/a/(.*)", "replacement": " /b/$1"}}),
        json!([{"Rewrite": {"ReplacePattern": {"pattern": "^/a/(.*)", "replacement": "/b/$1"}}}]),
        &[],
    );
    for prefix in ["", "a", "/a?b"] {
        refused(
            json!({"addPrefix": {"prefix": prefix}}),
            &[("spec.addPrefix.prefix", FieldInvalid)],
        );
    }
    refused(
        json!({"replacePathRegex": {"replacement": "/b"}}),
        &[("spec.replacePathRegex.regex", FieldInvalid)],
    );
}

#[test]
fn addresses_are_allowed_by_network() {
    let step = |status: u16| json!([{"IpAccess": {"deny": [], "allow": ["10.0.0.0/8", "192.0.2.7/32"], "status": status}}]);
    let range = json!(["10.1.0.0/8", "192.0.2.7"]);
    served(
        json!({"ipAllowList": {"sourceRange": range, "ipStrategy": {}}}),
        step(403),
        &[],
    );
    served(
        json!({"ipAllowList": {"sourceRange": range, "rejectStatusCode": 404}}),
        step(404),
        &[],
    );
    served(
        json!({"ipWhiteList": {"sourceRange": range, "rejectStatusCode": 404}}),
        step(403),
        &[("spec.ipWhiteList.rejectStatusCode", FieldUnknown)],
    );
    for (spec, field) in [
        (json!({}), "sourceRange"),
        (json!({"sourceRange": ["10.0.0.0/33"]}), "sourceRange"),
        (json!({"sourceRange": "10.0.0.0/8"}), "sourceRange"),
        (
            json!({"sourceRange": range, "rejectStatusCode": 99}),
            "rejectStatusCode",
        ),
        (
            json!({"sourceRange": range, "ipStrategy": {"depth": 1}}),
            "ipStrategy.depth",
        ),
        (
            json!({"sourceRange": range, "ipStrategy": {"excludedIPs": ["10.0.0.1"]}}),
            "ipStrategy.excludedIPs",
        ),
        (
            json!({"sourceRange": range, "ipStrategy": {"ipv6Subnet": 64}}),
            "ipStrategy.ipv6Subnet",
        ),
    ] {
        let (got, found) = read(&json!({"ipAllowList": spec}));
        assert_eq!(got, None, "{spec}");
        assert_eq!(
            found.first(),
            Some(&(format!("spec.ipAllowList.{field}"), FieldInvalid)),
            "{spec}"
        );
    }
}

#[test]
fn rates_are_limited_by_source() {
    let step = |count: u32, period: u64, burst: u32, key: Value| {
        json!([{"RateLimit": {
            "name": "Middleware lab/it", "scope": "Route", "count": count, "period_ms": period, "burst": burst,
            "key": key, "mode": "TokenBucket", "status": 429,
        }}])
    };
    for (spec, steps) in [
        (json!({"average": 5}), step(5, 1000, 1, json!({"Client": {}}))),
        (
            json!({"average": 5, "period": "1m", "burst": 9}),
            step(5, 60_000, 9, json!({"Client": {}})),
        ),
        (
            json!({"average": 5, "period": 2, "burst": 0}),
            step(5, 2000, 1, json!({"Client": {}})),
        ),
        (
            json!({"average": 1, "sourceCriterion": {"ipStrategy": {"depth": 2, "ipv6Subnet": 64}}}),
            step(1, 1000, 1, json!({"Client": {"depth": 2, "ipv6_prefix": 64}})),
        ),
        (
            json!({"average": 1, "sourceCriterion": {"requestHeaderName": "X-Key"}}),
            step(1, 1000, 1, json!({"Header": "x-key"})),
        ),
        (
            json!({"average": 1, "sourceCriterion": {"requestHost": true}}),
            step(1, 1000, 1, json!("Host")),
        ),
        (
            json!({"average": 1, "sourceCriterion": {}}),
            step(1, 1000, 1, json!({"Client": {}})),
        ),
    ] {
        served(json!({"rateLimit": spec}), steps, &[]);
    }
}

#[test]
fn rates_that_make_no_sense_are_refused() {
    served(
        json!({"rateLimit": {"burst": 5}}),
        json!([]),
        &[("spec.rateLimit.average", FieldUnsupported)],
    );
    for (spec, field) in [
        (json!({"average": -1}), "average"),
        (json!({"average": 1, "period": "1us"}), "period"),
        (json!({"average": 1, "period": "soon"}), "period"),
        (
            json!({"average": 1, "sourceCriterion": {"requestHost": true, "requestHeaderName": "x"}}),
            "sourceCriterion.ipStrategy",
        ),
        (
            json!({"average": 1, "sourceCriterion": {"ipStrategy": {"ipv6Subnet": 129}}}),
            "sourceCriterion.ipStrategy.ipv6Subnet",
        ),
    ] {
        let (got, found) = read(&json!({"rateLimit": spec}));
        assert_eq!(got, None, "{spec}");
        assert_eq!(
            found.first(),
            Some(&(format!("spec.rateLimit.{field}"), FieldInvalid)),
            "{spec}"
        );
    }
}

#[test]
fn passwords_and_chains_need_a_name() {
    refused(
        json!({"basicAuth": {}}),
        &[("spec.basicAuth.secret", FieldInvalid)],
    );
    refused(
        json!({"basicAuth": {"secret": "s", "realm": "a\"b"}}),
        &[("spec.basicAuth.realm", FieldInvalid)],
    );
    refused(
        json!({"basicAuth": {"secret": "s", "headerField": "Content-Length"}}),
        &[("spec.basicAuth.headerField", FieldInvalid)],
    );
    refused(
        json!({"basicAuth": {"secret": "s", "headerField": "a b"}}),
        &[("spec.basicAuth.headerField", FieldInvalid)],
    );
    refused(
        json!({"chain": {"middlewares": [{}]}}),
        &[("spec.chain.middlewares[0].name", FieldInvalid)],
    );
    refused(
        json!({"chain": {"middlewares": ["a"]}}),
        &[("spec.chain.middlewares[0]", FieldInvalid)],
    );
}

#[test]
fn what_guards_or_changes_meaning_is_refused_and_the_rest_left_out() {
    for kind in [
        "forwardAuth",
        "digestAuth",
        "encodedCharacters",
        "plugin",
        "replacePath",
        "stripPrefixRegex",
        "errors",
    ] {
        let field = format!("spec.{kind}");
        refused(json!({kind: {"anything": 1}}), &[(&field, MiddlewareInvalid)]);
    }
    for kind in [
        "compress",
        "buffering",
        "retry",
        "circuitBreaker",
        "inFlightReq",
        "contentType",
        "grpcWeb",
    ] {
        let field = format!("spec.{kind}");
        served(
            json!({kind: {"anything": 1}}),
            json!([]),
            &[(&field, MiddlewareUnsupported)],
        );
    }
}

#[test]
fn a_middleware_has_one_known_kind() {
    refused(json!({}), &[("spec", MiddlewareInvalid)]);
    refused(json!(null), &[("spec", MiddlewareInvalid)]);
    refused(json!({"redirectRegexp": {}}), &[("spec", MiddlewareInvalid)]);
    refused(
        json!({"compress": {}, "retry": {}}),
        &[("spec", MiddlewareInvalid)],
    );
    refused(json!({"headers": "x"}), &[("spec.headers", FieldInvalid)]);
    served(
        json!({"addPrefix": {"prefix": "/a"}, "adPrefix": {}}),
        json!([{"Rewrite": {"AddPrefix": {"prefix": "/a"}}}]),
        &[("spec.adPrefix", FieldUnknown)],
    );
}

#[test]
fn rows_of_kinds_are_sorted_and_documented() {
    assert!(MIDDLEWARES.is_sorted_by_key(|kind| kind.name));
    assert!(MIDDLEWARES.iter().all(|kind| kind.doc.ends_with('.')));
    assert!(
        crate::traefik::middlewares_markdown()
            .contains("- `forwardAuth`: Nobody else is asked about a request. **Closes**")
    );
}
