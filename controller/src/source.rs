//! Where the objects come from.
//!
//! [`files`] reads folders of Kubernetes YAML (and JSON) and follows their changes; [`yaml`] turns one text into
//! objects that know on which line each field stands. The publish loop and the offline commands call them. Nothing here
//! judges what an object means: an unknown kind passes through.

pub mod files;
pub mod kube;
pub mod yaml;

pub use files::{FileError, Files, Reading};
pub use yaml::{Document, Positions, SyntaxError};
