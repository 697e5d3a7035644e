//! Why the proxy answered a request itself: the closed set that metrics, access log, error page and `explain` share.

/// One row of the reference page.
#[derive(Debug)]
pub struct ReasonRow {
    /// The reason.
    pub reason: Reason,
    /// As metrics and logs write it.
    pub name: &'static str,
    /// What happened, as one sentence; it stands on the error page too.
    pub doc: &'static str,
}

macro_rules! reasons {
    ($($variant:ident $name:literal $doc:literal)*) => {
        /// Why the proxy answered itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $doc] $variant,)*
        }

        /// Every reason, in the order of the reference page.
        pub static REASONS: &[ReasonRow] =
            &[$(ReasonRow { reason: Reason::$variant, name: $name, doc: $doc },)*];
    };
}

reasons! {
    AcmeChallenge "acme_challenge" "The question of a certificate authority was answered."
    AmbiguousPath "ambiguous_path" "The path can be read in two ways that are guarded differently."
    BadFraming "bad_framing" "The length of the request's body is not stated in one clear way."
    BadHost "bad_host" "The request names no host, or not exactly one valid one."
    BadTarget "bad_target" "The request's target is not a valid path."
    BodyTooLarge "body_too_large" "The request's body is larger than this route accepts."
    CertificateInvalid "certificate_invalid" "The client's certificate was not accepted."
    CertificateMissing "certificate_missing" "This host asks for a client certificate and none was sent."
    CertificateRefused "certificate_refused" "The client's certificate is not one that may use this host."
    ClientGone "client_gone" "The client went away before it was answered."
    ConnectFailed "connect_failed" "No connection to the application could be made."
    ConnectTimeout "connect_timeout" "The application did not take the connection in time."
    CorsPreflight "cors_preflight" "A cross-origin preflight was answered."
    ErrorPage "error_page" "The application's error answer was replaced by a page of the default backend."
    HeaderTooLarge "header_too_large" "The request's header fields are larger than is accepted."
    HttpsRedirect "https_redirect" "Plain HTTP was sent to https."
    Internal "internal" "Something went wrong inside the proxy."
    IpDenied "ip_denied" "The client's address may not use this route."
    MethodRefused "method_refused" "The method is not served."
    Misdirected "misdirected" "The connection was made for another host whose TLS rules differ."
    NoEndpoint "no_endpoint" "The application has no instance that is ready."
    NoHost "no_host" "No rule is there for this host."
    NoPath "no_path" "No rule of this host matches the path."
    PasswordMissing "password_missing" "This route asks for a password, and no right one was sent."
    ReadTimeout "read_timeout" "The application did not answer in time."
    Redirect "redirect" "The client was sent to another URL."
    RouteClosed "route_closed" "What guards this route is missing or cannot be understood, so it lets nobody through."
    SnippetReturn "snippet_return" "A snippet answered."
    TooManyConnections "too_many_connections" "The client has more requests under way than this route accepts."
    TooManyRequests "too_many_requests" "The client sent more requests than this route accepts."
    UpstreamFailed "upstream_failed" "The connection to the application broke, or its answer made no sense."
}

impl Reason {
    /// As metrics and logs write it.
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The row of the reference page.
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
            assert!(std::ptr::eq(row.reason.row(), row), "{}", row.name);
            assert!(row.doc.ends_with('.'), "{}", row.name);
        }
    }
}
