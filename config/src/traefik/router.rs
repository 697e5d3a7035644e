//! How the routes of an Ingress are matched and ordered.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, NotRead, OnInvalid, Scope, Support};
use crate::table::PathKind;
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Matching",
    doc: "Paths of type Exact come before those of type Prefix, longer ones before shorter ones, and an exact host before a \
          wildcard, as Kubernetes has it. Of two Ingresses with the same host and path the older one is served.",
    annotations: &[
        Annotation {
            name: "router.priority",
            aliases: &[],
            field: &At::<All, i64>(|o| &mut o.router.priority),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Moves the routes among the others of their host: without it a route counts as much as its rule has \
                  characters. 0 is the same as nothing.",
            accepts: &["100", "-1"],
            rejects: &["high", "1.5", ""],
        },
        Annotation {
            name: "router.pathmatcher",
            aliases: &[],
            field: &At::<All, Matcher>(|o| &mut o.router.matcher),
            default: None,
            on_invalid: OnInvalid::Close,
            scope: Scope::Route,
            support: Support::Full,
            doc: "How paths of type ImplementationSpecific are compared: `PathPrefix` (the characters at the start, also \
                  without the annotation), `Path` (the whole path) or `PathRegexp` (a regular expression).",
            accepts: &["Path", "PathPrefix", "PathRegexp"],
            rejects: &["path", "Host", ""],
        },
        Annotation {
            name: "router.rulesyntax",
            support: Support::None("an Ingress has no rule text"),
            doc: "Traefik's syntax of rules.",
            ..NO_EFFECT
        },
        Annotation {
            name: "router.observability.accesslogs",
            doc: "Access log of the routes.",
            ..NO_EFFECT
        },
        Annotation {
            name: "router.observability.metrics",
            doc: "Metrics of the routes.",
            ..NO_EFFECT
        },
        Annotation {
            name: "router.observability.tracing",
            doc: "Traces of the routes.",
            ..NO_EFFECT
        },
        Annotation {
            name: "router.observability.traceverbosity",
            doc: "Detail of the traces.",
            ..NO_EFFECT
        },
    ],
};

const NO_EFFECT: Annotation<All> = Annotation {
    name: "",
    aliases: &[],
    field: &NotRead,
    default: None,
    on_invalid: OnInvalid::Ignore,
    scope: Scope::Route,
    support: Support::None("access log, metrics and traces are the same for all routes"),
    doc: "",
    accepts: &[],
    rejects: &[],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    priority: Option<i64>,
    matcher: Option<Matcher>,
}

/// One of Traefik's path matchers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matcher(PathKind);

impl Value for Matcher {
    const KIND: &'static str = "Path, PathPrefix or PathRegexp";

    fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(match text.trim() {
            "Path" => PathKind::Exact,
            "PathPrefix" => PathKind::StartsWith,
            "PathRegexp" => PathKind::Pattern,
            other => return Err(Invalid::new(Self::KIND, other)),
        }))
    }
}

/// The explicit priority, if there is one.
pub(super) fn priority(options: &All) -> Option<i64> {
    options.router.priority.filter(|priority| *priority != 0)
}

/// How paths of no particular type are compared, if the Ingress says so.
pub(super) fn matcher(options: &All) -> Option<PathKind> {
    options.router.matcher.map(|Matcher(kind)| kind)
}
