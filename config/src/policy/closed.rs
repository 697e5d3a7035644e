//! A route that lets nobody through.

use serde::Serialize;

/// Answers 503 to everything: what guards the route cannot be understood or is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Closed;
