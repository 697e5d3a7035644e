//! Tells the backend about the client's certificate in Traefik's headers (`passTLSClientCert`).

use serde::Serialize;

/// What is told. The headers are removed from the client's own request in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ForwardCertificate {
    /// `X-Forwarded-Tls-Client-Cert`: the chain as base64 without line breaks.
    pub pem: bool,
    /// `X-Forwarded-Tls-Client-Cert-Info`: selected fields; `None` sends no such header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<CertificateInfo>,
}

/// The fields of `X-Forwarded-Tls-Client-Cert-Info`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CertificateInfo {
    /// `Subject="…"`.
    pub subject: Option<NameParts>,
    /// `Issuer="…"`.
    pub issuer: Option<NameParts>,
    /// `SerialNumber="…"`.
    pub serial_number: bool,
    /// `NB="…"`, seconds since 1970.
    pub not_before: bool,
    /// `NA="…"`, seconds since 1970.
    pub not_after: bool,
    /// `SAN="…"`.
    pub sans: bool,
}

/// The parts of a distinguished name that are told, in the order Traefik writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NameParts {
    /// `DC`.
    pub domain_component: bool,
    /// `C`.
    pub country: bool,
    /// `ST`.
    pub province: bool,
    /// `L`.
    pub locality: bool,
    /// `O`.
    pub organization: bool,
    /// `OU`.
    pub organizational_unit: bool,
    /// `SN`.
    pub serial_number: bool,
    /// `CN`.
    pub common_name: bool,
}
