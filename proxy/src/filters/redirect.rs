//! Sends the client to another URL.

use ferrik_config::policy::{self, RedirectStatus, RedirectTarget};
use regex::bytes::Regex;

use super::https_redirect::status;
use super::{Filter, Flow};
use crate::compile::Context;
use crate::head::RequestHead;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;

/// The compiled redirect.
#[derive(Debug)]
pub(crate) struct Redirect {
    status: RedirectStatus,
    to: Target,
}

#[derive(Debug)]
enum Target {
    Url(Box<[u8]>),
    Path(Box<[u8]>),
    Host(Box<[u8]>),
    Match { pattern: Regex, replacement: Box<[u8]> },
    Scheme { scheme: Box<[u8]>, port: Option<u16> },
}

impl Filter for Redirect {
    type Policy = policy::Redirect;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        let bytes = |text: &str| text.as_bytes().into();
        let to = match &policy.to {
            RedirectTarget::Url(url) => Target::Url(bytes(url)),
            RedirectTarget::Path(path) => Target::Path(bytes(path)),
            RedirectTarget::Host(host) => Target::Host(bytes(host.as_str())),
            RedirectTarget::Match { pattern, replacement } => {
                Target::Match { pattern: pattern.compile(), replacement: bytes(replacement) }
            }
            RedirectTarget::Scheme { scheme, port } => Target::Scheme { scheme: bytes(scheme), port: *port },
        };
        Self { status: policy.status, to }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        let location = match &self.to {
            Target::Url(url) => url.to_vec(),
            Target::Path(path) => [&request.origin(), &**path].concat(),
            Target::Host(host) => on_host(request, host),
            Target::Match { pattern, replacement } => {
                let url = [&request.origin(), request.facts.target].concat();
                let replaced = pattern.replace_all(&url, &**replacement);
                if *replaced == *url {
                    return Flow::Next;
                }
                replaced.into_owned()
            }
            Target::Scheme { scheme, port } => {
                if request.facts.scheme.as_str().as_bytes() == &**scheme {
                    return Flow::Next;
                }
                let mut url = [scheme, &b"://"[..], request.facts.host.as_str().as_bytes()].concat();
                url.extend(port.map(|port| format!(":{port}")).unwrap_or_default().bytes());
                url.extend_from_slice(request.facts.target);
                url
            }
        };
        Flow::Reply(Reply::redirect(status(self.status, request.facts.method), &location, Reason::Redirect))
    }
}

/// The same scheme, port, path and query on another host.
fn on_host<H: RequestHead>(request: &Request<'_, H>, host: &[u8]) -> Vec<u8> {
    let facts = request.facts;
    let mut url = [facts.scheme.as_str().as_bytes(), b"://", host].concat();
    url.extend(facts.host.port().map(|port| format!(":{port}")).unwrap_or_default().bytes());
    url.extend_from_slice(facts.target);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::Case;
    use ferrik_config::policy::{Pattern, Policy};

    fn case(status: RedirectStatus, to: RedirectTarget) -> Case {
        Case::policy(Policy::Redirect(policy::Redirect { status, to }))
    }

    fn matching(pattern: &str, replacement: &str) -> RedirectTarget {
        RedirectTarget::Match {
            pattern: Pattern::parse(pattern, false).expect("a pattern"),
            replacement: replacement.into(),
        }
    }

    #[test]
    fn fixed_targets_take_nothing_of_the_request() {
        let run = case(RedirectStatus::Code(301), RedirectTarget::Url("https://b.example.org/x".into()))
            .target("/a?b")
            .run();
        assert_eq!((run.status(), run.location()), (Some(301), Some("https://b.example.org/x".into())));
        let run = case(RedirectStatus::Code(302), RedirectTarget::Path("/app".into())).https().target("/?q").run();
        assert_eq!(run.location(), Some("https://a.example.org/app".into()));
    }

    #[test]
    fn a_pattern_sees_the_whole_url() {
        let to = || matching("^https?://([^/]+)/robots.txt", "https://${1}/goa/robots.txt");
        let run = case(RedirectStatus::Temporary, to()).https().target("/robots.txt").run();
        assert_eq!((run.status(), run.location()), (Some(302), Some("https://a.example.org/goa/robots.txt".into())));
        assert_eq!(case(RedirectStatus::Temporary, to()).https().method("POST").target("/robots.txt").status(), Some(307));
        assert_eq!(case(RedirectStatus::Temporary, to()).https().target("/other").status(), None);
        let two = matching("^https?://([^/]+)/(sitemap.+)", "https://${1}/goa/sitemaps/${2}");
        let run = case(RedirectStatus::Permanent, two).target("/sitemap1.xml?a=b").run();
        assert_eq!(run.location(), Some("https://a.example.org/goa/sitemaps/sitemap1.xml?a=b".into()));
    }

    #[test]
    fn twins_and_schemes_keep_path_and_query() {
        let host = ferrik_config::name::Host::parse("www.a.example.org").expect("a host");
        let run = case(RedirectStatus::Code(308), RedirectTarget::Host(host)).target("/x?y").run();
        assert_eq!(run.location(), Some("http://www.a.example.org/x?y".into()));
        let scheme = || RedirectTarget::Scheme { scheme: "http".into(), port: Some(8080) };
        let run = case(RedirectStatus::Permanent, scheme()).https().target("/x?y").run();
        assert_eq!(run.location(), Some("http://a.example.org:8080/x?y".into()));
        assert_eq!(case(RedirectStatus::Permanent, scheme()).status(), None);
    }
}
