//! What one text may cost, so that a few lines of it cannot fill the memory.
//!
//! The loader takes from it before it makes a value. Anchors cost a copy too, because the loader keeps one of each.

use serde_json::Value;

/// How deep a document nests, aliases expanded; `serde_json` has the same limit for JSON.
pub(super) const MAX_DEPTH: usize = 128;

/// What is said of a document beyond [`MAX_DEPTH`].
pub(super) const TOO_DEEP: &str = "the document nests too deep";

/// What one text may still cost.
pub(in super::super) struct Budget {
    /// Keys, scalars, lists and mappings, copies of anchors and aliases included.
    values: usize,
    /// Bytes of text and of keys that anchors and aliases copy.
    copied: usize,
    spent: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            values: 2_000_000,
            copied: super::super::MAX_BYTES,
            spent: false,
        }
    }
}

impl Budget {
    /// Whether a document was refused because the text as a whole is too large.
    pub(in super::super) fn is_spent(&self) -> bool {
        self.spent
    }

    /// Takes one scalar, list or mapping.
    pub(super) fn value(&mut self) -> Result<(), String> {
        self.take(1, 0)
    }

    /// Takes a copy of `value`, before it is made, to a place that leaves it `depth` levels.
    pub(super) fn copy(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        let mut open = vec![(value, depth)];
        while let Some((value, depth)) = open.pop() {
            match value {
                Value::String(text) => self.take(1, text.len())?,
                Value::Null | Value::Bool(_) | Value::Number(_) => self.take(1, 0)?,
                Value::Array(_) | Value::Object(_) if depth == 0 => return Err(TOO_DEEP.to_owned()),
                Value::Array(items) => {
                    self.take(1, 0)?;
                    open.extend(items.iter().map(|item| (item, depth - 1)));
                }
                Value::Object(fields) => {
                    self.take(1, fields.keys().map(String::len).sum())?;
                    open.extend(fields.values().map(|field| (field, depth - 1)));
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, values: usize, bytes: usize) -> Result<(), String> {
        match (self.values.checked_sub(values), self.copied.checked_sub(bytes)) {
            (Some(values), Some(copied)) => {
                (self.values, self.copied) = (values, copied);
                Ok(())
            }
            (None, _) => {
                self.spent = true;
                Err("the file holds too many values".to_owned())
            }
            (_, None) => {
                self.spent = true;
                Err("the aliases of the file expand to too much text".to_owned())
            }
        }
    }
}
