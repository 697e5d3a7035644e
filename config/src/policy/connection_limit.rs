//! Limits on how much one client may have under way.
//!
//! What is under way outlives every new table, under the name that is given here.

use ipnet::IpNet;
use serde::Serialize;

/// A limit on the requests of one client address that are served at the same time. nginx counts requests as well and calls
/// them connections: one that is kept open and idle does not count, and each stream of HTTP/2 does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionLimit {
    /// Whose count it is: steps with one name share it, in this table and in the next.
    pub name: String,
    /// How many requests may be under way. Never 0.
    pub count: u32,
    /// Clients in these networks are not counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<IpNet>,
    /// Status of the refusal: nginx 503.
    pub status: u16,
}
