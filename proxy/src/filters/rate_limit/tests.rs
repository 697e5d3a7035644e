//! Limits by source, across tables, and what refusals say.

use ferrik_config::name::{Kind, ObjectRef};
use ferrik_config::policy::{HeaderName as Name, Policy, RateLimit, Source as Place};
use ferrik_config::table::{self, Dialect, PathKind, PathRule};

use super::*;
use crate::filters::testing::Case;
use crate::lasting::Lasting;
use crate::observe::StatsRegistry;
use crate::upstream::Cells;

const CLIENT: RateKey = RateKey::Client {
    depth: 0,
    ipv6_prefix: None,
};

/// One request in an hour, so that no test waits for the next.
fn hourly(name: &str, key: RateKey, mode: RateMode) -> RateLimit {
    let (status, burst) = match mode {
        RateMode::LeakyBucket => (503, 0),
        RateMode::TokenBucket => (429, 1),
    };
    RateLimit {
        name: name.into(),
        scope: RateScope::Shared,
        count: 1,
        period_ms: 3_600_000,
        burst,
        key,
        mode,
        status,
        exempt: Vec::new(),
    }
}

fn case(limit: &RateLimit) -> Case {
    Case::policy(Policy::RateLimit(limit.clone()))
}

fn status(case: Case, lasting: &Lasting) -> Option<u16> {
    case.run_with(lasting).status()
}

#[test]
fn a_new_table_resets_no_limit() {
    for (mode, refused) in [(RateMode::LeakyBucket, 503), (RateMode::TokenBucket, 429)] {
        for scope in [RateScope::Shared, RateScope::Route] {
            let lasting = Lasting::default();
            let limit = RateLimit {
                scope,
                ..hourly("ns/app", CLIENT, mode)
            };
            // Each run compiles a table of its own.
            assert_eq!(status(case(&limit), &lasting), None);
            assert_eq!(status(case(&limit), &lasting), Some(refused));
            let raised = RateLimit {
                burst: limit.burst + 2,
                ..limit.clone()
            };
            for expected in [None, None, Some(refused)] {
                assert_eq!(status(case(&raised), &lasting), expected, "{mode:?} {scope:?}");
            }
        }
    }
}

#[test]
fn exempt_networks_are_not_counted() {
    let lasting = Lasting::default();
    let limit = RateLimit {
        exempt: vec!["192.0.2.0/24".parse().expect("a network")],
        ..hourly("ns/app", RateKey::Host, RateMode::LeakyBucket)
    };
    for client in ["192.0.2.7", "192.0.2.7", "::ffff:192.0.2.8"] {
        assert_eq!(status(case(&limit).client(client), &lasting), None, "{client}");
    }
    assert_eq!(status(case(&limit).client("198.51.100.1"), &lasting), None);
    assert_eq!(status(case(&limit).client("198.51.100.1"), &lasting), Some(503));
}

#[test]
fn names_and_scopes_are_counted_apart() {
    let lasting = Lasting::default();
    let shared = hourly("ns/a", CLIENT, RateMode::LeakyBucket);
    let other_name = hourly("ns/b", CLIENT, RateMode::LeakyBucket);
    let other_scope = RateLimit {
        scope: RateScope::Route,
        ..shared.clone()
    };
    for limit in [&shared, &other_name, &other_scope] {
        assert_eq!(status(case(limit), &lasting), None);
        assert_eq!(status(case(limit), &lasting), Some(503));
    }
}

#[test]
fn sources_are_told_apart_by_what_the_policy_says() {
    let name = Name::parse("X-Tenant").expect("a name");
    let client = |ipv6_prefix| RateKey::Client {
        depth: 0,
        ipv6_prefix,
    };
    let from = |address: &'static str| move |case: Case| case.client(address);
    let tenant = |value: &'static str| move |case: Case| case.field("x-tenant", value);
    let check = |key: RateKey, first: &dyn Fn(Case) -> Case, second: &dyn Fn(Case) -> Case, same: bool| {
        let (lasting, limit) = (Lasting::default(), hourly("n", key, RateMode::LeakyBucket));
        assert_eq!(status(first(case(&limit)), &lasting), None);
        assert_eq!(
            status(second(case(&limit)), &lasting).is_some(),
            same,
            "{:?}",
            limit.key
        );
    };
    check(CLIENT, &from("192.0.2.1"), &from("192.0.2.1"), true);
    check(CLIENT, &from("192.0.2.1"), &from("192.0.2.2"), false);
    check(CLIENT, &from("192.0.2.1"), &from("::ffff:192.0.2.1"), true);
    check(CLIENT, &from("2001:db8::1"), &from("2001:db8::2"), false);
    check(client(Some(64)), &from("2001:db8::1"), &from("2001:db8::2"), true);
    check(
        client(Some(64)),
        &from("2001:db8::1"),
        &from("2001:db8:0:1::1"),
        false,
    );
    check(client(Some(64)), &from("192.0.2.1"), &from("192.0.2.2"), false);
    check(
        client(Some(128)),
        &from("2001:db8::1"),
        &from("2001:db8::2"),
        false,
    );
    check(RateKey::Header(name.clone()), &tenant("a"), &tenant("a"), true);
    check(RateKey::Header(name.clone()), &tenant("a"), &tenant("b"), false);
    check(RateKey::Header(name.clone()), &|case| case, &|case| case, true);
    check(RateKey::Header(name), &|case| case, &tenant(""), false);
    check(RateKey::Host, &from("192.0.2.1"), &from("192.0.2.2"), true);
}

#[test]
fn the_list_of_a_client_that_nobody_vouches_for_does_not_count() {
    let lasting = Lasting::default();
    let limit = hourly(
        "n",
        RateKey::Client {
            depth: 1,
            ipv6_prefix: None,
        },
        RateMode::TokenBucket,
    );
    assert_eq!(
        status(case(&limit).field("x-forwarded-for", "198.51.100.1"), &lasting),
        None
    );
    assert_eq!(
        status(case(&limit).field("x-forwarded-for", "198.51.100.2"), &lasting),
        Some(429)
    );
}

#[test]
fn forwarded_addresses_are_counted_from_the_right() {
    let mut head = http::HeaderMap::new();
    for line in ["198.51.100.1, 2001:db8::1", " 198.51.100.2 ,unknown,"] {
        http::HeaderMap::append(&mut head, FORWARDED_FOR.clone(), line.parse().expect("a value"));
    }
    let sources = Sources::new();
    let mask = u128::MAX << 64;
    let text = |text: &'static str| Source::Text(text.as_bytes());
    let address = |text: &str| Source::Address(text.parse().expect("an address"));
    for (depth, source) in [
        (1, text("")),
        (2, text("unknown")),
        (3, address("198.51.100.2")),
        (4, address("2001:db8::")),
        (5, address("198.51.100.1")),
        (6, Source::Unknown),
        (usize::MAX, Source::Unknown),
    ] {
        assert_eq!(
            sources.id(forwarded(&head, depth, mask)),
            sources.id(source),
            "{depth}"
        );
    }
}

#[test]
fn a_route_is_the_same_in_the_next_table_and_another_one_is_not() {
    let route = |field: &str, path: &str| {
        let (cells, stats, lasting) = (Cells::default(), StatsRegistry::default(), Lasting::default());
        let object = ObjectRef::new(Kind::Ingress, "ns", "app");
        let route = table::Route {
            path: PathRule {
                kind: PathKind::Prefix,
                text: path.into(),
                pattern: None,
            },
            entry: table::Entry::Any,
            dialect: Dialect::Traefik,
            source: Place {
                object,
                field: field.into(),
            },
            steps: Vec::new(),
            backend: None,
            priority: None,
        };
        Route::compile(
            &route.into(),
            &mut Context {
                cells: &cells,
                lasting: &lasting,
                stats: &stats,
            },
        )
    };
    let sources = Sources::new();
    let first = identity(&route("spec.rules[0]", "/a"), &sources);
    assert_eq!(identity(&route("spec.rules[0]", "/a"), &sources), first);
    assert_ne!(identity(&route("spec.rules[0]", "/b"), &sources), first);
    assert_ne!(identity(&route("spec.rules[1]", "/a"), &sources), first);
}

#[test]
fn refusals_speak_as_the_original_does() {
    for (mode, names) in [
        (RateMode::LeakyBucket, &[][..]),
        (RateMode::TokenBucket, &["retry-after", "x-retry-in"]),
    ] {
        let (lasting, limit) = (Lasting::default(), hourly("n", CLIENT, mode));
        assert_eq!(status(case(&limit), &lasting), None);
        let reply = case(&limit).run_with(&lasting).reply.expect("refused");
        assert_eq!(
            (reply.status, reply.reason),
            (limit.status, Reason::TooManyRequests)
        );
        assert_eq!(
            reply
                .fields
                .iter()
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>(),
            names
        );
        for (_, value) in reply.fields.iter().filter(|(name, _)| *name == RETRY_AFTER) {
            let seconds: u64 = value.to_str().expect("ASCII").parse().expect("a number");
            assert!((1..=3600).contains(&seconds), "{seconds}");
        }
    }
}

#[test]
fn whole_seconds_are_rounded_up() {
    let lasting = Lasting::default();
    let (cells, stats) = (Cells::default(), StatsRegistry::default());
    let context = Context {
        cells: &cells,
        lasting: &lasting,
        stats: &stats,
    };
    let filter = super::RateLimit::compile(&hourly("n", CLIENT, RateMode::TokenBucket), &context);
    for (nanos, after, within) in [
        (600_000_000, "1", "600ms"),
        (2_000_000_000, "2", "2s"),
        (2_000_000_001, "3", "2.000000001s"),
    ] {
        let fields = filter.refusal(Duration::from_nanos(nanos)).fields;
        assert_eq!(
            fields
                .iter()
                .map(|(_, value)| value.to_str().expect("ASCII"))
                .collect::<Vec<_>>(),
            [after, within]
        );
    }
}

#[test]
fn durations_are_written_as_go_does() {
    for (nanos, text) in [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1us"),
        (2_200_000, "2.2ms"),
        (51_000_000, "51ms"),
        (500_000_001, "500.000001ms"),
        (3_300_000_000, "3.3s"),
        (10_000_000_000, "10s"),
        (245_000_000_000, "4m5s"),
        (245_001_000_000, "4m5.001s"),
        (60_000_000_000, "1m0s"),
        (3_600_000_000_000, "1h0m0s"),
        (18_367_001_000_000, "5h6m7.001s"),
    ] {
        assert_eq!(go_duration(Duration::from_nanos(nanos)), text);
    }
}
