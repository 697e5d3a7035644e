//! Annotations of Services: what is spoken to the Pods, and the host that they see.

use std::sync::Arc;

use super::{Options as All, spelling, sticky};
use crate::annotation::{Annotation, At, Feature, NotRead, OnInvalid, Scope, Support};
use crate::name::{Kind, ObjectRef};
use crate::snapshot::{IngressBackend, Service, ServiceBackendPort, ServicePortSpec};
use crate::table::{HostHeader, Protocol};
use crate::translate::{ServiceOptions, Stage};
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Services",
    doc: "These stand on the Service and hold for every Ingress that sends requests there.",
    annotations: &[
        Annotation {
            name: "service.serversscheme",
            aliases: &[],
            field: &At::<All, Scheme>(|o| &mut o.service.scheme),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Service,
            support: Support::Full,
            doc: "What is spoken to the Pods: `http`, `https` (the certificate is checked against the system's \
                  authorities) or `h2c` (HTTP/2 in clear text). Without it https if the port is 443 or its name starts \
                  with `https`.",
            accepts: &["https", "http", "h2c"],
            rejects: &["grpc", "HTTPS2", ""],
        },
        Annotation {
            name: "service.passhostheader",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.service.pass_host),
            default: Some("true"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Service,
            support: Support::Full,
            doc: "`false`: the Pods receive their own address as `Host`, not the client's.",
            accepts: &["false", "true"],
            rejects: &["no"],
        },
        Annotation {
            name: "service.serverstransport",
            support: Support::None(
                "objects of kind ServersTransport are not read; https to the Pods is checked against the system's \
                 authorities",
            ),
            doc: "Certificates and limits of connections to the Pods.",
            ..NO_EFFECT
        },
        Annotation {
            name: "service.nativelb",
            support: Support::None(
                "requests go to the Pods themselves, which keeps retries and sticky sessions possible",
            ),
            doc: "Sends requests to the Service's own address.",
            ..NO_EFFECT
        },
        Annotation {
            name: "service.nodeportlb",
            support: Support::None("requests go to the Pods themselves, not to ports of the nodes"),
            doc: "Sends requests to ports of the nodes.",
            ..NO_EFFECT
        },
        Annotation {
            name: "service.middlewares",
            support: Support::None("name the middlewares in `router.middlewares` of the Ingress"),
            doc: "Middlewares of all routes to the Service.",
            ..NO_EFFECT
        },
    ],
};

const NO_EFFECT: Annotation<All> = Annotation {
    name: "",
    aliases: &[],
    field: &NotRead,
    default: None,
    on_invalid: OnInvalid::Ignore,
    scope: Scope::Service,
    support: Support::None(""),
    doc: "",
    accepts: &[],
    rejects: &[],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    scheme: Option<Scheme>,
    pass_host: Option<bool>,
}

/// One of Traefik's schemes of servers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scheme(Protocol);

impl Value for Scheme {
    const KIND: &'static str = "http, https or h2c";

    fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(match text.trim() {
            "http" => Protocol::Http,
            "https" => HTTPS,
            "h2c" => Protocol::H2c,
            other => return Err(Invalid::new(Self::KIND, other)),
        }))
    }
}

/// Traefik checks certificates unless a `ServersTransport` says otherwise.
const HTTPS: Protocol = Protocol::Https { verify: true };

/// Fills in what the Service behind one path says. What an annotation of the Ingress has set already stays.
pub(super) fn resolve(backend: &IngressBackend, stage: &mut Stage<'_, '_>, options: &mut ServiceOptions) {
    let Some(target) = &backend.service else { return };
    let namespace: Arc<str> = stage.object.namespace.clone();
    let Some(service) = stage.reader.service(&namespace, &target.name) else {
        return;
    };
    let object = ObjectRef::new(Kind::Service, namespace, target.name.clone());
    let carrier = spelling::Carrier::Service;
    let written = spelling::read(&object, &service.metadata.annotations, carrier, &mut stage.report);
    let port = find_port(service, &target.port);
    if options.protocol.is_none() {
        options.protocol = match written.options.service.scheme {
            Some(Scheme(protocol)) => Some(protocol),
            None => port.and_then(implied),
        };
    }
    if written.options.service.pass_host == Some(false) && options.host == HostHeader::Client {
        options.host = HostHeader::Endpoint;
    }
    let number = port.map_or_else(|| "0".to_owned(), |port| port.port.to_string());
    options.sticky = sticky::resolve(&written, &number).or(options.sticky.take());
}

/// https by the port's number or name. An `appProtocol` that says something else is more precise than that guess.
fn implied(port: &ServicePortSpec) -> Option<Protocol> {
    let looks_like_https =
        port.port == 443 || port.name.as_deref().is_some_and(|name| name.starts_with("https"));
    let agrees = port
        .app_protocol
        .as_deref()
        .is_none_or(|protocol| protocol.eq_ignore_ascii_case("https"));
    (looks_like_https && agrees).then_some(HTTPS)
}

fn find_port<'a>(service: &'a Service, asked: &ServiceBackendPort) -> Option<&'a ServicePortSpec> {
    let named = asked.name.as_ref().filter(|name| !name.is_empty());
    service.spec.ports.iter().find(|port| match named {
        Some(name) => port.name.as_ref() == Some(name),
        None => Some(port.port) == asked.number,
    })
}
