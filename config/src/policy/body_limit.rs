//! The largest request body that is accepted.

use serde::Serialize;

/// A limit on request bodies: refused with 413 at once by `Content-Length`, else cut while streaming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BodyLimit {
    /// Bytes.
    pub bytes: u64,
}
