//! Any one object: how the YAML or JSON of Kubernetes becomes one of the kinds that are read.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    ConfigMap, EndpointSlice, Ingress, IngressClass, Meta, Middleware, ReferenceGrant, Secret, Service,
    TlsOption,
};
use crate::name::{Kind, ObjectRef};

/// One object of a kind that is read.
#[derive(Clone, Debug)]
pub enum Object {
    /// `networking.k8s.io/v1`.
    IngressClass(IngressClass),
    /// `networking.k8s.io/v1`.
    Ingress(Ingress),
    /// `traefik.io/v1alpha1`.
    Middleware(Middleware),
    /// `traefik.io/v1alpha1`.
    TlsOption(TlsOption),
    /// `gateway.networking.k8s.io/v1` and `v1beta1`, which do not differ.
    ReferenceGrant(ReferenceGrant),
    /// Core `v1`.
    Service(Service),
    /// `discovery.k8s.io/v1`.
    EndpointSlice(EndpointSlice),
    /// Core `v1`.
    Secret(Secret),
    /// Core `v1`.
    ConfigMap(ConfigMap),
}

/// Why a document is no object that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It has no `apiVersion` and `kind`: not a Kubernetes object.
    NotAnObject,
    /// A kind that is not read; it carries `apiVersion/kind`.
    OtherKind(String),
    /// A kind that is read, but a field is not as the API has it.
    Field {
        /// Which object, as far as it can be told.
        object: ObjectRef,
        /// The field, as a path.
        field: String,
        /// What is wrong with it.
        message: String,
    },
}

impl Object {
    /// Reads one document. A namespaced object without a namespace is in `default`.
    pub fn read(document: &Value) -> Result<Self, ReadError> {
        let document = &without_nulls(document);
        let text = |name| document.get(name).and_then(Value::as_str);
        let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) else {
            return Err(ReadError::NotAnObject);
        };
        match (version, kind) {
            ("networking.k8s.io/v1", "IngressClass") => {
                typed(Kind::IngressClass, document, |it: &mut IngressClass| {
                    &mut it.metadata
                })
                .map(Self::IngressClass)
            }
            ("networking.k8s.io/v1", "Ingress") => {
                typed(Kind::Ingress, document, |it: &mut Ingress| &mut it.metadata).map(Self::Ingress)
            }
            ("traefik.io/v1alpha1" | "traefik.containo.us/v1alpha1", "Middleware") => {
                typed(Kind::Middleware, document, |it: &mut Middleware| &mut it.metadata)
                    .map(Self::Middleware)
            }
            ("traefik.io/v1alpha1" | "traefik.containo.us/v1alpha1", "TLSOption") => {
                typed(Kind::TlsOption, document, |it: &mut TlsOption| &mut it.metadata).map(Self::TlsOption)
            }
            ("gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1beta1", "ReferenceGrant") => {
                typed(Kind::ReferenceGrant, document, |it: &mut ReferenceGrant| {
                    &mut it.metadata
                })
                .map(Self::ReferenceGrant)
            }
            ("v1", "Service") => {
                typed(Kind::Service, document, |it: &mut Service| &mut it.metadata).map(Self::Service)
            }
            ("discovery.k8s.io/v1", "EndpointSlice") => {
                typed(Kind::EndpointSlice, document, |it: &mut EndpointSlice| {
                    &mut it.metadata
                })
                .map(Self::EndpointSlice)
            }
            ("v1", "Secret") => {
                typed(Kind::Secret, document, |it: &mut Secret| &mut it.metadata).map(Self::Secret)
            }
            ("v1", "ConfigMap") => {
                typed(Kind::ConfigMap, document, |it: &mut ConfigMap| &mut it.metadata).map(Self::ConfigMap)
            }
            _ => Err(ReadError::OtherKind(format!("{version}/{kind}"))),
        }
    }

    /// Makes an object of what an API server says of it: its metadata apart, and the rest of the document.
    pub fn assemble(kind: Kind, metadata: Meta, document: &Value) -> Result<Self, ReadError> {
        let clean = has_null(document).then(|| without_nulls(document));
        let document = clean.as_ref().unwrap_or(document);
        macro_rules! assemble {
            ($Kind:ident) => {{
                let mut object = deserialize(document, || {
                    ObjectRef::new(kind, metadata.namespace.clone(), metadata.name.clone())
                })
                .map(|object: $Kind| object)?;
                object.metadata = metadata;
                Self::$Kind(object)
            }};
        }
        Ok(match kind {
            Kind::IngressClass => assemble!(IngressClass),
            Kind::Ingress => assemble!(Ingress),
            Kind::Middleware => assemble!(Middleware),
            Kind::TlsOption => assemble!(TlsOption),
            Kind::ReferenceGrant => assemble!(ReferenceGrant),
            Kind::Service => assemble!(Service),
            Kind::EndpointSlice => assemble!(EndpointSlice),
            Kind::Secret => assemble!(Secret),
            Kind::ConfigMap => assemble!(ConfigMap),
        })
    }

    /// Kind, namespace and name.
    pub fn reference(&self) -> ObjectRef {
        let (kind, meta) = match self {
            Self::IngressClass(it) => (Kind::IngressClass, &it.metadata),
            Self::Ingress(it) => (Kind::Ingress, &it.metadata),
            Self::Middleware(it) => (Kind::Middleware, &it.metadata),
            Self::TlsOption(it) => (Kind::TlsOption, &it.metadata),
            Self::ReferenceGrant(it) => (Kind::ReferenceGrant, &it.metadata),
            Self::Service(it) => (Kind::Service, &it.metadata),
            Self::EndpointSlice(it) => (Kind::EndpointSlice, &it.metadata),
            Self::Secret(it) => (Kind::Secret, &it.metadata),
            Self::ConfigMap(it) => (Kind::ConfigMap, &it.metadata),
        };
        ObjectRef::new(kind, meta.namespace.clone(), meta.name.clone())
    }
}

/// The API server treats `key: null` as if the key were not there, and people write `annotations:` with nothing behind.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_nulls(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().any(has_null),
        Value::Array(items) => items.iter().any(has_null),
        _ => false,
    }
}

fn typed<T: DeserializeOwned>(
    kind: Kind,
    document: &Value,
    metadata: impl Fn(&mut T) -> &mut Meta,
) -> Result<T, ReadError> {
    let mut object: T = deserialize(document, || reference_of(kind, document))?;
    let meta = metadata(&mut object);
    if kind == Kind::IngressClass {
        meta.namespace = Arc::from("");
    } else if meta.namespace.is_empty() {
        meta.namespace = Arc::from("default");
    }
    Ok(object)
}

fn deserialize<T: DeserializeOwned>(
    document: &Value,
    reference: impl FnOnce() -> ObjectRef,
) -> Result<T, ReadError> {
    serde_path_to_error::deserialize(document).map_err(|error| ReadError::Field {
        object: reference(),
        field: field_path(error.path()),
        message: error.inner().to_string(),
    })
}

fn reference_of(kind: Kind, document: &Value) -> ObjectRef {
    let text = |name: &str| document.pointer(name).and_then(Value::as_str);
    let namespace = if kind == Kind::IngressClass {
        ""
    } else {
        text("/metadata/namespace").unwrap_or("default")
    };
    ObjectRef::new(kind, namespace, text("/metadata/name").unwrap_or_default())
}

/// In the notation of diagnostics: `spec.rules[0].host`, keys with dots or slashes in brackets.
fn field_path(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.extend(["[", &index.to_string(), "]"]),
            Segment::Map { key } if key.contains(['.', '/']) => text.extend(["[", key, "]"]),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Segment::Unknown => {}
        }
    }
    text
}
