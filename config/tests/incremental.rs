//! Translating a change equals translating everything anew, and costs no more than what the change touches.
//!
//! The property walks through random histories of a small world in which everything can meet everything: the same few
//! hosts, Services, classes and Secrets again and again, inserted, replaced and removed.

#[path = "incremental/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ferrik_config::Snapshot;
use ferrik_config::name::{HostKey, Kind, ObjectRef};
use ferrik_config::report::Reason;
use ferrik_config::settings::Settings;
use ferrik_config::snapshot::Object;
use ferrik_config::table::Table;
use ferrik_config::translate::{Output, Rebuilt, Translator};
use proptest::prelude::*;
use serde_json::{Value, json};

use world::Change;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_update_equals_a_full_translation(
        settings in world::settings(),
        history in prop::collection::vec(prop::collection::vec(world::change(), 1..4), 1..24),
    ) {
        let mut world = World::default();
        let mut translator = Translator::new(settings.clone());
        for changes in history {
            let changed: Vec<ObjectRef> = changes.iter().filter_map(|change| world.apply(change)).collect();
            translator.update(&world.snapshot, changed);
            let (updated, full) = (translator.output(), Translator::full(settings.clone(), &world.anew()));
            prop_assert_eq!(&updated.table, &full.table, "table after {:#?}", changes);
            prop_assert_eq!(&updated.endpoints, &full.endpoints, "endpoints after {:#?}", changes);
            prop_assert_eq!(&updated.report, &full.report, "report after {:#?}", changes);
            prop_assert_eq!(&updated.wanted, &full.wanted, "certificates after {:#?}", changes);
        }
    }

    #[test]
    fn a_change_that_is_told_twice_or_for_nothing_changes_nothing(
        changes in prop::collection::vec(world::change(), 1..24),
    ) {
        let mut world = World::default();
        let mut translator = Translator::new(Settings::default());
        let changed: Vec<ObjectRef> = changes.iter().filter_map(|change| world.apply(change)).collect();
        translator.update(&world.snapshot, changed);
        let before = translator.output();
        let mut everything = world.snapshot.references();
        everything.push(ObjectRef::new(Kind::Ingress, "a", "never-there"));
        everything.push(ObjectRef::new(Kind::Service, "a", "never-there"));
        translator.update(&world.snapshot, everything);
        let after = translator.output();
        prop_assert_eq!(rebuilt_hosts(&before.table, &after.table), BTreeSet::new());
        prop_assert_eq!(&before.endpoints, &after.endpoints);
        prop_assert_eq!(&before.report, &after.report);
    }
}

/// A snapshot with a history, and the objects that are in it.
#[derive(Default)]
struct World {
    snapshot: Snapshot,
    objects: BTreeMap<ObjectRef, Value>,
}

impl World {
    /// Returns what changed, if anything did.
    fn apply(&mut self, change: &Change) -> Option<ObjectRef> {
        match change {
            Change::Insert(value) => {
                let object = read(value);
                self.objects.insert(object.reference(), value.clone());
                self.snapshot.insert(object)
            }
            Change::Remove(value) => {
                let reference = read(value).reference();
                self.objects.remove(&reference);
                self.snapshot.remove(&reference).then_some(reference)
            }
        }
    }

    /// A snapshot of the same objects without the history.
    fn anew(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for value in self.objects.values() {
            snapshot.insert(read(value));
        }
        snapshot
    }
}

fn read(value: &Value) -> Object {
    Object::read(value).unwrap_or_else(|error| panic!("{error:?}\n{value:#}"))
}

/// Hosts whose table is another `Arc` than before, or is there in one of the two only.
fn rebuilt_hosts(before: &Table, after: &Table) -> BTreeSet<HostKey> {
    let keys: BTreeSet<&HostKey> = before.hosts.keys().chain(after.hosts.keys()).collect();
    let is_same = |key: &HostKey| match (before.hosts.get(key), after.hosts.get(key)) {
        (Some(old), Some(new)) => Arc::ptr_eq(old, new),
        _ => false,
    };
    keys.into_iter().filter(|key| !is_same(key)).cloned().collect()
}

/// A cluster of so many Ingresses `i0`, `i1`, … with one host each, the first three of which have a certificate; every
/// tenth names no class.
struct Cluster {
    snapshot: Snapshot,
    translator: Translator,
    before: Output,
}

impl Cluster {
    fn new(size: usize) -> Self {
        let mut snapshot = Snapshot::default();
        for object in [
            class("nginx", false),
            service("http"),
            slice("10.0.0.1"),
            certificate("site"),
        ] {
            snapshot.insert(read(&object));
        }
        for number in 0..size {
            snapshot.insert(read(&ingress(number, &format!("h{number}.example.org"))));
        }
        let mut translator = Translator::new(Settings::default());
        translator.update(&snapshot, snapshot.references());
        let before = translator.output();
        Self {
            snapshot,
            translator,
            before,
        }
    }

    /// What inserting the object rebuilds, and which host tables are others than before.
    fn insert(&mut self, object: &Value) -> (Rebuilt, BTreeSet<String>) {
        let changed = self.snapshot.insert(read(object));
        let rebuilt = self.translator.update(&self.snapshot, changed);
        let after = self.translator.output();
        let hosts = rebuilt_hosts(&self.before.table, &after.table);
        self.before = after;
        (rebuilt, hosts.iter().map(HostKey::to_string).collect())
    }
}

fn class(name: &str, is_default: bool) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": name, "annotations": {"ingressclass.kubernetes.io/is-default-class": is_default.to_string()}},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    })
}

fn service(port_name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "a", "name": "web"},
        "spec": {"ports": [{"name": port_name, "port": 80}]},
    })
}

fn slice(address: &str) -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"namespace": "a", "name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "ports": [{"name": "http", "port": 8080}], "endpoints": [{"addresses": [address]}],
    })
}

fn certificate(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "a", "name": "certificate"},
        "stringData": world::certificate(name),
    })
}

fn ingress(number: usize, host: &str) -> Value {
    let mut ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"namespace": "a", "name": format!("i{number}")},
        "spec": {"rules": [{"host": host, "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}},
        ]}}]},
    });
    if number % 10 != 9 {
        ingress["spec"]["ingressClassName"] = "nginx".into();
    }
    if number < 3 {
        ingress["spec"]["tls"] = json!([{"hosts": [host], "secretName": "certificate"}]);
    }
    ingress
}

fn rebuilt(fragments: usize, hosts: usize, endpoints: usize) -> Rebuilt {
    Rebuilt {
        fragments,
        hosts,
        endpoints,
    }
}

fn names(hosts: &[&str]) -> BTreeSet<String> {
    hosts.iter().map(|host| (*host).to_owned()).collect()
}

#[test]
fn one_ingress_among_thousands_rebuilds_one_host() {
    let mut cluster = Cluster::new(2000);
    let added = cluster.insert(&ingress(5000, "new.example.org"));
    assert_eq!(added, (rebuilt(1, 1, 1), names(&["new.example.org"])));
    let moved = cluster.insert(&ingress(5000, "newer.example.org"));
    assert_eq!(
        moved,
        (rebuilt(1, 2, 1), names(&["new.example.org", "newer.example.org"]))
    );
    let shared = cluster.insert(&ingress(5000, "h4.example.org"));
    assert_eq!(
        shared.0,
        rebuilt(1, 2, 1),
        "the host that it leaves, and the one where it loses"
    );
    assert_eq!(
        shared.1,
        names(&["newer.example.org"]),
        "the older rule is served as before"
    );
}

#[test]
fn a_slice_rebuilds_one_set_of_endpoints_and_no_route() {
    let mut cluster = Cluster::new(20);
    assert_eq!(cluster.insert(&slice("10.0.0.2")), (rebuilt(0, 0, 1), names(&[])));
    assert_eq!(
        cluster.insert(&slice("10.0.0.2")),
        (rebuilt(0, 0, 0), names(&[])),
        "nothing changed"
    );
}

#[test]
fn a_secret_rebuilds_its_readers() {
    let mut cluster = Cluster::new(200);
    let (rebuilt_by_secret, hosts) = cluster.insert(&certificate("wild"));
    assert_eq!(rebuilt_by_secret, rebuilt(3, 3, 1));
    assert_eq!(hosts, names(&[]), "the certificate is no part of the routes");
    let covered: Vec<&HostKey> = cluster.before.table.tls.keys().collect();
    assert_eq!(covered.len(), 3, "the new one covers them");
}

#[test]
fn a_service_rebuilds_its_readers_and_spares_the_hosts_that_come_out_the_same() {
    let mut cluster = Cluster::new(20);
    assert_eq!(cluster.insert(&service("web")), (rebuilt(18, 18, 1), names(&[])));
}

#[test]
fn a_default_class_rebuilds_what_names_no_class() {
    let mut cluster = Cluster::new(20);
    let (rebuilt_by_class, hosts) = cluster.insert(&class("other", true));
    assert_eq!(rebuilt_by_class, rebuilt(2, 2, 1));
    assert_eq!(hosts, names(&["h19.example.org", "h9.example.org"]));
}

#[test]
fn tls_of_a_wildcard_rebuilds_the_hosts_that_it_covers() {
    let mut cluster = Cluster::new(5);
    cluster.insert(&ingress(100, "other.example.net"));
    let mut wildcard = ingress(101, "*.example.org");
    wildcard["spec"]["tls"] = json!([{"hosts": ["*.example.org"]}]);
    let (rebuilt_by_wildcard, hosts) = cluster.insert(&wildcard);
    assert_eq!(rebuilt_by_wildcard, rebuilt(1, 6, 1));
    assert_eq!(
        hosts,
        names(&["*.example.org", "h3.example.org", "h4.example.org"]),
        "now they redirect to https too"
    );
}

#[test]
fn a_reference_grant_rebuilds_those_who_refer_into_its_namespace() {
    let mut cluster = Cluster::new(200);
    for (number, secret) in [(300, "vault/users"), (301, "safe/users"), (302, "users")] {
        let mut guarded = ingress(number, &format!("h{number}.example.org"));
        guarded["metadata"]["annotations"] = json!({
            "nginx.ingress.kubernetes.io/auth-type": "basic", "nginx.ingress.kubernetes.io/auth-secret": secret,
        });
        cluster.insert(&guarded);
    }
    cluster.insert(&json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "vault", "name": "users"},
        "stringData": {"auth": "alice:{SHA}none"},
    }));
    let secret = ObjectRef::new(Kind::Secret, "vault", "users");
    let wants = |cluster: &Cluster| cluster.translator.wanted(Kind::Secret).any(|it| it == secret);
    assert!(!wants(&cluster), "what may not be used is not asked for");
    let mut grant = json!({
        "apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
        "metadata": {"namespace": "vault", "name": "g"},
        "spec": {
            "from": [{"group": "networking.k8s.io", "kind": "Ingress", "namespace": "a"}],
            "to": [{"group": "", "kind": "Secret"}],
        },
    });
    let opened = (rebuilt(1, 1, 1), names(&["h300.example.org"]));
    assert_eq!(cluster.insert(&grant), opened);
    assert!(wants(&cluster), "now it is");
    grant["spec"]["from"][0]["namespace"] = "b".into();
    assert_eq!(cluster.insert(&grant), opened, "what is withdrawn closes");
    assert!(!wants(&cluster));
    let report = cluster.before.report.clone();
    let closed = report.of(&ObjectRef::new(Kind::Ingress, "a", "i300"));
    assert!(
        closed.iter().any(|it| it.reason == Reason::ReferenceRefused),
        "{closed:?}"
    );
}
