//! The order in which the routes of one host are tried.
//!
//! Kubernetes: Exact before Prefix, longer before shorter. Patterns stand among the prefixes by the length of their text,
//! as in ingress-nginx (longest first, ties in reverse alphabetical order). Traefik's explicit priority moves a route
//! among the others, whose priority there is the length of the rule's text. Paths of ACME challenges come before all.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::table::{PathKind, Route};

/// Sorts the routes of one host into the order of precedence. Stable: of equals the older object's comes first.
pub(super) fn sort(routes: &mut Vec<Arc<Route>>) {
    routes.sort_by(|a, b| natural(a).cmp(&natural(b)));
    if routes.iter().all(|route| route.priority.is_none()) {
        return;
    }
    // An authority's question is for its solver, whatever anybody else's priority is.
    let solvers = routes.iter().take_while(|route| route.is_challenge()).count();
    let mut rest = routes.split_off(solvers);
    let (explicit, rest): (Vec<_>, Vec<_>) = rest.drain(..).partition(|route| route.priority.is_some());
    // The natural order stays as it is, so a route counts at least as much as any that stands behind it.
    let mut ranks: Vec<i64> = rest.iter().map(|route| rule_length(route)).collect();
    for at in (0..ranks.len().saturating_sub(1)).rev() {
        ranks[at] = ranks[at].max(ranks[at + 1]);
    }
    let mut all: Vec<(i64, Arc<Route>)> = ranks.into_iter().zip(rest).collect();
    all.extend(
        explicit
            .into_iter()
            .map(|route| (route.priority.unwrap_or_default(), route)),
    );
    all.sort_by_key(|(rank, route)| (Reverse(*rank), route.priority.is_none()));
    routes.extend(all.into_iter().map(|(_, route)| route));
}

fn natural(route: &Route) -> (bool, bool, Reverse<usize>, PathKind, Reverse<&str>) {
    let path = &route.path;
    (
        !route.is_challenge(),
        path.kind != PathKind::Exact,
        Reverse(path.text.len()),
        path.kind,
        Reverse(path.text.as_str()),
    )
}

/// What Traefik computes for a router without a priority: the length of its rule. The host is the same for all routes of
/// one host, so only the path's part counts here, beside a typical host's.
fn rule_length(route: &Route) -> i64 {
    const HOST: usize = "Host(`www.example.org`) && ".len();
    let matcher = match route.path.kind {
        PathKind::Exact => "Path(``)",
        PathKind::Prefix | PathKind::StartsWith => "PathPrefix(``)",
        PathKind::Pattern => "PathRegexp(``)",
    };
    i64::try_from(HOST + matcher.len() + route.path.text.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Kind, ObjectRef};
    use crate::policy::Source;
    use crate::table::{Dialect, Entry, PathRule};

    fn route(kind: PathKind, text: &str, priority: Option<i64>) -> Arc<Route> {
        Arc::new(Route {
            path: PathRule {
                kind,
                text: text.to_owned(),
                pattern: None,
            },
            entry: Entry::Any,
            dialect: Dialect::Traefik,
            source: Source {
                object: ObjectRef::new(Kind::Ingress, "a", "b"),
                field: String::new(),
            },
            steps: Vec::new(),
            backend: None,
            priority,
        })
    }

    fn check(routes: &[(PathKind, &str, Option<i64>)], expected: &[&str]) {
        let mut sorted: Vec<_> = routes
            .iter()
            .map(|(kind, text, priority)| route(*kind, text, *priority))
            .collect();
        sort(&mut sorted);
        let texts: Vec<&str> = sorted.iter().map(|route| route.path.text.as_str()).collect();
        assert_eq!(texts, expected, "{routes:?}");
    }

    #[test]
    fn exact_comes_before_longer_prefixes_and_longer_before_shorter() {
        use PathKind::{Exact, Pattern, Prefix};
        check(
            &[(Prefix, "/", None), (Prefix, "/long", None), (Exact, "/a", None)],
            &["/a", "/long", "/"],
        );
        check(
            &[
                (Pattern, "/a.*", None),
                (Prefix, "/a", None),
                (Pattern, "/aaaa", None),
            ],
            &["/aaaa", "/a.*", "/a"],
        );
    }

    #[test]
    fn a_priority_moves_its_route_and_no_other() {
        use PathKind::{Exact, Prefix};
        let plain = [(Exact, "/e", None), (Prefix, "/long", None), (Prefix, "/", None)];
        let with = |priority| [&plain[..], &[(Prefix, "/p", Some(priority))]].concat();
        check(&with(1), &["/e", "/long", "/", "/p"]);
        check(&with(1000), &["/p", "/e", "/long", "/"]);
        check(&with(-1), &["/e", "/long", "/", "/p"]);
        check(&[(Prefix, "/a", Some(2)), (Prefix, "/b", Some(3))], &["/b", "/a"]);
    }

    #[test]
    fn the_path_of_a_challenge_comes_first() {
        use PathKind::{Exact, Prefix};
        let path = "/.well-known/acme-challenge/t";
        check(
            &[
                (Prefix, "/", Some(10_000)),
                (Exact, "/a", None),
                (Exact, path, None),
            ],
            &[path, "/", "/a"],
        );
    }

    #[test]
    fn of_equals_the_first_stays_first() {
        let routes = [
            route(PathKind::Prefix, "/a", None),
            route(PathKind::Prefix, "/a", None),
        ];
        let mut sorted = routes.to_vec();
        sort(&mut sorted);
        assert!(Arc::ptr_eq(&sorted[0], &routes[0]));
    }
}
