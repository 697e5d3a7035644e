//! HTTP-01 challenges (RFC 8555 §8.3): our answers to an authority, which win over every redirect, guard and catch-all.
//!
//! The pipeline asks before it looks for a route. A solver in the cluster wins for its exact path, and is reached without
//! the redirect of the entry point. What is neither a token nor a host that certificates are asked for is none of it.

use ferrik_config::table::{Challenges, challenge_token};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use crate::listen::Scheme;
use crate::reason::Reason;
use crate::reply::{Body, Reply};
use crate::router::Router;
use crate::sanitize::Path;

/// Who answers a challenge.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The route of a solver in the cluster, as it is.
    Solver,
    /// We do.
    Own(Reply),
}

/// Finds who answers, if the request is a challenge and somebody does.
pub(crate) fn find(
    challenges: &Challenges,
    router: &Router,
    method: &Method,
    host: &str,
    path: &[u8],
    scheme: Scheme,
) -> Option<Answer> {
    let token = challenge_token(path)?;
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let parsed = Path::parse(path).ok()?;
    let solver = router.find(host, &parsed, scheme);
    if solver.is_ok_and(|route| route.is_challenge) {
        return Some(Answer::Solver);
    }
    let thumbprint = challenges.thumbprint.as_deref()?;
    challenges.hosts.get(host)?;
    let mut reply = Reply::empty(200, Reason::AcmeChallenge)
        .with(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    reply.body = Body::Text(format!("{token}.{thumbprint}").into());
    Some(Answer::Own(reply))
}
