//! Tests of what is told, without an API.

use ferrik_config::name::Kind;
use ferrik_config::report::{Diagnostic, Reason};
use ferrik_config::translate::Translator;

use super::*;
use crate::replica::Replica;
use crate::source::kube::Facts;

const INGRESS: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: ns, annotations: {kubernetes.io/ingress.class: nginx, nginx.ingress.kubernetes.io/proxy-body-sizes: 1m}}
spec: {rules: [{host: a.example.org, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}
";

fn ingress() -> ObjectRef {
    ObjectRef::new(Kind::Ingress, "ns", "app")
}

/// What is served of the Ingress when it has this generation.
fn state(generation: i64) -> Published {
    state_of(INGRESS, generation)
}

fn state_of(text: &str, generation: i64) -> Published {
    let (documents, _) = crate::source::yaml::parse(std::path::Path::new("a.yaml"), text);
    let mut snapshot = ferrik_config::Snapshot::default();
    for document in &documents {
        let object = ferrik_config::snapshot::Object::read(&document.value).expect("an object");
        snapshot.insert(object);
    }
    let facts = Facts {
        uid: "u1".into(),
        generation,
        version: generation.to_string().into(),
        ..Facts::default()
    };
    Published {
        output: Some(Translator::full(
            ferrik_config::settings::Settings::default(),
            &snapshot,
        )),
        facts: [(ingress(), facts)].into_iter().collect(),
        ..Published::default()
    }
}

fn told(events: &mut Events, now: Instant) -> Vec<&'static str> {
    events.ripen(now);
    std::iter::from_fn(|| events.next(now))
        .map(|message| message.reason())
        .collect()
}

/// Replicas of these names that have seen these versions, and were heard of so long ago.
fn roll(replicas: &[(&str, u64, u64)]) -> Roll {
    let replicas = replicas.iter().map(|(name, seen, age)| Replica {
        name: (*name).to_owned(),
        seen: [("".into(), *seen)].into(),
        age: Duration::from_secs(*age),
        ..Replica::default()
    });
    Roll {
        replicas: replicas.collect(),
        ..Roll::default()
    }
}

#[test]
fn problems_are_told_once_and_what_stood_at_the_start_is_not_called_a_change() {
    let mut events = Events::new("pod".into());
    let now = Instant::now();
    events.take(&state(1), now);
    assert!(told(&mut events, now).is_empty(), "it may be gone in a moment");
    let now = now + MOMENT;
    assert_eq!(told(&mut events, now), ["AnnotationUnknown", "ServiceMissing"]);
    events.take(&state(1), now);
    events.take(&state(2), now);
    events.settle(Some(&roll(&[("a", 2, 0)])), now + MOMENT);
    assert_eq!(told(&mut events, now + MOMENT), ["Programmed"]);
}

#[test]
fn what_is_gone_after_a_moment_is_not_told() {
    let mut events = Events::new("pod".into());
    let now = Instant::now();
    let mut fixed = state(1);
    fixed.output.as_mut().expect("it is served").report = Arc::default();
    events.take(&state(1), now);
    events.take(&fixed, now + MOMENT / 2);
    assert!(told(&mut events, now + MOMENT).is_empty());
    // It is there again: a moment counts from then on.
    events.take(&state(1), now + MOMENT);
    assert!(told(&mut events, now + MOMENT).is_empty());
    events.ripen(now + MOMENT * 2);
    events.take(&fixed, now + MOMENT * 2);
    assert!(
        told(&mut events, now + MOMENT * 2).is_empty(),
        "gone while it waited to be told"
    );
}

#[test]
fn a_change_is_told_when_every_live_replica_has_seen_it_or_after_a_while() {
    let start = Instant::now();
    let note = |roll: Option<&Roll>, after: u64| {
        let mut events = Events::new("pod".into());
        events.take(&state(1), start);
        events.take(&state(2), start);
        events.settle(roll, start + Duration::from_secs(after));
        let message = events.next(start).filter(|message| !message.is_problem());
        message.map(|message| message.note().to_owned())
    };
    let one_behind = roll(&[("a", 2, 0), ("b", 1, 3)]);
    assert_eq!(note(Some(&one_behind), 9), None);
    assert_eq!(
        note(Some(&one_behind), 10).as_deref(),
        Some("generation 2 is served by 1/2 replicas; b has seen the cluster up to version 1 only")
    );
    assert_eq!(
        note(Some(&roll(&[("a", 2, 0), ("b", 3, 3)])), 0).as_deref(),
        Some("generation 2 is served by 2/2 replicas")
    );
    assert_eq!(
        note(Some(&roll(&[("a", 2, 0), ("b", 1, 40)])), 0).as_deref(),
        Some("generation 2 is served by 1/2 replicas; b has said nothing for 40 s"),
        "one that is gone is not waited for"
    );
    assert_eq!(note(None, 9), None);
    assert_eq!(note(None, 10).as_deref(), Some("generation 2 is served"));
}

#[test]
fn what_still_stands_is_told_again_before_it_is_forgotten() {
    let mut events = Events::new("pod".into());
    let now = Instant::now();
    events.take(&state(1), now);
    let now = now + MOMENT;
    assert_eq!(told(&mut events, now).len(), 2);
    events.refresh(now + REFRESH / 2);
    assert!(told(&mut events, now + REFRESH / 2).is_empty());
    events.refresh(now + REFRESH);
    assert_eq!(told(&mut events, now + REFRESH).len(), 2);
}

#[test]
fn many_problems_are_paced() {
    let mut events = Events::new("pod".into());
    let now = Instant::now();
    for number in 0..200 {
        let object = ObjectRef::new(Kind::Ingress, "ns", format!("app-{number}"));
        events
            .queue
            .push(Message::programmed(&object, &"u".into(), 1, "").into(), true);
    }
    let burst = usize::try_from(BURST).expect("small");
    assert_eq!(told(&mut events, now).len(), burst);
    assert_eq!(told(&mut events, now + PACE * 10).len(), 10);
}

#[test]
fn equal_problems_have_equal_names_and_long_ones_fit() {
    let diagnostic =
        Diagnostic::new(&ingress(), "spec", Reason::HostInvalid, "ä".repeat(2000)).fix("x".repeat(900));
    let (one, two) = (
        Message::problem(&diagnostic, &"u".into()),
        Message::problem(&diagnostic, &"u".into()),
    );
    assert_eq!(one, two);
    let short = Message::programmed(&ingress(), &"u".into(), 1, "");
    assert_eq!(
        short.name, "app.e314a33c0cfce80e",
        "every build finds the same name"
    );
    assert_ne!(one.name, Message::problem(&diagnostic, &"other".into()).name);
    let event = one.event("pod", Timestamp::UNIX_EPOCH);
    assert!(event.note.is_some_and(|note| note.len() <= 1024));
}

#[test]
fn of_an_object_with_thousands_of_problems_twenty_are_told_and_the_number_of_the_others() {
    let mut events = Events::new("pod".into());
    let now = Instant::now();
    let rules = "{host: 'no host'}, ".repeat(1000);
    let many = state_of(&INGRESS.replace("rules: [", &format!("rules: [{rules}")), 1);
    events.take(&many, now);
    let told = told(&mut events, now + MOMENT);
    assert_eq!(told.len(), MOST + 1);
    assert_eq!(told.last(), Some(&"MoreProblems"));
}
