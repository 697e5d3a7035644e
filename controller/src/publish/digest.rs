//! A hash of what is served and rejected, brought up to date by what changed. Equal for replicas of one version that serve
//! the same, whatever way they came there.

use std::hash::{DefaultHasher, Hasher};

use ferrik_config::translate::Output;
use imbl::ordmap::DiffItem;
use serde::Serialize;

/// The hash after `output`, if it was `hash` after `before`. Sums of parts, so that order means nothing.
pub(super) fn update(hash: u64, before: &Output, output: &Output) -> u64 {
    let mut hash = hash;
    for change in before.table.hosts.diff(&output.table.hosts) {
        match change {
            DiffItem::Add(name, host) => hash = hash.wrapping_add(of(&(name.to_string(), host))),
            DiffItem::Remove(name, host) => hash = hash.wrapping_sub(of(&(name.to_string(), host))),
            DiffItem::Update { old, new } => {
                hash = hash.wrapping_sub(of(&(old.0.to_string(), old.1)));
                hash = hash.wrapping_add(of(&(new.0.to_string(), new.1)));
            }
        }
    }
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
