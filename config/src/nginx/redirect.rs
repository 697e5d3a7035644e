//! Redirects to other URLs.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::{Policy, Redirect, RedirectStatus, RedirectTarget, Step, is_header_value};
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Redirects",
    doc: "Answered before limits and passwords, as in ingress-nginx. Path and query of the request are not added.",
    annotations: &[
        Annotation {
            name: "permanent-redirect",
            aliases: &[],
            field: &At::<All, Url>(|o| &mut o.redirect.permanent),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Sends every request to this URL, or to this path on the same host.",
            accepts: &["https://example.org/new", "/new"],
            rejects: &["", "ftp:", "https://a b"],
        },
        Annotation {
            name: "permanent-redirect-code",
            aliases: &[],
            field: &At::<All, Code<300, 308>>(|o| &mut o.redirect.permanent_code),
            default: Some("301"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "The status of `permanent-redirect`.",
            accepts: &["308"],
            rejects: &["200", "309"],
        },
        Annotation {
            name: "temporal-redirect",
            aliases: &[],
            field: &At::<All, Url>(|o| &mut o.redirect.temporal),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Sends every request to this URL for the time being; wins over `permanent-redirect`.",
            accepts: &["https://example.org/maintenance"],
            rejects: &["", "https://a b"],
        },
        Annotation {
            name: "temporal-redirect-code",
            aliases: &[],
            field: &At::<All, Code<300, 307>>(|o| &mut o.redirect.temporal_code),
            default: Some("302"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "The status of `temporal-redirect`.",
            accepts: &["307"],
            rejects: &["308", "200"],
        },
        Annotation {
            name: "app-root",
            aliases: &[],
            field: &At::<All, Path>(|o| &mut o.redirect.app_root),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Full,
            doc: "Sends requests for `/` to this path (302), before the redirect to https.",
            accepts: &["/app"],
            rejects: &["app", "", "https://example.org"],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    permanent: Option<Url>,
    permanent_code: Option<Code<300, 308>>,
    temporal: Option<Url>,
    temporal_code: Option<Code<300, 307>>,
    app_root: Option<Path>,
}

/// An absolute http or https URL, or a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Url(String);

impl Value for Url {
    const KIND: &'static str = "an http or https URL, or a path that starts with /";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let is_absolute = ["http://", "https://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        let fits = is_header_value(text) && !text.contains([' ', '"', '\\']);
        if fits && (is_absolute || text.starts_with('/')) { Ok(Self(text.to_owned())) } else { Err(Invalid::new(Self::KIND, text)) }
    }
}

/// A path on the same host.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path(String);

impl Value for Path {
    const KIND: &'static str = "a path that starts with /";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let fits = text.starts_with('/') && is_header_value(text) && !text.contains([' ', '"', '\\']);
        if fits { Ok(Self(text.to_owned())) } else { Err(Invalid::new(Self::KIND, text)) }
    }
}

/// A redirect status between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Code<const FIRST: u16, const LAST: u16>(u16);

impl<const FIRST: u16, const LAST: u16> Value for Code<FIRST, LAST> {
    const KIND: &'static str = "a redirect status (300 to 308; 307 at most for temporal redirects)";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let code = text.trim().parse().ok().filter(|code| (FIRST..=LAST).contains(code));
        code.map(Self).ok_or_else(|| Invalid::new(Self::KIND, text.trim()))
    }
}

/// The redirect of every request, and the row that asks for it.
pub(super) fn resolve(options: &All) -> (&'static str, Option<Redirect>) {
    let options = &options.redirect;
    let redirect = |Url(url): &Url, code: u16| Redirect {
        status: RedirectStatus::Code(code),
        to: if url.starts_with('/') { RedirectTarget::Path(url.clone()) } else { RedirectTarget::Url(url.clone()) },
    };
    if let Some(url) = &options.temporal {
        return ("temporal-redirect", Some(redirect(url, options.temporal_code.map_or(302, |code| code.0))));
    }
    let code = options.permanent_code.map_or(301, |code| code.0);
    ("permanent-redirect", options.permanent.as_ref().map(|url| redirect(url, code)))
}

/// The step that answers `/` of the host.
pub(super) fn app_root(written: &Written<All>) -> Option<Step> {
    let Path(path) = written.options.redirect.app_root.as_ref()?;
    let redirect = Redirect { status: RedirectStatus::Code(302), to: RedirectTarget::Path(path.clone()) };
    Some(Step { policy: Policy::Redirect(redirect), source: written.source("app-root") })
}
