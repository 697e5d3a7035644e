//! Regular expressions in paths, and the rewriting of paths.

use super::{Options as All, PREFIX};
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::{
    Action, Pattern, Policy, Rewrite, RewriteFlag, Snippet, Source, Statement, Step, Template, UriRewrite,
};
use crate::report::Reason;
use crate::translate::{HostShare, Stage};
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Path matching and rewriting",
    doc: "As in ingress-nginx, one Ingress with `use-regex` or `rewrite-target` puts its whole host into regular-expression \
          mode: every nginx-class path of the host is then matched without regard to case and without an end.",
    annotations: &[
        Annotation {
            name: "use-regex",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.rewrite.use_regex),
            default: Some("false"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Differs("patterns run in linear time, so look-around and back-references are not available"),
            doc: "The paths of the host are regular expressions; the longest is tried first.",
            accepts: &["true"],
            rejects: &["yes"],
        },
        Annotation {
            name: "rewrite-target",
            aliases: &[],
            field: &At::<All, Target>(|o| &mut o.rewrite.target),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "The path that the backend receives instead; `$1` to `$9` are the groups of the rule's path. The query is \
                  kept. A whole URL redirects there (302).",
            accepts: &["/$2", "/", "$1", "https://www.example.org/$1"],
            rejects: &["$no_such_variable", "/a b", "app", ""],
        },
        Annotation {
            name: "x-forwarded-prefix",
            aliases: &[],
            field: &At::<All, ForwardedPrefix>(|o| &mut o.rewrite.forwarded_prefix),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Together with `rewrite-target`: the request header `X-Forwarded-Prefix`.",
            accepts: &["/app", "/$1"],
            rejects: &["a b", ""],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    use_regex: Option<bool>,
    target: Option<Target>,
    forwarded_prefix: Option<ForwardedPrefix>,
}

/// A path or URL with captures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    text: String,
    template: Template,
}

impl Value for Target {
    const KIND: &'static str = "a path with $1 to $9, or a URL";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if !text.starts_with(['/', '$']) && !is_url(text) {
            return Err(Invalid::new(Self::KIND, text));
        }
        Ok(Self { text: text.to_owned(), template: template(text, Self::KIND)? })
    }
}

/// A header value with captures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ForwardedPrefix(Template);

impl Value for ForwardedPrefix {
    const KIND: &'static str = "a path with $1 to $9";

    fn parse(text: &str) -> Result<Self, Invalid> {
        template(text.trim(), Self::KIND).map(Self)
    }
}

/// The characters that ingress-nginx lets through, and `%`.
fn template(text: &str, kind: &'static str) -> Result<Template, Invalid> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"/-._~:$%".contains(&b);
    if text.is_empty() || !text.bytes().all(fits) {
        return Err(Invalid::new(kind, text));
    }
    Template::parse(text, &[])
}

/// nginx's `rewrite` redirects if the replacement starts like this (`ngx_http_rewrite_module`).
fn is_url(text: &str) -> bool {
    ["http://", "https://", "$scheme"].iter().any(|start| text.starts_with(start))
}

/// A rewrite that waits for the path of the rule that it belongs to.
#[derive(Clone, Debug)]
pub struct RewriteTarget {
    text: String,
    replacement: Template,
    forwarded_prefix: Option<Template>,
    source: Source,
}

impl RewriteTarget {
    /// The step for one path, as the rule writes it; none if the target is the path itself.
    pub(crate) fn step(&self, path: &str, stage: &mut Stage<'_, '_>) -> Option<Step> {
        if path == self.text {
            return None;
        }
        let pattern = match Pattern::parse(path, true) {
            Ok(pattern) => pattern,
            Err(invalid) => {
                let message = format!("path `{path}` is used as a pattern by rewrite-target: {invalid}; it is not rewritten");
                stage.push(self.source.field.clone(), Reason::PathInvalid, message, "mend the path of the rule");
                return None;
            }
        };
        let replacement = self.replacement.clone();
        let policy = if is_url(&self.text) {
            redirect(pattern, replacement)
        } else {
            let forwarded_prefix = self.forwarded_prefix.clone();
            Policy::Rewrite(Rewrite::Target { pattern, replacement, forwarded_prefix })
        };
        Some(Step { policy, source: self.source.clone() })
    }
}

/// What nginx does with a URL in the place of a path: the snippet `rewrite <path> <url>`.
fn redirect(pattern: Pattern, replacement: Template) -> Policy {
    let flag = RewriteFlag::Redirect(302);
    let action = Action::Rewrite(UriRewrite { pattern, replacement, query: None, keep_query: true, flag });
    Policy::Snippet(Snippet { variables: Vec::new(), statements: vec![Statement { line: 1, action }] })
}

/// The rewrite of the object's paths.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<RewriteTarget> {
    let options = &written.options.rewrite;
    let Some(target) = &options.target else {
        if options.forwarded_prefix.is_some() {
            let message = format!("`{PREFIX}x-forwarded-prefix` has no effect without rewrite-target");
            let field = written.source("x-forwarded-prefix").field;
            stage.push(field, Reason::AnnotationUnsupported, message, "add rewrite-target, or remove it");
        }
        return None;
    };
    Some(RewriteTarget {
        text: target.text.clone(),
        replacement: target.template.clone(),
        forwarded_prefix: options.forwarded_prefix.as_ref().map(|it| it.0.clone()),
        source: written.source("rewrite-target"),
    })
}

/// True if the object puts a host that it shares in into regular-expression mode.
pub(super) fn is_regex_mode(written: &Written<All>, share: &HostShare) -> bool {
    let options = &written.options.rewrite;
    let rewrites = |target: &Target| share.routes.iter().any(|draft| draft.written != target.text);
    options.use_regex == Some(true) || options.target.as_ref().is_some_and(rewrites)
}
