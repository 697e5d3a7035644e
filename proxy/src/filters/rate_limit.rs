//! Refuses what comes too fast, in nginx's and in Traefik's way.
//!
//! What was counted is in `Lasting` under the policy's name: a new table resets nothing.

mod bucket;
mod sources;

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ferrik_config::policy::{self, RateKey, RateMode, RateScope};
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;

use self::bucket::Rate;
use self::sources::Sources;
use super::{Filter, Flow, ip_access};
use crate::arena::header_value;
use crate::compile::Context;
use crate::head::{Fields, RequestHead};
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;
use crate::route::Route;
use crate::template::header_name;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static RETRY_IN: HeaderName = HeaderName::from_static("x-retry-in");

/// The compiled limit.
#[derive(Debug)]
pub(crate) struct RateLimit {
    rate: Rate,
    mode: RateMode,
    status: u16,
    key: Key,
    scope: RateScope,
    /// The route's own part of every source, once it has been worked out.
    route: OnceLock<u64>,
    sources: Arc<Sources>,
    exempt: Box<[IpNet]>,
}

#[derive(Debug)]
enum Key {
    Client { depth: usize, mask: u128 },
    Header(HeaderName),
    Host,
}

/// What tells one source from another.
#[derive(Hash)]
enum Source<'r> {
    Address(IpAddr),
    Text(&'r [u8]),
    /// All that cannot be told apart.
    Unknown,
}

impl Filter for RateLimit {
    type Policy = policy::RateLimit;

    fn compile(policy: &Self::Policy, context: &Context<'_>) -> Self {
        let key = match &policy.key {
            RateKey::Client { depth, ipv6_prefix } => {
                let bits = u32::from(ipv6_prefix.unwrap_or(128).min(128));
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                Key::Client {
                    depth: usize::try_from(*depth).unwrap_or(usize::MAX),
                    mask,
                }
            }
            RateKey::Header(name) => Key::Header(header_name(name)),
            RateKey::Host => Key::Host,
        };
        Self {
            rate: Rate::of(policy),
            mode: policy.mode,
            status: policy.status,
            key,
            scope: policy.scope,
            route: OnceLock::new(),
            sources: context.lasting.get(
                &format!("rate_limit/{:?}/{}", policy.scope, policy.name),
                Sources::new,
            ),
            exempt: policy.exempt.clone().into(),
        }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        let client = request.facts.client.to_canonical();
        if self.exempt.iter().any(|net| ip_access::covers(net, client)) {
            return Flow::Next;
        }
        let scope = match self.scope {
            RateScope::Shared => None,
            RateScope::Route => Some(
                *self
                    .route
                    .get_or_init(|| identity(request.facts.route, &self.sources)),
            ),
        };
        let source = self.sources.id((scope, self.key.source(request)));
        match self.sources.take(source, &self.rate) {
            Ok(Duration::ZERO) => Flow::Next,
            Ok(wait) => Flow::Wait(Box::pin(async move {
                tokio::time::sleep(wait).await;
                Ok(())
            })),
            Err(wait) => Flow::Reply(self.refusal(wait)),
        }
    }
}

impl RateLimit {
    fn refusal(&self, wait: Duration) -> Reply {
        let reply = Reply::page(self.status, Reason::TooManyRequests);
        match self.mode {
            RateMode::LeakyBucket => reply,
            RateMode::TokenBucket => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                reply
                    .with(RETRY_AFTER, HeaderValue::from(seconds))
                    .with(RETRY_IN.clone(), header_value(go_duration(wait).as_bytes()))
            }
        }
    }
}

impl Key {
    fn source<'r, H: RequestHead>(&self, request: &'r Request<'_, H>) -> Source<'r> {
        match self {
            Self::Client { depth: 0, mask } => address(request.facts.client, *mask),
            // Only a trusted proxy makes the client another than the connection's: nobody else's list counts.
            Self::Client { .. } if request.facts.client == request.facts.connection.client.ip() => {
                Source::Unknown
            }
            Self::Client { depth, mask } => forwarded(request.head, *depth, *mask),
            Self::Header(name) => request
                .head
                .get(name)
                .map_or(Source::Unknown, Source::Text),
            Self::Host => Source::Text(request.facts.host.as_str().as_bytes()),
        }
    }
}

/// The address that stands so far from the right in `X-Forwarded-For`, all lines of it.
fn forwarded(head: &impl Fields, depth: usize, mask: u128) -> Source<'_> {
    let lines: Vec<&[u8]> = head.values(&FORWARDED_FOR).collect();
    let mut entries = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    let Some(entry) = entries.nth(depth - 1).map(<[u8]>::trim_ascii) else {
        return Source::Unknown;
    };
    let parsed = std::str::from_utf8(entry).ok().and_then(|text| text.parse().ok());
    parsed.map_or(Source::Text(entry), |client| address(client, mask))
}

fn address<'r>(client: IpAddr, mask: u128) -> Source<'r> {
    Source::Address(match client.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask)),
        v4 @ IpAddr::V4(_) => v4,
    })
}

/// Stays the same as long as the rule keeps its place and its path.
fn identity(route: &Route, sources: &Sources) -> u64 {
    sources.id((&route.source.object, &route.source.field, &route.path))
}

/// The duration as Go writes it, and Traefik in `X-Retry-In`; only its `µs` is spelled `us`, which Go reads as well and
/// which is ASCII.
fn go_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (unit, name): (u128, _) = match nanos {
        0 => return "0s".to_owned(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let (minutes, rest) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
    let digits = unit.ilog10() as usize;
    let fraction = if digits == 0 {
        String::new()
    } else {
        format!(".{:0digits$}", rest % unit)
    };
    let seconds = format!(
        "{}{}{name}",
        rest / unit,
        fraction.trim_end_matches('0').trim_end_matches('.')
    );
    match (minutes / 60, minutes % 60) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

#[cfg(test)]
mod tests;
