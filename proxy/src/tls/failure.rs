//! Why a client's certificate is not accepted, in OpenSSL's words.
//!
//! Backends read these words after `FAILED:` in `ssl-client-verify`, so they are the interface. Which failure
//! wins when there are several follows OpenSSL 3 under nginx, whose verify callback lets OpenSSL go on to the
//! last error.

use rustls::CertificateError;

/// A reason, named after OpenSSL's `X509_V_ERR_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// 1: not covered by the others; also what is said when no authority can be used.
    Unspecified,
    /// 2: the trusted authorities hold an issuer but not its root.
    NoIssuer,
    /// 7: a signature in the chain is wrong.
    Signature,
    /// 9: a certificate of the chain is not valid yet.
    NotYetValid,
    /// 10: a certificate of the chain has expired.
    Expired,
    /// 18: the certificate is its own issuer and not trusted.
    SelfSigned,
    /// 19: the chain ends in a root that is not trusted.
    SelfSignedInChain,
    /// 20: the chain ends before a trusted authority, or is deeper than allowed.
    NoLocalIssuer,
    /// 21: the client sent one certificate and its issuer is unknown.
    LeafUnverified,
    /// 23: an authority has revoked it.
    Revoked,
    /// 26: a certificate of the chain is not meant for this.
    Purpose,
}

impl Failure {
    /// nginx's `$ssl_client_verify`.
    pub(super) fn verdict(self) -> &'static str {
        match self {
            Self::Unspecified => "FAILED:unspecified certificate verification error",
            Self::NoIssuer => "FAILED:unable to get issuer certificate",
            Self::Signature => "FAILED:certificate signature failure",
            Self::NotYetValid => "FAILED:certificate is not yet valid",
            Self::Expired => "FAILED:certificate has expired",
            Self::SelfSigned => "FAILED:self-signed certificate",
            Self::SelfSignedInChain => "FAILED:self-signed certificate in certificate chain",
            Self::NoLocalIssuer => "FAILED:unable to get local issuer certificate",
            Self::LeafUnverified => "FAILED:unable to verify the first certificate",
            Self::Revoked => "FAILED:certificate revoked",
            Self::Purpose => "FAILED:unsuitable certificate purpose",
        }
    }

    /// True if `optional_no_ca` lets the request pass all the same (nginx, `ngx_ssl_verify_error_optional`).
    pub(crate) fn is_forgiven_without_ca(self) -> bool {
        matches!(
            self,
            Self::SelfSigned | Self::SelfSignedInChain | Self::NoLocalIssuer | Self::LeafUnverified
        )
    }
}

impl From<&rustls::Error> for Failure {
    fn from(error: &rustls::Error) -> Self {
        use CertificateError as E;
        let rustls::Error::InvalidCertificate(error) = error else {
            return Self::Unspecified;
        };
        match error {
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::Revoked => Self::Revoked,
            E::UnknownIssuer => Self::NoLocalIssuer,
            E::BadSignature => Self::Signature,
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => Self::Purpose,
            _ => Self::Unspecified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_trust_is_forgiven() {
        for forgiven in [
            Failure::SelfSigned,
            Failure::SelfSignedInChain,
            Failure::NoLocalIssuer,
            Failure::LeafUnverified,
        ] {
            assert!(forgiven.is_forgiven_without_ca(), "{forgiven:?}");
        }
        for other in [
            Failure::Unspecified,
            Failure::NoIssuer,
            Failure::Signature,
            Failure::NotYetValid,
            Failure::Expired,
            Failure::Revoked,
            Failure::Purpose,
        ] {
            assert!(!other.is_forgiven_without_ca(), "{other:?}");
        }
    }

    #[test]
    fn what_rustls_says_is_put_in_openssls_words() {
        let verdict = |error| Failure::from(&rustls::Error::InvalidCertificate(error)).verdict();
        assert_eq!(
            verdict(CertificateError::BadSignature),
            "FAILED:certificate signature failure"
        );
        assert_eq!(verdict(CertificateError::Revoked), "FAILED:certificate revoked");
        assert_eq!(
            verdict(CertificateError::BadEncoding),
            "FAILED:unspecified certificate verification error"
        );
    }
}
