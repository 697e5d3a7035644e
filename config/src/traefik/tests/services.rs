//! Annotations of Services.

use serde_json::{Value, json};

use super::{PREFIX, field, ingress, object, problems, route, translate};
use crate::report::Reason;
use crate::table::{Backend, HostHeader, Protocol, Sticky};
use crate::translate::Output;

fn behind(port: Value, annotations: Value) -> Output {
    let mut service = object("Service", "lab", "web", json!({"ports": [port]}));
    for (name, value) in annotations.as_object().expect("annotations are an object") {
        service["metadata"]["annotations"][format!("{PREFIX}{name}")] = value.clone();
    }
    let mut ingress = ingress(json!({}));
    ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] =
        json!({"number": port["port"]});
    translate(&[ingress, service])
}

fn backend(output: &Output) -> Backend {
    route(output).backend.clone().expect("the Service is there")
}

#[test]
fn the_scheme_is_written_or_follows_from_the_port() {
    let https = Protocol::Https { verify: true };
    for (port, annotations, protocol) in [
        (json!({"port": 80}), json!({}), Protocol::Http),
        (json!({"port": 443}), json!({}), https),
        (json!({"port": 8443, "name": "https-alt"}), json!({}), https),
        (json!({"port": 443, "appProtocol": "HTTPS"}), json!({}), https),
        (
            json!({"port": 443, "appProtocol": "kubernetes.io/h2c"}),
            json!({}),
            Protocol::H2c,
        ),
        (
            json!({"port": 443}),
            json!({"service.serversscheme": "http"}),
            Protocol::Http,
        ),
        (
            json!({"port": 80}),
            json!({"service.ServersScheme": "https"}),
            https,
        ),
        (
            json!({"port": 80}),
            json!({"service.serversscheme": "h2c"}),
            Protocol::H2c,
        ),
    ] {
        let output = behind(port.clone(), annotations.clone());
        assert_eq!(backend(&output).protocol, protocol, "{port} {annotations}");
        assert_eq!(problems(&output), [], "{port} {annotations}");
    }
}

#[test]
fn the_host_header_is_the_clients_unless_it_is_turned_off() {
    for (text, host) in [("false", HostHeader::Endpoint), ("true", HostHeader::Client)] {
        assert_eq!(
            backend(&behind(
                json!({"port": 80}),
                json!({"service.passhostheader": text})
            ))
            .host,
            host
        );
    }
}

#[test]
fn any_of_the_cookie_annotations_makes_sessions_sticky() {
    let plain = |name: &str, attributes: &str| {
        Some(Sticky {
            name: name.to_owned(),
            attributes: attributes.to_owned(),
        })
    };
    for (annotations, expected) in [
        (json!({}), None),
        (json!({"service.sticky.cookie": "false"}), None),
        (
            json!({"service.sticky.cookie": "true"}),
            plain("_4f9c5282ca28463c", "; Path=/"),
        ),
        (
            json!({"service.sticky.cookie.name": "a b"}),
            plain("a_b", "; Path=/"),
        ),
        (
            json!({
                "service.sticky.cookie.name": "s", "service.sticky.cookie.secure": "true",
                "service.sticky.cookie.httponly": "true", "service.sticky.cookie.samesite": "none",
                "service.sticky.cookie.maxage": "60", "service.sticky.cookie.path": "/app",
                "service.sticky.cookie.domain": "example.org",
            }),
            plain(
                "s",
                "; Path=/app; Domain=example.org; Max-Age=60; HttpOnly; Secure; SameSite=None",
            ),
        ),
    ] {
        let output = behind(json!({"port": 80}), annotations.clone());
        assert_eq!(backend(&output).sticky, expected, "{annotations}");
    }
}

#[test]
fn problems_are_reported_on_the_service() {
    let output = behind(
        json!({"port": 80}),
        json!({
            "service.serverstransport": "t@file", "service.nativelb": "true", "service.serversscheme": "grpc",
            "router.tls": "true", "service.stick.cookie": "true",
        }),
    );
    let service = |name: &str, reason| ("Service lab/web".to_owned(), field(name), reason);
    let mut found = problems(&output);
    found.sort();
    assert_eq!(
        found,
        [
            service("router.tls", Reason::AnnotationUnsupported),
            service("service.nativelb", Reason::AnnotationUnsupported),
            service("service.serversscheme", Reason::AnnotationInvalid),
            service("service.serverstransport", Reason::AnnotationUnsupported),
            service("service.stick.cookie", Reason::AnnotationUnknown),
        ]
    );
}
