//! Middlewares: from the names in `router.middlewares` to steps, in the order in which they are written.
//!
//! Chains are flattened. What cannot be used or is not there closes the routes of the Ingress: a middleware may guard
//! access, and Traefik takes such a route out too. The problem is reported on the object that has it, and on the Ingress.

mod basic_auth;
mod chain;
mod cors;
mod forward_certificate;
mod header;
mod ip_access;
mod kind;
mod rate_limit;
mod redirect;
mod replacement;
mod rewrite;
mod security;
mod walk;

#[cfg(test)]
mod tests;

pub(super) use kind::parse;
pub use kind::{MIDDLEWARES, MiddlewareKind, middlewares_markdown};

use self::walk::Walk;
use super::{Options as All, closed, spelling};
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::Step;
use crate::translate::Stage;
use crate::value::List;

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Middlewares",
    doc: "Run in the order in which they are written, chains included. While one of them is missing or cannot be used, the \
          routes of the Ingress are closed (503).",
    annotations: &[Annotation {
        name: "router.middlewares",
        aliases: &[],
        field: &At::<All, List<String>>(|o| &mut o.middleware.references),
        default: None,
        on_invalid: OnInvalid::Close,
        scope: Scope::Route,
        support: Support::Full,
        doc: "Middlewares as `namespace-name@kubernetescrd`, separated by commas. One of another namespace needs a ReferenceGrant \
              there.",
        accepts: &["goa-cors@kubernetescrd, goa-redirect@kubernetescrd"],
        rejects: &["", ","],
    }],
};

/// What the annotation says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    references: Option<List<String>>,
}

/// The steps of the routes; a single one that closes them if a middleware cannot be used.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Vec<Step> {
    let source = spelling::source(written, "router.middlewares");
    let references = written
        .options
        .middleware
        .references
        .iter()
        .flat_map(|list| &list.0);
    let (steps, refusals) = Walk::of(stage, &source).through(references);
    let closed_by = refusals.first().map(|refusal| refusal.source.clone());
    for refusal in refusals {
        let message = format!("{}; the routes of this Ingress are closed (503)", refusal.message);
        stage.push(source.field.clone(), refusal.reason, message, refusal.fix);
    }
    match closed_by {
        Some(source) => vec![closed(source)],
        None => steps,
    }
}
