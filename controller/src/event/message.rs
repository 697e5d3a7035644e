//! One Event: what it says, about which object, and under which name.

use std::fmt::Write as _;
use std::sync::Arc;

use ferrik_config::name::{Kind, ObjectRef};
use ferrik_config::report::Diagnostic;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::reason::{EventReason, News};

/// Who tells it.
const CONTROLLER: &str = "ferrik.dev/ingress-controller";
/// The API server refuses longer notes.
const LONGEST: usize = 1024;

/// One Event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Name of the Event: equal for equal messages.
    pub(super) name: String,
    pub(super) object: ObjectRef,
    uid: Arc<str>,
    field: Option<String>,
    reason: EventReason,
    note: String,
}

impl Message {
    /// Something is wrong.
    pub(super) fn problem(diagnostic: &Diagnostic, uid: &Arc<str>) -> Self {
        // The field stands in the reference, and kubectl shows it in front of the note.
        let mut note = match diagnostic.line {
            Some(line) => format!("line {line}: {}", diagnostic.message),
            None => diagnostic.message.clone(),
        };
        if !diagnostic.fix.is_empty() {
            note.push_str("; fix: ");
            note.push_str(&diagnostic.fix);
        }
        let field = Some(diagnostic.field.clone());
        Self::new(&diagnostic.object, uid, field, diagnostic.reason.into(), note)
    }

    /// There are more problems than are told one by one.
    pub(super) fn more(object: &ObjectRef, uid: &Arc<str>, count: usize) -> Self {
        let note = format!("{count} more problems; ferrik's log has them all, and so has `ferrik check`");
        Self::new(object, uid, None, News::MoreProblems.into(), note)
    }

    /// The Ingress is served as it is now; `by` says by whom.
    pub(super) fn programmed(object: &ObjectRef, uid: &Arc<str>, generation: i64, by: &str) -> Self {
        let note = format!("generation {generation} is served{by}");
        Self::new(object, uid, None, News::Programmed.into(), note)
    }

    pub(super) fn new(
        object: &ObjectRef,
        uid: &Arc<str>,
        field: Option<String>,
        reason: EventReason,
        mut note: String,
    ) -> Self {
        if note.len() > LONGEST {
            let end = (0..=LONGEST - '…'.len_utf8())
                .rev()
                .find(|at| note.is_char_boundary(*at));
            note.truncate(end.unwrap_or(0));
            note.push('…');
        }
        // Every replica finds the same name, whichever compiler built it.
        let mut hasher = Sha256::new();
        let field_text = field.as_deref().unwrap_or_default();
        let texts = [
            object.kind.as_str(),
            &object.namespace,
            &object.name,
            uid,
            field_text,
            reason.as_str(),
            &note,
        ];
        for text in texts {
            hasher.update(text);
            hasher.update([0]);
        }
        let mut hash = String::new();
        for byte in &hasher.finalize()[..8] {
            write!(hash, "{byte:02x}").expect("writing to a String");
        }
        // An Event's name may be as long as an object's, and gets a suffix.
        let stem: String = object.name.chars().take(230).collect();
        Self {
            name: format!("{}.{hash}", stem.trim_end_matches(['.', '-'])),
            object: object.clone(),
            uid: uid.clone(),
            field,
            reason,
            note,
        }
    }

    /// True if it tells a problem, which may be gone by the time that it could be told.
    pub(super) fn is_problem(&self) -> bool {
        self.reason.is_warning()
    }

    /// What it says.
    #[cfg(test)]
    pub(super) fn note(&self) -> &str {
        &self.note
    }

    /// Why, as Events write it.
    #[cfg(test)]
    pub(super) fn reason(&self) -> &'static str {
        self.reason.as_str()
    }

    /// Where the Event is: beside its object, or in `default` if that has no namespace.
    pub(super) fn namespace(&self) -> &str {
        if self.object.namespace.is_empty() {
            "default"
        } else {
            &self.object.namespace
        }
    }

    /// The Event as the API takes it.
    pub(super) fn event(&self, identity: &str, now: Timestamp) -> Event {
        let is_warning = self.reason.is_warning();
        let namespace = Some(self.object.namespace.to_string()).filter(|namespace| !namespace.is_empty());
        Event {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                namespace: Some(self.namespace().to_owned()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            action: Some(if is_warning { "Translate" } else { "Publish" }.to_owned()),
            reason: Some(self.reason.as_str().to_owned()),
            note: Some(self.note.clone()),
            type_: Some(if is_warning { "Warning" } else { "Normal" }.to_owned()),
            reporting_controller: Some(CONTROLLER.to_owned()),
            reporting_instance: Some(identity.chars().take(128).collect()),
            regarding: Some(ObjectReference {
                api_version: Some(api_version(self.object.kind).to_owned()),
                kind: Some(self.object.kind.as_str().to_owned()),
                namespace,
                name: Some(self.object.name.to_string()),
                uid: Some(self.uid.to_string()),
                field_path: self.field.clone(),
                ..ObjectReference::default()
            }),
            ..Event::default()
        }
    }
}

fn api_version(kind: Kind) -> &'static str {
    match kind {
        Kind::IngressClass | Kind::Ingress => "networking.k8s.io/v1",
        Kind::Middleware | Kind::TlsOption => "traefik.io/v1alpha1",
        Kind::ReferenceGrant => "gateway.networking.k8s.io/v1beta1",
        Kind::Service | Kind::Secret | Kind::ConfigMap => "v1",
        Kind::EndpointSlice => "discovery.k8s.io/v1",
    }
}
