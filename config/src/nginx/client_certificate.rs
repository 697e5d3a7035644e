//! Client certificates.

use std::sync::Arc;

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::{ClientCertificate, ClientCertificateMode, ClientVerdict, Pattern, Policy, Step, is_header_value};
use crate::report::Reason;
use crate::translate::{ClientShare, Stage, authorities};
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Client certificates",
    doc: "Holds for the whole host. The backend always receives `ssl-client-verify` (`SUCCESS`, `NONE` or `FAILED:reason`), \
          `ssl-client-subject-dn` and `ssl-client-issuer-dn`; what a client sends under these names is removed.",
    annotations: &[
        Annotation {
            name: "auth-tls-secret",
            aliases: &[],
            field: &At::<All, String>(|o| &mut o.client_certificate.secret),
            default: None,
            on_invalid: OnInvalid::Close,
            scope: Scope::Host,
            support: Support::Full,
            doc: "Secret with the trusted authorities under `ca.crt`, as `namespace/name`; one of another \
                  namespace needs a ReferenceGrant there. While it is missing or broken, every request to the host is \
                  refused (403).",
            accepts: &["knb/d1-ca-chain"],
            rejects: &[""],
        },
        Annotation {
            name: "auth-tls-verify-client",
            aliases: &[],
            field: &At::<All, Verify>(|o| &mut o.client_certificate.verify),
            default: Some("on"),
            on_invalid: OnInvalid::Close,
            scope: Scope::Host,
            support: Support::Full,
            doc: "`on`: without a good certificate 400. `optional`: a bad one 400. `optional_no_ca`: a bad one 400 unless \
                  only its issuer is unknown; the application judges. `off`: not asked for.",
            accepts: &["optional_no_ca", "on", "off", "optional"],
            rejects: &["yes", ""],
        },
        Annotation {
            name: "auth-tls-verify-depth",
            aliases: &[],
            field: &At::<All, u32>(|o| &mut o.client_certificate.depth),
            default: Some("1"),
            on_invalid: OnInvalid::Close,
            scope: Scope::Host,
            support: Support::Full,
            doc: "How many certificates may stand between the client's and a trusted one.",
            accepts: &["10"],
            rejects: &["-1", "deep"],
        },
        Annotation {
            name: "auth-tls-pass-certificate-to-upstream",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.client_certificate.pass),
            default: Some("false"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Full,
            doc: "Sends the certificate as `ssl-client-cert`, PEM with URL escapes.",
            accepts: &["true"],
            rejects: &["yes"],
        },
        Annotation {
            name: "auth-tls-error-page",
            aliases: &[],
            field: &At::<All, ErrorPage>(|o| &mut o.client_certificate.error_page),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Full,
            doc: "Where refused clients are sent (302) instead of an answer 400.",
            accepts: &["https://example.org/need-certificate", "/need-certificate"],
            rejects: &["a b", ""],
        },
        Annotation {
            name: "auth-tls-match-cn",
            aliases: &[],
            field: &At::<All, CommonName>(|o| &mut o.client_certificate.match_cn),
            default: None,
            on_invalid: OnInvalid::Close,
            scope: Scope::Host,
            support: Support::Full,
            doc: "`CN=` and a regular expression that the subject must match; otherwise 403.",
            accepts: &["CN=client\\..*", "CN=alice"],
            rejects: &["alice", "CN=(", ""],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    secret: Option<String>,
    verify: Option<Verify>,
    depth: Option<u32>,
    pass: Option<bool>,
    error_page: Option<ErrorPage>,
    match_cn: Option<CommonName>,
}

/// nginx `ssl_verify_client`; `None` is `off`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verify(Option<ClientCertificateMode>);

impl Value for Verify {
    const KIND: &'static str = "on, off, optional or optional_no_ca";

    fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(match text.trim() {
            "on" => Some(ClientCertificateMode::Require),
            "optional" => Some(ClientCertificateMode::Optional),
            "optional_no_ca" => Some(ClientCertificateMode::OptionalNoCa),
            "off" => None,
            other => return Err(Invalid::new(Self::KIND, other)),
        }))
    }
}

/// A URL or path that can stand in a `Location`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ErrorPage(String);

impl Value for ErrorPage {
    const KIND: &'static str = "an http or https URL, or a path that starts with /";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let starts = ["/", "http://", "https://"].iter().any(|start| text.starts_with(start));
        if starts && is_header_value(text) && !text.contains(' ') {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(Self::KIND, text))
        }
    }
}

/// The pattern for the subject, `CN=` included.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CommonName(Pattern);

impl Value for CommonName {
    const KIND: &'static str = "CN= and a regular expression";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.strip_prefix("CN=").is_none_or(str::is_empty) {
            return Err(Invalid::new(Self::KIND, text));
        }
        Pattern::parse(text, false).map(Self)
    }
}

/// The host's client authentication, if a Secret is named. Whatever is wrong with it closes the host: the policy holds for
/// the routes of other objects too, and they must not be open because it cannot be read.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<ClientShare> {
    let options = &written.options.client_certificate;
    if !written.has("auth-tls-secret") {
        return None;
    }
    let mode = options.verify.map_or(Some(ClientCertificateMode::Require), |Verify(mode)| mode)?;
    let source = written.source("auth-tls-secret");
    let match_cn_is_read = options.match_cn.is_some() || !written.has("auth-tls-match-cn");
    let authorities = options.secret.as_ref().filter(|_| match_cn_is_read).and_then(|reference| {
        let found = stage.secret(&source.field, reference).and_then(|secret| authorities(secret, "ca.crt"));
        if let Err(error) = &found {
            let message = format!("auth-tls-secret: {error}; every request to the host is refused (403)");
            stage.push(source.field.clone(), Reason::RouteClosed, message, "store the authorities as PEM under `ca.crt`");
        }
        found.ok()
    });
    let client = Arc::new(ClientCertificate { authorities, mode, depth: options.depth.unwrap_or(1) });
    let verdict = ClientVerdict {
        client: client.clone(),
        error_page: options.error_page.as_ref().map(|page| page.0.clone()),
        match_cn: options.match_cn.as_ref().map(|name| name.0.clone()),
        pass_certificate: options.pass == Some(true),
    };
    Some(ClientShare { client, verdict: Some(Step { policy: Policy::ClientCertificate(verdict), source }) })
}
