//! What is spoken to the backend, and under which host name.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support};
use crate::policy::Template;
use crate::table::{Balance, HostHeader, Protocol};
use crate::translate::ServiceOptions;
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Backend connection",
    doc: "The protocol and the `Host` that the Pods see.",
    annotations: &[
        Annotation {
            name: "backend-protocol",
            aliases: &[],
            field: &At::<All, BackendProtocol>(|o| &mut o.backend.protocol),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "What is spoken to the Pods. HTTPS and GRPCS do not check the certificate, as in ingress-nginx. Without it, \
                  the Service's `appProtocol` decides.",
            accepts: &["HTTPS", "http", "GRPC", "GRPCS", "AUTO_HTTP"],
            rejects: &["FCGI", "h2", ""],
        },
        Annotation {
            name: "load-balance",
            aliases: &[],
            field: &At::<All, LoadBalance>(|o| &mut o.backend.balance),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Differs("`ewma` chooses by requests in flight, not by response times"),
            doc: "How the next Pod is chosen: `round_robin` one after the other, `least_request` (or `ewma`) of two the one \
                  with fewer requests in flight.",
            accepts: &["least_request", "round_robin", "ewma"],
            rejects: &["ip_hash", ""],
        },
        Annotation {
            name: "upstream-vhost",
            aliases: &[],
            field: &At::<All, HostText>(|o| &mut o.backend.host),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "The `Host` header that the Pods receive, with nginx variables filled in.",
            accepts: &["internal.example.org", "$host:8080"],
            rejects: &["", "a b", "$no_such_variable"],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    protocol: Option<BackendProtocol>,
    host: Option<HostText>,
    balance: Option<LoadBalance>,
}

/// ingress-nginx's algorithms, and ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LoadBalance(Balance);

impl Value for LoadBalance {
    const KIND: &'static str = "round_robin, least_request or ewma";

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.trim() {
            "round_robin" => Ok(Self(Balance::RoundRobin)),
            "least_request" | "ewma" => Ok(Self(Balance::LeastRequest)),
            other => Err(Invalid::new(Self::KIND, other)),
        }
    }
}

/// One of ingress-nginx's protocol names, in any case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BackendProtocol(Protocol);

impl Value for BackendProtocol {
    const KIND: &'static str = "HTTP, HTTPS, GRPC, GRPCS or AUTO_HTTP";

    fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(match text.trim().to_ascii_uppercase().as_str() {
            "HTTP" => Protocol::Http,
            "HTTPS" => Protocol::Https { verify: false },
            "GRPC" => Protocol::H2c,
            "GRPCS" => Protocol::H2 { verify: false },
            "AUTO_HTTP" => Protocol::Same,
            _ => return Err(Invalid::new(Self::KIND, text.trim())),
        }))
    }
}

/// A host header with variables.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HostText(Template);

impl Value for HostText {
    const KIND: &'static str = "a host name, with nginx variables";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:$[]{}".contains(&b);
        if text.is_empty() || !text.bytes().all(fits) {
            return Err(Invalid::new(Self::KIND, text));
        }
        Template::parse(text, &[]).map(Self)
    }
}

/// Fills in what was written.
pub(super) fn resolve(options: &All, service: &mut ServiceOptions) {
    if let Some(BackendProtocol(protocol)) = options.backend.protocol {
        service.protocol = Some(protocol);
    }
    service.balance = options.backend.balance.map(|LoadBalance(balance)| balance).unwrap_or_default();
    if let Some(HostText(template)) = &options.backend.host {
        service.host = HostHeader::Text(template.clone());
    }
}
