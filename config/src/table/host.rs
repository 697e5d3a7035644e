//! The routes of one host.

use std::sync::Arc;

use serde::Serialize;

use super::Route;

/// Routes of one host in the order of precedence: the first that matches serves the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HostTable {
    /// Exact paths before prefixes before patterns, longer ones first, Traefik priorities applied.
    pub routes: Vec<Arc<Route>>,
    /// Serves what no route matches: the `defaultBackend` of the oldest Ingress of this host that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Arc<Route>>,
    /// What no route matches may still be served by Traefik routes of the covering wildcard or of no host (Traefik has no
    /// notion of a host that misses). Without this a miss is answered 404, as nginx does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fall_through: bool,
    /// The namespace that the host belongs to, if routes of others stand here as well: none of those answers a certificate
    /// authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
}

impl HostTable {
    /// The namespace that the host belongs to.
    pub fn owner(&self) -> Option<&Arc<str>> {
        let any = || self.routes.first().or(self.default.as_ref());
        let only = || any().map(|route| &route.source.object.namespace);
        self.owner.as_ref().or_else(only)
    }
}
