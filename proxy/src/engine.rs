//! Which engine serves a route's HTTP/1.1 requests, and why it is not the lane.
//!
//! Decided once, when the route is compiled, by what its steps and its backend need. `ferrik explain` and
//! `/table` show it. Which engine served a request in the end is counted by [`ServedBy`].

use ferrik_config::Table;
use ferrik_config::policy::{Action, Policy, RewriteFlag, Statement};
use ferrik_config::table::{Protocol, Route};
use serde::Serialize;

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The lane: requests and answers of HTTP/1.1 that pass as they are.
    Lane,
    /// The general engine, for this reason.
    General(Cause),
}

/// Why the lane does not serve a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The backend speaks HTTP/2 or gRPC, or may choose to.
    Http2Backend,
    /// Answers may be replaced by the page of another backend.
    ErrorPage,
    /// A step may have the route looked up again, and the next one may be for the other engine.
    LooksUpAgain,
}

impl Cause {
    /// A sentence for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http2Backend => "its backend speaks, or may choose, HTTP/2",
            Self::ErrorPage => "answers may be replaced by the page of another backend",
            Self::LooksUpAgain => "a step may have the route looked up again",
        }
    }
}

/// The engine that served a request, HTTP/2 included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServedBy {
    Lane,
    General,
}

impl ServedBy {
    pub(crate) const ALL: [Self; 2] = [Self::Lane, Self::General];

    /// Its name for operators, the value of `--http1-engine`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lane => "lane",
            Self::General => "pingora",
        }
    }
}

impl Engine {
    /// Its name for operators, the value of `--http1-engine`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lane => ServedBy::Lane.as_str(),
            Self::General(_) => ServedBy::General.as_str(),
        }
    }

    /// The engine of a route.
    pub(crate) fn of(route: &Route) -> Self {
        let cause = route
            .steps
            .iter()
            .find_map(|step| of_step(&step.policy))
            .or_else(|| of_backend(route));
        cause.map_or(Self::Lane, Self::General)
    }
}

/// A route that the lane does not serve.
#[derive(Debug, Serialize)]
pub(crate) struct Exception {
    host: String,
    path: String,
    because: &'static str,
}

/// The routes of a table that the lane does not serve.
pub(crate) fn exceptions(table: &Table) -> Vec<Exception> {
    let hosts = table.hosts.iter().flat_map(|(key, host)| {
        let routes = host.routes.iter().chain(&host.default);
        routes.map(move |route| (key.to_string(), route))
    });
    let default = table.default_backend.iter().map(|route| ("*".to_owned(), route));
    hosts
        .chain(default)
        .filter_map(|(host, route)| match Engine::of(route) {
            Engine::Lane => None,
            Engine::General(cause) => Some(Exception {
                host,
                path: route.path.text.clone(),
                because: cause.as_str(),
            }),
        })
        .collect()
}

fn of_step(policy: &Policy) -> Option<Cause> {
    match policy {
        Policy::ErrorPage(_) => Some(Cause::ErrorPage),
        Policy::Snippet(snippet) if may_look_up_again(&snippet.statements) => Some(Cause::LooksUpAgain),
        _ => None,
    }
}

fn may_look_up_again(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.action {
        Action::Rewrite(rewrite) => matches!(rewrite.flag, RewriteFlag::Continue | RewriteFlag::Last),
        Action::If { body, .. } => may_look_up_again(body),
        _ => false,
    })
}

fn of_backend(route: &Route) -> Option<Cause> {
    let mut backend = route.backend.as_ref();
    while let Some(each) = backend {
        match each.protocol {
            Protocol::Http | Protocol::Same | Protocol::Https { verify: false } => {}
            Protocol::Https { verify: true } | Protocol::H2c | Protocol::H2 { .. } => {
                return Some(Cause::Http2Backend);
            }
        }
        backend = each.fallback.as_deref();
    }
    None
}
