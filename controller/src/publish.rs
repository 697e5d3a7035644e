//! From what a source says to tables: keep the snapshot, translate what changed, hand on the result.
//!
//! The binary gives a function that puts a table into service. A panic in translation is caught: what was published last
//! stays, and the next change is translated from nothing.

mod cluster;
mod digest;
mod files;
mod log;

pub(crate) use cluster::Seen;
pub use cluster::{Published, follow_cluster};
pub use files::follow_files;
