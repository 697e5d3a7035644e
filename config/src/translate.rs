//! Snapshot → table, endpoints and report, rebuilding only what a change touches.
//!
//! Stage one turns one Ingress into a [`Fragment`]: its share of every host that it names, made from the object and from
//! what it reads, and nothing else. Stage two assembles the shares of one host into one host table. A [`Reader`] records
//! every object that stage one looks at, present or not, so the dependents of a change are known and cannot be forgotten.
//!
//! ```text
//! changed object ─► fragments that read it ─► hosts that they share in (and aliases of those) ─► host tables
//!                └► endpoint sets of its Service
//! ```
//!
//! # Invariants
//! Translating a change equals translating everything anew (`tests/incremental.rs`). Nothing fails: what cannot be used
//! is in the report.

mod acme;
mod backend;
mod certificate;
mod class;
mod endpoint;
mod fragment;
pub(crate) mod grant;
mod host;
mod index;
mod ingress;
mod path;
mod reader;
mod standalone;

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::acme::Wanted;
use crate::name::{HostKey, Kind, ObjectRef, ServicePort};
use crate::settings::Settings;
use crate::table::{Endpoints, Table};
use crate::{Report, Snapshot};

use acme::Wants;
pub(crate) use backend::{ServiceOptions, first_port, plain as plain_backend};
pub(crate) use certificate::authorities;
pub use certificate::{usable, usable_until};
pub(crate) use fragment::{ClientShare, HostShare, LimitsShare};
use index::Index;
pub(crate) use ingress::{Behaviour, Stage};
pub(crate) use reader::Reader;

/// The result of a translation.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// What is served.
    pub table: Arc<Table>,
    /// Where requests go.
    pub endpoints: Arc<Endpoints>,
    /// What is wrong.
    pub report: Arc<Report>,
    /// The Ingresses whose class is ours, whether all of their rules are served or not.
    pub ingresses: OrdSet<ObjectRef>,
    /// The certificates that Ingresses ask for.
    pub wanted: OrdMap<ObjectRef, Arc<[Wanted]>>,
}

/// Translates snapshots, remembering what it made of the one before.
#[derive(Debug)]
pub struct Translator {
    settings: Settings,
    index: Index,
    table: Table,
    endpoints: Endpoints,
    report: Report,
    ingresses: OrdSet<ObjectRef>,
    wanted: Wants,
}

/// What one call of [`Translator::update`] rebuilt; for metrics and for tests of the incremental promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Ingresses translated.
    pub fragments: usize,
    /// Hosts assembled.
    pub hosts: usize,
    /// Endpoint sets computed.
    pub endpoints: usize,
}

impl Translator {
    /// A translator that has seen nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            index: Index::default(),
            table: Table::default(),
            endpoints: Endpoints::default(),
            report: Report::default(),
            ingresses: OrdSet::new(),
            wanted: Wants::default(),
        }
    }

    /// Translates everything from nothing.
    pub fn full(settings: Settings, snapshot: &Snapshot) -> Output {
        let mut translator = Self::new(settings);
        translator.update(snapshot, snapshot.references());
        translator.output()
    }

    /// Brings the result up to date: `changed` are the objects that were added, changed or removed since the last call.
    pub fn update(&mut self, snapshot: &Snapshot, changed: impl IntoIterator<Item = ObjectRef>) -> Rebuilt {
        let changed: BTreeSet<ObjectRef> = changed.into_iter().collect();
        let mut touched = Touched::default();
        for ingress in self.index.dependents(&changed) {
            self.translate_ingress(snapshot, &ingress, &mut touched);
        }
        for object in &changed {
            self.translate_standalone(snapshot, object, &mut touched);
            touched.ports.extend(self.index.ports_of(snapshot, object));
        }
        self.update_process_wide(snapshot, &changed, &mut touched);
        let hosts = self.assemble_hosts(&mut touched);
        if let Some(acme) = &self.settings.acme {
            let account = snapshot.secrets.get(&acme.account);
            self.wanted
                .answer(account.map(|account| &**account), &mut self.table.challenges);
        }
        let endpoints = touched.ports.len();
        for port in std::mem::take(&mut touched.ports) {
            self.update_endpoints(snapshot, port);
        }
        for object in &touched.reported {
            self.report.set(object, self.index.diagnostics_of(object));
        }
        Rebuilt {
            fragments: touched.fragments,
            hosts,
            endpoints,
        }
    }

    /// The result as it is now; unchanged parts are shared with earlier results.
    pub fn output(&self) -> Output {
        Output {
            table: Arc::new(self.table.clone()),
            endpoints: Arc::new(self.endpoints.clone()),
            report: Arc::new(self.report.clone()),
            ingresses: self.ingresses.clone(),
            wanted: self.wanted.by_ingress.clone(),
        }
    }

    /// Who looked for what: each Ingress with every single object that its translation depends on, found or not. What a
    /// text in Traefik's spelling could mean, but need not, is left out.
    pub fn reads(&self) -> impl Iterator<Item = (&ObjectRef, &ObjectRef)> {
        self.index.reads()
    }

    /// True if the result depends on this object, whether it is there or not.
    pub fn wants(&self, object: &ObjectRef) -> bool {
        self.index.is_read(object) || self.wanted_by_setting(object.kind).any(|it| it == *object)
    }

    fn wanted_by_setting(&self, kind: Kind) -> impl Iterator<Item = ObjectRef> {
        let Settings {
            default_certificate,
            configmap,
            default_backend,
            acme,
            ..
        } = &self.settings;
        let account = acme.as_ref().map(|acme| &acme.account);
        let settings = match kind {
            Kind::Secret => [default_certificate.as_ref(), account],
            Kind::ConfigMap => [configmap.as_ref(), None],
            Kind::Service => [default_backend.as_ref(), None],
            _ => [None, None],
        };
        let names = settings.into_iter().flatten();
        names.map(move |(namespace, name)| ObjectRef::new(kind, namespace.clone(), name.clone()))
    }

    /// The objects of this kind that the result depends on, whether they are there or not. A source need not keep others.
    pub fn wanted(&self, kind: Kind) -> impl Iterator<Item = ObjectRef> {
        self.wanted_by_setting(kind)
            .chain(self.index.read_objects(kind).cloned())
    }

    fn translate_ingress(&mut self, snapshot: &Snapshot, object: &ObjectRef, touched: &mut Touched) {
        let key = (object.namespace.clone(), object.name.clone());
        let fragment = snapshot.ingresses.get(&key).map(|ingress| {
            touched.fragments += 1;
            ingress::translate(object, ingress, &self.settings, Reader::new(snapshot))
        });
        if fragment.as_ref().is_some_and(|fragment| fragment.is_ours) {
            self.ingresses.insert(object.clone());
        } else {
            self.ingresses.remove(object);
        }
        let wanted = fragment.as_ref().map(|fragment| fragment.wanted.clone());
        self.wanted.ask(object, wanted.unwrap_or_default());
        let change = self.index.replace(object, fragment);
        touched.hosts.extend(change.hosts);
        touched.ports.extend(change.ports);
        touched.reported.extend(change.reported);
    }

    /// Objects that have something to report even if no Ingress refers to them.
    fn translate_standalone(&mut self, snapshot: &Snapshot, object: &ObjectRef, touched: &mut Touched) {
        self.index
            .set_standalone(object, standalone::diagnostics(snapshot, object));
        touched.reported.insert(object.clone());
    }

    fn update_process_wide(
        &mut self,
        snapshot: &Snapshot,
        changed: &BTreeSet<ObjectRef>,
        touched: &mut Touched,
    ) {
        let is_changed = |kind, setting: &Option<(Arc<str>, Arc<str>)>| {
            let object = setting
                .as_ref()
                .map(|(namespace, name)| ObjectRef::new(kind, namespace.clone(), name.clone()));
            object.is_some_and(|object| changed.contains(&object))
        };
        if is_changed(Kind::Secret, &self.settings.default_certificate)
            || is_changed(Kind::ConfigMap, &self.settings.configmap)
        {
            let default = certificate::default_host(snapshot, &self.settings);
            if *default != *self.table.default_tls {
                self.table.default_tls = default;
            }
        }
        if let Some((namespace, name)) = &self.settings.default_backend
            && changed.contains(&ObjectRef::new(Kind::Service, namespace.clone(), name.clone()))
        {
            self.table.default_backend = backend::default_route(snapshot, namespace, name).map(Arc::new);
            let port = self
                .table
                .default_backend
                .iter()
                .filter_map(|route| route.backend.as_ref());
            let port: Option<ServicePort> = port.map(|backend| backend.service.clone()).next();
            touched.ports.extend(self.index.keep_port(port));
        }
    }

    fn assemble_hosts(&mut self, touched: &mut Touched) -> usize {
        let hosts = self.index.with_dependents(std::mem::take(&mut touched.hosts));
        for key in &hosts {
            let assembled = host::assemble(key, &self.index);
            if let HostKey::Exact(host) = key {
                self.wanted.serve(host, assembled.owner, self.index.sharers(key));
            }
            match assembled.table {
                Some(table) => put(&mut self.table.hosts, key, table),
                None => drop(self.table.hosts.remove(key)),
            }
            match assembled.tls {
                Some(tls) => put(&mut self.table.tls, key, tls),
                None => drop(self.table.tls.remove(key)),
            }
            touched
                .reported
                .extend(self.index.set_host_diagnostics(key, assembled.diagnostics));
        }
        hosts.len()
    }

    fn update_endpoints(&mut self, snapshot: &Snapshot, port: ServicePort) {
        if !self.index.uses(&port) {
            self.endpoints.by_port.remove(&port);
            return;
        }
        let set = endpoint::resolve(snapshot, &port);
        if self.endpoints.by_port.get(&port).is_none_or(|old| **old != set) {
            self.endpoints.by_port.insert(port, Arc::new(set));
        }
    }
}

/// What came out the same stays the same `Arc`, so that the proxy compiles only what changed.
fn put<T: PartialEq>(parts: &mut OrdMap<HostKey, Arc<T>>, key: &HostKey, part: Arc<T>) {
    if parts.get(key).is_none_or(|old| **old != *part) {
        parts.insert(key.clone(), part);
    }
}

/// What one update has to rebuild.
#[derive(Debug, Default)]
struct Touched {
    fragments: usize,
    hosts: BTreeSet<HostKey>,
    ports: BTreeSet<ServicePort>,
    reported: BTreeSet<ObjectRef>,
}
