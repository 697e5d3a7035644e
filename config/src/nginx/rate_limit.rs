//! How fast the requests of one client may come.

use super::Options as All;
use crate::annotation::{Annotation, At, Feature, Field, OnInvalid, Scope, Support, Written};
use crate::policy::{Policy, RateKey, RateLimit, RateMode, RateScope, Step};
use crate::value::{Cidr, Invalid, List, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Rates of requests",
    doc: "Each client, known by its address, has one count for all routes of the object, in every replica of its own. \
          Requests above the rate pass at once until the burst is used up; then they are answered 503. A value that \
          cannot be read sets no limit: limits guard capacity, not access.",
    annotations: &[
        rate(
            PER_SECOND,
            &At::<All, u32>(|o| &mut o.rate_limit.per_second),
            "Requests per second. `0` is no limit.",
        ),
        rate(
            PER_MINUTE,
            &At::<All, u32>(|o| &mut o.rate_limit.per_minute),
            "Requests per minute. `0` is no limit.",
        ),
        Annotation {
            name: "limit-burst-multiplier",
            aliases: &[],
            field: &At::<All, Multiplier>(|o| &mut o.rate_limit.multiplier),
            default: Some("5"),
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "The burst is the rate times this number.",
            accepts: &["1", "20"],
            rejects: &["0", "-1", "1.5", ""],
        },
        Annotation {
            name: "limit-allowlist",
            aliases: &["limit-whitelist"],
            field: &At::<All, List<Cidr>>(|o| &mut o.rate_limit.exempt),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Networks whose requests are not counted. A list that cannot be read exempts nobody.",
            accepts: &["10.0.0.0/8, 192.168.1.7", "fd00::/8"],
            rejects: &["", "10.0.0.0/33", "localhost"],
        },
    ],
};

const PER_SECOND: &str = "limit-rps";
const PER_MINUTE: &str = "limit-rpm";

const fn rate(name: &'static str, field: &'static dyn Field<All>, doc: &'static str) -> Annotation<All> {
    Annotation {
        name,
        aliases: &[],
        field,
        default: None,
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Route,
        support: Support::Full,
        doc,
        accepts: &["10", "0"],
        rejects: &["", "-1", "1.5", "10r/s"],
    }
}

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    per_second: Option<u32>,
    per_minute: Option<u32>,
    multiplier: Option<Multiplier>,
    exempt: Option<List<Cidr>>,
}

/// A whole number above 0: nginx refuses a burst of 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Multiplier(u32);

impl Value for Multiplier {
    const KIND: &'static str = "a whole number above 0";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let number = text.trim().parse().ok().filter(|number| *number > 0);
        number
            .map(Self)
            .ok_or_else(|| Invalid::new(Self::KIND, text.trim()))
    }
}

/// A step for each rate. The counts belong to the object, as ingress-nginx's zones do.
pub(super) fn resolve(written: &Written<All>) -> Vec<Step> {
    let options = &written.options.rate_limit;
    let multiplier = options.multiplier.map_or(5, |multiplier| multiplier.0);
    let limit = |row: &str, count: u32, period_ms: u64| Step {
        policy: Policy::RateLimit(RateLimit {
            name: format!("{}/{row}", written.object),
            scope: RateScope::Shared,
            count,
            period_ms,
            burst: count.saturating_mul(multiplier),
            key: RateKey::Client {
                depth: 0,
                ipv6_prefix: None,
            },
            mode: RateMode::LeakyBucket,
            status: 503,
            exempt: exempt(&written.options),
        }),
        source: written.source(row),
    };
    [
        (PER_SECOND, options.per_second, 1000),
        (PER_MINUTE, options.per_minute, 60_000),
    ]
    .into_iter()
    .filter_map(|(row, count, period_ms)| Some(limit(row, count.filter(|count| *count > 0)?, period_ms)))
    .collect()
}

/// The networks that no limit counts.
pub(super) fn exempt(options: &All) -> Vec<ipnet::IpNet> {
    let list = options.rate_limit.exempt.as_ref();
    list.map(|list| list.0.iter().map(|cidr| cidr.0).collect())
        .unwrap_or_default()
}
