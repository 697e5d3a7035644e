//! The dialect through the whole translation. Here are the objects that the tests below are made of.

#![expect(
    clippy::needless_pass_by_value,
    reason = "tables of literals read better without borrows"
)]

mod annotations;
mod chain;
mod middlewares;
mod services;
mod tls_options;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{FEATURES, PREFIX};
use crate::Snapshot;
use crate::annotation;
use crate::name::HostKey;
use crate::report::Reason;
use crate::settings::Settings;
use crate::snapshot::Object;
use crate::table::{HostTable, Route};
use crate::translate::{Output, Translator};

#[test]
fn rows_are_consistent() {
    assert_eq!(annotation::problems(FEATURES), Vec::<String>::new());
}

/// A certificate that can stand for an authority; nobody has its key.
const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIUBpjTiJDwC6JK2EVgohQTeACJ3Z4wCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGTGFiIENBMCAXDTI2MTEyMTExNDcyOFoYDzIxMjYxMDI4MTE0
NzI4WjARMQ8wDQYDVQQDDAZMYWIgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AARn53HqDUWyBAM4dXOPdji7ZSlK84apsFChNgOgTmMHTR/pMChJxM4okDSQCp5d
w0mk7S8uQfh2jZL3hiwqIcOFo1MwUTAdBgNVHQ4EFgQUxgzKNpPeuwtpQ6RB6DIG
01oYRscwHwYDVR0jBBgwFoAUxgzKNpPeuwtpQ6RB6DIG01oYRscwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEApsjr3LKAu0stAxTqZrcWRocjN/h8
Xd8yhx3AlF90xloCIQCulocAFoorgJXb3MdNxwIDotP5zdDu8EZZTpy6g1AdGw==
-----END CERTIFICATE-----
";

/// An Ingress `lab/app` of class `traefik` for `app.example.org`, with Traefik's annotations by their short names.
fn ingress(annotations: Value) -> Value {
    ingress_of("app.example.org", annotations)
}

fn ingress_of(host: &str, annotations: Value) -> Value {
    let full: serde_json::Map<String, Value> = annotations
        .as_object()
        .expect("annotations are an object")
        .iter()
        .map(|(name, value)| (format!("{PREFIX}{name}"), value.clone()))
        .collect();
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "app", "namespace": "lab", "annotations": full},
        "spec": {"ingressClassName": "traefik", "rules": [{"host": host, "http": {"paths": [{
            "path": "/", "pathType": "ImplementationSpecific",
            "backend": {"service": {"name": "web", "port": {"number": 80}}},
        }]}}]},
    })
}

fn object(kind: &str, namespace: &str, name: &str, spec: Value) -> Value {
    let version = if kind == "Service" {
        "v1"
    } else {
        "traefik.io/v1alpha1"
    };
    json!({
        "apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    })
}

fn middleware(name: &str, spec: Value) -> Value {
    object("Middleware", "lab", name, spec)
}

fn chain_of(members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|name| json!({"name": name})).collect();
    json!({"chain": {"middlewares": members}})
}

fn secret(name: &str, data: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "lab"}, "stringData": data,
    })
}

fn snapshot(objects: &[Value]) -> Snapshot {
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "traefik"},
        "spec": {"controller": "traefik.io/ingress-controller"},
    });
    let service = object(
        "Service",
        "lab",
        "web",
        json!({"ports": [{"port": 80, "name": "http"}]}),
    );
    let mut snapshot = Snapshot::default();
    for document in [&class, &service].into_iter().chain(objects) {
        snapshot.insert(Object::read(document).expect("a valid object"));
    }
    snapshot
}

fn translate(objects: &[Value]) -> Output {
    Translator::full(Settings::default(), &snapshot(objects))
}

fn host(output: &Output, name: &str) -> Arc<HostTable> {
    output.table.hosts[&HostKey::parse(name).expect("a host")].clone()
}

/// The only route of the Ingress.
fn route(output: &Output) -> Arc<Route> {
    let host = output
        .table
        .hosts
        .values()
        .next()
        .expect("the Ingress has a host");
    assert_eq!((output.table.hosts.len(), host.routes.len()), (1, 1));
    host.routes[0].clone()
}

/// The steps of the only route, by their words.
fn words(output: &Output) -> Vec<&'static str> {
    route(output)
        .steps
        .iter()
        .map(|step| step.policy.word())
        .collect()
}

/// Everything that is reported: object, field and reason.
fn problems(output: &Output) -> Vec<(String, String, Reason)> {
    output
        .report
        .iter()
        .map(|it| (it.object.to_string(), it.field.clone(), it.reason))
        .collect()
}

/// The reasons alone.
fn reasons(output: &Output) -> Vec<Reason> {
    output.report.iter().map(|it| it.reason).collect()
}

/// The path of one of Traefik's annotations.
fn field(name: &str) -> String {
    format!("metadata.annotations[{PREFIX}{name}]")
}
