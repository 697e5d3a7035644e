//! Everything that talks to Kubernetes, or to a folder of files that stands in for it.
//!
//! [`source`] says what there is, [`publish`] has it translated and hands on the result; [`leader`] says which replica may
//! write, [`status`] and [`event`] tell the cluster what became of its
//! objects, [`replica`] which replica serves them, and [`metric`] how all this goes. [`acme`] gets certificates for those that
//! ask. The binary wires this crate to the proxy, which it does not know.

pub mod acme;
pub mod event;
pub mod leader;
pub mod metric;
pub mod publish;
pub mod replica;
mod resolve;
pub mod source;
pub mod status;
