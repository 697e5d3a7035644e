//! Cross-origin headers and preflight answers, in nginx's and in Traefik's way.

use ferrik_config::policy::{self, CorsPreflight, Origin};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderName, HeaderValue, Method};
use regex::bytes::Regex;

use super::{Filter, Flow};
use crate::arena::header_value;
use crate::compile::Context;
use crate::head::RequestHead;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::{FieldChange, Request};

/// The compiled policy.
#[derive(Debug)]
pub(crate) struct Cors {
    any: bool,
    listed: Box<[Allowed]>,
    preflight: CorsPreflight,
    vary: bool,
    /// What a preflight's answer has beside the origin, and in nginx's way every response.
    preflight_fields: Box<[(HeaderName, HeaderValue)]>,
    /// What other responses have beside the origin.
    response_fields: Box<[(HeaderName, HeaderValue)]>,
}

#[derive(Debug)]
enum Allowed {
    Exact(String),
    Subdomain { scheme: String, suffix: String },
    Pattern(Regex),
}

impl Filter for Cors {
    type Policy = policy::Cors;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        let allowed = |origin: &Origin| match origin {
            Origin::Exact(text) => Allowed::Exact(text.clone()),
            Origin::Subdomain { scheme, suffix } => {
                Allowed::Subdomain { scheme: scheme.clone(), suffix: suffix.clone() }
            }
            Origin::Pattern(pattern) => Allowed::Pattern(pattern.compile()),
        };
        let (preflight_fields, response_fields) = fields(policy);
        Self {
            any: policy.origins.any,
            listed: policy.origins.listed.iter().map(allowed).collect(),
            preflight: policy.preflight,
            vary: policy.vary,
            preflight_fields,
            response_fields,
        }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        let origin = request.head.get(&ORIGIN).and_then(|value| HeaderValue::from_bytes(value).ok());
        let allowed = self.allowed(origin.as_ref());
        if self.is_preflight(request, allowed.is_some(), origin.is_some()) {
            return Flow::Reply(self.answer(allowed));
        }
        if self.vary {
            request.change_response(FieldChange::Append(VARY, HeaderValue::from_static("Origin")));
        }
        // nginx's way gives everything to an allowed origin and nothing to others; Traefik's answers whoever has one.
        let is_meant = match self.preflight {
            CorsPreflight::AnyOptions => allowed.is_some(),
            CorsPreflight::Fetch => origin.is_some(),
        };
        if !is_meant {
            return Flow::Next;
        }
        if let Some(value) = allowed {
            request.change_response(FieldChange::Set(ACCESS_CONTROL_ALLOW_ORIGIN, value));
        }
        for (name, value) in &self.response_fields {
            request.change_response(FieldChange::Set(name.clone(), value.clone()));
        }
        Flow::Next
    }
}

impl Cors {
    /// What `Access-Control-Allow-Origin` says to this origin.
    fn allowed(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        let listed = origin.and_then(|origin| {
            let text = origin.to_str().ok()?;
            self.listed.iter().any(|allowed| allowed.matches(text)).then(|| origin.clone())
        });
        listed.or_else(|| self.any.then(|| HeaderValue::from_static("*")))
    }

    fn is_preflight<H: RequestHead>(&self, request: &Request<'_, H>, is_allowed: bool, has_origin: bool) -> bool {
        *request.facts.method == Method::OPTIONS
            && match self.preflight {
                CorsPreflight::AnyOptions => is_allowed,
                CorsPreflight::Fetch => has_origin && request.head.has(&ACCESS_CONTROL_REQUEST_METHOD),
            }
    }

    fn answer(&self, allowed: Option<HeaderValue>) -> Reply {
        let mut reply = match self.preflight {
            CorsPreflight::AnyOptions => Reply::empty(204, Reason::CorsPreflight)
                .with(CONTENT_TYPE, HeaderValue::from_static("text/plain charset=UTF-8")),
            CorsPreflight::Fetch => Reply::empty(200, Reason::CorsPreflight),
        };
        reply.fields.extend(allowed.map(|value| (ACCESS_CONTROL_ALLOW_ORIGIN, value)));
        reply.fields.extend(self.preflight_fields.iter().cloned());
        if self.vary {
            reply.fields.push((VARY, HeaderValue::from_static("Origin")));
        }
        reply
    }
}

type Fixed = Box<[(HeaderName, HeaderValue)]>;

/// The fields of preflight answers and of other responses.
fn fields(policy: &policy::Cors) -> (Fixed, Fixed) {
    let text = |name: HeaderName, text: &str| (!text.is_empty()).then(|| (name, header_value(text.as_bytes())));
    let credentials = policy
        .credentials
        .then(|| (ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
    let methods = text(ACCESS_CONTROL_ALLOW_METHODS, &policy.methods);
    let headers = text(ACCESS_CONTROL_ALLOW_HEADERS, &policy.headers);
    let expose = text(ACCESS_CONTROL_EXPOSE_HEADERS, &policy.expose);
    let max_age = Some((ACCESS_CONTROL_MAX_AGE, header_value(policy.max_age.to_string().as_bytes())));
    match policy.preflight {
        CorsPreflight::AnyOptions => {
            let all: Fixed = [credentials, methods, headers, expose, max_age].into_iter().flatten().collect();
            (all.clone(), all)
        }
        CorsPreflight::Fetch => (
            [credentials.clone(), headers, methods, max_age].into_iter().flatten().collect(),
            [credentials, expose].into_iter().flatten().collect(),
        ),
    }
}

impl Allowed {
    fn matches(&self, origin: &str) -> bool {
        match self {
            Self::Exact(text) => text.eq_ignore_ascii_case(origin),
            Self::Pattern(pattern) => pattern.is_match(origin.as_bytes()),
            Self::Subdomain { scheme, suffix } => {
                let origin = origin.to_ascii_lowercase();
                let label = origin.strip_prefix(scheme.as_str()).and_then(|rest| rest.strip_suffix(suffix.as_str()));
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                label.is_some_and(|label| !label.is_empty() && label.bytes().all(fits))
            }
        }
    }
}

#[cfg(test)]
mod tests;
