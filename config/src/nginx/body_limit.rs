//! The size of request bodies.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support};
use crate::policy::BodyLimit;
use crate::value::Size;

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Body size",
    doc: "A body is counted while it streams through; it is never buffered to be measured.",
    annotations: &[Annotation {
        name: "proxy-body-size",
        aliases: &[],
        field: &At::<All, Size>(|o| &mut o.body_limit.size),
        default: Some("1m"),
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Route,
        support: Support::Full,
        doc: "The largest request body; larger ones are answered 413. `0` is no limit.",
        accepts: &["8m", "0", "1G", "512k"],
        rejects: &["", "1t", "-1", "ten"],
    }],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    size: Option<Size>,
}

/// The limit, unless it is 0.
pub(super) fn resolve(options: &All) -> Option<BodyLimit> {
    options.body_limit.size.filter(|size| size.0 > 0).map(|size| BodyLimit { bytes: size.0 })
}
