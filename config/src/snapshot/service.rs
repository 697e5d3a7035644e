//! Services (core `v1`).

use std::sync::Arc;

use serde::Deserialize;

use super::Meta;

/// A Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Metadata.
    pub metadata: Meta,
    /// What it offers.
    pub spec: ServiceSpec,
}

/// `spec` of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    #[serde(rename = "type")]
    pub kind: Option<Arc<str>>,
    /// Host name that an ExternalName stands for.
    pub external_name: Option<Arc<str>>,
    /// Endpoints count as ready even if they are not.
    pub publish_not_ready_addresses: bool,
    /// Ports.
    pub ports: Vec<ServicePortSpec>,
}

/// One port of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServicePortSpec {
    /// Name; may be absent if there is only one.
    pub name: Option<Arc<str>>,
    /// The Service's own port number.
    pub port: u16,
    /// `TCP`, `UDP` or `SCTP`; absent means TCP. One number may be there once for each.
    pub protocol: Option<Arc<str>>,
    /// Port of the Pods.
    pub target_port: Option<TargetPort>,
    /// `kubernetes.io/h2c`, `https`, …
    pub app_protocol: Option<Arc<str>>,
}

impl ServicePortSpec {
    /// True if HTTP can be spoken to it.
    pub fn is_tcp(&self) -> bool {
        self.protocol.as_deref().is_none_or(|protocol| protocol == "TCP")
    }
}

/// A Pod's port by number or name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum TargetPort {
    /// By number.
    Number(u16),
    /// By name.
    Name(Arc<str>),
}
