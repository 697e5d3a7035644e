//! Texts that were to be replaced by the reader of a manual, and were not.

use serde_json::Value;

use super::field::{Problems, below};
use crate::report::Reason;

/// Whole values that say "fill me in", in lower case.
const WORDS: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "replace_me",
    "fixme",
    "placeholder",
    "xxxxx",
];

/// Parts of values that say so.
const PARTS: &[&str] = &[
    "must-be-overridden",
    "must-be-replaced",
    "your-secret",
    "your_secret",
    "release-name-",
];

/// Reports every text of the object that looks like one: in its spec, its name and its namespace.
pub(super) fn check(spec: &Value, problems: &mut Problems) {
    let object = problems.object().clone();
    // `helm template` without a name calls the release so.
    if object.name.starts_with("release-name") {
        report("metadata.name", &object.name, problems);
    }
    if &*object.namespace == "namespace" {
        report("metadata.namespace", &object.namespace, problems);
    }
    walk(spec, "spec", problems);
}

fn walk(value: &Value, path: &str, problems: &mut Problems) {
    match value {
        Value::String(text) if is_placeholder(text) => report(path, text, problems),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{at}]"), problems);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(field, &below(path, name), problems);
            }
        }
        _ => {}
    }
}

fn report(field: &str, text: &str, problems: &mut Problems) {
    let message = format!("`{text}` looks like a placeholder that was to be filled in");
    problems.warn(
        field,
        Reason::PlaceholderValue,
        message,
        "put the real value in its place",
    );
}

/// True if a text looks as if a reader was to replace it.
pub fn is_placeholder(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    WORDS.contains(&lower.as_str())
        || PARTS.iter().any(|part| lower.contains(part))
        || (lower.starts_with("your") && lower.ends_with("here"))
        || has_angle_brackets(&lower)
}

/// `<release-name>`, but not `(?<name>…)` of a regular expression and not `<https://…>` of a `Link` header.
fn has_angle_brackets(text: &str) -> bool {
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('<') {
        let is_group = head.ends_with("(?") || head.ends_with("(?p");
        let word = tail.split_once('>').map(|(word, _)| word);
        let fits = |b: u8| b.is_ascii_alphanumeric() || b" -_.".contains(&b);
        if !is_group && word.is_some_and(|word| !word.is_empty() && word.bytes().all(fits)) {
            return true;
        }
        rest = tail;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        for text in [
            "your-secret-key-here",
            "ChangeMe",
            "<release-name>-cors",
            "a <b c>",
            "release-name-passcert",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "not-a-real-key",
            "^(?P<host>[^/]+)/(?<path>.*)$",
            "<https://a.example.org>; rel=preload",
            "yourself",
            "a < b",
            "",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
