//! Time limits on the way to a backend. All of them are idle limits: a transfer that moves is never cut.

use std::time::Duration;

use serde::Serialize;

/// Time limits of one backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// Until the connection (with TLS) stands.
    #[serde(serialize_with = "seconds")]
    pub connect: Duration,
    /// Between two reads from the backend.
    #[serde(serialize_with = "seconds")]
    pub read: Duration,
    /// Between two writes to the backend.
    #[serde(serialize_with = "seconds")]
    pub send: Duration,
}

/// ingress-nginx's defaults: 5, 60 and 60 seconds.
impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(60),
            send: Duration::from_secs(60),
        }
    }
}

fn seconds<S: serde::Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(span.as_secs())
}
