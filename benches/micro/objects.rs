//! Objects of a made-up cluster, any number of them.

use std::sync::Arc;

use ferrik_config::Snapshot;
use ferrik_config::name::ObjectRef;
use ferrik_config::settings::NGINX_CONTROLLER;
use ferrik_config::snapshot::{
    Conditions, EndpointSlice, HttpPath, HttpRule, Ingress, IngressBackend, IngressClass, IngressClassSpec,
    IngressRule, IngressSpec, Meta, Object, Service, ServiceBackend, ServiceBackendPort, ServicePortSpec,
    ServiceSpec, SliceEndpoint, SlicePort,
};

/// The paths of every host.
pub(crate) const PATHS: [&str; 5] = ["/", "/api", "/api/v2", "/static", "/login"];

/// A class and `count` applications.
pub(crate) fn cluster(count: usize) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.insert(Object::IngressClass(IngressClass {
        metadata: Meta {
            name: "nginx".into(),
            ..Meta::default()
        },
        spec: IngressClassSpec {
            controller: NGINX_CONTROLLER.into(),
        },
    }));
    for number in 0..count {
        snapshot.insert(ingress(number, "8m"));
        snapshot.insert(service(number));
        snapshot.insert(slice(number));
    }
    snapshot
}

/// The host of an application.
pub(crate) fn host(number: usize) -> String {
    format!("{}.example.org", name(number))
}

/// The reference to the Ingress of an application.
pub(crate) fn reference(number: usize) -> ObjectRef {
    ingress(number, "").reference()
}

/// The Ingress of an application, which accepts bodies of this size.
pub(crate) fn ingress(number: usize, body_size: &str) -> Object {
    let backend = IngressBackend {
        service: Some(ServiceBackend {
            name: name(number).into(),
            port: ServiceBackendPort {
                name: None,
                number: Some(80),
            },
        }),
        resource: None,
    };
    let path = |path: &str| HttpPath {
        path: Some(path.to_owned()),
        path_type: Some("Prefix".to_owned()),
        backend: backend.clone(),
    };
    let rule = IngressRule {
        host: Some(host(number)),
        http: Some(HttpRule {
            paths: PATHS.into_iter().map(path).collect(),
        }),
    };
    let annotation = (
        "nginx.ingress.kubernetes.io/proxy-body-size".into(),
        body_size.into(),
    );
    Object::Ingress(Ingress {
        metadata: Meta {
            annotations: [annotation].into(),
            ..meta(number)
        },
        spec: IngressSpec {
            ingress_class_name: Some("nginx".into()),
            rules: vec![rule],
            ..IngressSpec::default()
        },
    })
}

fn service(number: usize) -> Object {
    let port = ServicePortSpec {
        name: Some("http".into()),
        port: 80,
        ..ServicePortSpec::default()
    };
    Object::Service(Service {
        metadata: meta(number),
        spec: ServiceSpec {
            ports: vec![port],
            ..ServiceSpec::default()
        },
    })
}

fn slice(number: usize) -> Object {
    let label = ("kubernetes.io/service-name".into(), name(number).into());
    let endpoint = |last: usize| SliceEndpoint {
        addresses: vec![format!("10.{}.{}.{last}", number / 250 % 250, number % 250)],
        conditions: Conditions {
            ready: Some(true),
            ..Conditions::default()
        },
        ..SliceEndpoint::default()
    };
    Object::EndpointSlice(EndpointSlice {
        metadata: Meta {
            labels: [label].into(),
            ..meta(number)
        },
        address_type: "IPv4".into(),
        endpoints: vec![endpoint(1), endpoint(2)],
        ports: vec![SlicePort {
            name: Some("http".into()),
            port: Some(8080),
        }],
    })
}

fn meta(number: usize) -> Meta {
    Meta {
        namespace: Arc::from(format!("team-{}", number % 50)),
        name: name(number).into(),
        ..Meta::default()
    }
}

fn name(number: usize) -> String {
    format!("app-{number}")
}
