//! Addresses behind a service port. They change far more often than routes and never rebuild them.

use std::net::SocketAddr;
use std::sync::Arc;

use imbl::OrdMap;
use serde::Serialize;

use crate::name::ServicePort;

/// Endpoints by service port, beside the [`super::Table`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Endpoints {
    /// Only ports that some route uses are here.
    pub by_port: OrdMap<ServicePort, Arc<EndpointSet>>,
}

/// The endpoints of one service port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndpointSet {
    /// Sorted by address, no address twice.
    pub endpoints: Vec<Endpoint>,
    /// Host and port to resolve instead (Service type ExternalName).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_name: Option<(String, u16)>,
}

/// One address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Endpoint {
    /// Address and port.
    pub address: SocketAddr,
    /// True if it is on its way out but still serves: used only while no other is there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draining: bool,
    /// Name of the Pod, for the access log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Arc<str>>,
    /// Zone of its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Arc<str>>,
    /// Its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Arc<str>>,
}
