//! Tests of what the leader makes of Leases, without an API.

use std::time::UNIX_EPOCH;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;

use super::super::record::SEEN;
use super::*;

/// The Lease of a replica that renewed it this many seconds after 1970.
fn lease(name: &str, renewed: i64, seen: &str, address: &str) -> Lease {
    let annotations = [
        (SEEN, seen.to_owned()),
        (ADDRESSES, Address::write_all(&[Address::parse(address)])),
    ];
    Lease {
        metadata: ObjectMeta {
            name: Some(format!("ferrik-leader.{name}")),
            annotations: Some(annotations.map(|(name, value)| (name.to_owned(), value)).into()),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(name.to_owned()),
            renew_time: Some(MicroTime(Timestamp::from_second(renewed).expect("a moment"))),
            ..LeaseSpec::default()
        }),
    }
}

fn alive(roll: &Roll) -> Vec<&str> {
    let alive = roll.replicas.iter().filter(|replica| replica.is_alive());
    alive.map(|replica| replica.name.as_str()).collect()
}

fn texts(roll: &Roll) -> Vec<String> {
    let text = |address: &Address| match address {
        Address::Ip(ip) => ip.to_string(),
        Address::Host(name) => name.clone(),
    };
    roll.addresses.iter().map(text).collect()
}

/// Both clocks, this many seconds after the start.
fn at(start: Instant, seconds: u64) -> (Instant, SystemTime) {
    let after = Duration::from_secs(seconds);
    (start + after, UNIX_EPOCH + Duration::from_secs(1000) + after)
}

#[test]
fn a_replica_is_alive_while_it_renews_whatever_its_clock_says() {
    let start = Instant::now();
    let mut observer = Observer::new("a", start);
    let mut roll = |seconds, leases: &[Lease]| {
        let (now, time) = at(start, seconds);
        observer.take(leases, now, time)
    };
    // The clock of `b` is hours off.
    let first = roll(
        0,
        &[
            lease("a", 1000, "{}", "192.0.2.2"),
            lease("b", 9, "{}", "192.0.2.1"),
        ],
    );
    assert_eq!(alive(&first), ["a"]);
    let second = roll(
        5,
        &[
            lease("a", 1005, "{}", "192.0.2.2"),
            lease("b", 14, "{}", "192.0.2.1"),
        ],
    );
    assert_eq!(alive(&second), ["a", "b"], "it was seen to renew");
    assert_eq!(texts(&second), ["192.0.2.1", "192.0.2.2"], "sorted");
    let third = roll(
        20,
        &[
            lease("a", 1020, "{}", "192.0.2.2"),
            lease("b", 14, "{}", "192.0.2.1"),
        ],
    );
    assert_eq!(alive(&third), ["a"]);
    assert_eq!(texts(&third).len(), 2, "its address stands for a while");
    assert!(!third.is_settled);
    let last = roll(
        35,
        &[
            lease("a", 1035, "{}", "192.0.2.2"),
            lease("b", 14, "{}", "192.0.2.1"),
        ],
    );
    assert_eq!(texts(&last), ["192.0.2.2"]);
    assert!(last.is_settled);
}

#[test]
fn the_address_of_a_pod_that_is_replaced_stands() {
    let start = Instant::now();
    let mut observer = Observer::new("a", start);
    let (now, time) = at(start, 0);
    let mut ended = lease("b", 1000, "{}", "192.0.2.1");
    ended.spec.as_mut().expect("it has one").holder_identity = None;
    let first = observer.take(&[ended], now, time);
    assert!(first.replicas.is_empty(), "it says itself that it has ended");
    assert_eq!(texts(&first), ["192.0.2.1"]);
    let (now, time) = at(start, 29);
    assert_eq!(texts(&observer.take(&[], now, time)), ["192.0.2.1"]);
    let (now, time) = at(start, 30);
    assert!(texts(&observer.take(&[], now, time)).is_empty());
}

#[test]
fn a_replica_that_stalls_is_named_once_and_so_is_its_return() {
    let start = Instant::now();
    let mut observer = Observer::new("a", start);
    let mut judge = |seconds, a: &str, b: (i64, &str)| {
        let (now, time) = at(start, seconds);
        let renewed = 1000 + i64::try_from(seconds).expect("small");
        let leases = [
            lease("a", renewed, a, "192.0.2.2"),
            lease("b", b.0, b.1, "192.0.2.1"),
        ];
        let roll = observer.take(&leases, now, time);
        let news = observer.judge(&roll.replicas).into_iter();
        news.map(|(name, why)| format!("{name} {}", why.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let nothing: [&str; 0] = [];
    assert_eq!(judge(0, r#"{"":5}"#, (1000, r#"{"":5}"#)), nothing);
    assert_eq!(judge(5, r#"{"":9}"#, (1005, r#"{"":5}"#)), nothing);
    assert_eq!(
        judge(10, r#"{"":9}"#, (1010, r#"{"":5}"#)),
        nothing,
        "it has had five seconds"
    );
    assert_eq!(
        judge(15, r#"{"":9}"#, (1015, r#"{"":5}"#)),
        ["b has seen the cluster up to version 5 only"]
    );
    assert_eq!(
        judge(20, r#"{"":9}"#, (1020, r#"{"":5}"#)),
        nothing,
        "it was said"
    );
    assert_eq!(judge(25, r#"{"":9}"#, (1025, r#"{"":9}"#)), ["b "]);
    assert_eq!(judge(30, r#"{"":9}"#, (1025, r#"{"":9}"#)), nothing);
    assert_eq!(
        judge(40, r#"{"":9}"#, (1025, r#"{"":9}"#)),
        ["b has said nothing for 15 s"]
    );
}
