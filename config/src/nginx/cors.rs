//! Cross-origin resource sharing.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::{Cors, CorsPreflight, HeaderName, Origin, Origins};
use crate::report::Reason;
use crate::translate::Stage;
use crate::value::{Invalid, List, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "CORS",
    doc: "Every response to an allowed origin carries the headers, and every `OPTIONS` from one is answered 204 here, \
          before redirects, limits and passwords.",
    annotations: &[
        row("enable-cors", &At::<All, bool>(|o| &mut o.cors.enable), "false", "Turns it on.", &["true"], &["yes"]),
        row(
            "cors-allow-origin",
            &At::<All, List<String>>(|o| &mut o.cors.origins),
            "*",
            "Who may ask: `*`, or origins `scheme://host[:port]`, with `*.` for one label. What is no origin is left out; \
             if nothing is left, `*` counts.",
            &["https://a.example.org, https://*.example.org", "*"],
            &[""],
        ),
        row(
            "cors-allow-methods",
            &At::<All, Names>(|o| &mut o.cors.methods),
            "GET, PUT, POST, DELETE, PATCH, OPTIONS",
            "Methods that scripts may use.",
            &["GET, POST"],
            &["GET; POST"],
        ),
        row(
            "cors-allow-headers",
            &At::<All, Names>(|o| &mut o.cors.headers),
            "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization",
            "Request headers that scripts may send.",
            &["X-Token, Content-Type"],
            &["X Token"],
        ),
        Annotation {
            name: "cors-expose-headers",
            aliases: &[],
            field: &At::<All, Names>(|o| &mut o.cors.expose),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Response headers that scripts may read.",
            accepts: &["X-Total, ETag", "*"],
            rejects: &["a b"],
        },
        row(
            "cors-allow-credentials",
            &At::<All, bool>(|o| &mut o.cors.credentials),
            "true",
            "Lets scripts send cookies and passwords. Browsers refuse that together with the origin `*`.",
            &["false"],
            &["no"],
        ),
        row(
            "cors-max-age",
            &At::<All, i64>(|o| &mut o.cors.max_age),
            "1728000",
            "Seconds for which a preflight's answer holds.",
            &["600"],
            &["1h"],
        ),
    ],
};

const fn row(
    name: &'static str,
    field: &'static dyn crate::annotation::Field<All>,
    default: &'static str,
    doc: &'static str,
    accepts: &'static [&'static str],
    rejects: &'static [&'static str],
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
        accepts,
        rejects,
    }
}

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    enable: Option<bool>,
    origins: Option<List<String>>,
    methods: Option<Names>,
    headers: Option<Names>,
    expose: Option<Names>,
    credentials: Option<bool>,
    max_age: Option<i64>,
}

/// Names separated by commas, sent on as they were written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Names(String);

impl Value for Names {
    const KIND: &'static str = "names separated by commas";

    fn parse(text: &str) -> Result<Self, Invalid> {
        List::<HeaderName>::parse(text).map(|_| Self(text.trim().to_owned()))
    }
}

/// The policy, if CORS is on.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<Cors> {
    let options = &written.options.cors;
    if options.enable != Some(true) {
        return None;
    }
    let origins = origins(options, written, stage);
    let credentials = options.credentials == Some(true);
    let text = |names: &Option<Names>| names.as_ref().map(|names| names.0.clone()).unwrap_or_default();
    Some(Cors {
        vary: !origins.any,
        credentials,
        methods: text(&options.methods),
        headers: text(&options.headers),
        expose: text(&options.expose),
        max_age: options.max_age.unwrap_or_default(),
        preflight: CorsPreflight::AnyOptions,
        origins,
    })
}

fn origins(options: &Options, written: &Written<All>, stage: &mut Stage<'_, '_>) -> Origins {
    let mut result = Origins::default();
    for text in options.origins.iter().flat_map(|list| &list.0) {
        match parse(text) {
            Ok(None) => result.any = true,
            Ok(Some(origin)) => result.listed.push(origin),
            Err(invalid) => {
                let message = format!("cors-allow-origin: {invalid}; it is left out, as ingress-nginx does");
                let field = written.source("cors-allow-origin").field;
                let fix = "write origins such as https://a.example.org; if every site is meant, write \"*\"";
                stage.push(field, Reason::AnnotationInvalid, message, fix);
            }
        }
    }
    result.any |= result.listed.is_empty();
    if result.any && options.credentials == Some(true) && written.has("enable-cors") {
        let message = "every origin is allowed (`*`) and credentials are too; browsers refuse to send credentials to `*`";
        let fix = "list the origins that need credentials in cors-allow-origin, or set cors-allow-credentials to false";
        stage.push(written.source("enable-cors").field, Reason::CorsWideOpen, message, fix);
    }
    result
}

/// `Ok(None)` is `*`.
fn parse(text: &str) -> Result<Option<Origin>, Invalid> {
    if text == "*" {
        return Ok(None);
    }
    if text == "null" {
        return Ok(Some(Origin::Exact(text.to_owned())));
    }
    let invalid = || Invalid::new("an origin such as https://a.example.org", text);
    let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
    let (name, port) = rest.split_once(':').map_or((rest, None), |(name, port)| (name, Some(port)));
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_lowercase());
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let host = name.strip_prefix("*.").unwrap_or(name);
    if !is_scheme || !is_port || crate::name::Host::parse(host).is_err() {
        return Err(invalid());
    }
    let text = text.to_ascii_lowercase();
    Ok(Some(match text.split_once("://*") {
        Some((scheme, suffix)) => Origin::Subdomain { scheme: format!("{scheme}://"), suffix: suffix.to_owned() },
        None => Origin::Exact(text),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_ingress_nginx_does() {
        let exact = |text: &str| Ok(Some(Origin::Exact(text.to_owned())));
        let below = |scheme: &str, suffix: &str| {
            Ok(Some(Origin::Subdomain { scheme: scheme.to_owned(), suffix: suffix.to_owned() }))
        };
        assert_eq!(parse("*"), Ok(None));
        assert_eq!(parse("null"), exact("null"));
        assert_eq!(parse("https://A.example.org"), exact("https://a.example.org"));
        assert_eq!(parse("http://localhost:3000"), exact("http://localhost:3000"));
        assert_eq!(parse("https://*.example.org:8443"), below("https://", ".example.org:8443"));
        for text in ["a.example.org", "https://", "https://*", "https://a.*.org", "https://a:b", "https://a/", "$http_origin"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
