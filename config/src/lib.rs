//! Pure translation: Kubernetes objects in, routing table and report out.
//!
//! Four nouns carry the architecture: [`Snapshot`] (objects at one moment) → [`Table`] (routing model, with
//! [`Endpoints`] beside it) + [`Report`] (what is wrong). The proxy compiles the table. Nothing here does I/O, reads a
//! clock or waits; equal input gives equal output, in every byte.
//!
//! Reading order: [`name`] → [`policy`] → [`table`] → [`report`] → [`snapshot`] → [`translate`] → the dialects.
//! Without the feature `translate` only the model is here, which is all that the proxy sees.

pub mod metric;
pub mod name;
pub mod policy;
pub mod report;
pub mod table;
pub mod value;

#[cfg(feature = "translate")]
pub mod acme;
#[cfg(feature = "translate")]
pub mod annotation;
#[cfg(feature = "translate")]
pub mod nginx;
#[cfg(feature = "translate")]
pub mod settings;
#[cfg(feature = "translate")]
pub mod snapshot;
#[cfg(feature = "translate")]
pub mod traefik;
#[cfg(feature = "translate")]
pub mod translate;

pub use report::Report;
#[cfg(feature = "translate")]
pub use snapshot::Snapshot;
pub use table::{Endpoints, Table};
