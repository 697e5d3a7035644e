//! One route: a path, steps, and a backend.

use serde::Serialize;

use super::{Backend, CHALLENGE_PATH, challenge_token};
use crate::policy::{Pattern, Policy, Source, Step};

/// What one path of one host does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Which paths.
    pub path: PathRule,
    /// Over which entry points.
    #[serde(skip_serializing_if = "Entry::is_any")]
    pub entry: Entry,
    /// Whose conventions hold: path matching, forwarded headers, answers.
    pub dialect: Dialect,
    /// The rule that it comes from.
    pub source: Source,
    /// Run in this order for requests, backwards for responses.
    pub steps: Vec<Step>,
    /// Where requests go; without it they are answered 503.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// Traefik's explicit priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
}

impl Route {
    /// Every backend that requests may be sent to: its own, what stands in for that, and those of the steps.
    pub fn backends(&self) -> impl Iterator<Item = &Backend> {
        let own = self.backend.iter();
        let own = own.flat_map(|backend| std::iter::once(backend).chain(backend.fallback.as_deref()));
        own.chain(self.steps.iter().filter_map(|step| match &step.policy {
            Policy::ErrorPage(pages) => Some(&pages.backend),
            _ => None,
        }))
    }

    /// True if this is one path of an ACME challenge, served by a solver in the cluster: no step and no mode of the host
    /// touches it.
    pub fn is_challenge(&self) -> bool {
        self.path.kind == PathKind::Exact && challenge_token(self.path.text.as_bytes()).is_some()
    }

    /// True if it is written for such paths, one or all of them.
    pub fn is_for_challenges(&self) -> bool {
        self.path.text.starts_with(CHALLENGE_PATH.trim_end_matches('/'))
    }

    /// True if a step keeps somebody out.
    pub fn guards(&self) -> bool {
        self.steps.iter().any(|step| step.policy.guards())
    }
}

/// The entry points that a route is reached by. A request of the other scheme is as if the route were not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// Plain HTTP and TLS.
    #[default]
    Any,
    /// Plain HTTP only (Traefik's entry point `web`).
    Http,
    /// TLS only (Traefik's entry point `websecure`, or `router.tls`).
    Https,
}

impl Entry {
    /// True if nothing is left out.
    pub fn is_any(&self) -> bool {
        *self == Self::Any
    }
}

/// The original controller whose conventions a route follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// The Kubernetes text, with annotations of either prefix.
    Kubernetes,
    /// ingress-nginx.
    Nginx,
    /// Traefik.
    Traefik,
}

/// Which paths a route matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathRule {
    /// How the text is compared.
    pub kind: PathKind,
    /// The path as the rule writes it, without a trailing `/` for prefixes.
    pub text: String,
    /// The pattern, for [`PathKind::Pattern`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
}

impl PathRule {
    /// The path itself and nothing below it.
    #[must_use]
    pub fn exactly(self) -> Self {
        Self {
            kind: PathKind::Exact,
            pattern: None,
            ..self
        }
    }
}

/// How a path is compared. The order is the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PathKind {
    /// The same path (Kubernetes `Exact`).
    Exact,
    /// The same path elements at the start (Kubernetes `Prefix`).
    Prefix,
    /// The same characters at the start (Traefik `PathPrefix` for `ImplementationSpecific`).
    StartsWith,
    /// A regular expression, anchored where the dialect anchors it.
    Pattern,
}
