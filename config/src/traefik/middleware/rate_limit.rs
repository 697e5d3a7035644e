//! `rateLimit`: a token bucket for each source of requests.

use super::kind::Effect;
use crate::policy::{HeaderName, Policy, RateKey, RateLimit, RateMode, RateScope};
use crate::traefik::duration;
use crate::traefik::field::Fields;
use crate::value::Invalid;

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Effect {
    let count = number(fields, "average", 0);
    let burst = number(fields, "burst", 1).max(1);
    let period_ms = period(fields);
    let key = fields.nested("sourceCriterion", key).flatten();
    fields.unsupported("redis", "each replica counts for itself, in its own memory");
    if count == 0 {
        let message = "without an average nothing is limited";
        fields.warn(
            "average",
            crate::report::Reason::FieldUnsupported,
            message,
            "write the requests for each period",
        );
        return Effect::NOTHING;
    }
    let limit = RateLimit {
        name: fields.object().to_string(),
        scope: RateScope::Route,
        count,
        period_ms,
        burst,
        key: key.unwrap_or(CLIENT),
        mode: RateMode::TokenBucket,
        status: 429,
        exempt: Vec::new(),
    };
    Effect::Steps(vec![Policy::RateLimit(limit)])
}

const CLIENT: RateKey = RateKey::Client {
    depth: 0,
    ipv6_prefix: None,
};

fn number(fields: &mut Fields<'_, '_>, name: &'static str, default: u32) -> u32 {
    let Some(written) = fields.whole(name) else {
        return default;
    };
    let read = u32::try_from(written)
        .map_err(|_| Invalid::new("a whole number that is not negative", written.to_string()));
    fields
        .accept(name, read, "write a whole number")
        .unwrap_or(default)
}

/// 0 means a second, as in Traefik.
fn period(fields: &mut Fields<'_, '_>) -> u64 {
    let Some(value) = fields.value("period") else {
        return 1000;
    };
    let fix = "write a span such as 1s or 1m";
    let Some(period) = fields.accept("period", duration::read(value), fix) else {
        return 1000;
    };
    match u64::try_from(period.as_millis()) {
        Ok(0) if period.is_zero() => 1000,
        Ok(0) | Err(_) => {
            fields.refuse("period", "expected at least a millisecond", fix);
            1000
        }
        Ok(milliseconds) => milliseconds,
    }
}

/// The source; `None` if nothing is said.
fn key(fields: &mut Fields<'_, '_>) -> Option<RateKey> {
    let address = fields.nested("ipStrategy", address);
    let name = fields.text("requestHeaderName").filter(|name| !name.is_empty());
    let header = name.and_then(|name| {
        fields.accept(
            "requestHeaderName",
            HeaderName::parse(name),
            "write the name of a header",
        )
    });
    let host = fields.flag("requestHost").then_some(RateKey::Host);
    let mut keys = [address, header.map(RateKey::Header), host].into_iter().flatten();
    let first = keys.next();
    if keys.next().is_some() {
        let message = "it names more than one of ipStrategy, requestHeaderName and requestHost";
        fields.refuse("ipStrategy", message, "keep one of them");
    }
    first
}

fn address(fields: &mut Fields<'_, '_>) -> RateKey {
    let depth = number(fields, "depth", 0);
    let prefix = fields.whole("ipv6Subnet").filter(|bits| *bits != 0);
    let ipv6_prefix = prefix.and_then(|bits| {
        let read = u8::try_from(bits).ok().filter(|bits| *bits <= 128);
        let read = read.ok_or_else(|| Invalid::new("a number of bits up to 128", bits.to_string()));
        fields.accept("ipv6Subnet", read, "write 64")
    });
    fields.unsupported(
        "excludedIPs",
        "proxies in front are listed as trusted for the whole process",
    );
    RateKey::Client { depth, ipv6_prefix }
}
