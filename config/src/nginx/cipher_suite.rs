//! Cipher suites and key exchange groups of a host.
//!
//! They are a wish for fewer, so what is left out here leaves a connection no weaker than it was asked for.

mod openssl;

use std::sync::Arc;

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::Source;
use crate::report::{Diagnostic, Reason};
use crate::table::{CipherSuite, SuiteOrder, TlsAlgorithms, TlsVersions};
use crate::translate::{LimitsShare, Stage};
use crate::value::Groups;
use openssl::CipherString;

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Cipher suites",
    doc: "Hold for the whole host, and for no other host on the same port. If the Ingresses of a host disagree, those of the \
          oldest are used. All suites that are spoken have forward secrecy and authenticated ciphers.",
    annotations: &[
        Annotation {
            name: CIPHERS,
            aliases: &[],
            field: &At::<All, CipherString>(|o| &mut o.cipher_suite.ciphers),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Full,
            doc: "The suites of TLS 1.2, best first; as in nginx, those of TLS 1.3 are always offered. Names, words (`HIGH`, \
                  `EECDH+AESGCM`) and the operators `!`, `-`, `+` mean what they mean to OpenSSL. Suites that are not spoken \
                  (CBC, RC4, 3DES, DHE, CCM) are left out and reported. If that leaves none, all that the text does not \
                  exclude are offered, and if it excludes all, only TLS 1.3 is spoken.",
            accepts: &[
                "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
                "HIGH:!aNULL:!MD5",
                "EECDH+AESGCM:!AES256",
            ],
            rejects: &["", "strong"],
        },
        Annotation {
            name: "ssl-prefer-server-ciphers",
            aliases: &[],
            field: &At::<All, bool>(|o| &mut o.cipher_suite.prefer_server),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Full,
            doc: "With `true` the order of `ssl-ciphers` counts, with `false` the client's. Without it, the order of \
                  `ssl-ciphers` if that is there.",
            accepts: &["false", "true"],
            rejects: &["yes"],
        },
        Annotation {
            name: CURVES,
            aliases: &[],
            field: &At::<All, Groups>(|o| &mut o.cipher_suite.groups),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Host,
            support: Support::Full,
            doc: "The key exchange groups; ingress-nginx has it in its ConfigMap only. X25519MLKEM768, SecP256r1MLKEM768, \
                  X25519, P-256 and P-384 are spoken, in the order that the client prefers; others are left out and \
                  reported. `auto` is all of these but SecP256r1MLKEM768.",
            accepts: &["X25519MLKEM768:X25519:prime256v1", "secp384r1", "auto"],
            rejects: &["", "curve25519", "X25519,P-256"],
        },
    ],
};

const CIPHERS: &str = "ssl-ciphers";
const CURVES: &str = "ssl-ecdh-curve";

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    ciphers: Option<CipherString>,
    prefer_server: Option<bool>,
    groups: Option<Groups>,
}

/// The limits that an Ingress sets for its hosts, its own or those of the layer below the annotations.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<LimitsShare> {
    let own = [CIPHERS, "ssl-prefer-server-ciphers", CURVES].map(|row| written.has(row));
    for row in [CIPHERS, CURVES].into_iter().filter(|row| written.has(row)) {
        stage.report.extend(problems(&written.options, row, &written.source(row)));
    }
    let limits = limits(&written.options)?;
    Some(LimitsShare { by_default: !own.contains(&true), ..limits })
}

/// What the options limit; nothing is said about who asks for it.
pub(super) fn limits(options: &All) -> Option<LimitsShare> {
    let options = &options.cipher_suite;
    let (mut suites, versions) = options.ciphers.as_ref().map(CipherString::settle).unwrap_or_default();
    let prefers_server = options.prefer_server.unwrap_or(options.ciphers.is_some());
    let order = if prefers_server { SuiteOrder::Server } else { SuiteOrder::Client };
    if order == SuiteOrder::Client {
        suites.sort_unstable();
    }
    let groups = options.groups.as_ref().map(|groups| groups.spoken.clone()).unwrap_or_default();
    let algorithms = TlsAlgorithms { suites, order, groups };
    let is_said = options.ciphers.is_some() || options.prefer_server.is_some() || options.groups.is_some();
    is_said.then(|| LimitsShare {
        versions,
        algorithms: (algorithms != TlsAlgorithms::default()).then(|| Arc::new(algorithms)),
        by_default: false,
    })
}

impl CipherString {
    /// The suites to offer, none for all, and the versions to speak.
    fn settle(&self) -> (Vec<CipherSuite>, TlsVersions) {
        let only_tls13 = self.names_tls13 && self.left_out.is_empty();
        let (suites, versions) = match self.suites.as_slice() {
            [] if only_tls13 || self.open.is_empty() => (&[][..], TlsVersions::Tls13),
            [] => (self.open.as_slice(), TlsVersions::default()),
            suites => (suites, TlsVersions::default()),
        };
        (suites.to_vec(), versions)
    }
}

/// What is wrong with the text of one of the rows.
pub(super) fn problems(options: &All, row: &str, source: &Source) -> Vec<Diagnostic> {
    let options = &options.cipher_suite;
    let problem = |reason, message: String, fix: &str| {
        Diagnostic::new(&source.object, &*source.field, reason, message).fix(fix)
    };
    let mut problems = Vec::new();
    let (left_out, leaves_none) = match (row, &options.ciphers, &options.groups) {
        (CIPHERS, Some(string), _) => {
            if !string.unknown.is_empty() {
                let message = format!("`{row}`: not read: {}", string.unknown.join(", "));
                let fix = "list the suites by name, such as ECDHE-RSA-AES128-GCM-SHA256";
                problems.push(problem(Reason::AnnotationInvalid, message, fix));
            }
            if string.suites.is_empty() {
                let used = match string.settle() {
                    (_, TlsVersions::Tls13) => "only TLS 1.3 is spoken".to_owned(),
                    (suites, _) => format!("offered are {}", names(&suites)),
                };
                let message = format!("`{row}` leaves no suite for TLS 1.2 that is spoken; {used}");
                problems.push(problem(Reason::TlsListUnusable, message, "name at least one suite with ECDHE and GCM"));
            }
            (&string.left_out, string.suites.is_empty())
        }
        (CURVES, _, Some(groups)) => {
            let leaves_none = groups.spoken.is_empty() && !groups.left_out.is_empty();
            if leaves_none {
                let message = format!("`{row}` leaves no group that is spoken; the usual ones are offered");
                problems.push(problem(Reason::TlsListUnusable, message, "name X25519, P-256 or P-384 besides"));
            }
            (&groups.left_out, leaves_none)
        }
        _ => return problems,
    };
    if !left_out.is_empty() {
        let message = format!("`{row}`: not spoken, so left out: {}", left_out.join(", "));
        let fix = if leaves_none { "name what is spoken" } else { "remove them; clients that have nothing else cannot connect" };
        problems.push(problem(Reason::AnnotationDiffers, message, fix));
    }
    problems
}

fn names(suites: &[CipherSuite]) -> String {
    let names: Vec<_> = suites.iter().map(|suite| suite.openssl()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
