//! Which client addresses may use a route.

use ipnet::IpNet;
use serde::Serialize;

/// Lists of networks; the client's address is the connection's, or the forwarded one from a trusted proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IpAccess {
    /// Refused even if allowed below.
    pub deny: Vec<IpNet>,
    /// If present, everybody else is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<IpNet>>,
    /// Status of the refusal: 403 unless Traefik's `rejectStatusCode` says otherwise.
    pub status: u16,
}
