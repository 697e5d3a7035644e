//! What a route does: one plain type per feature, and the ordered list of steps that a route runs.
//!
//! Every dialect writes these types and the proxy compiles them. They are already checked: a pattern compiles, a network
//! is a network, a header name is one. No dialect, annotation or Kubernetes type is named here.

mod basic_auth;
mod body_limit;
mod client_certificate;
mod closed;
mod connection_limit;
mod cors;
mod error_page;
mod forward_certificate;
mod header;
mod https_redirect;
mod ip_access;
mod pattern;
mod rate_limit;
mod redirect;
mod rewrite;
mod snippet;
mod step;
mod template;
mod timeout;

pub use basic_auth::{BasicAuth, Credential};
pub use body_limit::BodyLimit;
pub use client_certificate::{ClientCertificate, ClientCertificateMode, ClientVerdict};
pub use closed::Closed;
pub use connection_limit::ConnectionLimit;
pub use cors::{Cors, CorsPreflight, Origin, Origins};
pub use error_page::ErrorPage;
pub use forward_certificate::{CertificateInfo, ForwardCertificate, NameParts};
#[cfg(feature = "translate")]
pub(crate) use header::framing_problem;
pub use header::{HeaderChange, HeaderName, Headers, is_framing, is_header_value};
pub use https_redirect::HttpsRedirect;
pub use ip_access::IpAccess;
pub use pattern::Pattern;
pub use rate_limit::{RateKey, RateLimit, RateMode, RateScope};
pub use redirect::{Redirect, RedirectStatus, RedirectTarget};
pub use rewrite::Rewrite;
pub use snippet::*;
pub use step::{Policy, Source, Step};
pub use template::{Part, Template, Variable};
pub use timeout::Timeouts;
