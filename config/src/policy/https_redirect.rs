//! Plain HTTP is sent to https.

use serde::Serialize;

use super::RedirectStatus;

/// Sends plain-HTTP requests to the same URL on https (ingress-nginx `ssl-redirect`, Traefik `redirectScheme`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HttpsRedirect {
    /// Which status.
    pub status: RedirectStatus,
    /// Drop one `/` from the end of the URL, as ingress-nginx does by default.
    pub strip_trailing_slash: bool,
    /// Port to name in the URL; `None` names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}
