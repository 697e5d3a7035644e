//! Backends: from what a rule names to a service port, protocol and limits.

use std::sync::Arc;

use super::Reader;
use super::endpoint::is_loopback;
use crate::Snapshot;
use crate::name::{Kind, ObjectRef, PortRef, ServicePort};
use crate::policy::{Source, Timeouts};
use crate::report::{Diagnostic, Reason};
use crate::snapshot::{IngressBackend, Service, ServicePortSpec};
use crate::table::{
    Backend, Balance, Dialect, Entry, HostHeader, PathKind, PathRule, Protocol, Route, Sticky,
};

/// What a dialect says about the way to a backend; `None` leaves it to the Service or to the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceOptions {
    pub(crate) protocol: Option<Protocol>,
    pub(crate) timeouts: Timeouts,
    pub(crate) host: HostHeader,
    pub(crate) balance: Balance,
    pub(crate) sticky: Option<Sticky>,
    /// What serves while the Service has no endpoints, and the protocol that its Service asks for.
    pub(crate) fallback: Option<(ServicePort, Protocol)>,
}

/// Resolves the backend of one path. `field` is the path of `backend` inside the object.
pub(super) fn resolve(
    object: &ObjectRef,
    field: &str,
    backend: &IngressBackend,
    options: &ServiceOptions,
    reader: &mut Reader<'_>,
    report: &mut Vec<Diagnostic>,
) -> Option<Backend> {
    let Some(target) = &backend.service else {
        let message = "only Services can be backends; a resource cannot be served";
        report.push(
            Diagnostic::new(object, field, Reason::BackendUnsupported, message)
                .fix("name a Service and a port"),
        );
        return None;
    };
    let asked = match (&target.port.name, target.port.number) {
        (Some(name), _) if !name.is_empty() => PortRef::Name(name.clone()),
        (_, number) => PortRef::Number(number.unwrap_or_default()),
    };
    let (namespace, name) = (&object.namespace, &target.name);
    let field = format!("{field}.service");
    let Some(service) = reader.service(namespace, name) else {
        let message = format!("there is no Service {namespace}/{name}; requests are answered 503");
        report.push(
            Diagnostic::new(object, format!("{field}.name"), Reason::ServiceMissing, message)
                .fix("create the Service, or name one that exists"),
        );
        let service = ServicePort {
            namespace: namespace.clone(),
            service: name.clone(),
            port: asked,
        };
        return Some(assemble(service, Protocol::Http, options));
    };
    let is_external = service.spec.kind.as_deref() == Some("ExternalName");
    if is_external && service.spec.external_name.as_deref().is_none_or(is_loopback) {
        let message = format!(
            "Service {namespace}/{name} is an external name that points at this machine, or at nothing"
        );
        report.push(
            Diagnostic::new(object, field.clone(), Reason::ExternalNameRefused, message)
                .fix("give the Service the name of another host"),
        );
    }
    let Some(spec) = find_port(service, &asked) else {
        if let (true, PortRef::Number(number)) = (is_external, &asked) {
            let port = PortRef::Number(*number);
            let service = ServicePort {
                namespace: namespace.clone(),
                service: name.clone(),
                port,
            };
            return Some(assemble(service, Protocol::Http, options));
        }
        let message = format!("Service {namespace}/{name} has no port {asked}; requests are answered 503");
        report.push(
            Diagnostic::new(object, format!("{field}.port"), Reason::PortMissing, message)
                .fix(use_other_port(service)),
        );
        let service = ServicePort {
            namespace: namespace.clone(),
            service: name.clone(),
            port: asked,
        };
        return Some(assemble(service, Protocol::Http, options));
    };
    let service = ServicePort {
        namespace: namespace.clone(),
        service: name.clone(),
        port: PortRef::Number(spec.port),
    };
    Some(assemble(service, by_app_protocol(spec), options))
}

/// The first port of a Service, and the protocol that it asks for.
pub(crate) fn first_port(
    reader: &mut Reader<'_>,
    namespace: &Arc<str>,
    name: &Arc<str>,
) -> Option<(ServicePort, Protocol)> {
    let service = reader.service(namespace, name)?;
    let spec = service.spec.ports.iter().find(|spec| spec.is_tcp())?;
    let port = ServicePort {
        namespace: namespace.clone(),
        service: name.clone(),
        port: PortRef::Number(spec.port),
    };
    Some((port, by_app_protocol(spec)))
}

/// A backend of which nothing is said but its service port.
pub(crate) fn plain(service: ServicePort, protocol: Protocol) -> Backend {
    assemble(service, protocol, &ServiceOptions::default())
}

/// The route for requests that match nothing, from the process-wide setting: the first port of that Service.
pub(super) fn default_route(snapshot: &Snapshot, namespace: &Arc<str>, name: &Arc<str>) -> Option<Route> {
    let service = snapshot.services.get(&(namespace.clone(), name.clone()))?;
    let spec = service.spec.ports.iter().find(|spec| spec.is_tcp())?;
    let port = ServicePort {
        namespace: namespace.clone(),
        service: name.clone(),
        port: PortRef::Number(spec.port),
    };
    let object = ObjectRef::new(Kind::Service, namespace.clone(), name.clone());
    Some(Route {
        path: PathRule {
            kind: PathKind::Prefix,
            text: "/".to_owned(),
            pattern: None,
        },
        entry: Entry::Any,
        dialect: Dialect::Kubernetes,
        source: Source {
            object,
            field: "spec.ports[0]".to_owned(),
        },
        steps: Vec::new(),
        backend: Some(plain(port, by_app_protocol(spec))),
        priority: None,
    })
}

fn assemble(service: ServicePort, by_service: Protocol, options: &ServiceOptions) -> Backend {
    Backend {
        service,
        protocol: options.protocol.unwrap_or(by_service),
        timeouts: options.timeouts,
        host: options.host.clone(),
        balance: options.balance,
        sticky: options.sticky.clone(),
        fallback: options.fallback.clone().map(|(service, protocol)| {
            let options = ServiceOptions {
                sticky: None,
                fallback: None,
                ..options.clone()
            };
            Box::new(assemble(service, protocol, &options))
        }),
    }
}

fn use_other_port(service: &Service) -> String {
    let ports = service.spec.ports.iter().filter(|spec| spec.is_tcp());
    let have: Vec<String> = ports
        .map(|spec| match spec.name.as_deref() {
            Some(name) if !name.is_empty() => format!("{} ({name})", spec.port),
            _ => spec.port.to_string(),
        })
        .collect();
    if have.is_empty() {
        "add the port to the Service".to_owned()
    } else {
        format!("use one of its ports: {}", have.join(", "))
    }
}

/// By number or name of the Service's port; ingress-nginx takes the target port too, so that is tried last.
fn find_port<'a>(service: &'a Service, asked: &PortRef) -> Option<&'a ServicePortSpec> {
    use crate::snapshot::TargetPort;
    let mut ports = service.spec.ports.iter().filter(|spec| spec.is_tcp());
    let mut others = ports.clone();
    match asked {
        PortRef::Number(number) => ports
            .find(|spec| spec.port == *number)
            .or_else(|| others.find(|spec| spec.target_port == Some(TargetPort::Number(*number)))),
        PortRef::Name(name) => ports
            .find(|spec| spec.name.as_ref() == Some(name))
            .or_else(|| others.find(|spec| spec.target_port == Some(TargetPort::Name(name.clone())))),
    }
}

/// `appProtocol` as the Service API lists it; unknown values are HTTP/1.1.
fn by_app_protocol(spec: &ServicePortSpec) -> Protocol {
    match spec.app_protocol.as_deref() {
        Some("kubernetes.io/h2c" | "h2c" | "grpc") => Protocol::H2c,
        Some("https" | "HTTPS" | "kubernetes.io/wss") => Protocol::Https { verify: false },
        Some("grpcs") => Protocol::H2 { verify: false },
        _ => Protocol::Http,
    }
}
