//! Entry points: whether a route is reached over plain HTTP, over TLS, or both.

use super::{Options as All, spelling};
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::Source;
use crate::report::Reason;
use crate::table::Entry;
use crate::translate::Stage;
use crate::value::List;

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Entry points",
    doc: "There are two: `web` is plain HTTP, `websecure` is TLS. Without an annotation a route is reached by both. A \
          request over the other one is answered as if the route were not there.",
    annotations: &[
        Annotation {
            name: "router.entrypoints",
            aliases: &[],
            field: &At::<All, List<String>>(|o| &mut o.entry_point.names),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "`web`, `websecure` or both. Other names are reported and left out; if none is left, the routes are \
                  closed (503), because they were meant for an entry point that is not open to everybody.",
            accepts: &["websecure", "web,websecure"],
            rejects: &["", ","],
        },
        Annotation {
            name: "router.tls",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.entry_point.tls),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "`true`: the routes are reached over TLS only.",
            accepts: &["true", "false"],
            rejects: &["yes"],
        },
        Annotation {
            name: "router.tls.certresolver",
            aliases: &[],
            field: &At::<All, String>(|o| &mut o.entry_point.resolver),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Asks for a certificate, as `ferrik.dev/acme` does, for the hosts of `spec.tls` or, without that, of the \
                  rules; the routes are reached over TLS only. There is one issuer, which any name stands for.",
            accepts: &["letsencrypt"],
            rejects: &[],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    names: Option<List<String>>,
    tls: Option<bool>,
    resolver: Option<String>,
}

/// The annotation by which the Ingress asks for a certificate, if it does.
pub(super) fn certificate_resolver(written: &Written<All>) -> Option<Source> {
    let name = written.options.entry_point.resolver.as_deref()?;
    (!name.trim().is_empty()).then(|| spelling::source(written, "router.tls.certresolver"))
}

/// The entry points of the routes.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) entry: Entry,
    /// No entry point is left.
    pub(super) closed_by: Option<Source>,
}

/// Resolves the names, and reports those that are not known.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Resolved {
    let options = &written.options.entry_point;
    let source = spelling::source(written, "router.entrypoints");
    let mut is_named = [false, false];
    for name in options.names.iter().flat_map(|list| &list.0) {
        match name.as_str() {
            "web" => is_named[0] = true,
            "websecure" => is_named[1] = true,
            other => {
                let message = format!("there is no entry point `{other}`; it is left out");
                let fix = "name web (plain HTTP), websecure (TLS) or both";
                stage.push(source.field.clone(), Reason::AnnotationInvalid, message, fix);
            }
        }
    }
    let by_name = match is_named {
        [true, false] => Entry::Http,
        [false, true] => Entry::Https,
        [true, true] => Entry::Any,
        [false, false] if options.names.is_none() => Entry::Any,
        [false, false] => {
            let message = "no entry point is left; the routes are closed (503)";
            stage.push(
                source.field.clone(),
                Reason::RouteClosed,
                message,
                "name web, websecure or both",
            );
            return Resolved {
                entry: Entry::Any,
                closed_by: Some(source),
            };
        }
    };
    // As Traefik has it, whoever names a resolver wants TLS.
    if !options.tls.unwrap_or(options.resolver.is_some()) {
        return Resolved {
            entry: by_name,
            closed_by: None,
        };
    }
    if by_name == Entry::Http {
        let message = "`router.tls` asks for TLS, and the entry point `web` is plain HTTP; the routes are reached over TLS";
        stage.push(
            source.field,
            Reason::AnnotationDiffers,
            message,
            "name websecure, or remove router.tls",
        );
    }
    Resolved {
        entry: Entry::Https,
        closed_by: None,
    }
}
