//! What the translator remembers: fragments, who reads what, who shares in which host, who uses which port.
//!
//! Pure bookkeeping for [`super::Translator`]; it knows no semantics of Ingress or annotations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fragment::{Fragment, HostShare};
use super::reader::Read;
use crate::Snapshot;
use crate::name::{HostKey, Kind, ObjectRef, PortRef, ServicePort};
use crate::report::Diagnostic;

/// Fragments and the relations between them.
#[derive(Debug, Default)]
pub(super) struct Index {
    fragments: BTreeMap<ObjectRef, Fragment>,
    readers: BTreeMap<Read, BTreeSet<ObjectRef>>,
    sharers: BTreeMap<HostKey, BTreeSet<ObjectRef>>,
    ports: BTreeMap<ServicePort, usize>,
    kept_port: Option<ServicePort>,
    slice_services: BTreeMap<ObjectRef, Arc<str>>,
    /// By the object that a diagnostic is about: the Ingresses that found it. A Service may be at fault, too.
    reporters: BTreeMap<ObjectRef, BTreeSet<ObjectRef>>,
    standalone: BTreeMap<ObjectRef, Vec<Diagnostic>>,
    host_diagnostics: BTreeMap<HostKey, Vec<Diagnostic>>,
    hosts_reporting: BTreeMap<ObjectRef, BTreeSet<HostKey>>,
}

/// What replacing a fragment touches.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) hosts: BTreeSet<HostKey>,
    pub(super) ports: BTreeSet<ServicePort>,
    pub(super) reported: BTreeSet<ObjectRef>,
}

impl Index {
    /// The Ingresses that must be translated again when these objects change.
    pub(super) fn dependents(&self, changed: &BTreeSet<ObjectRef>) -> BTreeSet<ObjectRef> {
        let mut result: BTreeSet<ObjectRef> = changed
            .iter()
            .filter(|object| object.kind == Kind::Ingress)
            .cloned()
            .collect();
        for object in changed {
            let reads = [
                Read::Object(object.clone()),
                Read::Guess(object.clone()),
                Read::In(object.kind, object.namespace.clone()),
                Read::Kind(object.kind),
            ];
            for read in reads {
                result.extend(self.readers.get(&read).into_iter().flatten().cloned());
            }
        }
        result
    }

    /// Puts a fragment in the place of the one before; `None` removes it.
    pub(super) fn replace(&mut self, object: &ObjectRef, fragment: Option<Fragment>) -> Change {
        let mut change = Change::default();
        if let Some(old) = self.fragments.remove(object) {
            for read in &*old.reads {
                remove(&mut self.readers, read, object);
            }
            for host in old.hosts.keys() {
                remove(&mut self.sharers, host, object);
            }
            for port in &*old.ports {
                self.release(port);
            }
            for diagnostic in &old.diagnostics {
                remove(&mut self.reporters, &diagnostic.object, object);
            }
            change.note(&old);
        }
        if let Some(new) = fragment {
            for read in &*new.reads {
                self.readers
                    .entry(read.clone())
                    .or_default()
                    .insert(object.clone());
            }
            for host in new.hosts.keys() {
                self.sharers
                    .entry(host.clone())
                    .or_default()
                    .insert(object.clone());
            }
            for port in &*new.ports {
                *self.ports.entry(port.clone()).or_default() += 1;
            }
            for diagnostic in &new.diagnostics {
                self.reporters
                    .entry(diagnostic.object.clone())
                    .or_default()
                    .insert(object.clone());
            }
            change.note(&new);
            self.fragments.insert(object.clone(), new);
        }
        change
    }

    /// The hosts themselves, their aliases, and, below a wildcard, the hosts that it covers.
    pub(super) fn with_dependents(&self, hosts: BTreeSet<HostKey>) -> BTreeSet<HostKey> {
        let mut result = hosts;
        let wildcards: Vec<HostKey> = result
            .iter()
            .filter(|host| matches!(host, HostKey::Wildcard(_)))
            .cloned()
            .collect();
        if !wildcards.is_empty() {
            let covered =
                |host: &&HostKey| host.covering_wildcard().is_some_and(|it| wildcards.contains(&it));
            let covered: Vec<HostKey> = self.sharers.keys().filter(covered).cloned().collect();
            result.extend(covered);
        }
        let aliases: Vec<HostKey> = result
            .iter()
            .flat_map(|host| self.shares(host))
            .flat_map(|(_, _, share)| share.aliases.iter().cloned())
            .collect();
        result.extend(aliases);
        result
    }

    /// The Ingresses that share in a host.
    pub(super) fn sharers(&self, host: &HostKey) -> &BTreeSet<ObjectRef> {
        static NONE: BTreeSet<ObjectRef> = BTreeSet::new();
        self.sharers.get(host).unwrap_or(&NONE)
    }

    /// The shares of a host, oldest Ingress first.
    pub(super) fn shares(&self, host: &HostKey) -> Vec<(&ObjectRef, &Fragment, &HostShare)> {
        let objects = self.sharers.get(host).into_iter().flatten();
        let mut shares: Vec<_> = objects
            .filter_map(|object| {
                let fragment = self.fragments.get(object)?;
                Some((object, fragment, fragment.hosts.get(host)?))
            })
            .collect();
        shares.sort_by(|a, b| a.1.age.cmp(&b.1.age));
        shares
    }

    /// Each Ingress with every single object that its fragment was made from; without those that it only may have meant.
    pub(super) fn reads(&self) -> impl Iterator<Item = (&ObjectRef, &ObjectRef)> {
        self.fragments.iter().flat_map(|(reader, fragment)| {
            let objects = fragment.reads.iter().filter_map(|read| match read {
                Read::Object(object) => Some(object),
                Read::Guess(_) | Read::In(..) | Read::Kind(_) => None,
            });
            objects.map(move |object| (reader, object))
        })
    }

    /// True if some fragment was made from this object, or would have been.
    pub(super) fn is_read(&self, object: &ObjectRef) -> bool {
        self.readers.contains_key(&Read::Object(object.clone()))
    }

    /// The objects of a kind that some fragment was made from, found or not.
    pub(super) fn read_objects(&self, kind: Kind) -> impl Iterator<Item = &ObjectRef> {
        let first = Read::Object(ObjectRef::new(kind, "", ""));
        self.readers
            .range(first..)
            .map_while(move |(read, _)| match read {
                Read::Object(object) if object.kind == kind => Some(object),
                _ => None,
            })
    }

    /// The used ports that a change of this object can affect.
    pub(super) fn ports_of(&mut self, snapshot: &Snapshot, object: &ObjectRef) -> Vec<ServicePort> {
        let services = match object.kind {
            Kind::Service => vec![object.name.clone()],
            // A removed or relabelled slice still affects the Service that it belonged to.
            Kind::EndpointSlice => {
                let new = snapshot.service_of_slice(object);
                let old = match &new {
                    Some(service) => self.slice_services.insert(object.clone(), service.clone()),
                    None => self.slice_services.remove(object),
                };
                old.into_iter().chain(new).collect()
            }
            _ => return Vec::new(),
        };
        let of = |service: &Arc<str>| {
            let first = ServicePort {
                namespace: object.namespace.clone(),
                service: service.clone(),
                port: PortRef::Number(0),
            };
            let same = |port: &&ServicePort| port.namespace == object.namespace && port.service == *service;
            self.ports
                .range(first..)
                .map(|(port, _)| port)
                .take_while(same)
                .cloned()
                .collect::<Vec<_>>()
        };
        services.iter().flat_map(of).collect()
    }

    /// True if some route uses the port.
    pub(super) fn uses(&self, port: &ServicePort) -> bool {
        self.ports.contains_key(port)
    }

    /// Keeps the port of the process-wide default backend; returns the ports whose use changed.
    pub(super) fn keep_port(&mut self, port: Option<ServicePort>) -> Vec<ServicePort> {
        let old = std::mem::replace(&mut self.kept_port, port.clone());
        if let Some(new) = &port {
            *self.ports.entry(new.clone()).or_default() += 1;
        }
        if let Some(old) = &old {
            self.release(old);
        }
        old.into_iter().chain(port).collect()
    }

    pub(super) fn set_standalone(&mut self, object: &ObjectRef, list: Vec<Diagnostic>) {
        if list.is_empty() {
            self.standalone.remove(object);
        } else {
            self.standalone.insert(object.clone(), list);
        }
    }

    /// Stores what assembling a host found; returns the objects whose report changes.
    pub(super) fn set_host_diagnostics(
        &mut self,
        host: &HostKey,
        list: Vec<Diagnostic>,
    ) -> BTreeSet<ObjectRef> {
        let mut touched = BTreeSet::new();
        for old in self.host_diagnostics.remove(host).into_iter().flatten() {
            remove(&mut self.hosts_reporting, &old.object, host);
            touched.insert(old.object);
        }
        for new in &list {
            self.hosts_reporting
                .entry(new.object.clone())
                .or_default()
                .insert(host.clone());
            touched.insert(new.object.clone());
        }
        if !list.is_empty() {
            self.host_diagnostics.insert(host.clone(), list);
        }
        touched
    }

    /// Everything that is said of one object.
    pub(super) fn diagnostics_of(&self, object: &ObjectRef) -> Vec<Diagnostic> {
        let standalone = self.standalone.get(object).into_iter().flatten();
        let reporters = self.reporters.get(object).into_iter().flatten();
        let of_fragments = reporters
            .filter_map(|it| self.fragments.get(it))
            .flat_map(|it| &it.diagnostics);
        let hosts = self.hosts_reporting.get(object).into_iter().flatten();
        let of_hosts = hosts.filter_map(|host| self.host_diagnostics.get(host)).flatten();
        let found = of_fragments
            .chain(of_hosts)
            .filter(|diagnostic| diagnostic.object == *object);
        standalone.chain(found).cloned().collect()
    }

    fn release(&mut self, port: &ServicePort) {
        if let Some(count) = self.ports.get_mut(port) {
            *count -= 1;
            if *count == 0 {
                self.ports.remove(port);
            }
        }
    }
}

impl Change {
    fn note(&mut self, fragment: &Fragment) {
        self.hosts.extend(fragment.hosts.keys().cloned());
        self.ports.extend(fragment.ports.iter().cloned());
        self.reported.extend(
            fragment
                .diagnostics
                .iter()
                .map(|diagnostic| diagnostic.object.clone()),
        );
    }
}

fn remove<K: Ord, V: Ord>(map: &mut BTreeMap<K, BTreeSet<V>>, key: &K, value: &V) {
    if let Some(set) = map.get_mut(key) {
        set.remove(value);
        if set.is_empty() {
            map.remove(key);
        }
    }
}
