//! An object as the API server sends it, without what nobody uses: managed fields are half of its bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ferrik_config::name::{Kind, ObjectRef};
use ferrik_config::snapshot::{Meta, Object, ReadError};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::depth::{Bounded, DEEPEST};

/// Holds the whole object once more, as `kubectl apply` left it there.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// One object.
#[derive(Clone)]
pub(crate) struct Observed {
    /// For the client library: only the version.
    pub(super) meta: ObjectMeta,
    metadata: Meta,
    uid: Arc<str>,
    generation: i64,
    owners: Vec<Owner>,
    /// Everything but metadata.
    document: Value,
    /// The field that is nested too deep to be read.
    too_deep: Option<String>,
}

/// What status and Events of an object need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) uid: Arc<str>,
    pub(crate) version: Arc<str>,
    /// Counts changes of the `spec`.
    pub(crate) generation: i64,
    /// Entries of `status.loadBalancer.ingress`, as they stand.
    pub(crate) addresses: Vec<Value>,
    /// A Secret that is a server certificate, which the watch of those follows.
    pub(crate) is_certificate: bool,
    /// Uids of the owners of a Secret.
    pub(crate) owners: Vec<Arc<str>>,
}

impl Facts {
    /// The version as a number, which versions of one cluster can be compared by (KEP-5504).
    pub(crate) fn version(&self) -> u64 {
        self.version.parse().unwrap_or_default()
    }
}

/// An object as it is used.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) facts: Facts,
    pub(crate) object: Result<Object, ReadError>,
}

impl Observed {
    /// Which object it is.
    pub(crate) fn reference(&self, kind: Kind) -> ObjectRef {
        ObjectRef::new(kind, self.metadata.namespace.clone(), self.metadata.name.clone())
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.meta.resource_version.as_deref()
    }

    /// The object of the model, which takes a fraction of the room.
    pub(super) fn read(mut self, kind: Kind) -> Parsed {
        if kind == Kind::EndpointSlice {
            // Its controller notes there when it last wrote.
            self.metadata.annotations.clear();
        }
        let addresses = self.document.pointer("/status/loadBalancer/ingress");
        let facts = Facts {
            uid: self.uid,
            version: self.meta.resource_version.as_deref().unwrap_or_default().into(),
            generation: self.generation,
            addresses: addresses.and_then(Value::as_array).cloned().unwrap_or_default(),
            is_certificate: self.document.get("type").and_then(Value::as_str) == Some("kubernetes.io/tls"),
            owners: if kind == Kind::Secret {
                self.owners.into_iter().map(|owner| owner.uid).collect()
            } else {
                Vec::new()
            },
        };
        let object = match self.too_deep {
            Some(field) => Err(ReadError::Field {
                object: ObjectRef::new(kind, self.metadata.namespace, self.metadata.name),
                field,
                message: format!("more than {DEEPEST} levels of lists and objects"),
            }),
            None => Object::assemble(kind, self.metadata, &self.document),
        };
        Parsed { facts, object }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The document may be a Secret's.
        write!(f, "Observed({}/{})", self.metadata.namespace, self.metadata.name)
    }
}

/// `metadata`, with the fields that are used. [`Meta`] is not flattened into it: the others would be kept for it, and managed
/// fields are nested as deep as the object.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    resource_version: Option<String>,
    uid: Arc<str>,
    generation: i64,
    namespace: Arc<str>,
    name: Arc<str>,
    creation_timestamp: Option<Arc<str>>,
    annotations: BTreeMap<Arc<str>, Arc<str>>,
    labels: BTreeMap<Arc<str>, Arc<str>>,
    owner_references: Vec<Owner>,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Owner {
    uid: Arc<str>,
}

impl<'de> Deserialize<'de> for Observed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Observed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Observed, A::Error> {
        let (mut metadata, mut document) = (Metadata::default(), Map::new());
        let mut too_deep = None;
        while let Some(key) = fields.next_key::<String>()? {
            match &*key {
                "metadata" => metadata = fields.next_value()?,
                "apiVersion" | "kind" => drop(fields.next_value::<IgnoredAny>()?),
                _ => {
                    let mut is_cut = false;
                    let value = fields.next_value_seed(Bounded::new(&mut is_cut))?;
                    if is_cut {
                        too_deep = Some(key.clone());
                    }
                    // The API server writes `null` for lists that are empty.
                    if !value.is_null() {
                        document.insert(key, value);
                    }
                }
            }
        }
        metadata.annotations.remove(LAST_APPLIED);
        Ok(Observed {
            meta: ObjectMeta {
                resource_version: metadata.resource_version,
                ..ObjectMeta::default()
            },
            metadata: Meta {
                namespace: metadata.namespace,
                name: metadata.name,
                creation_timestamp: metadata.creation_timestamp,
                annotations: metadata.annotations,
                labels: metadata.labels,
            },
            uid: metadata.uid,
            generation: metadata.generation,
            owners: metadata.owner_references,
            document: document.into(),
            too_deep,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_that_is_too_deep_does_not_hide_the_others_of_its_list() {
        let deep = format!("{}0{}", "{\"a\":".repeat(300), "}".repeat(300));
        let object = |name: &str, spec: &str, managed: &str| {
            format!(
                "{{\"metadata\": {{\"managedFields\": [{managed}], \"name\": \"{name}\", \"namespace\": \"shop\", \"resourceVersion\": \"7\"}}, \"spec\": {spec}}}"
            )
        };
        let list = format!(
            "[{}, {}]",
            object("deep", &deep, &deep),
            object("good", "{}", "0")
        );
        let list: Vec<Observed> = serde_json::from_str(&list).expect("the list is read");
        let read: Vec<_> = list
            .into_iter()
            .map(|observed| observed.read(Kind::Middleware))
            .collect();
        let Parsed { facts, object } = &read[0];
        assert_eq!(facts.version(), 7);
        let error = object.as_ref().expect_err("it is too deep");
        let ReadError::Field { object, field, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            (object.to_string(), field.as_str()),
            ("Middleware shop/deep".to_owned(), "spec")
        );
        assert!(read[1].object.is_ok());
    }
}
