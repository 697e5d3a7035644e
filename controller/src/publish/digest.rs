//! A hash of what is served and rejected, brought up to date by what changed. Equal for replicas of one version that serve
//! the same, whatever way they came there.

use std::hash::{DefaultHasher, Hasher};

use ferrik_config::translate::Output;
use imbl::ordmap::DiffItem;
use serde::Serialize;

/// The hash after `output`, if it was `hash` after `before`. Sums of parts, so that order means nothing.
pub(super) fn update(hash: u64, before: &Output, output: &Output) -> u64 {
    let mut hash = hash;
    macro_rules! parts {
        ($($map:ident)*) => {$(
            for change in before.table.$map.diff(&output.table.$map) {
                let part = |name: &dyn std::fmt::Display, part| of(&(stringify!($map), name.to_string(), part));
                match change {
                    DiffItem::Add(name, new) => hash = hash.wrapping_add(part(name, new)),
                    DiffItem::Remove(name, old) => hash = hash.wrapping_sub(part(name, old)),
                    DiffItem::Update { old, new } => {
                        hash = hash.wrapping_sub(part(old.0, old.1)).wrapping_add(part(new.0, new.1));
                    }
                }
            }
        )*};
    }
    parts! { hosts tls }
    let rest = |output: &Output| of(&(&output.table.default_tls, &output.table.default_backend));
    hash = hash.wrapping_sub(rest(before)).wrapping_add(rest(output));
    for (_, old, new) in before.report.changes(&output.report) {
        hash = hash.wrapping_sub(of(&old)).wrapping_add(of(&new));
    }
    hash
}

fn of(part: &impl Serialize) -> u64 {
    // Its keys are fixed, so every replica finds the same.
    let mut hasher = DefaultHasher::new();
    hasher.write(&serde_json::to_vec(part).expect("the model has a JSON form"));
    hasher.finish()
}
