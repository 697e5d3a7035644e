//! Why a document is no object that can be used, in the words of problems.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ferrik_config::report::{Reason, Severity};
use ferrik_config::snapshot::ReadError;
use ferrik_config::traefik::is_placeholder;
use ferrik_controller::source::Document;
use serde_json::Value;

use super::{place, reason};
use crate::problem::Problem;

/// What is wrong with one document. Of each file, each kind that is not read is named once, at its first object.
pub(super) fn problems(
    document: &Document,
    error: ReadError,
    other_kinds: &mut BTreeSet<(Arc<Path>, String)>,
) -> Vec<Problem> {
    match error {
        ReadError::NotAnObject => {
            let mut problems = vec![not_an_object(document)];
            placeholders(document, &document.value, "", &mut problems);
            problems
        }
        ReadError::OtherKind(kind) => {
            let is_first = other_kinds.insert((document.file.clone(), kind.clone()));
            if is_first {
                vec![other_kind(document, &kind)]
            } else {
                Vec::new()
            }
        }
        ReadError::Field {
            object,
            field,
            message,
        } => vec![Problem {
            place: Some(place::of(document, &field, None)),
            severity: Severity::Error,
            fix: format!(
                "see `kubectl explain {}`",
                documented(object.kind.as_str(), &field)
            ),
            object: Some(object.to_string()),
            reason: Reason::FieldInvalid.as_str(),
            message: format!("{message}; the object is not read"),
            field,
        }],
    }
}

/// Values of a chart stand beside the objects and are filled in by the same hand; in objects, translation looks.
fn placeholders(document: &Document, value: &Value, path: &str, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) if is_placeholder(text) => problems.push(Problem {
            place: Some(place::of(document, path, None)),
            severity: Severity::Warning,
            object: None,
            field: path.to_owned(),
            reason: Reason::PlaceholderValue.as_str(),
            message: format!("`{text}` looks like a placeholder that was to be filled in"),
            fix: "put the real value in its place".to_owned(),
        }),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                placeholders(document, item, &format!("{path}[{at}]"), problems);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                let path = match path {
                    _ if name.contains(['.', '/']) => format!("{path}[{name}]"),
                    "" => name.clone(),
                    _ => format!("{path}.{name}"),
                };
                placeholders(document, item, &path, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What looks like an object and lacks its kind was meant to be served; other YAML only lies in the same folder.
fn not_an_object(document: &Document) -> Problem {
    let has = |name| document.value.get(name).is_some();
    let is_meant = has("apiVersion") || has("kind") || (has("metadata") && has("spec"));
    let missing: Vec<&str> = ["apiVersion", "kind"]
        .into_iter()
        .filter(|name| !has(name))
        .collect();
    let (severity, fix) = if is_meant {
        (
            Severity::Error,
            "write both, such as `apiVersion: networking.k8s.io/v1` and `kind: Ingress`",
        )
    } else {
        (Severity::Warning, "keep other YAML outside of the folder")
    };
    let lack = match missing.as_slice() {
        [] => "its `apiVersion` or `kind` is no text".to_owned(),
        names => format!("it has no `{}`", names.join("` and no `")),
    };
    Problem {
        place: Some(place::of(document, "", None)),
        severity,
        object: None,
        field: String::new(),
        reason: reason::NOT_AN_OBJECT,
        message: format!("this is not a Kubernetes object: {lack}; it is not read"),
        fix: fix.to_owned(),
    }
}

fn other_kind(document: &Document, kind: &str) -> Problem {
    let (version, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
    let (severity, fix) = match current_version(version, kind) {
        Some(current) => (Severity::Error, format!("write `apiVersion: {current}`")),
        None => (
            Severity::Warning,
            "nothing to do if another program reads it".to_owned(),
        ),
    };
    Problem {
        place: Some(place::of(document, "kind", None)),
        severity,
        object: None,
        field: String::new(),
        reason: Reason::KindUnsupported.as_str(),
        message: format!("objects of kind {kind} ({version}) are not read"),
        fix,
    }
}

/// The version that is read of a kind that Kubernetes has moved: an object of an old one was meant to be served.
fn current_version(version: &str, kind: &str) -> Option<&'static str> {
    let group = version.split('/').next().unwrap_or_default();
    match (group, kind) {
        ("extensions" | "networking.k8s.io", "Ingress" | "IngressClass") => Some("networking.k8s.io/v1"),
        ("discovery.k8s.io", "EndpointSlice") => Some("discovery.k8s.io/v1"),
        _ => None,
    }
}

/// `Ingress` and `spec.rules[0].host` are `ingress.spec.rules.host` in the API's reference.
fn documented(kind: &str, field: &str) -> String {
    let mut path = kind.to_lowercase();
    for part in field.split('.').take_while(|part| !part.is_empty()) {
        let (name, is_indexed) = part
            .split_once('[')
            .map_or((part, false), |(name, _)| (name, true));
        path.push('.');
        path.push_str(name);
        // Behind a key in brackets come the user's own names.
        if is_indexed && !part.ends_with(']') {
            break;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use ferrik_config::snapshot::Object;
    use ferrik_controller::source::yaml::parse;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let (documents, errors) = parse(Path::new("a.yaml"), text);
        assert!(errors.is_empty(), "{errors:?}");
        let mut seen = BTreeSet::new();
        let unread = documents
            .iter()
            .filter_map(|it| Some((it, Object::read(&it.value).err()?)));
        let problems = unread.flat_map(|(it, error)| problems(it, error, &mut seen));
        problems.map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn what_is_no_object_says_what_it_lacks() {
        for (text, expected) in [
            (
                "a: b\n",
                "a.yaml:1: warning: this is not a Kubernetes object: it has no `apiVersion` and no `kind`",
            ),
            (
                "\nmetadata: {}\nspec: {}\n",
                "a.yaml:2: error: this is not a Kubernetes object",
            ),
            (
                "kind: Ingress\n",
                "a.yaml:1: error: this is not a Kubernetes object: it has no `apiVersion`;",
            ),
        ] {
            let lines = lines(text);
            assert!(lines.len() == 1 && lines[0].starts_with(expected), "{lines:?}");
        }
    }

    #[test]
    fn other_kinds_are_named_once_and_old_versions_are_errors() {
        let other = "---\napiVersion: apps/v1\nkind: Deployment\n";
        let old = "---\nkind: Ingress\napiVersion: extensions/v1beta1\n";
        assert_eq!(
            lines(&format!("{other}{other}{old}")),
            [
                "a.yaml:3: warning: objects of kind Deployment (apps/v1) are not read; \
                 fix: nothing to do if another program reads it",
                "a.yaml:8: error: objects of kind Ingress (extensions/v1beta1) are not read; \
                 fix: write `apiVersion: networking.k8s.io/v1`",
            ]
        );
    }

    #[test]
    fn values_of_charts_are_searched_for_placeholders() {
        let lines = lines("a:\n  - b: 1\n    c.d/e: <name>\n");
        let expected =
            "a.yaml:3: warning a[0][c.d/e]: `<name>` looks like a placeholder that was to be filled in";
        assert!(lines.len() == 2 && lines[1].starts_with(expected), "{lines:?}");
    }

    #[test]
    fn a_field_that_cannot_be_read_has_its_line() {
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n    - port: http\n";
        let lines = lines(text);
        assert!(
            lines[0].starts_with("a.yaml:6: error Service default/a spec.ports[0].port: "),
            "{lines:?}"
        );
        assert!(
            lines[0].ends_with("; fix: see `kubectl explain service.spec.ports.port`"),
            "{lines:?}"
        );
    }
}
