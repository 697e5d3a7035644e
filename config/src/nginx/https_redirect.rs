//! Plain HTTP to https.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support};
use crate::policy::{HttpsRedirect, RedirectStatus};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Redirect to https",
    doc: "Answered 308 before limits and passwords, after CORS preflight and the snippet, as in ingress-nginx. \
          `/.well-known/acme-challenge/` is never redirected.",
    annotations: &[
        Annotation {
            name: "ssl-redirect",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.https_redirect.ssl),
            default: Some("true"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Redirects plain HTTP if any Ingress of the host has a `tls` section.",
            accepts: &["false", "true"],
            rejects: &["no"],
        },
        Annotation {
            name: "force-ssl-redirect",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.https_redirect.force),
            default: Some("false"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Redirects plain HTTP even without a `tls` section.",
            accepts: &["true"],
            rejects: &["yes"],
        },
        Annotation {
            name: "preserve-trailing-slash",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.https_redirect.preserve),
            default: Some("false"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Keeps a `/` at the end of the redirected URL, which is otherwise dropped.",
            accepts: &["true"],
            rejects: &["yes"],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    ssl: Option<bool>,
    force: Option<bool>,
    preserve: Option<bool>,
}

/// The row that asks for the redirect, the redirect, and whether it only counts if the host has TLS.
pub(super) fn resolve(options: &All) -> (&'static str, Option<HttpsRedirect>, bool) {
    let options = &options.https_redirect;
    let is_forced = options.force == Some(true);
    let redirect = HttpsRedirect {
        status: RedirectStatus::Code(308),
        strip_trailing_slash: options.preserve != Some(true),
        port: None,
    };
    let row = if is_forced { "force-ssl-redirect" } else { "ssl-redirect" };
    (row, (is_forced || options.ssl == Some(true)).then_some(redirect), !is_forced)
}
