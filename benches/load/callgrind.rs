//! Reads what callgrind writes: instructions of each function itself, and calls of the allocator.
//!
//! The format is described in valgrind's manual, "Callgrind Format Specification".

use std::collections::{BTreeMap, HashMap};

use super::owner;

/// What one process executed.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// Instructions of each function itself.
    pub(crate) own: BTreeMap<String, u64>,
    /// Calls into the allocator that ask for memory, by caller.
    pub(crate) allocations: BTreeMap<String, u64>,
}

impl Profile {
    /// Reads a whole file.
    pub(crate) fn parse(text: &str) -> Self {
        let mut profile = Self::default();
        let mut names: HashMap<&str, &str> = HashMap::new();
        let (mut function, mut callee) = ("", "");
        let mut is_of_callee = false;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = resolve(&mut names, name);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                callee = resolve(&mut names, name);
            } else if let Some(call) = line.strip_prefix("calls=") {
                let count = call
                    .split(' ')
                    .next()
                    .and_then(|count| count.parse().ok())
                    .unwrap_or(0);
                if owner::asks_for_memory(callee) && !owner::is_allocator(function) {
                    *profile.allocations.entry(function.to_owned()).or_default() += count;
                }
                is_of_callee = true;
            } else if line
                .starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '*'))
            {
                // The line after `calls=` is what the callee cost.
                if !std::mem::take(&mut is_of_callee) {
                    let cost = line
                        .split(' ')
                        .nth(1)
                        .and_then(|cost| cost.parse().ok())
                        .unwrap_or(0);
                    *profile.own.entry(function.to_owned()).or_default() += cost;
                }
            }
        }
        profile
    }

    /// All instructions.
    pub(crate) fn total(&self) -> u64 {
        self.own.values().sum()
    }
}

/// `(12) name` gives a name a number, `(12)` alone stands for it from then on.
fn resolve<'a>(names: &mut HashMap<&'a str, &'a str>, text: &'a str) -> &'a str {
    match text.split_once(' ') {
        Some((number, name)) if number.starts_with('(') => {
            names.insert(number, name);
            name
        }
        _ => names.get(text).copied().unwrap_or(text),
    }
}
