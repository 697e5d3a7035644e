//! How much one client may have under way.

use super::{Options as All, rate_limit};
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::{ConnectionLimit, Policy, Step};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Requests at the same time",
    doc: "A connection that is kept open and idle does not count, each stream of HTTP/2 does, and a WebSocket counts until it \
          is closed. `limit-allowlist` exempts here as well.",
    annotations: &[Annotation {
        name: ROW,
        aliases: &[],
        field: &At::<All, u32>(|o| &mut o.connection_limit.count),
        default: None,
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Route,
        support: Support::Full,
        doc: "How many requests of one client may be under way on all routes of the object, in each replica; further ones \
              are answered 503. `0` is no limit.",
        accepts: &["20", "0"],
        rejects: &["", "-1", "few"],
    }],
};

const ROW: &str = "limit-connections";

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    count: Option<u32>,
}

/// The limit. Its count belongs to the object, as ingress-nginx's zone does.
pub(super) fn resolve(written: &Written<All>) -> Option<Step> {
    let count = written
        .options
        .connection_limit
        .count
        .filter(|count| *count > 0)?;
    let limit = ConnectionLimit {
        name: written.object.to_string(),
        count,
        exempt: rate_limit::exempt(&written.options),
        status: 503,
    };
    Some(Step {
        policy: Policy::ConnectionLimit(limit),
        source: written.source(ROW),
    })
}
