//! Reads objects and remembers which: the dependencies of a fragment are what it asked for, found or not.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Snapshot;
use crate::name::{Kind, ObjectRef};
use crate::snapshot::{
    ConfigMap, IngressClass, Middleware, Objects, ReferenceGrant, Secret, Service, TlsOption,
};

/// The only way in which stage one sees other objects.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    snapshot: &'a Snapshot,
    reads: BTreeSet<Read>,
}

/// Something that a fragment depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Read {
    /// One object.
    Object(ObjectRef),
    /// One object that may not have been meant.
    Guess(ObjectRef),
    /// The objects of a kind in one namespace.
    In(Kind, Arc<str>),
    /// All objects of a kind.
    Kind(Kind),
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            reads: BTreeSet::new(),
        }
    }

    /// What was read.
    pub(crate) fn into_reads(self) -> BTreeSet<Read> {
        self.reads
    }

    pub(crate) fn class(&mut self, name: &str) -> Option<&'a IngressClass> {
        self.one(Kind::IngressClass, &self.snapshot.classes, "", name)
    }

    pub(crate) fn classes(&mut self) -> impl Iterator<Item = &'a IngressClass> + use<'a> {
        self.reads.insert(Read::Kind(Kind::IngressClass));
        self.snapshot.classes.values().map(|class| &**class)
    }

    pub(crate) fn service(&mut self, namespace: &str, name: &str) -> Option<&'a Service> {
        self.one(Kind::Service, &self.snapshot.services, namespace, name)
    }

    /// A Secret as it is now.
    pub(crate) fn secret(&mut self, namespace: &str, name: &str) -> Option<&'a Secret> {
        self.certificate_secret(namespace, name)
            .filter(|secret| secret.stale.is_none())
    }

    /// A Secret as it is now, or the last of its contents that held a usable certificate.
    pub(crate) fn certificate_secret(&mut self, namespace: &str, name: &str) -> Option<&'a Secret> {
        self.one(Kind::Secret, &self.snapshot.secrets, namespace, name)
    }

    pub(crate) fn config_map(&mut self, namespace: &str, name: &str) -> Option<&'a ConfigMap> {
        self.one(Kind::ConfigMap, &self.snapshot.config_maps, namespace, name)
    }

    pub(crate) fn middleware(&mut self, namespace: &str, name: &str) -> Option<&'a Middleware> {
        self.one(Kind::Middleware, &self.snapshot.middlewares, namespace, name)
    }

    pub(crate) fn tls_option(&mut self, namespace: &str, name: &str) -> Option<&'a TlsOption> {
        self.one(Kind::TlsOption, &self.snapshot.tls_options, namespace, name)
    }

    /// The grants of one namespace.
    pub(crate) fn reference_grants(
        &mut self,
        namespace: &Arc<str>,
    ) -> impl Iterator<Item = &'a ReferenceGrant> + use<'a> {
        let namespace = namespace.clone();
        self.reads
            .insert(Read::In(Kind::ReferenceGrant, namespace.clone()));
        self.snapshot
            .reference_grants
            .range((namespace.clone(), Arc::from(""))..)
            .take_while(move |((it, _), _)| *it == namespace)
            .map(|(_, grant)| &**grant)
    }

    /// True if there is a Middleware or a `TLSOption` of this name, which is what a text means.
    pub(crate) fn is_there(&mut self, object: &ObjectRef) -> bool {
        self.reads.insert(Read::Object(object.clone()));
        self.has(object)
    }

    /// True if there is a Middleware or a `TLSOption` of this name, which a text could mean.
    pub(crate) fn guess(&mut self, object: &ObjectRef) -> bool {
        self.reads.insert(Read::Guess(object.clone()));
        self.has(object)
    }

    fn has(&self, object: &ObjectRef) -> bool {
        let key = (object.namespace.clone(), object.name.clone());
        match object.kind {
            Kind::Middleware => self.snapshot.middlewares.contains_key(&key),
            Kind::TlsOption => self.snapshot.tls_options.contains_key(&key),
            _ => false,
        }
    }

    fn one<T>(&mut self, kind: Kind, objects: &'a Objects<T>, namespace: &str, name: &str) -> Option<&'a T> {
        let (namespace, name): (Arc<str>, Arc<str>) = (namespace.into(), name.into());
        self.reads.insert(Read::Object(ObjectRef::new(
            kind,
            namespace.clone(),
            name.clone(),
        )));
        objects.get(&(namespace, name)).map(|object| &**object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Meta, Object};

    #[test]
    fn a_stale_secret_is_there_for_certificates_only() {
        let mut secret = Secret::default();
        secret.metadata = Meta {
            namespace: "ns".into(),
            name: "tls".into(),
            ..Meta::default()
        };
        secret.stale = Some("it is gone".into());
        let mut snapshot = Snapshot::default();
        snapshot.insert(Object::Secret(secret));
        let mut reader = Reader::new(&snapshot);
        assert!(reader.certificate_secret("ns", "tls").is_some());
        assert!(reader.secret("ns", "tls").is_none(), "what guards access closes");
        assert_eq!(reader.into_reads().len(), 1, "it is read all the same");
    }
}
