//! Certificates as header values: nginx's escaped PEM and Traefik's bare base64.
//!
//! Called by the filters that forward a client's certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::CertificateDer;

/// What `ngx_escape_uri` with `NGX_ESCAPE_URI_COMPONENT` escapes: all but RFC 3986's unreserved characters.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// nginx's `$ssl_client_escaped_cert`: PEM in lines of 64, with a newline at the end, URL-escaped.
pub(super) fn escaped_pem(certificate: &CertificateDer<'_>) -> String {
    utf8_percent_encode(&pem(certificate), COMPONENT).to_string()
}

/// Traefik's `X-Forwarded-Tls-Client-Cert`: the certificates as base64 without delimiters and line breaks,
/// with commas between them. Traefik 3 does not escape it.
pub(crate) fn bare_base64(chain: &[CertificateDer<'_>]) -> String {
    let encoded: Vec<String> = chain
        .iter()
        .map(|certificate| STANDARD.encode(certificate))
        .collect();
    encoded.join(",")
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let body = STANDARD.encode(certificate);
    let mut text = String::with_capacity(body.len() + body.len() / 64 + 60);
    text.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII: every index is a character boundary.
        let (line, tail) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_has_lines_of_64_and_is_escaped_as_nginx_does() {
        let certificate = CertificateDer::from(vec![0xfb; 50]);
        let line = "-----BEGIN CERTIFICATE-----\n";
        assert!(pem(&certificate).starts_with(line));
        assert!(pem(&certificate).lines().all(|line| line.len() <= 64));
        let escaped = escaped_pem(&certificate);
        assert!(
            escaped.starts_with("-----BEGIN%20CERTIFICATE-----%0A%2B%2Fv7"),
            "{escaped}"
        );
        assert!(
            escaped.ends_with("%3D%0A-----END%20CERTIFICATE-----%0A"),
            "{escaped}"
        );
    }

    #[test]
    fn a_chain_is_joined_by_commas() {
        let chain = [
            CertificateDer::from(vec![1, 2, 3]),
            CertificateDer::from(vec![4, 5, 6]),
        ];
        assert_eq!(bare_base64(&chain), "AQID,BAUG");
    }
}
