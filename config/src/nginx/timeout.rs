//! Time limits towards the backend.

use super::Options as All;
use crate::annotation::{Annotation, Field, At, Feature, OnInvalid, Scope, Support};
use crate::policy::Timeouts;
use crate::value::Seconds;

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Time limits",
    doc: "All are idle limits: they count from the last byte that moved, so a long transfer is never cut. A limit that is \
          reached before the response answers 504.",
    annotations: &[
        row(
            "proxy-connect-timeout",
            &At::<All, Seconds>(|o| &mut o.timeout.connect),
            "5",
            "Until the connection to a Pod stands.",
        ),
        row(
            "proxy-read-timeout",
            &At::<All, Seconds>(|o| &mut o.timeout.read),
            "60",
            "Between two reads from the Pod.",
        ),
        row(
            "proxy-send-timeout",
            &At::<All, Seconds>(|o| &mut o.timeout.send),
            "60",
            "Between two writes to the Pod.",
        ),
    ],
};

const fn row(
    name: &'static str,
    field: &'static dyn Field<All>,
    default: &'static str,
    doc: &'static str,
) -> Annotation<All> {
    Annotation {
        name,
        aliases: &[],
        field,
        default: Some(default),
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Route,
        support: Support::Full,
        doc,
        accepts: &["3600", "5", "30s"],
        rejects: &["", "1m", "-1", "soon"],
    }
}

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    connect: Option<Seconds>,
    read: Option<Seconds>,
    send: Option<Seconds>,
}

/// The limits.
pub(super) fn resolve(options: &All) -> Timeouts {
    let options = &options.timeout;
    let usual = Timeouts::default();
    Timeouts {
        connect: options.connect.map_or(usual.connect, Seconds::duration),
        read: options.read.map_or(usual.read, Seconds::duration),
        send: options.send.map_or(usual.send, Seconds::duration),
    }
}
