//! What the stages of tests share: server processes that end with the test, the place where `make lab` has built their
//! programs, and waiting on conditions.
//!
//! `ferrik-test-cluster` and `ferrik-test-acme` use it. It knows no server.

mod built;
mod condition;
mod process;

pub use built::built;
pub use condition::{LOOK, PATIENCE, eventually, within};
pub use process::{Process, bound_to_us};
