//! Traefik's kinds (`traefik.io/v1alpha1`), kept as written: the Traefik dialect reads the `spec`.

use serde::Deserialize;

use super::Meta;

/// A Middleware.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Middleware {
    /// Metadata.
    pub metadata: Meta,
    /// One of many kinds of middleware.
    pub spec: serde_json::Value,
}

/// A `TLSOption`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TlsOption {
    /// Metadata.
    pub metadata: Meta,
    /// Versions, client authentication, and more.
    pub spec: serde_json::Value,
}
