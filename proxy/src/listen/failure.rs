//! Why a TLS handshake failed, as a closed set for metrics and logs.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// The reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeFailure {
    /// It took too long.
    Timeout,
    /// The client went away without a word.
    Closed,
    /// What came is not TLS.
    NotTls,
    /// No version, cipher suite, group or signature scheme in common.
    Incompatible,
    /// No application protocol in common.
    Protocol,
    /// A client certificate is required and none came.
    NoClientCertificate,
    /// The client's certificate, or its proof of possession, is not good.
    BadClientCertificate,
    /// The client does not trust our certificate.
    ServerCertificate,
    /// The client ended the handshake for another reason.
    Alert,
    /// Anything else.
    Other,
}

impl HandshakeFailure {
    /// In the order of their numbers.
    pub(crate) const ALL: [Self; 10] = [
        Self::Timeout,
        Self::Closed,
        Self::NotTls,
        Self::Incompatible,
        Self::Protocol,
        Self::NoClientCertificate,
        Self::BadClientCertificate,
        Self::ServerCertificate,
        Self::Alert,
        Self::Other,
    ];

    /// A metric's label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::NotTls => "not_tls",
            Self::Incompatible => "incompatible",
            Self::Protocol => "protocol",
            Self::NoClientCertificate => "no_client_certificate",
            Self::BadClientCertificate => "bad_client_certificate",
            Self::ServerCertificate => "server_certificate",
            Self::Alert => "alert",
            Self::Other => "other",
        }
    }
}

impl From<&io::Error> for HandshakeFailure {
    fn from(error: &io::Error) -> Self {
        if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            return error.into();
        }
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::InvalidData => Self::NotTls,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Other,
        }
    }
}

impl From<&Error> for HandshakeFailure {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidMessage(_) => Self::NotTls,
            Error::NoApplicationProtocol => Self::Protocol,
            Error::PeerIncompatible(PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon) => {
                Self::BadClientCertificate
            }
            Error::PeerIncompatible(_) => Self::Incompatible,
            Error::NoCertificatesPresented => Self::NoClientCertificate,
            Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => Self::Other,
            Error::InvalidCertificate(_) => Self::BadClientCertificate,
            Error::AlertReceived(
                AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::UnsupportedCertificate,
            ) => Self::ServerCertificate,
            Error::AlertReceived(_) => Self::Alert,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_found_inside_io_errors() {
        let wrapped =
            |error: Error| HandshakeFailure::from(&io::Error::new(io::ErrorKind::InvalidData, error));
        assert_eq!(
            wrapped(Error::NoCertificatesPresented),
            HandshakeFailure::NoClientCertificate
        );
        assert_eq!(
            wrapped(CertificateError::UnknownIssuer.into()),
            HandshakeFailure::BadClientCertificate
        );
        assert_eq!(
            wrapped(Error::AlertReceived(AlertDescription::UnknownCA)),
            HandshakeFailure::ServerCertificate
        );
        assert_eq!(
            HandshakeFailure::from(&io::Error::from(io::ErrorKind::TimedOut)),
            HandshakeFailure::Timeout
        );
    }

    #[test]
    fn numbers_and_names_agree() {
        for (number, failure) in HandshakeFailure::ALL.into_iter().enumerate() {
            assert_eq!(failure as usize, number, "{}", failure.as_str());
        }
    }
}
