//! An object as the API server sends it, without what nobody uses: managed fields are half of its bytes.

use std::fmt;
use std::sync::Arc;

use ferrik_config::name::{Kind, ObjectRef};
use ferrik_config::snapshot::{Meta, Object, ReadError};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

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
    /// Everything but metadata.
    document: Value,
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
}

impl Facts {
    /// The version as a number, which versions of one cluster can be compared by (KEP-5504).
    pub(crate) fn version(&self) -> u64 {
        self.version.parse().unwrap_or_default()
    }
}

impl Observed {
    /// Which object it is.
    pub(crate) fn reference(&self, kind: Kind) -> ObjectRef {
        ObjectRef::new(kind, self.metadata.namespace.clone(), self.metadata.name.clone())
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.meta.resource_version.as_deref()
    }

    /// The object of the model.
    pub(crate) fn into_object(self, kind: Kind) -> (Facts, Result<Object, ReadError>) {
        let addresses = self.document.pointer("/status/loadBalancer/ingress");
        let facts = Facts {
            uid: self.uid,
            version: self.meta.resource_version.as_deref().unwrap_or_default().into(),
            generation: self.generation,
            addresses: addresses.and_then(Value::as_array).cloned().unwrap_or_default(),
            is_certificate: self.document.get("type").and_then(Value::as_str) == Some("kubernetes.io/tls"),
        };
        (facts, Object::assemble(kind, self.metadata, &self.document))
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The document may be a Secret's.
        write!(f, "Observed({}/{})", self.metadata.namespace, self.metadata.name)
    }
}

/// `metadata`, with the fields that are used.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    resource_version: Option<String>,
    uid: Arc<str>,
    generation: i64,
    #[serde(flatten)]
    meta: Meta,
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
        while let Some(key) = fields.next_key::<String>()? {
            match &*key {
                "metadata" => metadata = fields.next_value()?,
                "apiVersion" | "kind" => drop(fields.next_value::<IgnoredAny>()?),
                _ => {
                    let value: Value = fields.next_value()?;
                    // The API server writes `null` for lists that are empty.
                    if !value.is_null() {
                        document.insert(key, value);
                    }
                }
            }
        }
        let Metadata {
            resource_version,
            uid,
            generation,
            mut meta,
        } = metadata;
        meta.annotations.remove(LAST_APPLIED);
        Ok(Observed {
            meta: ObjectMeta {
                resource_version,
                ..ObjectMeta::default()
            },
            metadata: meta,
            uid,
            generation,
            document: document.into(),
        })
    }
}
