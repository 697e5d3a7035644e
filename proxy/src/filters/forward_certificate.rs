//! Tells the backend about the client's certificate in Traefik's headers.
//!
//! What a client sends under these names is removed. The format is that of Traefik's `passTLSClientCert`.

use ferrik_config::policy::{self, CertificateInfo, NameParts};
use http::HeaderName;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Filter, Flow};
use crate::arena::header_value;
use crate::compile::Context;
use crate::head::RequestHead;
use crate::request::Request;
use crate::tls::{Identity, bare_base64};

static CERTIFICATE: HeaderName = HeaderName::from_static("x-forwarded-tls-client-cert");
static INFO: HeaderName = HeaderName::from_static("x-forwarded-tls-client-cert-info");

/// Go's `url.QueryEscape`, but for the space, which becomes `+` there.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b' ');

/// The compiled choice of fields.
#[derive(Debug)]
pub(crate) struct ForwardCertificate(policy::ForwardCertificate);

impl Filter for ForwardCertificate {
    type Policy = policy::ForwardCertificate;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        Self(policy.clone())
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        request.head.remove(&CERTIFICATE);
        request.head.remove(&INFO);
        let chain = request.facts.connection.tls.as_ref().map_or(&[][..], |tls| &tls.client_chain);
        if chain.is_empty() {
            return Flow::Next;
        }
        if self.0.pem {
            request.head.set(&CERTIFICATE, header_value(bare_base64(chain).as_bytes()));
        }
        if let Some(info) = &self.0.info {
            let texts: Vec<String> =
                chain.iter().filter_map(Identity::parse).map(|identity| describe(&identity, info)).collect();
            let escaped = utf8_percent_encode(&texts.join(","), QUERY).to_string().replace(' ', "+");
            request.head.set(&INFO, header_value(escaped.as_bytes()));
        }
        Flow::Next
    }
}

/// `Subject="…";Issuer="…";SerialNumber="…";NB="…";NA="…";SAN="…"`, each only if asked for and not empty.
fn describe(identity: &Identity<'_>, info: &CertificateInfo) -> String {
    let mut parts = Vec::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            parts.push(format!("{name}=\"{value}\""));
        }
    };
    if let Some(wanted) = &info.subject {
        add("Subject", name_text(&identity.subject(), *wanted));
    }
    if let Some(wanted) = &info.issuer {
        add("Issuer", name_text(&identity.issuer(), *wanted));
    }
    if info.serial_number {
        add("SerialNumber", identity.serial_number());
    }
    let (not_before, not_after) = identity.validity();
    if info.not_before {
        add("NB", not_before.to_string());
    }
    if info.not_after {
        add("NA", not_after.to_string());
    }
    if info.sans {
        add("SAN", identity.alternative_names().join(","));
    }
    parts.join(";")
}

/// The wanted attributes in Traefik's fixed order, `DC=org,C=US,…`. The serial number is `SN` there.
fn name_text<N: AsRef<str>>(attributes: &[(N, String)], wanted: NameParts) -> String {
    let order = [
        (wanted.domain_component, "DC", "DC"),
        (wanted.country, "C", "C"),
        (wanted.province, "ST", "ST"),
        (wanted.locality, "L", "L"),
        (wanted.organization, "O", "O"),
        (wanted.organizational_unit, "OU", "OU"),
        (wanted.serial_number, "serialNumber", "SN"),
        (wanted.common_name, "CN", "CN"),
    ];
    let mut parts = Vec::new();
    for (is_wanted, attribute, label) in order {
        let values = attributes.iter().filter(|(name, _)| is_wanted && name.as_ref() == attribute);
        parts.extend(values.map(|(_, value)| format!("{label}={value}")));
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_traefiks_order() {
        let attributes: Vec<(&str, String)> = [("DC", "org"), ("DC", "cilogon"), ("C", "US"), ("O", "Google"), ("CN", "Jane")]
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec();
        let all = NameParts { common_name: true, country: true, domain_component: true, ..NameParts::default() };
        assert_eq!(name_text(&attributes, all), "DC=org,DC=cilogon,C=US,CN=Jane");
        assert_eq!(name_text(&attributes, NameParts::default()), "");
    }

    #[test]
    fn spoofed_fields_are_removed_without_a_certificate() {
        use crate::filters::testing::Case;
        let policy = policy::ForwardCertificate { pem: true, info: Some(CertificateInfo::default()) };
        let run = Case::policy(policy::Policy::ForwardCertificate(policy))
            .field("x-forwarded-tls-client-cert", "forged")
            .field("X-Forwarded-Tls-Client-Cert-Info", "forged")
            .run();
        assert!(run.request_field("x-forwarded-tls-client-cert").is_empty());
        assert!(run.request_field("x-forwarded-tls-client-cert-info").is_empty());
    }
}
