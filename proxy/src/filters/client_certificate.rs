//! Judges the client's certificate as nginx does, and tells the backend.
//!
//! The handshake has proven that the client holds the key; here the chain is judged against the current authorities, on
//! resumed sessions too. nginx: 400 without a good certificate (`ngx_http_process_request`), 403 for another name.

use std::sync::Arc;

use ferrik_config::policy::{self, ClientCertificateMode};
use http::{HeaderName, HeaderValue};
use regex::bytes::Regex;
use rustls::pki_types::UnixTime;

use super::{Filter, Flow};
use crate::arena::header_value;
use crate::compile::Context;
use crate::head::RequestHead;
use crate::listen::Scheme;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;
use crate::tls::{TlsFacts, TrustStore, Verdict};

/// The verdict, as the backend receives it.
pub(crate) static VERIFY: HeaderName = HeaderName::from_static("ssl-client-verify");
static SUBJECT: HeaderName = HeaderName::from_static("ssl-client-subject-dn");
static ISSUER: HeaderName = HeaderName::from_static("ssl-client-issuer-dn");
static CERTIFICATE: HeaderName = HeaderName::from_static("ssl-client-cert");

/// The compiled verdict.
pub(crate) struct ClientCertificate {
    mode: ClientCertificateMode,
    trust: Option<Arc<TrustStore>>,
    error_page: Option<Box<[u8]>>,
    match_cn: Option<Regex>,
    pass_certificate: bool,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientCertificate({:?})", self.mode)
    }
}

impl Filter for ClientCertificate {
    type Policy = policy::ClientVerdict;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        Self {
            mode: policy.client.mode,
            trust: policy.client.authorities.is_some().then(|| Arc::new(TrustStore::new(&policy.client))),
            error_page: policy.error_page.as_ref().map(|page| page.as_bytes().into()),
            match_cn: policy.match_cn.as_ref().map(policy::Pattern::compile),
            pass_certificate: policy.pass_certificate,
        }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        for name in [&VERIFY, &SUBJECT, &ISSUER, &CERTIFICATE] {
            request.head.remove(name);
        }
        let Some(trust) = &self.trust else {
            return Flow::Reply(Reply::page(403, Reason::CertificateRefused));
        };
        // On plain HTTP there is no handshake to judge; nginx's `ssl_verify_client` does not apply there either.
        let Some(tls) = request.facts.connection.tls.as_ref().filter(|_| request.facts.connection.scheme == Scheme::Https)
        else {
            return Flow::Next;
        };
        let verdict = tls.verdict(trust, UnixTime::now());
        if let Some(reason) = self.refusal(verdict) {
            return Flow::Reply(match &self.error_page {
                Some(page) if page.starts_with(b"/") => Reply::redirect(302, &[&request.origin(), &**page].concat(), reason),
                Some(page) => Reply::redirect(302, page, reason),
                None => Reply::page(400, reason),
            });
        }
        let subject = &tls.client_names().subject;
        if self.match_cn.as_ref().is_some_and(|pattern| !pattern.is_match(subject.as_bytes())) {
            return Flow::Reply(Reply::page(403, Reason::CertificateRefused));
        }
        self.tell(request, tls, verdict);
        Flow::Next
    }
}

impl ClientCertificate {
    fn refusal(&self, verdict: Verdict) -> Option<Reason> {
        match (verdict, self.mode) {
            (Verdict::None, ClientCertificateMode::Require) => Some(Reason::CertificateMissing),
            (Verdict::Success | Verdict::None, _) => None,
            (Verdict::Failed(failure), ClientCertificateMode::OptionalNoCa) if failure.is_forgiven_without_ca() => None,
            (Verdict::Failed(_), _) => Some(Reason::CertificateInvalid),
        }
    }

    fn tell<H: RequestHead>(&self, request: &mut Request<'_, H>, tls: &TlsFacts, verdict: Verdict) {
        request.head.set(&VERIFY, HeaderValue::from_static(verdict.as_str()));
        let names = tls.client_names();
        for (name, text) in [(&SUBJECT, &names.subject), (&ISSUER, &names.issuer)] {
            if !text.is_empty() {
                request.head.set(name, header_value(text.as_bytes()));
            }
        }
        if self.pass_certificate && !tls.client_pem().is_empty() {
            request.head.set(&CERTIFICATE, header_value(tls.client_pem().as_bytes()));
        }
    }
}
