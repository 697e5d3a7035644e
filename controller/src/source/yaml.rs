//! One YAML or JSON text into Kubernetes objects with the line of every field.
//!
//! [`files`](super::files) calls [`parse`] for each file; nothing is read here. Values are what `kubectl` would send to
//! the API server for the same text, YAML 1.1 booleans included. Whether an object is a valid Kubernetes object is not
//! judged, except that it must be a mapping: a file caught half-written is often a single word.
//!
//! # Invariants
//! A text of any content costs bounded memory and stack ([`MAX_BYTES`], and limits on nesting and aliases) and never
//! panics; a fault in one document leaves the others of the text alone.

mod load;
mod position;
mod scalar;
mod split;
mod surrogate;
#[cfg(test)]
mod tests;

use std::{fmt, path::Path, sync::Arc};

use serde_json::{Map, Value};

use self::load::{Budget, Node};
pub use self::position::Positions;

/// The largest text that is parsed, in bytes. etcd keeps an object under 1.5 MiB; this leaves room for a dump of a
/// whole cluster in one file.
pub const MAX_BYTES: usize = 16 << 20;

/// One Kubernetes object as a file says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The file that holds it, as it was named to the reader.
    pub file: Arc<Path>,
    /// The object: always a JSON object.
    pub value: Value,
    /// The lines of its fields.
    pub positions: Positions,
}

/// A place where a text is not readable. Displayed as `file:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}", .file.display())]
pub struct SyntaxError {
    /// The file that holds the fault, as it was named to the reader.
    pub file: Arc<Path>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
}

/// Every object of `text`, in the order of the text, and what could not be read.
///
/// Documents are separated by `---`; empty ones are skipped. A `kind: List` (and any other kind that ends in `List` and
/// has `items`) becomes its items. A document with a fault contributes one error and no object.
///
/// Stricter than `kubectl` in two points: a duplicate key is a fault, and so is a flow list, flow mapping or quoted text
/// whose further lines are not indented beyond their parent (YAML 1.2.2, section 6.1; a closing bracket may stand below
/// the key).
pub fn parse(path: &Path, text: &str) -> (Vec<Document>, Vec<SyntaxError>) {
    let mut found = Found {
        file: Arc::from(path),
        documents: Vec::new(),
        errors: Vec::new(),
    };
    if text.len() > MAX_BYTES {
        found.fault(1, 1, format!("the file is larger than {MAX_BYTES} bytes"));
        return (found.documents, found.errors);
    }
    let mut budget = Budget::default();
    for chunk in split::documents(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        match load::load(&surrogate::rewrite(chunk.text), chunk.line, &mut budget) {
            Ok(Some(node)) => found.collect(node),
            Ok(None) => {}
            Err(fault) => found.fault(fault.line, fault.column, fault.message),
        }
        if budget.is_spent() {
            break;
        }
    }
    (found.documents, found.errors)
}

/// What [`parse`] has gathered so far.
struct Found {
    file: Arc<Path>,
    documents: Vec<Document>,
    errors: Vec<SyntaxError>,
}

impl Found {
    /// Takes one document apart into objects. Lists nest no deeper than documents do, so the recursion is bounded.
    fn collect(&mut self, node: Node) {
        let line = node.positions.line();
        let mut object = match node.value {
            Value::Object(object) => object,
            other => {
                let message = format!("a Kubernetes object is a mapping, this is {}", Kind(&other));
                return self.fault(line, 1, message);
            }
        };
        let Some(items) = take_items(&mut object) else {
            self.documents.push(Document {
                file: Arc::clone(&self.file),
                value: Value::Object(object),
                positions: node.positions,
            });
            return;
        };
        for (item, positions) in items.into_iter().zip(node.positions.into_items()) {
            let value = inherit(item, &object);
            self.collect(Node { value, positions });
        }
    }

    fn fault(&mut self, line: usize, column: usize, message: String) {
        self.errors.push(SyntaxError {
            file: Arc::clone(&self.file),
            line,
            column,
            message,
        });
    }
}

/// The items, if the object is a list of objects.
fn take_items(object: &mut Map<String, Value>) -> Option<Vec<Value>> {
    let is_list = object.get("kind")?.as_str()?.ends_with("List");
    match object.get_mut("items")? {
        Value::Array(items) if is_list => Some(std::mem::take(items)),
        _ => None,
    }
}

/// The items of a typed list (`IngressList`, as the API server answers) leave out kind and version: the list says them.
fn inherit(mut item: Value, list: &Map<String, Value>) -> Value {
    let kind = list
        .get("kind")
        .and_then(Value::as_str)
        .and_then(|kind| kind.strip_suffix("List"));
    if let (Value::Object(item), Some(kind), Some(version)) = (&mut item, kind, list.get("apiVersion"))
        && !kind.is_empty()
        && !item.contains_key("kind")
    {
        item.insert("kind".to_owned(), Value::from(kind));
        item.entry("apiVersion").or_insert_with(|| version.clone());
    }
    item
}

/// Names the type of a value in a message.
struct Kind<'a>(&'a Value);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Value::Null => "empty",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a mapping",
        })
    }
}
