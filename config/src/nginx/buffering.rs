//! Buffering, which is read and has no effect: bodies always stream.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support};
use crate::value::Size;

const STREAMED: &str = "bodies are always streamed, nothing is buffered whole";

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Buffering",
    doc: "Requests and responses stream through with back-pressure in both directions; there are no buffers to size.",
    annotations: &[
        Annotation {
            name: "proxy-request-buffering",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.buffering.request),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Differs(STREAMED),
            doc: "`off` is what happens in any case; `on` would have nginx read a request whole before it asks a Pod.",
            accepts: &["off", "on"],
            rejects: &["maybe"],
        },
        Annotation {
            name: "proxy-buffering",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.buffering.response),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Differs(STREAMED),
            doc: "`off` is what happens in any case; `on` would have nginx collect the response of a Pod.",
            accepts: &["off", "on"],
            rejects: &["maybe"],
        },
        Annotation {
            name: "client-body-buffer-size",
            aliases: &[],
            field: &At::<All, Size>(|o| &mut o.buffering.size),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Differs(STREAMED),
            doc: "The part of a request body that nginx would keep in memory before it writes to disk.",
            accepts: &["1m", "8k"],
            rejects: &["1x"],
        },
    ],
};

/// What the annotations say: kept to be checked, never used.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    request: Option<bool>,
    response: Option<bool>,
    size: Option<Size>,
}
