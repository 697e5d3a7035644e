//! What is wrong with the objects: diagnostics with object, field, reason and fix.
//!
//! Translation writes them; `ferrik check`, Events and status read them. Nothing here decides what is served.

mod reason;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde::Serialize;
use std::sync::Arc;

pub use reason::{REASONS, Reason, ReasonRow};

use crate::name::ObjectRef;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something that was asked for is not served, or a route is closed.
    Error,
    /// It is served, but not as the text may suggest.
    Warning,
}

/// One thing that the owner of an object can fix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// The object that its owner can fix.
    pub object: ObjectRef,
    /// The field, as a path: `spec.rules[0].host`, `metadata.annotations[name]`.
    pub field: String,
    /// Line inside the field's text, from 1, where the text has lines of its own (snippets).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// How much it matters.
    pub severity: Severity,
    /// Why, as one of a closed set.
    pub reason: Reason,
    /// What is wrong, with the value in it.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl Diagnostic {
    /// Starts a diagnostic with the severity of its reason.
    pub fn new(
        object: &ObjectRef,
        field: impl Into<String>,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self {
            object: object.clone(),
            field: field.into(),
            line: None,
            severity: reason.row().severity,
            reason,
            message: one_line(message.into()),
            fix: String::new(),
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = one_line(fix.into());
        self
    }

    /// Places it on a line of the field's text.
    #[must_use]
    pub fn line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }
}

/// Messages quote what users wrote, and end up in logs and in Events, which hold 1024 bytes.
const MAX_TEXT: usize = 800;

/// The text without control characters, cut where it becomes too long.
fn one_line(text: String) -> String {
    if text.len() <= MAX_TEXT && !text.contains(char::is_control) {
        return text;
    }
    let mut line = text.replace(char::is_control, " ");
    if let Some((end, _)) = line
        .char_indices()
        .find(|(at, char)| at + char.len_utf8() > MAX_TEXT)
    {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// All diagnostics of one translation, by object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Report {
    by_object: OrdMap<ObjectRef, Arc<[Diagnostic]>>,
}

impl Report {
    /// Every diagnostic, ordered by object, then field.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.by_object.values().flat_map(|list| list.iter())
    }

    /// The diagnostics of one object.
    pub fn of(&self, object: &ObjectRef) -> &[Diagnostic] {
        self.by_object.get(object).map_or(&[], |list| &**list)
    }

    /// The objects of which `newer` says something else, with what is said here and there. Costs as much as what differs.
    pub fn changes<'a>(
        &'a self,
        newer: &'a Self,
    ) -> impl Iterator<Item = (&'a ObjectRef, &'a [Diagnostic], &'a [Diagnostic])> {
        self.by_object.diff(&newer.by_object).map(|change| match change {
            DiffItem::Add(object, now) => (object, &[] as &[Diagnostic], &**now),
            DiffItem::Remove(object, before) => (object, &**before, &[] as &[Diagnostic]),
            DiffItem::Update {
                old: (object, before),
                new: (_, now),
            } => (object, &**before, &**now),
        })
    }

    /// True if nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.by_object.is_empty()
    }

    /// Replaces what is said of one object; an empty list removes it.
    #[cfg(feature = "translate")]
    pub(crate) fn set(&mut self, object: &ObjectRef, mut list: Vec<Diagnostic>) {
        list.sort();
        list.dedup();
        if list.is_empty() {
            self.by_object.remove(object);
        } else {
            self.by_object.insert(object.clone(), list.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Kind;

    fn diagnostic(message: &str) -> Diagnostic {
        Diagnostic::new(
            &ObjectRef::new(Kind::Ingress, "a", "b"),
            "spec",
            Reason::HostInvalid,
            message,
        )
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        assert_eq!(diagnostic("one\r\ntwo\u{85}three").message, "one  two three");
        let long = diagnostic(&"ä".repeat(1000)).message;
        assert_eq!(long, format!("{}…", "ä".repeat(400)));
        assert_eq!(diagnostic("").fix("a\tb").fix, "a b");
    }
}
