//! Texts with variables, filled in for one request.

use ferrik_config::policy::{Part, Template, Variable};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE};
use http::{HeaderName, Version};

use crate::filters::VERIFY;
use crate::head::Fields;
use crate::request::Request;
use crate::sanitize;

/// A template with its header names ready.
#[derive(Clone, Debug)]
pub(crate) struct CompiledTemplate {
    parts: Box<[CompiledPart]>,
}

#[derive(Clone, Debug)]
enum CompiledPart {
    Text(Box<[u8]>),
    Capture(usize),
    Header(HeaderName),
    Variable(Variable),
}

/// What changes while the directives of a snippet run; elsewhere it stays empty.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// Values of `set` variables, by slot.
    pub(crate) user: Vec<Vec<u8>>,
    /// Groups 1 to 9 of the last match.
    pub(crate) captures: Vec<Vec<u8>>,
    /// The decoded path, once a rewrite changed it.
    pub(crate) uri: Option<Vec<u8>>,
}

impl CompiledTemplate {
    pub(crate) fn compile(template: &Template) -> Self {
        let part = |part: &Part| match part {
            Part::Text(text) => CompiledPart::Text(text.as_bytes().into()),
            Part::Capture(group) => CompiledPart::Capture(usize::from(*group)),
            Part::Variable(Variable::Header(name)) => CompiledPart::Header(header_name(name)),
            Part::Variable(variable) => CompiledPart::Variable(variable.clone()),
        };
        Self {
            parts: template.parts.iter().map(part).collect(),
        }
    }

    /// The text, if nothing has to be filled in.
    pub(crate) fn as_constant(&self) -> Option<&[u8]> {
        match &*self.parts {
            [] => Some(b""),
            [CompiledPart::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Fills in the variables.
    pub(crate) fn fill<H: Fields>(&self, request: &Request<'_, H>, scope: &Scope) -> Vec<u8> {
        let mut text = Vec::new();
        for part in &self.parts {
            match part {
                CompiledPart::Text(part) => text.extend_from_slice(part),
                CompiledPart::Capture(group) => text.extend(
                    group
                        .checked_sub(1)
                        .and_then(|at| scope.captures.get(at))
                        .into_iter()
                        .flatten(),
                ),
                CompiledPart::Header(name) => join(&mut text, request.head, name),
                CompiledPart::Variable(name) => append(&mut text, name, request, scope),
            }
        }
        text
    }

    /// The same with captured groups percent-encoded, as nginx does where they enter a query or a redirect.
    pub(crate) fn fill_escaped<H: Fields>(&self, request: &Request<'_, H>, scope: &Scope) -> Vec<u8> {
        let captures = scope
            .captures
            .iter()
            .map(|group| sanitize::encode(group))
            .collect();
        let escaped = Scope {
            user: scope.user.clone(),
            captures,
            uri: scope.uri.clone(),
        };
        self.fill(request, &escaped)
    }
}

/// The value of one variable.
pub(crate) fn value<H: Fields>(variable: &Variable, request: &Request<'_, H>, scope: &Scope) -> Vec<u8> {
    let mut text = Vec::new();
    append(&mut text, variable, request, scope);
    text
}

/// The name as the engine has it.
pub(crate) fn header_name(name: &ferrik_config::policy::HeaderName) -> HeaderName {
    HeaderName::from_bytes(name.as_str().as_bytes()).expect("the model's header names are tokens")
}

fn join<H: Fields>(text: &mut Vec<u8>, head: &H, name: &HeaderName) {
    let separator: &[u8] = if *name == COOKIE { b"; " } else { b", " };
    for (at, value) in head.values(name).enumerate() {
        if at > 0 {
            text.extend_from_slice(separator);
        }
        text.extend_from_slice(value);
    }
}

fn append<H: Fields>(text: &mut Vec<u8>, variable: &Variable, request: &Request<'_, H>, scope: &Scope) {
    let facts = request.facts;
    let connection = facts.connection;
    let tls = connection.tls.as_ref();
    let (namespace, ingress, service) = facts.route.labels();
    match variable {
        Variable::HttpHost => text.extend_from_slice(facts.authority),
        Variable::RequestUri => text.extend_from_slice(facts.target),
        Variable::Uri | Variable::DocumentUri => {
            text.extend_from_slice(scope.uri.as_deref().unwrap_or(&facts.path.decoded));
        }
        Variable::Args | Variable::QueryString => text.extend_from_slice(request.query().unwrap_or_default()),
        Variable::IsArgs => text.extend_from_slice(request.query().map_or(b"", |_| b"?")),
        Variable::RequestMethod => text.extend_from_slice(facts.method.as_str().as_bytes()),
        Variable::Scheme => text.extend_from_slice(connection.scheme.as_str().as_bytes()),
        Variable::PassAccessScheme => text.extend_from_slice(facts.scheme.as_str().as_bytes()),
        Variable::RemoteAddr => text.extend_from_slice(facts.client.to_string().as_bytes()),
        Variable::RemotePort => text.extend_from_slice(connection.client.port().to_string().as_bytes()),
        // A server is found by its host, so its name is the host.
        Variable::Host | Variable::ServerName => text.extend_from_slice(facts.host.as_str().as_bytes()),
        Variable::ServerPort => text.extend_from_slice(connection.local.port().to_string().as_bytes()),
        Variable::ServerAddr => text.extend_from_slice(connection.local.ip().to_string().as_bytes()),
        Variable::ServerProtocol => text.extend_from_slice(protocol(facts.version)),
        Variable::RequestId => text.extend_from_slice(facts.own_id.as_bytes()),
        Variable::ReqId => text.extend_from_slice(facts.request_id.as_bytes()),
        Variable::ContentType => join(text, request.head, &CONTENT_TYPE),
        Variable::ContentLength => join(text, request.head, &CONTENT_LENGTH),
        Variable::BestHttpHost => text.extend_from_slice(facts.best_host),
        Variable::EscapedRequestUri => {
            let escaped = percent_encoding::percent_encode(facts.target, percent_encoding::NON_ALPHANUMERIC);
            text.extend(escaped.to_string().into_bytes());
        }
        Variable::ProxyAddXForwardedFor => {
            join(text, request.head, &HeaderName::from_static("x-forwarded-for"));
            if !text.is_empty() {
                text.extend_from_slice(b", ");
            }
            text.extend_from_slice(facts.client.to_string().as_bytes());
        }
        // The step that judges the certificate has put its verdict here, in the place of whatever the client sent.
        Variable::SslClientVerify if facts.route.judges_clients() => join(text, request.head, &VERIFY),
        Variable::SslClientVerify => {}
        Variable::SslClientSDn => text.extend(tls.map_or("", |tls| &tls.client_names().subject).bytes()),
        Variable::SslClientIDn => text.extend(tls.map_or("", |tls| &tls.client_names().issuer).bytes()),
        Variable::SslProtocol => text.extend(tls.map_or("", |tls| tls.version).bytes()),
        Variable::SslCipher => text.extend(tls.map_or("", |tls| tls.cipher).bytes()),
        Variable::SslServerName => {
            text.extend(
                tls.and_then(|tls| tls.sni.as_ref())
                    .map_or("", |name| name.as_str())
                    .bytes(),
            );
        }
        Variable::Namespace => text.extend(namespace.bytes()),
        Variable::IngressName => text.extend(ingress.bytes()),
        Variable::ServiceName => text.extend(service.bytes()),
        Variable::ServicePort => {
            text.extend(
                facts
                    .route
                    .service()
                    .map(|service| service.port.to_string())
                    .unwrap_or_default()
                    .bytes(),
            );
        }
        Variable::Header(name) => join(text, request.head, &header_name(name)),
        Variable::Arg(name) => {
            text.extend_from_slice(argument(request.query().unwrap_or_default(), name).unwrap_or_default());
        }
        Variable::Cookie(name) => text.extend_from_slice(cookie(request.head, name).unwrap_or_default()),
        Variable::User { slot, .. } => text.extend(scope.user.get(*slot).into_iter().flatten()),
    }
}

fn protocol(version: Version) -> &'static [u8] {
    match version {
        Version::HTTP_10 => b"HTTP/1.0",
        Version::HTTP_2 => b"HTTP/2.0",
        _ => b"HTTP/1.1",
    }
}

fn argument<'q>(query: &'q [u8], wanted: &str) -> Option<&'q [u8]> {
    query.split(|byte| *byte == b'&').find_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        pair[..at]
            .eq_ignore_ascii_case(wanted.as_bytes())
            .then(|| &pair[at + 1..])
    })
}

/// The value of the first cookie of this name.
pub(crate) fn cookie<'h, H: Fields>(head: &'h H, wanted: &str) -> Option<&'h [u8]> {
    head.values(&COOKIE)
        .flat_map(|value| value.split(|byte| *byte == b';'))
        .find_map(|pair| {
            let pair = pair.trim_ascii_start();
            let at = pair.iter().position(|byte| *byte == b'=')?;
            pair[..at]
                .eq_ignore_ascii_case(wanted.as_bytes())
                .then(|| &pair[at + 1..])
        })
}
