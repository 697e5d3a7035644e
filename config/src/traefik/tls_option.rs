//! `TLSOption`: versions, cipher suites, groups and client certificates of the hosts of an Ingress.
//!
//! The handshake itself refuses, as in Traefik. A `TLSOption` that is not there or cannot be used lets no handshake succeed,
//! because it may guard access; and where one demands a certificate, the routes are reached over TLS only.

mod algorithm;
mod client;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::field::{Fields, Problems};
use super::reference::{self, Failure};
use super::{Options as All, closed, spelling};
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::name::{HostKey, Kind, ObjectRef};
use crate::policy::{ClientCertificate, ClientCertificateMode, Source};
use crate::report::{Diagnostic, Reason};
use crate::table::{Entry, TlsAlgorithms, TlsVersions};
use crate::translate::{ClientShare, HostShare, LimitsShare, Stage};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "TLS options",
    doc: "Hold for all hosts of the Ingress's rules. If the Ingresses of one host disagree, the strictest client \
          authentication and the oldest Ingress's other limits are used. Of a TLSOption, `minVersion`, `maxVersion`, \
          `cipherSuites`, `curvePreferences` and `clientAuth` count. As in Go, the suites are those of TLS 1.2, no list has an \
          order, and an unknown name makes the option unusable. Suites without forward secrecy or authenticated ciphers and \
          CurveP521 are left out and reported; a list of nothing else is an error, and limits nothing.",
    annotations: &[Annotation {
        name: "router.tls.options",
        aliases: &[],
        field: &At::<All, String>(|o| &mut o.tls_option.reference),
        default: None,
        on_invalid: OnInvalid::Close,
        scope: Scope::Host,
        support: Support::Full,
        doc: "A TLSOption as `namespace-name@kubernetescrd`, or `default` for none; one of another namespace needs a \
              ReferenceGrant there. While it is missing or broken, TLS handshakes for the hosts fail. If it demands a client certificate, the routes are \
              not reached over plain HTTP.",
        accepts: &["goa-mtls-policy@kubernetescrd", "default"],
        rejects: &[""],
    }],
};

/// What the annotation says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    reference: Option<String>,
}

/// What a `TLSOption` says, before its Secrets are read.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    versions: TlsVersions,
    algorithms: Option<Arc<TlsAlgorithms>>,
    client: Option<client::Draft>,
}

/// What the hosts get.
#[derive(Debug)]
struct Resolved {
    versions: TlsVersions,
    algorithms: Option<Arc<TlsAlgorithms>>,
    client: Option<ClientCertificate>,
    problems: Vec<Diagnostic>,
}

/// Reads the spec; problems go to `problems`.
pub(super) fn parse(spec: &Json, problems: &mut Problems) -> Parsed {
    if &*problems.object().name == "default" {
        let message = "Traefik uses a TLSOption with the name `default` for every host; here it holds where it is named";
        let fix = "name it in `router.tls.options` of each Ingress that it is meant for";
        problems.warn("metadata.name", Reason::FieldUnsupported, message, fix);
    }
    Fields::read(spec, "spec", problems, |fields| {
        let versions = versions(fields);
        let (versions, algorithms) = algorithm::read(fields, versions);
        let client = fields.nested("clientAuth", client::read).flatten();
        for (name, instead) in UNSUPPORTED {
            fields.unsupported(name, instead);
        }
        Parsed {
            versions,
            algorithms,
            client,
        }
    })
    .unwrap_or_default()
}

/// Fields that are known and not applied, with what holds instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    (
        "sniStrict",
        "a client that names no host, or an unknown one, gets the default certificate",
    ),
    ("alpnProtocols", "h2 and http/1.1 are offered on all hosts"),
    ("disableSessionTickets", "sessions are resumed on all hosts alike"),
    (
        "preferServerCipherSuites",
        "the order of the client counts, as in Go",
    ),
];

fn versions(fields: &mut Fields<'_, '_>) -> TlsVersions {
    let mut read = |name| {
        let text = fields.text(name)?;
        let at = ["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"]
            .iter()
            .position(|it| *it == text);
        if at.is_none() && !text.is_empty() {
            let message = format!("expected VersionTLS12 or VersionTLS13, got `{text}`; the default holds");
            fields.warn(
                name,
                Reason::FieldInvalid,
                message,
                "write VersionTLS12 or VersionTLS13, or remove it",
            );
        }
        at
    };
    let (oldest, newest) = (read("minVersion").unwrap_or(2), read("maxVersion").unwrap_or(3));
    if oldest < 2 {
        let message = "TLS 1.0 and 1.1 are not offered; clients need TLS 1.2";
        fields.warn(
            "minVersion",
            Reason::FieldUnsupported,
            message,
            "write VersionTLS12",
        );
    }
    match (oldest.max(2), newest) {
        (2, 3) => TlsVersions::Tls12And13,
        (3, 3) => TlsVersions::Tls13,
        (2, 2) => TlsVersions::Tls12,
        _ => {
            let message = "it leaves no version that is offered: TLS 1.2 and 1.3, not below minVersion";
            fields.refuse(
                "maxVersion",
                message,
                "write VersionTLS12 or VersionTLS13, or remove it",
            );
            TlsVersions::default()
        }
    }
}

/// Takes plain HTTP away from routes whose `TLSOption` demands a client certificate, which it would lead past.
pub(super) fn restrict(written: &Written<All>, stage: &mut Stage<'_, '_>, entry: Entry) -> Entry {
    let client = resolve(written, stage).and_then(|resolved| resolved.client);
    if client.is_some_and(|client| demands(&client)) {
        Entry::Https
    } else {
        entry
    }
}

/// Gives the hosts of the rules their limits on handshakes and client authentication.
pub(super) fn share(
    written: &Written<All>,
    stage: &mut Stage<'_, '_>,
    hosts: &mut BTreeMap<HostKey, HostShare>,
) {
    let Some(resolved) = resolve(written, stage) else {
        return;
    };
    stage.report.extend(resolved.problems);
    let demands = resolved.client.as_ref().is_some_and(demands);
    let client = resolved.client.map(|client| ClientShare {
        client: Arc::new(client),
        verdict: None,
    });
    for (host, share) in hosts
        .iter_mut()
        .filter(|(_, share)| !share.routes.is_empty() || share.default.is_some())
    {
        share.clients.extend(client.clone());
        // Beside annotations of the nginx dialect, which the same Ingress may have, what is not said here stays.
        let said = share.limits.take().and_then(|limits| limits.algorithms);
        share.limits = Some(LimitsShare {
            versions: resolved.versions,
            algorithms: resolved.algorithms.clone().or(said),
            by_default: false,
        });
        if demands && *host == HostKey::Any {
            close(share, &spelling::source(written, "router.tls.options"), stage);
        }
    }
}

/// A rule without host has no server name that the handshake could be told by.
fn close(share: &mut HostShare, source: &Source, stage: &mut Stage<'_, '_>) {
    for draft in share.routes.iter_mut().chain(&mut share.default) {
        Arc::make_mut(&mut draft.route)
            .steps
            .insert(0, closed(source.clone()));
        draft.only_with_tls = draft.only_with_tls.map(|at| at + 1);
    }
    let message = "a rule without host cannot demand client certificates; its routes are closed (503)";
    stage.push(
        source.field.clone(),
        Reason::RouteClosed,
        message,
        "name the host in the rule",
    );
}

fn demands(client: &ClientCertificate) -> bool {
    let by_mode = matches!(
        client.mode,
        ClientCertificateMode::HandshakeRequire | ClientCertificateMode::HandshakeRequireAny
    );
    by_mode || client.authorities.is_none()
}

fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<Resolved> {
    let text = written
        .options
        .tls_option
        .reference
        .as_deref()
        .filter(|text| *text != "default")?;
    let source = spelling::source(written, "router.tls.options");
    let found = reference::resolve(text, Kind::TlsOption, stage.object, &mut stage.reader);
    let (reason, message, fix) = match found {
        Ok(object) => return Some(read(&object, stage, &source)),
        Err(Failure::Missing { message, fix }) => (Reason::TlsOptionUnusable, message, fix),
        Err(Failure::Refused { message, fix }) => (Reason::ReferenceRefused, message, fix),
    };
    let message = format!("{message}; TLS handshakes for the hosts fail");
    let problem = Diagnostic::new(stage.object, source.field, reason, message).fix(fix);
    Some(Resolved {
        versions: TlsVersions::default(),
        algorithms: None,
        client: Some(client::nobody()),
        problems: vec![problem],
    })
}

/// Reads a `TLSOption` that is there, with its Secrets.
fn read(object: &ObjectRef, stage: &mut Stage<'_, '_>, source: &Source) -> Resolved {
    let mut problems = Problems::of(object);
    let nothing = Json::Null;
    let spec = stage
        .reader
        .tls_option(&object.namespace, &object.name)
        .map_or(&nothing, |option| &option.spec);
    let parsed = parse(spec, &mut problems);
    let refusal = problems.refusal().map(str::to_owned);
    let mut problems = Vec::new();
    let client = match (refusal, parsed.client) {
        (Some(error), _) => Err(error),
        (None, None) => Ok(None),
        (None, Some(draft)) => draft.resolve(object, &mut stage.reader, &mut problems).map(Some),
    };
    let client = client.unwrap_or_else(|error| {
        let message = format!("{object} cannot be used ({error}); TLS handshakes for the hosts fail");
        let problem = Diagnostic::new(
            stage.object,
            source.field.clone(),
            Reason::TlsOptionUnusable,
            message,
        );
        problems.push(problem.fix(format!("mend {object}")));
        Some(client::nobody())
    });
    Resolved {
        versions: parsed.versions,
        algorithms: parsed.algorithms,
        client,
        problems,
    }
}
