//! Typed values of annotations and settings: one trait that reads a text, one error that says what was expected.
//!
//! Used by every row of every dialect. The error names neither object nor field: the caller, who knows them, adds them.

mod duration;
mod group;
mod list;
mod net;
mod scalar;
mod size;

use std::borrow::Cow;
use std::fmt;

pub use duration::Seconds;
pub use group::{GroupName, Groups};
pub use list::List;
pub use net::Cidr;
pub use size::Size;

/// The only way in which a value can be wrong: something else was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// What would have been right, as a noun phrase: "a whole number of seconds".
    pub expected: Cow<'static, str>,
    /// What was written.
    pub got: String,
}

impl Invalid {
    /// Says that `got` is not `expected`.
    pub fn new(expected: impl Into<Cow<'static, str>>, got: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            got: got.into(),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, got `{}`", self.expected, self.got)
    }
}

impl std::error::Error for Invalid {}

/// A type that can be written as the value of an annotation or setting.
pub trait Value: Sized {
    /// What the reference pages print behind "Value:".
    const KIND: &'static str;

    /// Reads the value. Surrounding white space is not part of it.
    fn parse(text: &str) -> Result<Self, Invalid>;
}
