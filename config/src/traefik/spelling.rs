//! Reads the annotations of one object: names in any case, each on the kind of object where Traefik looks for it.
//!
//! Traefik reads annotations as label paths, whose names do not depend on case, and some of which hold an index. The rows
//! of the table know neither, so both are dealt with here, and diagnostics name the annotation as it was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{FEATURES, Options, PREFIX};
use crate::annotation::{self, Base, Written};
use crate::name::ObjectRef;
use crate::policy::Source;
use crate::report::{Diagnostic, Reason};

/// What carries the annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// Reads `router.*`.
    Ingress,
    /// Reads `service.*`.
    Service,
}

/// The fields of annotations that are not written in lower case, by the field that they would have in lower case.
pub(super) type Spelled = BTreeMap<String, String>;

/// Reads every annotation under the prefix.
pub(super) fn read(
    object: &ObjectRef,
    annotations: &BTreeMap<Arc<str>, Arc<str>>,
    carrier: Carrier,
    report: &mut Vec<Diagnostic>,
) -> Written<Options> {
    let mut spelled = Spelled::new();
    let mut lower: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
    for (full, text) in annotations {
        let Some(bare) = full.strip_prefix(PREFIX) else {
            continue;
        };
        let name = bare.to_ascii_lowercase();
        if let Some(instead) = unread(&name, carrier) {
            let message = format!("`{full}` has no effect: {instead}");
            let diagnostic = Diagnostic::new(object, field(full), Reason::AnnotationUnsupported, message);
            report.push(diagnostic.fix("remove it"));
            continue;
        }
        let name = format!("{PREFIX}{name}");
        // Capital letters sort first, so of two spellings the one in lower case comes last and counts.
        spelled.remove(&field(&name));
        if *name != **full {
            spelled.insert(field(&name), field(full));
        }
        lower.insert(name.into(), text.clone());
    }
    let mut found = Vec::new();
    let mut written = annotation::read(
        object,
        &lower,
        &[PREFIX],
        FEATURES,
        Base::rows(FEATURES),
        &mut found,
    );
    for diagnostic in &mut found {
        respell(&spelled, &mut diagnostic.field);
    }
    if let Some(source) = &mut written.closed_by {
        respell(&spelled, &mut source.field);
    }
    report.append(&mut found);
    written.options.spelled = spelled;
    written
}

/// Where a step comes from that this row asks for, in the spelling of the object.
pub(super) fn source(written: &Written<Options>, row: &str) -> Source {
    let mut source = written.source(row);
    respell(&written.options.spelled, &mut source.field);
    source
}

/// Why a name is not looked up in the table, if so.
fn unread(name: &str, carrier: Carrier) -> Option<&'static str> {
    match carrier {
        _ if name.starts_with("router.tls.domains") => Some(
            "certificates are for the names that stand in them; the hosts of `spec.tls` say which are needed",
        ),
        Carrier::Ingress if name.starts_with("service.") => {
            Some("it belongs on the Service, not on the Ingress")
        }
        Carrier::Service if name.starts_with("router.") => {
            Some("it belongs on the Ingress, not on the Service")
        }
        _ => None,
    }
}

fn respell(spelled: &Spelled, field: &mut String) {
    if let Some(written) = spelled.get(field) {
        field.clone_from(written);
    }
}

fn field(name: &str) -> String {
    format!("metadata.annotations[{name}]")
}
