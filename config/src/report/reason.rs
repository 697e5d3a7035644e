//! The closed set of reasons for a diagnostic, with the text of `docs/reasons.md`.

use serde::Serialize;

use super::Severity;

/// One row of the reference page.
#[derive(Debug)]
pub struct ReasonRow {
    /// The reason that the row describes.
    pub reason: Reason,
    /// How much it matters.
    pub severity: Severity,
    /// What happened and what is served instead, as one or two sentences.
    pub doc: &'static str,
}

macro_rules! reasons {
    ($($name:ident $severity:ident $doc:literal)*) => {
        /// Why something was reported.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Reason {
            $(#[doc = $doc] $name,)*
        }

        /// Every reason, in the order of the reference page.
        pub static REASONS: &[ReasonRow] = &[
            $(ReasonRow { reason: Reason::$name, severity: Severity::$severity, doc: $doc },)*
        ];

        impl Reason {
            /// As Events and JSON write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

reasons! {
    AcmeFailed Warning "The certificate that is asked for could not be had yet; the message says what stands in the way and when it is tried again. What was served before stays."
    AcmeOff Warning "A certificate is asked for, and this process does not ask for any."
    AcmeRefused Warning "A certificate is asked for that cannot be had; the message says why."
    AnnotationDiffers Warning "The annotation is read, but the effect differs from the original controller's in the way the message says."
    AnnotationIgnored Warning "The annotation belongs to another dialect than the one this object's class selects; it has no effect here."
    AnnotationInvalid Warning "The value cannot be read; the default is used."
    AnnotationUnknown Warning "No annotation of this name exists under this prefix; it has no effect."
    AnnotationUnsupported Warning "The annotation is known and has no effect; the message says what to use instead."
    BackendUnsupported Error "The backend is of a kind that cannot be served (a resource backend); requests to the path are answered 503."
    CertificateInvalid Error "The Secret holds no usable certificate and key; the default certificate is served for its hosts."
    CertificateMismatch Warning "The certificate does not cover this host; the default certificate is served for it."
    CertificateStale Warning "The Secret is gone or holds no usable certificate and key; the last certificate that could be used is served until it expires."
    ClassUnknown Warning "The IngressClass that the object names is not there, so the object is served only where classes are taken by name."
    CorsWideOpen Warning "Every web site may read answers with the visitor's credentials."
    ExternalNameRefused Error "The external name points at this machine; requests are answered 503."
    FieldInvalid Error "The field cannot be read; what it configures is not served."
    FieldUnknown Warning "No field of this name exists in objects of this kind; it has no effect."
    FieldUnsupported Warning "The field is known and has no effect, or not all of it; the message says what holds instead."
    HostInvalid Error "The host is not a DNS name; the rule is not served."
    HostWideMode Warning "What another object says holds for the whole host: how paths match, or how clients shake hands."
    KindUnsupported Warning "Objects of this kind are not read."
    MiddlewareInvalid Error "The middleware cannot be used; the routes that name it are closed."
    MiddlewareMissing Error "The middleware is not there; the routes that name it are closed."
    MiddlewareUnsupported Warning "Middlewares of this kind are not served; routes that name it work without it."
    NameInvalid Error "The name is not one that Kubernetes accepts, so the object cannot be created in a cluster."
    PathConflict Error "Another, older object claims the same host and path; it is the one that is served."
    PathInvalid Error "The path cannot be matched; the rule is not served."
    PlaceholderValue Warning "The value looks like a placeholder that was to be filled in."
    PortMissing Error "The Service has no such port; requests are answered 503."
    RedirectSuspicious Warning "The replacement is used as written, and leads to an address that nobody can have meant."
    ReferenceRefused Error "The reference points into another namespace, and no `ReferenceGrant` there allows it."
    RouteClosed Error "Something that guards access cannot be understood or is not there; the route answers 503 (403 for client certificates) until it is mended."
    SecretMissing Warning "The Secret is not there; what needs it is closed or, for a server certificate, served with the default one."
    ServiceMissing Warning "The Service is not there; requests are answered 503."
    SnippetUnsupported Warning "A directive of the snippet is not one that can be served; the rest of the snippet is."
    TlsListUnusable Error "A list of cipher suites or key exchange groups leaves none that could be agreed on; the message says what holds instead."
    TlsOptionUnusable Error "The TLS options that are named are not there or cannot be used; TLS handshakes for the hosts of the object fail until they are mended."
}

impl Reason {
    /// The row that describes this reason.
    pub fn row(self) -> &'static ReasonRow {
        &REASONS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_variants() {
        for row in REASONS {
            assert_eq!(row.reason.row().reason, row.reason, "{}", row.reason.as_str());
            assert!(row.doc.ends_with('.'), "{}", row.reason.as_str());
        }
    }
}
