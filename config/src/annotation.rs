//! Annotations as rows: name, type, default, scope, documentation and examples in one constant.
//!
//! Each dialect has its own list of features made of such rows. The rows are read here, into options of what was
//! *written*; what it *means* is resolved by the feature that the row belongs to. `docs/annotations.md` and the tests of
//! the table are made from the same rows.

mod docs;
mod read;

pub use docs::markdown;
pub use read::{Base, Written, nearest, read};

use crate::value::{Invalid, Value};

/// A group of annotations that configure one feature.
#[derive(Debug)]
pub struct Feature<O: 'static> {
    /// Heading on the reference page.
    pub title: &'static str,
    /// What the feature does.
    pub doc: &'static str,
    /// The rows.
    pub annotations: &'static [Annotation<O>],
}

/// One annotation.
#[derive(Debug)]
pub struct Annotation<O: 'static> {
    /// Name without prefix.
    pub name: &'static str,
    /// Older names of the same annotation.
    pub aliases: &'static [&'static str],
    /// The option that it sets, which gives its type.
    pub field: &'static dyn Field<O>,
    /// The value that counts if it is absent, as text.
    pub default: Option<&'static str>,
    /// What a value that cannot be read does.
    pub on_invalid: OnInvalid,
    /// What it changes.
    pub scope: Scope,
    /// How faithful it is to the original controller.
    pub support: Support,
    /// What it does, as one or two sentences.
    pub doc: &'static str,
    /// Values that are accepted; the first is the example on the page.
    pub accepts: &'static [&'static str],
    /// Values that are not.
    pub rejects: &'static [&'static str],
}

/// What happens to a route whose annotation cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInvalid {
    /// The default is used.
    Ignore,
    /// The route is closed, because the annotation guards access.
    Close,
}

/// What an annotation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The routes of the object.
    Route,
    /// The whole host of the object's rules, for all routes of the same dialect.
    Host,
    /// The Service that carries it.
    Service,
}

/// How faithful an annotation is to the original controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// As there.
    Full,
    /// Read, with the difference that the text says.
    Differs(&'static str),
    /// Not read; the text says why or what to use instead.
    None(&'static str),
}

/// The option behind a row.
pub trait Field<O>: Sync + std::fmt::Debug {
    /// Reads the text into the option.
    fn set(&self, options: &mut O, text: &str) -> Result<(), Invalid>;
    /// What the page prints behind "Value:".
    fn kind(&self) -> &'static str;
}

/// The usual field: an `Option<T>` somewhere in the options.
pub struct At<O: 'static, T: 'static>(pub fn(&mut O) -> &mut Option<T>);

impl<O, T> std::fmt::Debug for At<O, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("At")
    }
}

impl<O, T: Value> Field<O> for At<O, T> {
    fn set(&self, options: &mut O, text: &str) -> Result<(), Invalid> {
        *(self.0)(options) = Some(T::parse(text)?);
        Ok(())
    }

    fn kind(&self) -> &'static str {
        T::KIND
    }
}

/// The field of a row that is not read at all.
#[derive(Debug)]
pub struct NotRead;

impl<O> Field<O> for NotRead {
    fn set(&self, _: &mut O, _: &str) -> Result<(), Invalid> {
        Ok(())
    }

    fn kind(&self) -> &'static str {
        "not read"
    }
}

/// Problems of a table of rows: names that clash, examples that do not hold, text that is missing.
pub fn problems<O: Default>(features: &[Feature<O>]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for row in features.iter().flat_map(|feature| feature.annotations) {
        for name in std::iter::once(&row.name).chain(row.aliases) {
            if !seen.insert(*name) {
                problems.push(format!("{name}: twice in the table"));
            }
        }
        if !row.doc.ends_with('.') {
            problems.push(format!("{}: no documentation", row.name));
        }
        let reads = |text: &str| row.field.set(&mut O::default(), text);
        if matches!(row.support, Support::None(_)) {
            continue;
        }
        if row.accepts.is_empty() {
            problems.push(format!("{}: no example", row.name));
        }
        for text in row.accepts.iter().chain(&row.default) {
            if let Err(error) = reads(text) {
                problems.push(format!("{}: `{text}` should be accepted: {error}", row.name));
            }
        }
        for text in row.rejects {
            if reads(text).is_ok() {
                problems.push(format!("{}: `{text}` should be rejected", row.name));
            }
        }
    }
    problems
}
