//! Answers that send the client elsewhere.

use serde::Serialize;

use super::Pattern;

/// Sends requests to another URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// Which status.
    pub status: RedirectStatus,
    /// Where to, and for which requests.
    pub to: RedirectTarget,
}

/// The status of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RedirectStatus {
    /// Always this one.
    Code(u16),
    /// Traefik: 301 for GET, 308 for other methods.
    Permanent,
    /// Traefik: 302 for GET, 307 for other methods.
    Temporary,
}

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum RedirectTarget {
    /// Always to this URL; path and query of the request are not added.
    Url(String),
    /// To this path on the same host, without query (ingress-nginx `app-root`).
    Path(String),
    /// To the same path and query on this host (ingress-nginx `from-to-www-redirect`).
    Host(crate::name::Host),
    /// If the whole URL of the request matches: to the replacement, with `${1}` filled in (Traefik `redirectRegex`).
    Match {
        /// Tested against `scheme://host/path?query`.
        pattern: Pattern,
        /// In the syntax of Go's `regexp.ReplaceAllString`.
        replacement: String,
    },
    /// To the same URL with this scheme (Traefik `redirectScheme` with a scheme other than https).
    Scheme {
        /// `http` or `https`.
        scheme: String,
        /// Port to name, if not the scheme's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
}
