//! The kinds of middleware as rows: what is served, what is left out, and what closes the routes.

use std::fmt::Write as _;

use serde_json::Value;

use super::{basic_auth, chain, forward_certificate, header, ip_access, rate_limit, redirect, rewrite};
use crate::annotation::nearest;
use crate::policy::Policy;
use crate::report::Reason;
use crate::traefik::field::{Fields, Problems};

/// One row of the reference page.
#[derive(Debug)]
pub struct MiddlewareKind {
    /// The field of the spec.
    pub name: &'static str,
    /// What it does here.
    pub doc: &'static str,
    read: Read,
}

/// How a kind is read.
#[derive(Debug)]
enum Read {
    /// Its fields become an effect, which counts for nothing once something of them is refused.
    Served(for<'v, 'p> fn(&mut Fields<'v, 'p>) -> Effect),
    /// Not served, and routes work without it.
    LeftOut,
    /// Not served, and routes without it would let in what it keeps out, or mean something else.
    Closes,
}

/// What a middleware of a known kind does.
#[derive(Debug)]
pub(in crate::traefik) enum Effect {
    /// These steps.
    Steps(Vec<Policy>),
    /// A step that needs its Secret.
    BasicAuth(basic_auth::Draft),
    /// Other middlewares, in this order.
    Chain(Vec<chain::Member>),
}

impl Effect {
    /// No step.
    pub(super) const NOTHING: Self = Self::Steps(Vec::new());
}

/// A middleware that can be used.
#[derive(Debug)]
pub(in crate::traefik) struct Parsed {
    pub(super) effect: Effect,
    /// The field of the spec that says so.
    pub(super) field: String,
}

macro_rules! kinds {
    ($($name:literal $read:expr, $doc:literal)*) => {
        /// Every kind of middleware that is known.
        pub const MIDDLEWARES: &[MiddlewareKind] = &[
            $(MiddlewareKind { name: $name, doc: $doc, read: $read },)*
        ];
    };
}

kinds! {
    "addPrefix" Read::Served(rewrite::add_prefix), "Puts a prefix in front of the path."
    "basicAuth" Read::Served(basic_auth::read), "Asks for a password. The Secret holds an htpasswd file under `users`, or `username` and `password`."
    "buffering" Read::LeftOut, "Requests and responses are never held back; bodies are streamed."
    "chain" Read::Served(chain::read), "Other middlewares, in order. One of another `namespace` needs a ReferenceGrant there, for kind Middleware."
    "circuitBreaker" Read::LeftOut, "Requests are sent on however many fail."
    "compress" Read::LeftOut, "Responses are sent as the backend made them."
    "contentType" Read::LeftOut, "`Content-Type` is never guessed."
    "digestAuth" Read::Closes, "Passwords are asked for by `basicAuth` alone."
    "encodedCharacters" Read::Closes, "Encoded characters pass unchanged to the backend."
    "errors" Read::Closes, "The backend's own error pages reach the client."
    "forwardAuth" Read::Closes, "Nobody else is asked about a request."
    "grpcWeb" Read::LeftOut, "gRPC-Web is not translated to gRPC."
    "headers" Read::Served(header::read), "CORS, fixed request and response headers, and security headers."
    "inFlightReq" Read::LeftOut, "The number of requests at a time is not limited."
    "ipAllowList" Read::Served(ip_access::read), "Refuses clients by address, 403 or `rejectStatusCode`."
    "ipWhiteList" Read::Served(ip_access::read_old), "The older name of `ipAllowList`."
    "passTLSClientCert" Read::Served(forward_certificate::read), "Tells the backend about the client's certificate."
    "plugin" Read::Closes, "No foreign code is run."
    "rateLimit" Read::Served(rate_limit::read), "Refuses what comes too fast with 429, counted in each replica for itself."
    "redirectRegex" Read::Served(redirect::regex), "Redirects where the whole URL matches."
    "redirectScheme" Read::Served(redirect::scheme), "Redirects to http or https."
    "replacePath" Read::Closes, "Paths are replaced by `replacePathRegex` alone."
    "replacePathRegex" Read::Served(rewrite::replace), "Replaces every match in the path."
    "retry" Read::LeftOut, "Requests that never reached a Pod are sent to another one in any case."
    "stripPrefix" Read::Served(rewrite::strip_prefix), "Cuts the first prefix that fits off the path."
    "stripPrefixRegex" Read::Closes, "Prefixes are cut by `stripPrefix`, patterns by `replacePathRegex`."
}

/// The kinds as a part of the reference page.
pub fn middlewares_markdown() -> String {
    let mut page = String::new();
    for kind in MIDDLEWARES {
        let effect = match kind.read {
            Read::Served(_) => "",
            Read::LeftOut => " **Left out**: routes that name it work without it.",
            Read::Closes => " **Closes** the routes that name it (503).",
        };
        writeln!(page, "- `{}`: {}{effect}", kind.name, kind.doc).expect("writing to a String");
    }
    page
}

/// Reads a spec. Nothing if it cannot be used; why is among the problems.
pub(in crate::traefik) fn parse(spec: &Value, problems: &mut Problems) -> Option<Parsed> {
    let names: Vec<&String> = spec
        .as_object()
        .map(|fields| fields.keys().collect())
        .unwrap_or_default();
    let known: Vec<&MiddlewareKind> = MIDDLEWARES
        .iter()
        .filter(|kind| names.iter().any(|name| *name == kind.name))
        .collect();
    let kind = match known.as_slice() {
        [kind] => *kind,
        [] => {
            let guess = names
                .first()
                .and_then(|name| nearest(name, MIDDLEWARES.iter().map(|kind| kind.name)));
            let message = match names.first() {
                Some(name) => format!("there is no kind of middleware `{name}`"),
                None => "it says nothing".to_owned(),
            };
            let fix = guess.map_or("write one of the known kinds".to_owned(), |name| {
                format!("did you mean `{name}`?")
            });
            problems.refuse("spec", Reason::MiddlewareInvalid, message, fix);
            return None;
        }
        [first, second, ..] => {
            let message = format!("it holds both `{}` and `{}`", first.name, second.name);
            let fix = "make a Middleware of each, and name them in order";
            problems.refuse("spec", Reason::MiddlewareInvalid, message, fix);
            return None;
        }
    };
    let effect = Fields::read(spec, "spec", problems, |spec| read(kind, spec)).flatten()?;
    Some(Parsed {
        effect,
        field: format!("spec.{}", kind.name),
    })
}

fn read(kind: &'static MiddlewareKind, spec: &mut Fields<'_, '_>) -> Option<Effect> {
    match kind.read {
        Read::Served(read) => spec.nested(kind.name, read),
        Read::LeftOut => {
            spec.value(kind.name);
            let what = kind.doc.trim_end_matches('.');
            let message = format!(
                "`{}` is not served, and routes work without it: {what}",
                kind.name
            );
            spec.warn(kind.name, Reason::MiddlewareUnsupported, message, "remove it");
            Some(Effect::NOTHING)
        }
        Read::Closes => {
            spec.value(kind.name);
            let what = kind.doc.trim_end_matches('.');
            let message = format!("`{}` is not supported: {what}", kind.name);
            let fix = "take it out of the Ingresses that name it, or keep those with Traefik";
            spec.refuse_as(Reason::MiddlewareInvalid, kind.name, message, fix);
            None
        }
    }
}
