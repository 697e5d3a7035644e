//! Why a request is served by one route and not by the others: the router's own tables, asked one route at a time.

use std::sync::Arc;

use ferrik_config::table::{Dialect, PathKind};

use super::{Level, Router, challenge_owner, ranks_last, serves};
use crate::listen::Scheme;
use crate::route::Route;
use crate::sanitize::Path;

/// One route that might have served the request.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Under which host it stands, as rules write it.
    pub host: String,
    /// The route.
    pub route: Arc<Route>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It serves the request.
    Chosen,
    /// The path does not match; the text says how it was compared.
    PathDiffers(String),
    /// It matches, but another stands before it.
    Later,
    /// It matches, but the path can also be read as that of a route which guards access.
    OtherReading,
    /// Its entry points take the other scheme only.
    OtherScheme,
    /// Its host is not asked, because a more specific one is known.
    HostNotAsked,
    /// It matches, but a certificate authority asks, and the host belongs to another namespace.
    ForeignHost,
}

impl Router {
    /// Every route of the hosts that could serve the request, in the order in which they are asked: of each host its
    /// rules, then its default; Traefik's defaults at the end.
    pub(crate) fn trace(&self, host: &str, path: &Path<'_>, scheme: Scheme) -> Vec<Candidate> {
        let found = self.find(host, path, scheme).ok();
        let names = [host.to_owned(), wildcard_name(host), "*".to_owned()];
        let mut candidates = Vec::new();
        let mut defaults = Vec::new();
        let levels = self.levels(host);
        let owner = challenge_owner(&levels, path);
        for (level, name) in levels.into_iter().zip(names) {
            let Some(level) = level else { continue };
            let candidate = |route: &Arc<Route>| Candidate {
                host: name.clone(),
                route: route.clone(),
                outcome: level.outcome(route, path, scheme),
            };
            candidates.extend(level.routes.routes().iter().map(candidate));
            if let Some(default) = level.routes.default_route() {
                let list = if ranks_last(default) {
                    &mut defaults
                } else {
                    &mut candidates
                };
                list.push(candidate(default));
            }
        }
        candidates.append(&mut defaults);
        if let Some(owner) = owner {
            let foreign = candidates
                .iter_mut()
                .filter(|it| it.outcome == Outcome::Later && it.route.source.object.namespace != *owner);
            foreign.for_each(|it| it.outcome = Outcome::ForeignHost);
        }
        if let Some(route) = &self.default {
            candidates.push(Candidate {
                host: "*".to_owned(),
                route: route.clone(),
                outcome: Outcome::Later,
            });
        }
        let chosen = found.and_then(|route| candidates.iter().position(|it| Arc::ptr_eq(&it.route, route)));
        // Nothing that matches is passed over but for the sake of a guard.
        let before = chosen.unwrap_or(candidates.len());
        for candidate in candidates
            .iter_mut()
            .take(before)
            .filter(|it| it.outcome == Outcome::Later)
        {
            candidate.outcome = Outcome::OtherReading;
        }
        if let Some(candidate) = chosen.and_then(|at| candidates.get_mut(at)) {
            candidate.outcome = Outcome::Chosen;
        }
        candidates
    }
}

impl Level<'_> {
    /// What becomes of a route, whatever stands before it.
    fn outcome(&self, route: &Route, path: &Path<'_>, scheme: Scheme) -> Outcome {
        if !self.asks(route) {
            Outcome::HostNotAsked
        } else if serves(route, scheme) {
            compare(route, path)
        } else {
            Outcome::OtherScheme
        }
    }
}

fn wildcard_name(host: &str) -> String {
    host.split_once('.')
        .map(|(_, parent)| format!("*.{parent}"))
        .unwrap_or_default()
}

fn compare(route: &Route, path: &Path<'_>) -> Outcome {
    let key = if route.dialect == Dialect::Nginx {
        &path.decoded
    } else {
        &path.plain
    };
    let rule = route.path.as_bytes();
    let (is_match, how) = match route.kind {
        PathKind::Exact => (**key == *rule, "is not exactly"),
        PathKind::Prefix => (under(key, rule), "is not under"),
        PathKind::StartsWith => (key.starts_with(rule), "does not start with"),
        PathKind::Pattern => (
            route
                .pattern
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(key)),
            "does not match the pattern",
        ),
    };
    if is_match {
        return Outcome::Later;
    }
    Outcome::PathDiffers(format!(
        "`{}` {how} `{}`",
        String::from_utf8_lossy(key),
        route.path
    ))
}

fn under(path: &[u8], prefix: &[u8]) -> bool {
    prefix == b"/"
        || path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}
