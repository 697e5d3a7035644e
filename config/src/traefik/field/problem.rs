//! What is wrong with one of Traefik's objects, and whether it can be used all the same.

use crate::name::ObjectRef;
use crate::report::{Diagnostic, Reason};

/// What is wrong with one object.
#[derive(Debug)]
pub(in crate::traefik) struct Problems {
    object: ObjectRef,
    list: Vec<Diagnostic>,
    refusal: Option<String>,
}

impl Problems {
    /// Nothing yet.
    pub(in crate::traefik) fn of(object: &ObjectRef) -> Self {
        Self {
            object: object.clone(),
            list: Vec::new(),
            refusal: None,
        }
    }

    /// The object that is read.
    pub(in crate::traefik) fn object(&self) -> &ObjectRef {
        &self.object
    }

    /// Why the object cannot be used, if so.
    pub(in crate::traefik) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Everything that is wrong.
    pub(in crate::traefik) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }

    /// Something that the owner should know; the object is used.
    pub(in crate::traefik) fn warn(
        &mut self,
        field: &str,
        reason: Reason,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.list
            .push(Diagnostic::new(&self.object, field, reason, message).fix(fix));
    }

    /// Something without which the object cannot be used.
    pub(in crate::traefik) fn refuse(
        &mut self,
        field: &str,
        reason: Reason,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let message = message.into();
        self.refusal.get_or_insert_with(|| format!("{field}: {message}"));
        self.warn(field, reason, message, fix);
    }
}
