//! Cross-origin resource sharing (the Fetch standard's CORS protocol).

use serde::Serialize;

use super::Pattern;

/// What other sites' scripts may do with a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cors {
    /// Whose scripts.
    pub origins: Origins,
    /// `Access-Control-Allow-Credentials: true`.
    pub credentials: bool,
    /// `Access-Control-Allow-Methods`, ready to send; empty: not sent.
    pub methods: String,
    /// `Access-Control-Allow-Headers`, ready to send; empty: not sent.
    pub headers: String,
    /// `Access-Control-Expose-Headers`, ready to send; empty: not sent.
    pub expose: String,
    /// `Access-Control-Max-Age`, seconds.
    pub max_age: i64,
    /// Which requests are answered here, and how.
    pub preflight: CorsPreflight,
    /// Add `Vary: Origin` whenever the answer depends on the origin.
    pub vary: bool,
}

/// Which requests count as preflight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CorsPreflight {
    /// ingress-nginx: every `OPTIONS` from an allowed origin is answered 204, and every response gets all headers.
    AnyOptions,
    /// Traefik: `OPTIONS` with `Origin` and `Access-Control-Request-Method` is answered 200; other responses get origin,
    /// credentials and exposed headers.
    Fetch,
}

/// The origins that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Origins {
    /// `*`: any origin, answered with a literal `*`, which browsers refuse to combine with credentials.
    pub any: bool,
    /// Listed origins; each match is answered with the request's own origin.
    pub listed: Vec<Origin>,
}

/// One allowed origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Origin {
    /// `https://a.example.org`, compared without regard to case.
    Exact(String),
    /// `https://*.example.org`: one label in front; kept as scheme with `://`, and the rest from the dot on.
    Subdomain {
        /// `https://`.
        scheme: String,
        /// `.example.org` or `.example.org:8443`.
        suffix: String,
    },
    /// A regular expression (Traefik).
    Pattern(Pattern),
}
