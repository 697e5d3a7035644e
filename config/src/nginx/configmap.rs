//! The ConfigMap of ingress-nginx: defaults for annotations of the nginx dialect, under the same names.
//!
//! Read below the annotations of every object. Keys that are about the process and not about routes are flags of
//! `ferrik run`; they are reported here with the flag that takes their place.

use std::sync::Arc;

use super::{FEATURES, Options, cipher_suite};
use crate::annotation::{Base, nearest};
use crate::name::{Kind, ObjectRef};
use crate::policy::Source;
use crate::report::{Diagnostic, Reason};
use crate::snapshot::ConfigMap;
use crate::translate::{LimitsShare, Reader};

/// Keys that are the default of the annotation of the same name.
const ROWS: &[&str] = &[
    "client-body-buffer-size",
    "custom-http-errors",
    "denylist-source-range",
    "disable-proxy-intercept-errors",
    "force-ssl-redirect",
    "preserve-trailing-slash",
    "proxy-body-size",
    "proxy-buffering",
    "proxy-connect-timeout",
    "proxy-read-timeout",
    "proxy-request-buffering",
    "proxy-send-timeout",
    "ssl-ciphers",
    "ssl-ecdh-curve",
    "ssl-redirect",
    "whitelist-source-range",
];

/// Keys that are settings of the process, with what to use instead.
const PROCESS: &[(&str, &str)] = &[
    ("access-log-path", "use --access-log"),
    (
        "allow-snippet-annotations",
        "snippets are typed and never evaluated, so they need no permission",
    ),
    (
        "annotations-risk-level",
        "no annotation is ever evaluated as text, so none is risky in that sense",
    ),
    ("client-header-timeout", "use --client-header-timeout"),
    ("enable-real-ip", "use --trusted-proxies"),
    (
        "forwarded-for-header",
        "use --trusted-proxies; the header is X-Forwarded-For",
    ),
    (
        "hsts",
        "set Strict-Transport-Security where it is wanted, in a snippet or a middleware",
    ),
    ("keep-alive", "use --keepalive-timeout"),
    ("log-format-upstream", "use --log-format json or text"),
    ("proxy-real-ip-cidr", "use --trusted-proxies"),
    ("ssl-protocols", "TLS 1.2 and 1.3 are spoken"),
    ("use-forwarded-headers", "use --trusted-proxies"),
    ("worker-shutdown-timeout", "use --drain-timeout"),
];

/// The options below every object's own: the defaults of the rows, and over them the ConfigMap's.
pub(super) fn base(
    reader: &mut Reader<'_>,
    report: &mut Vec<Diagnostic>,
    configmap: Option<&(Arc<str>, Arc<str>)>,
) -> Base<Options> {
    let mut base = Base::rows(FEATURES);
    let Some((namespace, name)) = configmap else {
        return base;
    };
    let Some(found) = reader.config_map(namespace, name) else {
        return base;
    };
    let object = ObjectRef::new(Kind::ConfigMap, namespace.clone(), name.clone());
    for (key, text) in &found.data {
        let source = Source {
            object: object.clone(),
            field: format!("data.{key}"),
        };
        if !ROWS.contains(&&**key) {
            report.push(not_read(&source, key));
            continue;
        }
        if let Err(invalid) = base.set(FEATURES, key, text, &source) {
            let closes = base.closed_by.as_ref() == Some(&source);
            let (reason, effect) = if closes {
                (
                    Reason::RouteClosed,
                    "it guards access, so every route of the nginx dialect is closed",
                )
            } else {
                (Reason::AnnotationInvalid, "the built-in default is used")
            };
            let message = format!("`{key}`: {invalid}; {effect}");
            let fix = "mend the value, or remove the key";
            report.push(Diagnostic::new(&object, source.field, reason, message).fix(fix));
        } else {
            report.extend(cipher_suite::problems(&base.options, key, &source));
        }
    }
    base
}

/// What the ConfigMap limits in handshakes for names that no Ingress has, as in nginx's default server.
pub(crate) fn limits(map: &ConfigMap) -> LimitsShare {
    let object = ObjectRef::new(Kind::ConfigMap, "", "");
    let mut base = Base::<Options>::rows(FEATURES);
    for (key, text) in map.data.iter().filter(|(key, _)| ROWS.contains(&&***key)) {
        let source = Source {
            object: object.clone(),
            field: String::new(),
        };
        // What cannot be read is reported where the Ingresses are.
        let _ = base.set(FEATURES, key, text, &source);
    }
    cipher_suite::limits(&base.options).unwrap_or_default()
}

fn not_read(source: &Source, key: &str) -> Diagnostic {
    if let Some((_, instead)) = PROCESS.iter().find(|(known, _)| *known == key) {
        let message = format!("`{key}` has no effect here");
        return Diagnostic::new(
            &source.object,
            &*source.field,
            Reason::AnnotationUnsupported,
            message,
        )
        .fix(*instead);
    }
    let names = ROWS
        .iter()
        .copied()
        .chain(PROCESS.iter().map(|(known, _)| *known));
    let fix = match nearest(key, names) {
        Some(name) => format!("did you mean `{name}`? Otherwise remove it"),
        None => "remove it".to_owned(),
    };
    let message = format!("`{key}` is not read; it has no effect");
    Diagnostic::new(&source.object, &*source.field, Reason::AnnotationUnknown, message).fix(fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_row() {
        let rows: Vec<&str> = FEATURES
            .iter()
            .flat_map(|feature| feature.annotations)
            .flat_map(|row| std::iter::once(row.name).chain(row.aliases.iter().copied()))
            .collect();
        for key in ROWS {
            assert!(rows.contains(key), "{key}");
        }
    }
}
