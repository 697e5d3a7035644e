//! Everything that talks to Kubernetes, or to a folder of files that stands in for it.
//!
//! [`source`] says what there is, [`publish`] has it translated and hands on the result. The binary wires this crate to
//! the proxy, which it does not know.

pub mod publish;
mod resolve;
pub mod source;
