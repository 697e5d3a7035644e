//! Changes the path that the backend receives.

use ferrik_config::policy;
use http::HeaderName;
use regex::bytes::{Captures, Regex};

use super::{Filter, Flow};
use crate::arena::header_value;
use crate::compile::Context;
use crate::head::RequestHead;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;
use crate::sanitize::{decode, encode};
use crate::template::{CompiledTemplate, Scope};

static FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
static REPLACED_PATH: HeaderName = HeaderName::from_static("x-replaced-path");

/// The compiled change.
#[derive(Debug)]
pub(crate) enum Rewrite {
    Target { pattern: Regex, replacement: CompiledTemplate, forwarded_prefix: Option<CompiledTemplate> },
    StripPrefix { prefixes: Box<[Box<[u8]>]> },
    AddPrefix { prefix: Box<[u8]> },
    ReplacePattern { pattern: Regex, replacement: Box<[u8]> },
}

impl Filter for Rewrite {
    type Policy = policy::Rewrite;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        match policy {
            policy::Rewrite::Target { pattern, replacement, forwarded_prefix } => Self::Target {
                pattern: pattern.compile(),
                replacement: CompiledTemplate::compile(replacement),
                forwarded_prefix: forwarded_prefix.as_ref().map(CompiledTemplate::compile),
            },
            policy::Rewrite::StripPrefix { prefixes } => {
                Self::StripPrefix { prefixes: prefixes.iter().map(|prefix| prefix.as_bytes().into()).collect() }
            }
            policy::Rewrite::AddPrefix { prefix } => Self::AddPrefix { prefix: prefix.as_bytes().into() },
            policy::Rewrite::ReplacePattern { pattern, replacement } => {
                Self::ReplacePattern { pattern: pattern.compile(), replacement: replacement.as_bytes().into() }
            }
        }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        match self {
            Self::Target { pattern, replacement, forwarded_prefix } => {
                return target(pattern, replacement, forwarded_prefix.as_ref(), request);
            }
            Self::StripPrefix { prefixes } => strip(prefixes, request),
            Self::AddPrefix { prefix } => request.changes.path = Some([prefix, request.path()].concat()),
            Self::ReplacePattern { pattern, replacement } => {
                let path = request.path().to_vec();
                let replaced = pattern.replace_all(&path, &**replacement).into_owned();
                if replaced != path {
                    request.head.set(&REPLACED_PATH, header_value(&path));
                    request.changes.path = Some(rooted(replaced));
                }
            }
        }
        Flow::Next
    }
}

/// nginx's `rewrite "(?i)<path>" <target> break`: searched in the decoded path, and the whole path is replaced.
fn target<H: RequestHead>(
    pattern: &Regex,
    replacement: &CompiledTemplate,
    forwarded_prefix: Option<&CompiledTemplate>,
    request: &mut Request<'_, H>,
) -> Flow {
    let uri = match &request.changes.path {
        Some(path) => decode(path),
        None => request.facts.path.decoded.to_vec(),
    };
    let Some(captures) = pattern.captures(&uri) else { return Flow::Next };
    let scope = Scope { captures: groups(&captures), ..Scope::default() };
    let path = replacement.fill(request, &scope);
    if path.starts_with(b"http://") || path.starts_with(b"https://") {
        let query = request.query().map(|query| [b"?", query].concat()).unwrap_or_default();
        return Flow::Reply(Reply::redirect(302, &[path, query].concat(), Reason::Redirect));
    }
    if let Some(prefix) = forwarded_prefix {
        let value = header_value(&prefix.fill(request, &scope));
        request.head.set(&FORWARDED_PREFIX, value);
    }
    request.changes.path = Some(encode(&rooted(path)));
    Flow::Next
}

/// Groups 1 to 9 of a match; groups that took no part are empty.
pub(super) fn groups(captures: &Captures<'_>) -> Vec<Vec<u8>> {
    let group = |at| captures.get(at).map(|found| found.as_bytes().to_vec()).unwrap_or_default();
    (1..captures.len().min(10)).map(group).collect()
}

/// Traefik's `stripPrefix`: the prefixes are compared with the characters of the path.
fn strip<H: RequestHead>(prefixes: &[Box<[u8]>], request: &mut Request<'_, H>) {
    for prefix in prefixes {
        if let Some(rest) = request.path().strip_prefix(&**prefix) {
            request.changes.path = Some(rooted(rest.to_vec()));
            request.head.append(&FORWARDED_PREFIX, header_value(prefix));
            return;
        }
    }
}

fn rooted(path: Vec<u8>) -> Vec<u8> {
    if path.first() == Some(&b'/') { path } else { [b"/", &*path].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::{Case, Run};
    use ferrik_config::policy::{Pattern, Policy, Template};

    fn pattern(text: &str, case_insensitive: bool) -> Pattern {
        Pattern::parse(text, case_insensitive).expect("a pattern")
    }

    fn nginx(path: &str, target: &str) -> Case {
        Case::policy(Policy::Rewrite(policy::Rewrite::Target {
            pattern: pattern(path, true),
            replacement: Template::parse(target, &[]).expect("a template"),
            forwarded_prefix: Some(Template::parse("/pre/$1", &[]).expect("a template")),
        }))
    }

    fn path(run: &Run) -> Option<String> {
        run.changes.path.as_ref().map(|path| String::from_utf8_lossy(path).into_owned())
    }

    #[test]
    fn nginx_replaces_the_whole_path() {
        for (rule, target, request, result) in [
            ("/foo", "/", "/foo/bar", Some("/")),
            ("/foo", "/bar", "/foo/x", Some("/bar")),
            ("/foo(/|$)(.*)", "/$2", "/foo/a/b", Some("/a/b")),
            ("/foo(/|$)(.*)", "/$2", "/FOO", Some("/")),
            ("/foo(/|$)(.*)", "/$2", "/foo/a%20b", Some("/a%20b")),
            ("/foo(/|$)(.*)", "/$2", "/other", None),
        ] {
            assert_eq!(path(&nginx(rule, target).target(request).run()).as_deref(), result, "{rule} {request}");
        }
        let run = nginx("/(a)/", "/b").target("/a/x").run();
        assert_eq!(run.request_field("x-forwarded-prefix"), vec!["/pre/a"]);
    }

    #[test]
    fn traefik_strips_adds_and_replaces() {
        let strip = |prefixes: &[&str]| {
            let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
            Case::policy(Policy::Rewrite(policy::Rewrite::StripPrefix { prefixes }))
        };
        let run = strip(&["/no", "/api"]).target("/api/v1?x").run();
        assert_eq!((path(&run).as_deref(), run.request_field("x-forwarded-prefix")), (Some("/v1"), vec!["/api".into()]));
        assert_eq!(path(&strip(&["/api"]).target("/api").run()).as_deref(), Some("/"));
        assert_eq!(path(&strip(&["/api"]).target("/x").run()), None);
        let add = Case::policy(Policy::Rewrite(policy::Rewrite::AddPrefix { prefix: "/app".into() }));
        assert_eq!(path(&add.target("/a%2Fb").run()).as_deref(), Some("/app/a%2Fb"));
        let replace = Case::policy(Policy::Rewrite(policy::Rewrite::ReplacePattern {
            pattern: pattern("^/v(\\d)/(.*)", false),
            replacement: "/api/$1/$2".into(),
        }));
        let run = replace.target("/v2/x").run();
        assert_eq!((path(&run).as_deref(), run.request_field("x-replaced-path")), (Some("/api/2/x"), vec!["/v2/x".into()]));
    }
}
