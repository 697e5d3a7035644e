//! Client certificates: who must present one, which authorities are trusted, and who judges.
//!
//! In the nginx dialect the handshake only proves that the client holds the key and a filter gives nginx's answers; in
//! the Traefik dialect the handshake itself refuses. The DER of the authorities is public and may be printed.

use std::sync::Arc;

use serde::Serialize;

use super::Pattern;

/// Client authentication of one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientCertificate {
    /// Trusted authorities, DER. `None`: they are not there or broken, and no request may pass.
    #[serde(serialize_with = "authority_count")]
    pub authorities: Option<Arc<[Vec<u8>]>>,
    /// Who judges, and how strictly.
    pub mode: ClientCertificateMode,
    /// Longest chain of intermediate certificates that is accepted.
    pub depth: u32,
}

/// When a client certificate is asked for and what happens without a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ClientCertificateMode {
    /// nginx `on`: asked for; without a good one the request is answered 400.
    Require,
    /// nginx `optional`: asked for; a bad one is answered 400.
    Optional,
    /// nginx `optional_no_ca`: asked for; an unknown issuer is fine, other faults are answered 400.
    OptionalNoCa,
    /// Traefik `RequestClientCert`: asked for, never judged.
    HandshakeRequest,
    /// Traefik `RequireAnyClientCert`: the handshake fails without one, which is not judged.
    HandshakeRequireAny,
    /// Traefik `VerifyClientCertIfGiven`: the handshake fails with a bad one.
    HandshakeVerifyIfGiven,
    /// Traefik `RequireAndVerifyClientCert`: the handshake fails without a good one.
    HandshakeRequire,
}

impl ClientCertificateMode {
    /// True if the handshake accepts any certificate and a filter judges it (the nginx modes).
    pub fn is_judged_by_filter(self) -> bool {
        matches!(self, Self::Require | Self::Optional | Self::OptionalNoCa)
    }
}

/// The filter's part in the nginx dialect: nginx's answers to the verdict, and what the backend is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientVerdict {
    /// The policy of the host that the connection must have been made under.
    pub client: Arc<ClientCertificate>,
    /// `auth-tls-error-page`: where a refused client is redirected to (302) instead of 400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_page: Option<String>,
    /// `auth-tls-match-cn`: the subject must match, or 403.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_cn: Option<Pattern>,
    /// `auth-tls-pass-certificate-to-upstream`: send the PEM as `ssl-client-cert`.
    pub pass_certificate: bool,
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn authority_count<S: serde::Serializer>(
    authorities: &Option<Arc<[Vec<u8>]>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match authorities {
        Some(list) => serializer.serialize_some(&list.len()),
        None => serializer.serialize_none(),
    }
}
