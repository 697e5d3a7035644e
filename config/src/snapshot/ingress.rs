//! Ingress and IngressClass (`networking.k8s.io/v1`).

use std::sync::Arc;

use serde::Deserialize;

use super::Meta;

/// An Ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Ingress {
    /// Metadata.
    pub metadata: Meta,
    /// What is asked for.
    pub spec: IngressSpec,
}

/// `spec` of an Ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressSpec {
    /// The IngressClass.
    pub ingress_class_name: Option<Arc<str>>,
    /// Serves what no rule matches.
    pub default_backend: Option<IngressBackend>,
    /// Certificates.
    pub tls: Vec<IngressTls>,
    /// Routes.
    pub rules: Vec<IngressRule>,
}

/// One entry of `spec.tls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressTls {
    /// Server names.
    pub hosts: Vec<String>,
    /// Secret of type `kubernetes.io/tls` in the same namespace.
    pub secret_name: Option<Arc<str>>,
}

/// One entry of `spec.rules`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressRule {
    /// Host name, wildcard or nothing.
    pub host: Option<String>,
    /// Paths; without any, the rule sends everything to the default backend.
    pub http: Option<HttpRule>,
}

/// `http` of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HttpRule {
    /// Paths.
    pub paths: Vec<HttpPath>,
}

/// One path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpPath {
    /// The path; empty means `/`.
    pub path: Option<String>,
    /// `Exact`, `Prefix` or `ImplementationSpecific`.
    pub path_type: Option<String>,
    /// Where requests go.
    pub backend: IngressBackend,
}

/// A backend: a Service, or a resource, which cannot be served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressBackend {
    /// A Service in the same namespace.
    pub service: Option<ServiceBackend>,
    /// Any other object.
    pub resource: Option<serde_json::Value>,
}

/// A Service and one of its ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceBackend {
    /// Name of the Service.
    pub name: Arc<str>,
    /// Name or number of the port.
    pub port: ServiceBackendPort,
}

/// A port by name or number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceBackendPort {
    /// By name.
    pub name: Option<Arc<str>>,
    /// By number.
    pub number: Option<u16>,
}

/// An IngressClass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressClass {
    /// Metadata.
    pub metadata: Meta,
    /// Which controller.
    pub spec: IngressClassSpec,
}

/// `spec` of an IngressClass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressClassSpec {
    /// Name of the controller, such as `k8s.io/ingress-nginx`.
    pub controller: Arc<str>,
}
