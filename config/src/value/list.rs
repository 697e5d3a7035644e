//! Comma-separated lists.

use super::{Invalid, Value};

/// Items separated by commas; empty items are left out, as ingress-nginx does, but not an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T: Value> Value for List<T> {
    const KIND: &'static str = T::KIND;

    fn parse(text: &str) -> Result<Self, Invalid> {
        let items: Vec<T> = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(T::parse)
            .collect::<Result<_, _>>()?;
        if items.is_empty() {
            Err(Invalid::new(format!("a list of: {}", T::KIND), text.trim()))
        } else {
            Ok(Self(items))
        }
    }
}
