//! The objects at one moment, one map per kind, with only the fields that are used.
//!
//! Sources fold what they read into a [`Snapshot`]; translation reads it. Changing it costs one path copy, so that every
//! change can be translated on its own. Nothing here judges what the objects say.

mod endpoint_slice;
mod ingress;
mod meta;
mod object;
mod reference_grant;
mod secret;
mod service;
mod traefik;

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

pub use endpoint_slice::{Conditions, EndpointSlice, SliceEndpoint, SlicePort};
pub use ingress::{
    HttpPath, HttpRule, Ingress, IngressBackend, IngressClass, IngressClassSpec, IngressRule, IngressSpec,
    IngressTls, ServiceBackend, ServiceBackendPort,
};
pub use meta::Meta;
pub use object::{Object, ReadError};
pub use reference_grant::{GrantFrom, GrantTo, ReferenceGrant, ReferenceGrantSpec};
pub use secret::{ConfigMap, GONE, Secret};
pub use service::{Service, ServicePortSpec, ServiceSpec, TargetPort};
pub use traefik::{Middleware, TlsOption};

use crate::name::{Kind, ObjectRef};

/// Namespace and name.
pub type Key = (Arc<str>, Arc<str>);

/// Objects of one kind by namespace and name.
pub type Objects<T> = OrdMap<Key, Arc<T>>;

/// The objects at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Ingress classes; the namespace is empty.
    pub classes: Objects<IngressClass>,
    /// Ingresses.
    pub ingresses: Objects<Ingress>,
    /// Traefik middlewares.
    pub middlewares: Objects<Middleware>,
    /// Traefik TLS options.
    pub tls_options: Objects<TlsOption>,
    /// Who may refer to objects of other namespaces.
    pub reference_grants: Objects<ReferenceGrant>,
    /// Services.
    pub services: Objects<Service>,
    /// Slices of endpoints.
    pub slices: Objects<EndpointSlice>,
    /// Secrets.
    pub secrets: Objects<Secret>,
    /// Configuration texts.
    pub config_maps: Objects<ConfigMap>,
    slices_of: OrdMap<Key, OrdSet<Arc<str>>>,
}

impl Snapshot {
    /// Adds or replaces an object. Returns its reference if that changed anything.
    pub fn insert(&mut self, object: Object) -> Option<ObjectRef> {
        let reference = object.reference();
        let changed = match object {
            Object::IngressClass(it) => put(&mut self.classes, &reference, it),
            Object::Ingress(it) => put(&mut self.ingresses, &reference, it),
            Object::Middleware(it) => put(&mut self.middlewares, &reference, it),
            Object::TlsOption(it) => put(&mut self.tls_options, &reference, it),
            Object::ReferenceGrant(it) => put(&mut self.reference_grants, &reference, it),
            Object::Service(it) => put(&mut self.services, &reference, it),
            Object::Secret(it) => put(&mut self.secrets, &reference, it),
            Object::ConfigMap(it) => put(&mut self.config_maps, &reference, it),
            Object::EndpointSlice(it) => {
                self.unlink_slice(&reference);
                if let Some(service) = it.service() {
                    let key = (reference.namespace.clone(), Arc::from(service));
                    self.slices_of
                        .entry(key)
                        .or_default()
                        .insert(reference.name.clone());
                }
                put(&mut self.slices, &reference, it)
            }
        };
        changed.then_some(reference)
    }

    /// Removes an object. Returns true if it was there.
    pub fn remove(&mut self, reference: &ObjectRef) -> bool {
        let key = (reference.namespace.clone(), reference.name.clone());
        match reference.kind {
            Kind::IngressClass => self.classes.remove(&key).is_some(),
            Kind::Ingress => self.ingresses.remove(&key).is_some(),
            Kind::Middleware => self.middlewares.remove(&key).is_some(),
            Kind::TlsOption => self.tls_options.remove(&key).is_some(),
            Kind::ReferenceGrant => self.reference_grants.remove(&key).is_some(),
            Kind::Service => self.services.remove(&key).is_some(),
            Kind::Secret => self.secrets.remove(&key).is_some(),
            Kind::ConfigMap => self.config_maps.remove(&key).is_some(),
            Kind::EndpointSlice => {
                self.unlink_slice(reference);
                self.slices.remove(&key).is_some()
            }
        }
    }

    /// The slices of a Service, by name.
    pub fn slices_of(&self, namespace: &str, service: &str) -> impl Iterator<Item = &Arc<EndpointSlice>> {
        let namespace: Arc<str> = namespace.into();
        let names = self.slices_of.get(&(namespace.clone(), service.into()));
        names
            .into_iter()
            .flatten()
            .filter_map(move |name| self.slices.get(&(namespace.clone(), name.clone())))
    }

    /// The Service whose endpoints a slice holds.
    pub fn service_of_slice(&self, slice: &ObjectRef) -> Option<Arc<str>> {
        let key = (slice.namespace.clone(), slice.name.clone());
        self.slices.get(&key).and_then(|it| it.service()).map(Arc::from)
    }

    /// Every object of every kind.
    pub fn references(&self) -> Vec<ObjectRef> {
        fn of<T>(kind: Kind, objects: &Objects<T>) -> impl Iterator<Item = ObjectRef> {
            objects
                .keys()
                .map(move |(namespace, name)| ObjectRef::new(kind, namespace.clone(), name.clone()))
        }
        of(Kind::IngressClass, &self.classes)
            .chain(of(Kind::Ingress, &self.ingresses))
            .chain(of(Kind::Middleware, &self.middlewares))
            .chain(of(Kind::TlsOption, &self.tls_options))
            .chain(of(Kind::ReferenceGrant, &self.reference_grants))
            .chain(of(Kind::Service, &self.services))
            .chain(of(Kind::EndpointSlice, &self.slices))
            .chain(of(Kind::Secret, &self.secrets))
            .chain(of(Kind::ConfigMap, &self.config_maps))
            .collect()
    }

    fn unlink_slice(&mut self, reference: &ObjectRef) {
        let Some(service) = self.service_of_slice(reference) else {
            return;
        };
        let key = (reference.namespace.clone(), service);
        if let Some(names) = self.slices_of.get_mut(&key) {
            names.remove(&reference.name);
            if names.is_empty() {
                self.slices_of.remove(&key);
            }
        }
    }
}

fn put<T: PartialEq>(objects: &mut Objects<T>, reference: &ObjectRef, object: T) -> bool {
    let key = (reference.namespace.clone(), reference.name.clone());
    if objects.get(&key).is_some_and(|old| **old == object) {
        return false;
    }
    objects.insert(key, Arc::new(object));
    true
}
