//! Sticky sessions: a cookie that keeps a client on one Pod.

use sha2::{Digest, Sha256};

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::is_header_value;
use crate::table::Sticky;
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Sticky sessions",
    doc: "Any of these annotations on a Service turns the cookie on. Its value is Traefik's, so sessions outlive the move \
          from one to the other where the cookie has a name of its own.",
    annotations: &[
        Annotation {
            field: &At::<All, bool>(|o| &mut o.sticky.enable),
            doc: "Turns the cookie on with its defaults.",
            accepts: &["true", "false"],
            rejects: &["yes"],
            ..row("service.sticky.cookie")
        },
        Annotation {
            field: &At::<All, CookieName>(|o| &mut o.sticky.name),
            support: Support::Full,
            doc: "Name of the cookie; characters that no cookie name may have become `_`. Without it the name is `_` and a \
                  digest of the Service's namespace, name and port, which is not the digest that Traefik makes.",
            accepts: &["session", "my cookie"],
            rejects: &[""],
            ..row("service.sticky.cookie.name")
        },
        Annotation {
            field: &At::<All, bool>(|o| &mut o.sticky.secure),
            doc: "The browser sends the cookie over TLS only.",
            accepts: &["true"],
            rejects: &["yes"],
            ..row("service.sticky.cookie.secure")
        },
        Annotation {
            field: &At::<All, bool>(|o| &mut o.sticky.http_only),
            doc: "Scripts cannot read the cookie.",
            accepts: &["true"],
            rejects: &["yes"],
            ..row("service.sticky.cookie.httponly")
        },
        Annotation {
            field: &At::<All, SameSite>(|o| &mut o.sticky.same_site),
            doc: "`none`, `lax` or `strict`: whether the cookie goes with requests that other sites cause.",
            accepts: &["lax", "none", "strict"],
            rejects: &["off", ""],
            ..row("service.sticky.cookie.samesite")
        },
        Annotation {
            field: &At::<All, i64>(|o| &mut o.sticky.max_age),
            doc: "Seconds for which the browser keeps the cookie; 0 until it is closed.",
            accepts: &["3600", "0"],
            rejects: &["1h"],
            ..row("service.sticky.cookie.maxage")
        },
        Annotation {
            field: &At::<All, Attribute>(|o| &mut o.sticky.path),
            default: Some("/"),
            doc: "The cookie goes with requests for paths below this one.",
            accepts: &["/app"],
            rejects: &["/a;b", ""],
            ..row("service.sticky.cookie.path")
        },
        Annotation {
            field: &At::<All, Attribute>(|o| &mut o.sticky.domain),
            doc: "The cookie goes with requests to this domain and those below it; without it to the host alone.",
            accepts: &["example.org"],
            rejects: &["a;b", ""],
            ..row("service.sticky.cookie.domain")
        },
    ],
};

const fn row(name: &'static str) -> Annotation<All> {
    Annotation {
        name,
        aliases: &[],
        field: &crate::annotation::NotRead,
        default: None,
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Service,
        support: Support::Full,
        doc: "",
        accepts: &[],
        rejects: &[],
    }
}

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    enable: Option<bool>,
    name: Option<CookieName>,
    secure: Option<bool>,
    http_only: Option<bool>,
    same_site: Option<SameSite>,
    max_age: Option<i64>,
    path: Option<Attribute>,
    domain: Option<Attribute>,
}

/// A name for a cookie (RFC 6265 §4.1.1: a token), with every other character replaced as Traefik does.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CookieName(String);

impl Value for CookieName {
    const KIND: &'static str = "the name of a cookie";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^`|~".contains(c);
        let name: String = text
            .trim()
            .chars()
            .map(|c| if fits(c) { c } else { '_' })
            .collect();
        if name.is_empty() {
            Err(Invalid::new(Self::KIND, text))
        } else {
            Ok(Self(name))
        }
    }
}

/// When the cookie goes with requests that other sites cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SameSite(&'static str);

impl Value for SameSite {
    const KIND: &'static str = "none, lax or strict";

    fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(match text.trim().to_ascii_lowercase().as_str() {
            "none" => "None",
            "lax" => "Lax",
            "strict" => "Strict",
            _ => return Err(Invalid::new(Self::KIND, text.trim())),
        }))
    }
}

/// The value of a cookie attribute (RFC 6265 §4.1.1: no `;` and no control characters).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attribute(String);

impl Value for Attribute {
    const KIND: &'static str = "a text without `;`";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() || text.contains(';') || !is_header_value(text) {
            return Err(Invalid::new(Self::KIND, text));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The cookie, if the Service asks for one.
pub(super) fn resolve(written: &Written<All>, port: &str) -> Option<Sticky> {
    let options = &written.options.sticky;
    let mut rows = FEATURE.annotations.iter().map(|row| row.name);
    let is_asked = rows.any(|row| row != "service.sticky.cookie" && written.has(row));
    if !options.enable.unwrap_or(is_asked) {
        return None;
    }
    let name = match &options.name {
        Some(CookieName(name)) => name.clone(),
        None => default_name(&written.object.namespace, &written.object.name, port),
    };
    Some(Sticky {
        name,
        attributes: attributes(options),
    })
}

/// In the order in which Go writes them.
fn attributes(options: &Options) -> String {
    let text =
        |name, value: &Option<Attribute>| value.as_ref().map(|Attribute(text)| format!("; {name}={text}"));
    let flag = |name, value| (value == Some(true)).then(|| format!("; {name}"));
    let max_age = options.max_age.filter(|age| *age != 0);
    let attributes = [
        text("Path", &options.path),
        text("Domain", &options.domain),
        max_age.map(|age| format!("; Max-Age={}", age.max(0))),
        flag("HttpOnly", options.http_only),
        flag("Secure", options.secure),
        options
            .same_site
            .map(|SameSite(text)| format!("; SameSite={text}")),
    ];
    attributes.into_iter().flatten().collect()
}

fn default_name(namespace: &str, service: &str, port: &str) -> String {
    let digest = Sha256::digest(format!("{namespace}-{service}-{port}"));
    digest
        .iter()
        .take(8)
        .fold("_".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}
