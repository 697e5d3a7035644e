//! Where objects and their fields are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use ferrik_config::name::ObjectRef;
use ferrik_controller::source::Document;

use crate::problem::Place;

/// The document behind each object.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<ObjectRef, Arc<Document>>);

impl Places {
    /// Remembers where an object stands. Returns the document of the same object that was there before.
    pub(super) fn insert(&mut self, object: &ObjectRef, document: &Arc<Document>) -> Option<Arc<Document>> {
        self.0.insert(object.clone(), document.clone())
    }

    /// The line of a field, or of one line (from 1) of the field's text. `None` for an object that is in no file.
    pub(crate) fn find(&self, object: &ObjectRef, field: &str, text_line: Option<usize>) -> Option<Place> {
        self.0.get(object).map(|document| of(document, field, text_line))
    }

    /// One line (from 1) of a field's text, as it is written.
    pub(crate) fn text(&self, object: &ObjectRef, field: &str, line: usize) -> Option<&str> {
        let value = field_value(&self.0.get(object)?.value, field)?;
        value.as_str()?.lines().nth(line.checked_sub(1)?).map(str::trim)
    }
}

/// The line of a field in one document.
pub(super) fn of(document: &Document, field: &str, text_line: Option<usize>) -> Place {
    let own = document.positions.line_of(field);
    let line = match (text_line, document.positions.text_line(field)) {
        // A text that begins on the line of its key is quoted, and its line breaks are escapes.
        (Some(line), Some(first)) if first > own => first + line - 1,
        _ => own,
    };
    Place {
        file: document.file.clone(),
        line: Some(line),
    }
}

/// The value at a field path in the notation of [`ferrik_controller::source::Positions`].
fn field_value<'v>(value: &'v serde_json::Value, field: &str) -> Option<&'v serde_json::Value> {
    let mut here = value;
    let mut rest = field;
    while !rest.is_empty() {
        let segment;
        (segment, rest) = match rest.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once(']')?,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        rest = rest.strip_prefix('.').unwrap_or(rest);
        here = match here {
            serde_json::Value::Array(items) => items.get(segment.parse::<usize>().ok()?)?,
            other => other.get(segment)?,
        };
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ferrik_config::name::Kind;
    use ferrik_controller::source::yaml::parse;

    use super::*;

    const TEXT: &str = "\
kind: Ingress
metadata:
  annotations:
    a.b/block: |
      one
      two
    a.b/quoted: \"one\\ntwo\"
spec:
  rules:
    - host: a
";

    #[test]
    fn a_field_and_a_line_of_its_text_have_their_lines() {
        let (documents, errors) = parse(Path::new("a.yaml"), TEXT);
        assert!(errors.is_empty(), "{errors:?}");
        let line = |field, text_line| of(&documents[0], field, text_line).line;
        for (field, text_line, expected) in [
            ("metadata.annotations[a.b/block]", None, 4),
            ("metadata.annotations[a.b/block]", Some(1), 5),
            ("metadata.annotations[a.b/block]", Some(2), 6),
            ("metadata.annotations[a.b/quoted]", Some(2), 7),
            ("spec.rules[0].host", None, 10),
            ("spec.rules[0].http.paths", None, 10),
        ] {
            assert_eq!(line(field, text_line), Some(expected), "{field} {text_line:?}");
        }
    }

    #[test]
    fn a_line_of_a_text_is_read() {
        let (documents, _) = parse(Path::new("a.yaml"), TEXT);
        let object = ObjectRef::new(Kind::Ingress, "shop", "web");
        let mut places = Places::default();
        for document in documents {
            places.insert(&object, &Arc::new(document));
        }
        let text = |field, line| places.text(&object, field, line);
        assert_eq!(text("metadata.annotations[a.b/block]", 2), Some("two"));
        assert_eq!(text("metadata.annotations[a.b/quoted]", 2), Some("two"));
        assert_eq!(text("spec.rules[0].host", 1), Some("a"));
        assert_eq!(text("metadata.annotations[a.b/block]", 3), None);
        assert_eq!(text("spec.rules[1].host", 1), None);
    }
}
