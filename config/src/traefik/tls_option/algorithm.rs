//! `cipherSuites` and `curvePreferences` of a `TLSOption`.
//!
//! They mean what Go makes of them: suites of TLS 1.2 and groups as sets, without an order; the suites of TLS 1.3 cannot be
//! limited. As in Traefik, a name that Go does not know makes the option one that cannot be used.

use std::sync::Arc;

use crate::report::Reason;
use crate::table::{CipherSuite, KeyExchangeGroup, TLS13_SUITES, TlsAlgorithms, TlsVersions};
use crate::traefik::field::Fields;
use crate::value::GroupName;

const SUITES: &str = "cipherSuites";
const GROUPS: &str = "curvePreferences";

/// Go's other suites: without forward secrecy, or without authenticated ciphers.
const NOT_SPOKEN: &[&str] = &[
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_RC4_128_SHA",
];

/// Reads both lists. Suites may take TLS 1.2 from the versions.
pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    versions: TlsVersions,
) -> (TlsVersions, Option<Arc<TlsAlgorithms>>) {
    let (versions, suites) = suites(fields, versions);
    let algorithms = TlsAlgorithms {
        suites,
        groups: groups(fields, versions),
        ..TlsAlgorithms::default()
    };
    let is_said = algorithms != TlsAlgorithms::default();
    (versions, is_said.then(|| Arc::new(algorithms)))
}

fn suites(fields: &mut Fields<'_, '_>, versions: TlsVersions) -> (TlsVersions, Vec<CipherSuite>) {
    let written = fields.texts(SUITES);
    let (mut spoken, mut left_out, mut is_read) = (Vec::new(), Vec::new(), true);
    for name in &written {
        if let Some(suite) = suite(name) {
            spoken.push(suite);
        } else if NOT_SPOKEN.contains(name) {
            left_out.push(*name);
        } else if !TLS13_SUITES.contains(name) && *name != "TLS_FALLBACK_SCSV" {
            let message = format!("expected one of Go's names of cipher suites, got `{name}`");
            fields.refuse(SUITES, message, "mend the name, or remove it");
            is_read = false;
        }
    }
    spoken.sort_unstable();
    spoken.dedup();
    report_left_out(fields, SUITES, &left_out);
    let is_settled = written.is_empty() || !spoken.is_empty() || versions == TlsVersions::Tls13;
    if is_settled || !is_read {
        return (versions, spoken);
    }
    // Go would fail the handshakes of TLS 1.2, or make them with what is left out.
    let (used, versions) = if left_out.is_empty() && versions == TlsVersions::Tls12And13 {
        ("only TLS 1.3 is spoken", TlsVersions::Tls13)
    } else {
        ("all that are spoken are offered", versions)
    };
    let message = format!("it leaves no suite for TLS 1.2; {used}");
    let fix = "name at least one suite with ECDHE and GCM";
    fields.warn(SUITES, Reason::TlsListUnusable, message, fix);
    (versions, spoken)
}

fn suite(name: &str) -> Option<CipherSuite> {
    // Go has two of them without the hash, too.
    let is_named = |suite: &CipherSuite| {
        suite.name() == name
            || (name.ends_with("_CHACHA20_POLY1305") && suite.name().strip_suffix("_SHA256") == Some(name))
    };
    CipherSuite::ALL.into_iter().find(is_named)
}

fn groups(fields: &mut Fields<'_, '_>, versions: TlsVersions) -> Vec<KeyExchangeGroup> {
    let written = fields.texts(GROUPS);
    let (mut spoken, mut left_out, mut is_read) = (Vec::new(), Vec::new(), true);
    for name in &written {
        match GroupName::parse(name) {
            Some(GroupName::Spoken(group)) => spoken.push(group),
            Some(GroupName::NotSpoken) => left_out.push(*name),
            None => {
                let message = format!("expected the name of a key exchange group, got `{name}`");
                fields.refuse(GROUPS, message, "mend the name, or remove it");
                is_read = false;
            }
        }
    }
    spoken.sort_unstable();
    spoken.dedup();
    report_left_out(fields, GROUPS, &left_out);
    let is_usable = |group: &KeyExchangeGroup| versions != TlsVersions::Tls12 || group.is_for_tls12();
    if is_read && !written.is_empty() && !spoken.iter().any(is_usable) {
        let message = "it leaves no group for the versions that are spoken; the usual ones are offered";
        let fix = "name X25519, CurveP256 or CurveP384 besides";
        fields.warn(GROUPS, Reason::TlsListUnusable, message, fix);
        spoken.clear();
    }
    spoken
}

fn report_left_out(fields: &mut Fields<'_, '_>, name: &str, left_out: &[&str]) {
    if !left_out.is_empty() {
        let message = format!("not spoken, so left out: {}", left_out.join(", "));
        let fix = "remove them; clients that have nothing else cannot connect";
        fields.warn(name, Reason::FieldUnsupported, message, fix);
    }
}
