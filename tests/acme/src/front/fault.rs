//! What is done to requests instead of asking pebble.

use std::time::Duration;

use super::request::Endpoint;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with a problem document (RFC 7807).
    Problem {
        /// The status.
        status: u16,
        /// The type, without `urn:ietf:params:acme:error:`.
        kind: &'static str,
        /// `Retry-After`, in whole seconds.
        retry_after: Option<Duration>,
    },
    /// It waits until [`crate::Acme::pass`], and is then asked of pebble.
    Hold,
    /// The connection is closed; pebble never sees it.
    Cut,
    /// Pebble does what it is asked to, and the connection is closed instead of answered.
    LoseAnswer,
}

impl Fault {
    /// 429 with the type `rateLimited`.
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self::Problem {
            status: 429,
            kind: "rateLimited",
            retry_after: Some(retry_after),
        }
    }

    /// 503 with the type `serverInternal`.
    pub fn unavailable() -> Self {
        Self::Problem {
            status: 503,
            kind: "serverInternal",
            retry_after: None,
        }
    }
}

/// The faults that are set.
#[derive(Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// How often all were cleared: what is held goes on with the next time.
    pub(super) clears: usize,
}

struct Rule {
    /// None is every one.
    endpoint: Option<Endpoint>,
    /// How many requests it still meets; none is all.
    left: Option<usize>,
    fault: Fault,
}

impl Rules {
    pub(super) fn add(&mut self, endpoint: Option<Endpoint>, left: Option<usize>, fault: Fault) {
        self.rules.push(Rule {
            endpoint,
            left,
            fault,
        });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
        self.clears += 1;
    }

    /// The fault that this request meets: the newest one that is not used up.
    pub(super) fn meet(&mut self, endpoint: Endpoint) -> Option<Fault> {
        let meets = |rule: &&mut Rule| {
            rule.endpoint.is_none_or(|wanted| wanted == endpoint) && rule.left.is_none_or(|left| left > 0)
        };
        let rule = self.rules.iter_mut().rev().find(meets)?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.fault.clone())
    }
}

#[test]
fn the_newest_fault_meets_until_it_is_used_up() {
    let mut rules = Rules::default();
    rules.add(None, None, Fault::Cut);
    rules.add(Some(Endpoint::NewOrder), Some(1), Fault::Hold);
    assert_eq!(rules.meet(Endpoint::NewNonce), Some(Fault::Cut));
    assert_eq!(rules.meet(Endpoint::NewOrder), Some(Fault::Hold));
    assert_eq!(rules.meet(Endpoint::NewOrder), Some(Fault::Cut));
    rules.clear();
    assert_eq!(rules.meet(Endpoint::NewOrder), None);
}
