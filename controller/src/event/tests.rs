//! Tests of what is told, without an API.

use ferrik_config::name::Kind;
use ferrik_config::report::{Diagnostic, Reason};
use ferrik_config::translate::Translator;

use super::*;
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
    let (documents, _) = crate::source::yaml::parse(std::path::Path::new("a.yaml"), INGRESS);
    let mut snapshot = ferrik_config::Snapshot::default();
    for document in &documents {
        let object = ferrik_config::snapshot::Object::read(&document.value).expect("an object");
        snapshot.insert(object);
    }
    let facts = Facts {
        uid: "u1".into(),
        generation,
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
    std::iter::from_fn(|| events.next(now))
        .map(|message| message.reason())
        .collect()
}

#[test]
fn problems_are_told_once_and_what_stood_at_the_start_is_not_called_a_change() {
    let mut events = Events::new("pod".into());
    let now = Instant::now();
    events.take(&state(1), now);
    assert_eq!(told(&mut events, now), ["AnnotationUnknown", "ServiceMissing"]);
    events.take(&state(1), now);
    assert!(told(&mut events, now).is_empty());
    events.take(&state(2), now);
    assert_eq!(told(&mut events, now), ["Programmed"]);
}

#[test]
fn what_still_stands_is_told_again_before_it_is_forgotten() {
    let mut events = Events::new("pod".into());
    let now = Instant::now();
    events.take(&state(1), now);
    told(&mut events, now);
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
        let diagnostic = Diagnostic::new(&object, "spec", Reason::HostInvalid, "no");
        events.push(Message::problem(&diagnostic, &"u".into()));
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
    assert_ne!(one.name, Message::problem(&diagnostic, &"other".into()).name);
    let event = one.event("pod", Timestamp::UNIX_EPOCH);
    assert!(event.note.is_some_and(|note| note.len() <= 1024));
}
