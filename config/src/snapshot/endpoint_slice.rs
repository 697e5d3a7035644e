//! `EndpointSlice` (`discovery.k8s.io/v1`).

use std::sync::Arc;

use serde::Deserialize;

use super::Meta;

/// An EndpointSlice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointSlice {
    /// Metadata; the label `kubernetes.io/service-name` names the Service.
    pub metadata: Meta,
    /// `IPv4`, `IPv6` or `FQDN`.
    pub address_type: Arc<str>,
    /// Endpoints.
    pub endpoints: Vec<SliceEndpoint>,
    /// Ports, which hold for every endpoint of the slice.
    pub ports: Vec<SlicePort>,
}

impl EndpointSlice {
    /// The Service that the slice belongs to.
    pub fn service(&self) -> Option<&str> {
        self.metadata
            .labels
            .get("kubernetes.io/service-name")
            .map(|name| &**name)
    }
}

/// One endpoint; all its addresses are the same Pod, and consumers use the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SliceEndpoint {
    /// Addresses.
    pub addresses: Vec<String>,
    /// State.
    pub conditions: Conditions,
    /// The Pod.
    pub target_ref: Option<TargetRef>,
    /// Node.
    pub node_name: Option<Arc<str>>,
    /// Zone.
    pub zone: Option<Arc<str>>,
}

/// What an endpoint stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TargetRef {
    /// Name of the Pod.
    pub name: Option<Arc<str>>,
}

/// Conditions of an endpoint; absent ones have the meaning that the API documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// Absent means true.
    pub ready: Option<bool>,
    /// Absent means the same as `ready`.
    pub serving: Option<bool>,
    /// Absent means false.
    pub terminating: Option<bool>,
}

/// A port of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SlicePort {
    /// Name of the Service's port; empty if that has none.
    pub name: Option<Arc<str>>,
    /// Number.
    pub port: Option<u16>,
}
