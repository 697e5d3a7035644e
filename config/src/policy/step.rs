//! The ordered list of steps that a route runs.
//!
//! Traefik's chain keeps the order that the user wrote, the nginx dialect has nginx's phase order; the list is the order.

use serde::Serialize;

use super::{
    BasicAuth, BodyLimit, ClientVerdict, Closed, ConnectionLimit, Cors, ErrorPage, ForwardCertificate,
    Headers, HttpsRedirect, IpAccess, RateLimit, Redirect, Rewrite, Snippet,
};
use crate::name::ObjectRef;

/// One step and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it does.
    pub policy: Policy,
    /// The text that asks for it.
    pub source: Source,
}

/// Where a part of the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Source {
    /// The object.
    pub object: ObjectRef,
    /// The field, as a path inside the object.
    pub field: String,
}

/// What a step does: one variant per feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Policy {
    /// Asks for a password.
    BasicAuth(BasicAuth),
    /// Limits the request body.
    BodyLimit(BodyLimit),
    /// Judges the client's certificate and tells the backend.
    ClientCertificate(ClientVerdict),
    /// Refuses everything with 503: what guards the route cannot be understood or is not there.
    Closed(Closed),
    /// Refuses a client that has too much under way.
    ConnectionLimit(ConnectionLimit),
    /// Cross-origin headers and preflight.
    Cors(Cors),
    /// Replaces error answers by pages of another backend.
    ErrorPage(ErrorPage),
    /// Tells the backend about the client's certificate.
    ForwardCertificate(ForwardCertificate),
    /// Changes headers.
    Header(Headers),
    /// Sends plain HTTP to https.
    HttpsRedirect(HttpsRedirect),
    /// Refuses by address.
    IpAccess(IpAccess),
    /// Refuses what comes too fast.
    RateLimit(RateLimit),
    /// Sends the client elsewhere.
    Redirect(Redirect),
    /// Changes the path.
    Rewrite(Rewrite),
    /// Runs a typed snippet.
    Snippet(Snippet),
}

impl Policy {
    /// True if the step keeps somebody out: such a route must not be by-passed by an encoding of its path.
    pub fn guards(&self) -> bool {
        match self {
            Self::BasicAuth(_) | Self::ClientCertificate(_) | Self::Closed(_) | Self::IpAccess(_) => true,
            Self::Snippet(snippet) => snippet.guards(),
            Self::BodyLimit(_)
            | Self::ConnectionLimit(_)
            | Self::Cors(_)
            | Self::ErrorPage(_)
            | Self::ForwardCertificate(_)
            | Self::Header(_)
            | Self::HttpsRedirect(_)
            | Self::RateLimit(_)
            | Self::Redirect(_)
            | Self::Rewrite(_) => false,
        }
    }

    /// The feature's word: the name of its policy, filter, golden and test files.
    pub fn word(&self) -> &'static str {
        match self {
            Self::BasicAuth(_) => "basic_auth",
            Self::BodyLimit(_) => "body_limit",
            Self::ClientCertificate(_) => "client_certificate",
            Self::Closed(_) => "closed",
            Self::ConnectionLimit(_) => "connection_limit",
            Self::Cors(_) => "cors",
            Self::ErrorPage(_) => "error_page",
            Self::ForwardCertificate(_) => "forward_certificate",
            Self::Header(_) => "header",
            Self::HttpsRedirect(_) => "https_redirect",
            Self::IpAccess(_) => "ip_access",
            Self::RateLimit(_) => "rate_limit",
            Self::Redirect(_) => "redirect",
            Self::Rewrite(_) => "rewrite",
            Self::Snippet(_) => "snippet",
        }
    }
}
