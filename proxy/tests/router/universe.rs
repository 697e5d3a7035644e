//! Small universes: few hosts, few rules, and paths put together from the pieces that are read in several ways.
//!
//! Everything collides often. A rule's name begins with its guard, so that a name says whether it guards.

use std::sync::Arc;

use ferrik_config::Table;
use ferrik_config::name::{HostKey, Kind, ObjectRef};
use ferrik_config::policy::{Closed, IpAccess, Pattern, Policy, Source, Step};
use ferrik_config::table::{Dialect, Entry, HostTable, PathKind, PathRule, Route};
use ferrik_proxy::Scheme;
use proptest::prelude::*;
use proptest::sample::select;

/// How the names of rules that guard begin: one guard refuses everything, the other judges addresses.
pub(crate) const GUARDS: [&str; 2] = ["closed", "address"];

const TEXTS: [&str; 9] = ["/", "/a", "/a/b", "/b", "/b/a", "/ab", "/a@b", "/a%2Fb", "/a/b/"];
const PATTERNS: [&str; 4] = ["^/a", "^/b(/|$)", "b$", "^/A/B"];
const PIECES: [&str; 27] = [
    "/", "/", "/", "/a", "/b", "a", "b", "ab", ".", "..", "/..", "/../", "%2e%2e", "%2E", "%2f", "%2F",
    "%61", "%40", "@", ";", ";a", "%3b", "\\", "%5c", "%25", "%252e", "%252f",
];

/// A rule in short.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) kind: PathKind,
    pub(crate) text: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) entry: Entry,
}

/// The route that a rule becomes.
pub(crate) fn route(rule: &Rule) -> Arc<Route> {
    named(rule, rule.name.to_owned())
}

fn named(rule: &Rule, name: String) -> Arc<Route> {
    let source = Source {
        object: ObjectRef::new(Kind::Ingress, "ns", "app"),
        field: name,
    };
    let policy = match rule.name {
        "closed" => Some(Policy::Closed(Closed)),
        "address" => Some(Policy::IpAccess(IpAccess {
            allow: Some(Vec::new()),
            ..IpAccess::default()
        })),
        _ => None,
    };
    let steps = policy.map(|policy| Step {
        policy,
        source: source.clone(),
    });
    let is_pattern = rule.kind == PathKind::Pattern;
    Arc::new(Route {
        path: PathRule {
            kind: rule.kind,
            text: rule.text.to_owned(),
            pattern: is_pattern.then(|| Pattern::parse(rule.text, true).expect("a pattern")),
        },
        entry: rule.entry,
        dialect: rule.dialect,
        source,
        steps: steps.into_iter().collect(),
        backend: None,
        priority: None,
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let path = prop_oneof![
        2 => select(&TEXTS[..]).prop_map(|text| (PathKind::Exact, text)),
        4 => select(&TEXTS[..8]).prop_map(|text| (PathKind::Prefix, text)),
        2 => select(&TEXTS[..]).prop_map(|text| (PathKind::StartsWith, text)),
        2 => select(&PATTERNS[..]).prop_map(|text| (PathKind::Pattern, text)),
    ];
    let entry = prop_oneof![4 => Just(Entry::Any), 1 => Just(Entry::Http), 1 => Just(Entry::Https)];
    let name = prop_oneof![3 => Just("open"), 1 => Just(GUARDS[0]), 1 => Just(GUARDS[1])];
    (path, dialect(), entry, name).prop_map(|((kind, text), dialect, entry, name)| Rule {
        name,
        kind,
        text,
        dialect,
        entry,
    })
}

fn dialect() -> impl Strategy<Value = Dialect> {
    select(
        &[
            Dialect::Kubernetes,
            Dialect::Nginx,
            Dialect::Traefik,
            Dialect::Traefik,
        ][..],
    )
}

fn default() -> impl Strategy<Value = Rule> {
    rule().prop_map(|rule| Rule {
        kind: PathKind::Prefix,
        text: "/",
        ..rule
    })
}

type HostRules = (Vec<Rule>, Option<Rule>, bool);

fn host_rules() -> impl Strategy<Value = HostRules> {
    (
        prop::collection::vec(rule(), 0..5),
        prop::option::weighted(0.3, default()),
        any::<bool>(),
    )
}

/// Any number of the hosts that there are, each with a few rules.
pub(crate) fn table() -> impl Strategy<Value = Table> {
    let host = || prop::option::weighted(0.7, host_rules());
    ([host(), host(), host()], prop::option::weighted(0.2, default())).prop_map(|(hosts, default)| {
        let mut table = Table {
            default_backend: default.map(|rule| named(&rule, format!("{} of all", rule.name))),
            ..Table::default()
        };
        for (key, rules) in ["a.x.test", "*.x.test", ""].into_iter().zip(hosts) {
            let Some((rules, default, fall_through)) = rules else {
                continue;
            };
            let name = |rule: &Rule, at: &str| named(rule, format!("{} {at} of `{key}`", rule.name));
            let host = HostTable {
                routes: rules
                    .iter()
                    .enumerate()
                    .map(|(at, rule)| name(rule, &at.to_string()))
                    .collect(),
                default: default.map(|rule| name(&rule, "default")),
                fall_through,
                owner: None,
            };
            table
                .hosts
                .insert(HostKey::parse(key).expect("a host"), Arc::new(host));
        }
        table
    })
}

/// Names that the hosts of the table know, nearly know and do not know.
pub(crate) fn host() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "a.x.test",
            "a.x.test",
            "b.x.test",
            "b.a.x.test",
            "x.test",
            "other",
        ][..],
    )
}

pub(crate) fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&PIECES[..]), 0..9).prop_map(|pieces| format!("/{}", pieces.concat()))
}

pub(crate) fn scheme() -> impl Strategy<Value = Scheme> {
    select(&[Scheme::Http, Scheme::Https][..])
}
