//! References to Kubernetes objects.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The kinds of objects that are read. The order is the order in which reports list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Kind {
    /// `networking.k8s.io/v1`.
    IngressClass,
    /// `networking.k8s.io/v1`.
    Ingress,
    /// `traefik.io/v1alpha1`.
    Middleware,
    /// `traefik.io/v1alpha1`.
    #[serde(rename = "TLSOption")]
    TlsOption,
    /// `gateway.networking.k8s.io/v1beta1`, which is also `v1`.
    ReferenceGrant,
    /// Core `v1`.
    Service,
    /// `discovery.k8s.io/v1`.
    EndpointSlice,
    /// Core `v1`.
    Secret,
    /// Core `v1`.
    ConfigMap,
}

impl Kind {
    /// Every kind, in report order.
    pub const ALL: [Self; 9] = [
        Self::IngressClass,
        Self::Ingress,
        Self::Middleware,
        Self::TlsOption,
        Self::ReferenceGrant,
        Self::Service,
        Self::EndpointSlice,
        Self::Secret,
        Self::ConfigMap,
    ];

    /// The `kind` of the object's YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IngressClass => "IngressClass",
            Self::Ingress => "Ingress",
            Self::Middleware => "Middleware",
            Self::TlsOption => "TLSOption",
            Self::ReferenceGrant => "ReferenceGrant",
            Self::Service => "Service",
            Self::EndpointSlice => "EndpointSlice",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// The API group of the kind; empty for the core group.
    pub fn group(self) -> &'static str {
        match self {
            Self::IngressClass | Self::Ingress => "networking.k8s.io",
            Self::Middleware | Self::TlsOption => "traefik.io",
            Self::ReferenceGrant => "gateway.networking.k8s.io",
            Self::EndpointSlice => "discovery.k8s.io",
            Self::Service | Self::Secret | Self::ConfigMap => "",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Kind, namespace and name: which object is meant. Cluster-scoped objects have an empty namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// What it is.
    pub kind: Kind,
    /// Where it is; empty for cluster-scoped kinds.
    pub namespace: Arc<str>,
    /// What it is called.
    pub name: Arc<str>,
}

impl ObjectRef {
    /// The reference to `namespace/name` of this kind.
    pub fn new(kind: Kind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

/// `Ingress knb/metacatknb`, or `IngressClass nginx`.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

impl Serialize for ObjectRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
