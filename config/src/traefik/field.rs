//! Reads the `spec` of Traefik's kinds field by field, and reports what cannot be read.
//!
//! A field that nobody asked for is unknown: the API server drops it, so it has no effect in a cluster either. What is
//! wrong never stops the reading; a refusal says that the object as a whole cannot be used. Values are not repeated in
//! messages unless they are safe to show, because headers may hold keys.

mod problem;

use serde_json::{Map, Value};

use crate::annotation::nearest;
use crate::name::ObjectRef;
use crate::report::Reason;
use crate::value::Invalid;

pub(super) use problem::Problems;

/// The fields of one JSON object inside the spec.
#[derive(Debug)]
pub(super) struct Fields<'v, 'p> {
    path: String,
    map: &'v Map<String, Value>,
    known: Vec<&'static str>,
    problems: &'p mut Problems,
}

impl<'v, 'p> Fields<'v, 'p> {
    /// Reads the object at `path`, then reports the fields that `body` did not ask for.
    pub(super) fn read<T>(
        value: &'v Value,
        path: &str,
        problems: &'p mut Problems,
        body: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let Value::Object(map) = value else {
            mistyped(problems, path, "an object", value);
            return None;
        };
        let mut fields = Self {
            path: path.to_owned(),
            map,
            known: Vec::new(),
            problems,
        };
        let result = body(&mut fields);
        fields.report_unknown();
        Some(result)
    }

    /// The object that is read.
    pub(super) fn object(&self) -> &ObjectRef {
        self.problems.object()
    }

    /// The path of a field inside its Kubernetes object.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// The names that are written here.
    pub(super) fn names(&self) -> impl Iterator<Item = &'v str> + use<'v> {
        self.map.keys().map(String::as_str)
    }

    /// The value of a field, whatever it is.
    pub(super) fn value(&mut self, name: &'static str) -> Option<&'v Value> {
        self.known.push(name);
        self.map.get(name)
    }

    /// A text, if the field is there.
    pub(super) fn text(&mut self, name: &'static str) -> Option<&'v str> {
        let value = self.value(name)?;
        value.as_str().or_else(|| self.mistype(name, "a text", value))
    }

    /// A text without which the object cannot be used; empty if it is not there.
    pub(super) fn required(&mut self, name: &'static str, missing: &str, fix: &str) -> &'v str {
        match self.value(name) {
            Some(Value::String(text)) if !text.is_empty() => return text,
            None | Some(Value::String(_)) => self.refuse(name, missing, fix),
            Some(other) => mistyped(self.problems, &format!("{}.{name}", self.path), "a text", other),
        }
        ""
    }

    /// True or false; false if the field is not there.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        let Some(value) = self.value(name) else {
            return false;
        };
        value
            .as_bool()
            .or_else(|| self.mistype(name, "true or false", value))
            .unwrap_or_default()
    }

    /// A whole number, if the field is there.
    pub(super) fn whole(&mut self, name: &'static str) -> Option<i64> {
        let value = self.value(name)?;
        value
            .as_i64()
            .or_else(|| self.mistype(name, "a whole number", value))
    }

    /// A list of texts; empty if the field is not there.
    pub(super) fn texts(&mut self, name: &'static str) -> Vec<&'v str> {
        let mut texts = Vec::new();
        for (at, item) in self.list(name).iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text.as_str()),
                other => mistyped(
                    self.problems,
                    &format!("{}.{name}[{at}]", self.path),
                    "a text",
                    other,
                ),
            }
        }
        texts
    }

    /// A list of anything; empty if the field is not there.
    pub(super) fn list(&mut self, name: &'static str) -> &'v [Value] {
        match self.value(name) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.mistype::<()>(name, "a list", other);
                &[]
            }
        }
    }

    /// A map of texts, ordered by key; empty if the field is not there.
    pub(super) fn pairs(&mut self, name: &'static str) -> Vec<(&'v str, &'v str)> {
        let Some(value) = self.value(name) else {
            return Vec::new();
        };
        let Value::Object(map) = value else {
            self.mistype::<()>(name, "a map of texts", value);
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (key, value) in map {
            match value {
                Value::String(text) => pairs.push((key.as_str(), text.as_str())),
                other => mistyped(self.problems, &below(&self.path_of(name), key), "a text", other),
            }
        }
        pairs.sort_unstable();
        pairs
    }

    /// Reads an object inside this one, if the field is there.
    pub(super) fn nested<T>(
        &mut self,
        name: &'static str,
        body: impl FnOnce(&mut Fields<'v, '_>) -> T,
    ) -> Option<T> {
        let value = self.value(name)?;
        let path = self.path_of(name);
        Fields::read(value, &path, self.problems, body)
    }

    /// Reads one object of a list.
    pub(super) fn item<T>(
        &mut self,
        name: &'static str,
        at: usize,
        body: impl FnOnce(&mut Fields<'v, '_>) -> T,
    ) -> Option<T> {
        let value = self.list(name).get(at)?;
        let path = format!("{}.{name}[{at}]", self.path);
        Fields::read(value, &path, self.problems, body)
    }

    /// Reports a field of this object; the object is used.
    pub(super) fn warn(
        &mut self,
        name: &str,
        reason: Reason,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.problems
            .warn(&format!("{}.{name}", self.path), reason, message, fix);
    }

    /// Reports a field of this object without which the object cannot be used.
    pub(super) fn refuse(&mut self, name: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.problems.refuse(
            &format!("{}.{name}", self.path),
            Reason::FieldInvalid,
            message,
            fix,
        );
    }

    /// As [`Self::refuse`], for another reason than an unreadable field.
    pub(super) fn refuse_as(
        &mut self,
        reason: Reason,
        name: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.problems
            .refuse(&format!("{}.{name}", self.path), reason, message, fix);
    }

    /// Reports this object as a whole as one that cannot be used, unless something in it is the cause already.
    pub(super) fn refuse_whole(&mut self, message: impl Into<String>, fix: impl Into<String>) {
        if self.problems.refusal().is_none() {
            self.problems
                .refuse(&self.path, Reason::FieldInvalid, message, fix);
        }
    }

    /// The value of a reading, or a refusal.
    pub(super) fn accept<T>(&mut self, name: &str, read: Result<T, Invalid>, fix: &str) -> Option<T> {
        read.map_err(|invalid| self.refuse(name, invalid.to_string(), fix))
            .ok()
    }

    /// Reports a field that is known and not served, if it is written and says anything.
    pub(super) fn unsupported(&mut self, name: &'static str, instead: &str) {
        let says_nothing = |value: &Value| match value {
            Value::Bool(value) => !value,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Null => true,
        };
        if self.value(name).is_some_and(|value| !says_nothing(value)) {
            self.warn(
                name,
                Reason::FieldUnsupported,
                format!("`{name}` has no effect: {instead}"),
                "remove it",
            );
        }
    }

    fn mistype<T>(&mut self, name: &str, expected: &str, got: &Value) -> Option<T> {
        mistyped(self.problems, &format!("{}.{name}", self.path), expected, got);
        None
    }

    fn report_unknown(&mut self) {
        for name in self
            .map
            .keys()
            .filter(|name| !self.known.contains(&name.as_str()))
        {
            let fix = match nearest(name, self.known.iter().copied()) {
                Some(known) => format!("did you mean `{known}`? Otherwise remove it"),
                None => "remove it".to_owned(),
            };
            let message = format!("there is no field `{name}` here; it has no effect");
            self.problems.warn(
                &format!("{}.{name}", self.path),
                Reason::FieldUnknown,
                message,
                fix,
            );
        }
    }
}

/// The path of a key inside an object, in the notation of diagnostics: keys with dots or slashes stand in brackets.
pub(super) fn below(path: &str, key: &str) -> String {
    if key.contains(['.', '/']) {
        format!("{path}[{key}]")
    } else {
        format!("{path}.{key}")
    }
}

fn mistyped(problems: &mut Problems, field: &str, expected: &str, got: &Value) {
    let got = match got {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let message = format!("expected {expected}, got {got}");
    problems.refuse(field, Reason::FieldInvalid, message, format!("write {expected}"));
}
