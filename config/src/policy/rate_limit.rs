//! Limits on how fast requests may come.
//!
//! The limit is a whole number of requests in a span of time, so that rates below one per second need no fractions. What
//! has been counted outlives every new table, under the name that is given here.

use ipnet::IpNet;
use serde::Serialize;

use super::HeaderName;

/// A limit on the rate of requests of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    /// Whose count it is: two steps with one name, one scope and one source share it, in this table and in the next.
    pub name: String,
    /// Whether the routes with this name count together.
    pub scope: RateScope,
    /// How many requests are let through in each period, on average. Never 0.
    pub count: u32,
    /// The period in milliseconds. Never 0.
    pub period_ms: u64,
    /// Leaky bucket: how many requests may be ahead of the average. Token bucket: its size, never 0.
    pub burst: u32,
    /// What tells one source from another.
    pub key: RateKey,
    /// How it is counted.
    pub mode: RateMode,
    /// Status of the refusal: nginx 503, Traefik 429.
    pub status: u16,
    /// Clients in these networks are not counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<IpNet>,
}

/// Which routes count together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum RateScope {
    /// All routes that have the step (ingress-nginx makes one zone for the Ingress).
    Shared,
    /// Every route for itself (Traefik makes one limiter for the router).
    Route,
}

/// What tells one source of requests from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum RateKey {
    /// The client's address.
    Client {
        /// Which address: 0 is the client's, 1 the last one in `X-Forwarded-For`, 2 the one before. Requests with fewer
        /// addresses there count as one source.
        #[serde(skip_serializing_if = "is_zero")]
        depth: u32,
        /// Count IPv6 addresses by their first so many bits.
        #[serde(skip_serializing_if = "Option::is_none")]
        ipv6_prefix: Option<u8>,
    },
    /// The value of a request header; requests without it count as one source.
    Header(HeaderName),
    /// The host that the request asks for.
    Host,
}

/// How requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RateMode {
    /// nginx `limit_req … nodelay`: requests pass at once while no more than `burst` are ahead of the average.
    LeakyBucket,
    /// Traefik: a bucket of `burst` tokens, filled at the average rate. A request that lacks a token waits for it up to half
    /// the time between two tokens, at most 500 ms; the refusal carries `Retry-After`.
    TokenBucket,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(depth: &u32) -> bool {
    *depth == 0
}
