//! Sends plain HTTP to https. Certificate challenges stay on plain HTTP (RFC 8555 §8.3).

use ferrik_config::policy::{self, RedirectStatus};
use http::Method;

use super::{Filter, Flow};
use crate::compile::Context;
use crate::head::RequestHead;
use crate::listen::Scheme;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::{Facts, Request};
use crate::sanitize::Path;

/// Where certificate authorities look for the answer to a challenge.
pub(crate) const CHALLENGE_PREFIX: &[u8] = b"/.well-known/acme-challenge/";

/// The compiled redirect.
#[derive(Debug)]
pub(crate) struct HttpsRedirect(policy::HttpsRedirect);

impl Filter for HttpsRedirect {
    type Policy = policy::HttpsRedirect;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        Self(*policy)
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        match redirect(&self.0, &Plain::of(request.facts)) {
            Some(reply) => Flow::Reply(reply),
            None => Flow::Next,
        }
    }
}

/// What the redirect looks at; the entry point redirects before there is a route.
pub(crate) struct Plain<'a> {
    pub(crate) method: &'a Method,
    pub(crate) scheme: Scheme,
    pub(crate) path: &'a Path<'a>,
    pub(crate) target: &'a [u8],
    pub(crate) host: &'a [u8],
}

impl<'a> Plain<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        let Facts { method, scheme, path, target, best_host: host, .. } = *facts;
        Self { method, scheme, path, target, host }
    }
}

/// The redirect, if the request came over plain HTTP and is no challenge.
pub(crate) fn redirect(policy: &policy::HttpsRedirect, request: &Plain<'_>) -> Option<Reply> {
    if request.scheme == Scheme::Https || request.path.decoded.starts_with(CHALLENGE_PREFIX) {
        return None;
    }
    let mut target = request.target;
    if policy.strip_trailing_slash {
        target = target.strip_suffix(b"/").unwrap_or(target);
    }
    let mut url = b"https://".to_vec();
    let authority = request.host;
    let host_end = match authority {
        [b'[', ..] => authority.iter().position(|byte| *byte == b']').map_or(authority.len(), |at| at + 1),
        _ => authority.iter().position(|byte| *byte == b':').unwrap_or(authority.len()),
    };
    url.extend_from_slice(&authority[..host_end]);
    if let Some(port) = policy.port.filter(|port| *port != 443) {
        url.extend_from_slice(format!(":{port}").as_bytes());
    }
    url.extend_from_slice(target);
    Some(Reply::redirect(status(policy.status, request.method), &url, Reason::HttpsRedirect))
}

/// The status for this method.
pub(crate) fn status(status: RedirectStatus, method: &Method) -> u16 {
    match (status, *method == Method::GET) {
        (RedirectStatus::Code(code), _) => code,
        (RedirectStatus::Permanent, true) => 301,
        (RedirectStatus::Permanent, false) => 308,
        (RedirectStatus::Temporary, true) => 302,
        (RedirectStatus::Temporary, false) => 307,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::Case;

    fn case(strip_trailing_slash: bool, port: Option<u16>) -> Case {
        Case::policy(policy::Policy::HttpsRedirect(policy::HttpsRedirect {
            status: RedirectStatus::Code(308),
            strip_trailing_slash,
            port,
        }))
    }

    #[test]
    fn plain_requests_are_sent_to_https() {
        for (strip, port, target, location) in [
            (true, None, "/a/b?c=d", "https://a.example.org/a/b?c=d"),
            (true, None, "/a/", "https://a.example.org/a"),
            (true, None, "/", "https://a.example.org"),
            (false, None, "/a/", "https://a.example.org/a/"),
            (false, Some(8443), "/", "https://a.example.org:8443/"),
        ] {
            let run = case(strip, port).target(target).run();
            assert_eq!((run.status(), run.location()), (Some(308), Some(location.into())), "{target}");
        }
    }

    #[test]
    fn https_and_challenges_pass() {
        assert_eq!(case(true, None).https().status(), None);
        assert_eq!(case(true, None).target("/.well-known/acme-challenge/x").status(), None);
        assert_eq!(case(true, None).target("/.well-known/other").status(), Some(308));
    }
}
