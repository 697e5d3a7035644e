//! Annotations of the Ingress: entry points, matching, spelling.

use serde_json::json;

use super::{field, ingress, problems, reasons, route, translate, words};
use crate::report::Reason;
use crate::table::{Entry, PathKind};

#[test]
fn entry_points_restrict_routes_to_a_scheme() {
    use Reason::{AnnotationDiffers, AnnotationInvalid, RouteClosed};
    for (annotations, entry, expected) in [
        (json!({}), Entry::Any, vec![]),
        (json!({"router.entrypoints": "web"}), Entry::Http, vec![]),
        (json!({"router.entrypoints": "websecure"}), Entry::Https, vec![]),
        (
            json!({"router.entrypoints": "websecure, web"}),
            Entry::Any,
            vec![],
        ),
        (json!({"router.tls": "true"}), Entry::Https, vec![]),
        (json!({"router.tls": "false"}), Entry::Any, vec![]),
        (
            json!({"router.tls": "true", "router.entrypoints": "web,websecure"}),
            Entry::Https,
            vec![],
        ),
        (
            json!({"router.tls": "true", "router.entrypoints": "web"}),
            Entry::Https,
            vec![AnnotationDiffers],
        ),
        (
            json!({"router.entrypoints": "web,metrics"}),
            Entry::Http,
            vec![AnnotationInvalid],
        ),
        (
            json!({"router.entrypoints": "metrics"}),
            Entry::Any,
            vec![RouteClosed, AnnotationInvalid],
        ),
    ] {
        let output = translate(&[ingress(annotations.clone())]);
        let is_closed = expected.contains(&RouteClosed);
        assert_eq!(route(&output).entry, entry, "{annotations}");
        assert_eq!(
            words(&output),
            if is_closed { vec!["closed"] } else { vec![] },
            "{annotations}"
        );
        assert_eq!(reasons(&output), expected, "{annotations}");
    }
}

#[test]
fn one_path_may_have_a_route_for_each_entry_point() {
    let of = |name: &str, created: &str, entry: &str| {
        let mut ingress = ingress(if entry.is_empty() {
            json!({})
        } else {
            json!({"router.entrypoints": entry})
        });
        ingress["metadata"]["name"] = json!(name);
        ingress["metadata"]["creationTimestamp"] = json!(created);
        ingress
    };
    for (first, second, routes) in [
        ("web", "websecure", 2),
        ("web", "", 2),
        ("", "web", 1),
        ("web", "web", 1),
        ("", "", 1),
    ] {
        let output = translate(&[
            of("a", "2024-01-01T00:00:00Z", first),
            of("b", "2025-01-01T00:00:00Z", second),
        ]);
        let host = super::host(&output, "app.example.org");
        assert_eq!(host.routes.len(), routes, "{first} {second}");
        assert_eq!(&*host.routes[0].source.object.name, "a", "{first} {second}");
        let expected = if routes == 1 {
            vec![Reason::PathConflict]
        } else {
            vec![]
        };
        assert_eq!(reasons(&output), expected, "{first} {second}");
    }
}

#[test]
fn priority_and_path_matcher_are_read() {
    for (annotations, priority, kind) in [
        (json!({}), None, PathKind::StartsWith),
        (
            json!({"router.priority": "0", "router.pathmatcher": "PathPrefix"}),
            None,
            PathKind::StartsWith,
        ),
        (
            json!({"router.priority": "-7", "router.pathmatcher": "Path"}),
            Some(-7),
            PathKind::Exact,
        ),
        (
            json!({"router.pathmatcher": "PathRegexp"}),
            None,
            PathKind::Pattern,
        ),
    ] {
        let output = translate(&[ingress(annotations.clone())]);
        let route = route(&output);
        assert_eq!(
            (route.priority, route.path.kind),
            (priority, kind),
            "{annotations}"
        );
        assert_eq!(reasons(&output), [], "{annotations}");
    }
    let output = translate(&[ingress(json!({"router.pathmatcher": "Host"}))]);
    assert_eq!(
        (words(&output), reasons(&output)),
        (vec!["closed"], vec![Reason::RouteClosed])
    );
}

#[test]
fn names_are_read_in_any_case_and_reported_as_they_are_written() {
    let output = translate(&[ingress(json!({
        "Router.EntryPoints": "websecure,x",
        "router.tls.certResolver": "le",
        "router.tls.domains.0.main": "a.example.org",
        "router.Observability.accessLogs": "false",
        "router.ruleSyntax": "v3",
        "service.serversScheme": "https",
        "router.entrypoint": "web",
    }))]);
    assert_eq!(route(&output).entry, Entry::Https);
    let mut found: Vec<(String, Reason)> = problems(&output)
        .into_iter()
        .map(|(_, field, reason)| (field, reason))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            (field("Router.EntryPoints"), Reason::AnnotationInvalid),
            (
                field("router.Observability.accessLogs"),
                Reason::AnnotationUnsupported
            ),
            (field("router.entrypoint"), Reason::AnnotationUnknown),
            (field("router.ruleSyntax"), Reason::AnnotationUnsupported),
            (field("router.tls.certResolver"), Reason::AcmeOff),
            (field("router.tls.domains.0.main"), Reason::AnnotationUnsupported),
            (field("service.serversScheme"), Reason::AnnotationUnsupported),
        ]
    );
    let output = translate(&[ingress(json!({"Router.Middlewares": " "}))]);
    assert_eq!(route(&output).steps[0].source.field, field("Router.Middlewares"));
}

#[test]
fn of_two_spellings_the_one_in_lower_case_counts() {
    let output = translate(&[ingress(
        json!({"router.entryPoints": "web", "router.entrypoints": "websecure"}),
    )]);
    assert_eq!((route(&output).entry, reasons(&output)), (Entry::Https, vec![]));
}
