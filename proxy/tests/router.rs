//! The router against its definition, over small universes of hosts, rules and oddly written paths.
//!
//! Called through `Tables`, as requests are. The definition is in `router/naive.rs`; what is drawn is in
//! `router/universe.rs`. What routes do is not looked at, only which one is found.

mod router {
    pub(crate) mod naive;
    pub(crate) mod universe;
}

use std::sync::Arc;

use ferrik_config::Table;
use ferrik_config::table::{Dialect, Entry, HostTable, PathKind, Route};
use ferrik_proxy::{Reason, Scheme, Tables};
use proptest::prelude::*;

use router::naive;
use router::universe::{self, GUARDS, Rule};

/// The rule that serves, by its name, or why there is none.
type Found = Result<String, Reason>;

fn published(table: &Table) -> Tables {
    let tables = Tables::default();
    tables.publish(Arc::new(table.clone()), Arc::default());
    tables
}

fn look_up(tables: &Tables, host: &str, path: &str, scheme: Scheme) -> Found {
    tables.look_up(host, path.as_bytes(), scheme, |found| {
        found.map(|source| source.field.clone())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_router_is_the_naive_matcher(
        table in universe::table(),
        requests in prop::collection::vec((universe::host(), universe::path(), universe::scheme()), 1..8),
    ) {
        let tables = published(&table);
        for (host, path, scheme) in requests {
            let expected = naive::find(&table, host, &path, scheme).map(|route| route.source.field.clone());
            prop_assert_eq!(look_up(&tables, host, &path, scheme), expected, "{} {} {:?}", host, path, scheme);
        }
    }

    #[test]
    fn the_forwarded_path_finds_the_same_route(
        table in universe::table(),
        requests in prop::collection::vec((universe::host(), universe::path(), universe::scheme()), 1..8),
    ) {
        let tables = published(&table);
        for (host, path, scheme) in requests {
            let Some(forwarded) = naive::forwarded(&path) else {
                prop_assert_eq!(look_up(&tables, host, &path, scheme), Err(Reason::BadTarget), "{}", path);
                continue;
            };
            let found = look_up(&tables, host, &path, scheme);
            prop_assert_eq!(look_up(&tables, host, &forwarded, scheme), found, "{} {}", path, forwarded);
        }
    }

    #[test]
    fn no_encoding_leads_past_a_guard(
        table in universe::table(),
        requests in prop::collection::vec((universe::host(), universe::path(), universe::scheme()), 1..8),
    ) {
        let tables = published(&table);
        for (host, path, scheme) in requests {
            let Some(forwarded) = naive::forwarded(&path) else { continue };
            let is_guarded = naive::readings(&forwarded).iter().any(|reading| {
                naive::lookup(&table, host, (reading, reading), scheme).is_ok_and(Route::guards)
            });
            if is_guarded && let Ok(rule) = look_up(&tables, host, &path, scheme) {
                prop_assert!(GUARDS.iter().any(|guard| rule.starts_with(guard)), "{} is served by {}", path, rule);
            }
        }
    }
}

fn host_table(rules: &[Rule], default: Option<Rule>, fall_through: bool) -> HostTable {
    HostTable {
        routes: rules.iter().map(universe::route).collect(),
        default: default.map(|rule| universe::route(&rule)),
        fall_through,
        owner: None,
    }
}

fn table<const N: usize>(hosts: [(&str, HostTable); N]) -> Table {
    let key = |text| ferrik_config::name::HostKey::parse(text).expect("a host");
    Table {
        hosts: hosts
            .into_iter()
            .map(|(host, routes)| (key(host), Arc::new(routes)))
            .collect(),
        ..Table::default()
    }
}

fn prefix(name: &'static str, text: &'static str, dialect: Dialect) -> Rule {
    Rule {
        name,
        kind: PathKind::Prefix,
        text,
        dialect,
        entry: Entry::Any,
    }
}

/// Asserts what serves a path of `a.x.test`.
fn assert_serves(table: &Table, path: &str, expected: Result<&str, Reason>) {
    let found = look_up(&published(table), "a.x.test", path, Scheme::Http);
    assert_eq!(found, expected.map(str::to_owned), "{path}");
}

#[test]
fn a_default_of_traefik_ranks_below_the_rules_of_every_host() {
    let traefik = |name, text| prefix(name, text, Dialect::Traefik);
    let table = table([
        (
            "a.x.test",
            host_table(&[traefik("own", "/own")], Some(traefik("default", "/")), true),
        ),
        (
            "*.x.test",
            host_table(&[traefik("wild", "/wild")], Some(traefik("other", "/")), true),
        ),
        ("", host_table(&[traefik("any", "/any")], None, true)),
    ]);
    for (path, rule) in [
        ("/own", "own"),
        ("/wild", "wild"),
        ("/any", "any"),
        ("/else", "default"),
    ] {
        assert_serves(&table, path, Ok(rule));
    }
}

#[test]
fn a_default_of_nginx_leaves_no_path_of_its_host_over() {
    let default = prefix("default", "/", Dialect::Nginx);
    let table = table([
        (
            "a.x.test",
            host_table(&[prefix("own", "/own", Dialect::Traefik)], Some(default), true),
        ),
        (
            "",
            host_table(&[prefix("any", "/any", Dialect::Traefik)], None, true),
        ),
    ]);
    assert_serves(&table, "/any", Ok("default"));
}

#[test]
fn a_route_of_another_dialect_does_not_hide_one_of_traefik_from_a_host_that_falls_through() {
    let rules = [
        prefix("kubernetes", "/a", Dialect::Kubernetes),
        prefix("traefik", "/", Dialect::Traefik),
    ];
    let table = table([
        (
            "a.x.test",
            host_table(&[prefix("own", "/own", Dialect::Traefik)], None, true),
        ),
        ("", host_table(&rules, None, true)),
    ]);
    assert_serves(&table, "/a", Ok("traefik"));
}

#[test]
fn a_guard_of_a_less_specific_host_is_not_passed_by_an_encoding() {
    let table = table([
        (
            "a.x.test",
            host_table(&[prefix("own", "/public", Dialect::Traefik)], None, true),
        ),
        (
            "",
            host_table(&[prefix("closed", "/admin", Dialect::Traefik)], None, true),
        ),
    ]);
    assert_serves(&table, "/public/x", Ok("own"));
    for path in [
        "/public/..;/admin",
        "/public/..%2fadmin",
        "/public%5c..;%2fx/admin",
    ] {
        assert_serves(&table, path, Ok("closed"));
    }
}

#[test]
fn a_host_without_a_usable_rule_is_known_all_the_same() {
    let any = host_table(&[prefix("any", "/", Dialect::Traefik)], None, true);
    let table = table([("a.x.test", HostTable::default()), ("", any)]);
    assert_serves(&table, "/", Err(Reason::NoPath));
}
