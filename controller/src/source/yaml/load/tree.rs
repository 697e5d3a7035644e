//! The lists and mappings of a document while they fill, and merge keys.
//!
//! The loader puts finished values in; a full mapping applies its merges (`<<: *name`) and becomes a value. What a merge
//! brings never replaces what the mapping says itself, and an earlier merge wins over a later one, as in go-yaml.

use saphyr_parser::Marker;
use serde_json::{Map, Value};

use super::{Fault, Node, Positions};

/// An open list or mapping.
pub(super) struct Frame {
    pub(super) content: Content,
    /// The anchor the parser gave it, 0 for none.
    pub(super) anchor: usize,
    /// Where it starts, counted in the file.
    pub(super) line: usize,
}

pub(super) enum Content {
    List {
        values: Vec<Value>,
        positions: Vec<Positions>,
    },
    Map(Mapping),
}

#[derive(Default)]
pub(super) struct Mapping {
    /// The key whose value comes next.
    pub(super) key: Option<Key>,
    values: Map<String, Value>,
    positions: Vec<(Box<str>, Positions)>,
    merges: Vec<(Node, Marker)>,
}

pub(super) struct Key {
    name: String,
    is_merge: bool,
    mark: Marker,
}

impl Key {
    /// The key `<<`, unquoted.
    pub(super) fn merge(mark: Marker) -> Self {
        Self {
            name: "<<".to_owned(),
            is_merge: true,
            mark,
        }
    }

    /// JSON keys are text: booleans and numbers become the text that `kubectl` makes of them.
    fn new(value: Value, mark: Marker) -> Result<Self, Fault> {
        let name = match value {
            Value::String(name) => name,
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null => return Err(Fault::new(mark, "a key is empty")),
            Value::Array(_) | Value::Object(_) => {
                return Err(Fault::new(
                    mark,
                    "a key is a single word, not a list or a mapping",
                ));
            }
        };
        Ok(Self {
            name,
            is_merge: false,
            mark,
        })
    }
}

impl Frame {
    /// The finished value.
    pub(super) fn finish(self) -> Result<Node, Fault> {
        match self.content {
            Content::List { values, positions } => Ok(Node {
                value: Value::Array(values),
                positions: Positions::list(self.line, positions),
            }),
            Content::Map(mut mapping) => {
                for (node, mark) in std::mem::take(&mut mapping.merges) {
                    mapping.merge(node, mark)?;
                }
                Ok(Node {
                    value: Value::Object(mapping.values),
                    positions: Positions::map(self.line, mapping.positions),
                })
            }
        }
    }
}

impl Content {
    pub(super) fn list() -> Self {
        Self::List {
            values: Vec::new(),
            positions: Vec::new(),
        }
    }

    pub(super) fn map() -> Self {
        Self::Map(Mapping::default())
    }

    /// Takes in a finished value that ends at `mark`; `before` lines stand before the document in its file.
    pub(super) fn place(&mut self, node: Node, before: usize, mark: Marker) -> Result<(), Fault> {
        match self {
            Self::List { values, positions } => {
                values.push(node.value);
                positions.push(node.positions);
            }
            Self::Map(mapping) => match mapping.key.take() {
                None => mapping.key = Some(Key::new(node.value, mark)?),
                Some(key) if key.is_merge => mapping.merges.push((node, key.mark)),
                Some(key) => mapping.insert(key, node, before)?,
            },
        }
        Ok(())
    }
}

impl Mapping {
    fn insert(&mut self, key: Key, node: Node, before: usize) -> Result<(), Fault> {
        if self.values.contains_key(&key.name) {
            return Err(Fault::new(
                key.mark,
                format!("the key `{}` stands here a second time", key.name),
            ));
        }
        let positions = node.positions.at(before + key.mark.line());
        self.positions.push((key.name.as_str().into(), positions));
        self.values.insert(key.name, node.value);
        Ok(())
    }

    fn merge(&mut self, node: Node, mark: Marker) -> Result<(), Fault> {
        match node.value {
            Value::Object(fields) => {
                self.adopt(fields, node.positions);
                Ok(())
            }
            Value::Array(items) => {
                let positions = node.positions.into_list();
                for (item, positions) in items.into_iter().zip(positions) {
                    let Value::Object(fields) = item else {
                        return Err(Fault::new(mark, NOT_MERGEABLE));
                    };
                    self.adopt(fields, positions);
                }
                Ok(())
            }
            _ => Err(Fault::new(mark, NOT_MERGEABLE)),
        }
    }

    /// Adds the fields that are not there yet.
    fn adopt(&mut self, mut fields: Map<String, Value>, positions: Positions) {
        for (key, position) in positions.into_fields() {
            let Some(value) = fields.remove(&*key) else {
                continue;
            };
            if !self.values.contains_key(&*key) {
                self.values.insert(key.to_string(), value);
                self.positions.push((key, position));
            }
        }
    }
}

const NOT_MERGEABLE: &str = "`<<` merges a mapping or a list of mappings";
