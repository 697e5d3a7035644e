//! Which endpoint is next. Pure: the turn is an argument.

use std::net::SocketAddr;
use std::sync::Arc;

use super::endpoint::Endpoint;

/// How willingly an endpoint is used; lower is better.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Ready,
    /// Connections to it failed a moment ago.
    Paused,
    /// It is on its way out.
    Draining,
}

/// Takes the endpoints in turn, starting at `turn`; less good ones only if no good one is left.
pub(super) fn round_robin<'a>(
    endpoints: &'a [Arc<Endpoint>],
    turn: usize,
    tried: &[SocketAddr],
) -> Option<&'a Arc<Endpoint>> {
    let count = endpoints.len();
    let start = turn.checked_rem(count)?;
    let in_turn = endpoints.iter().cycle().skip(start).take(count);
    let mut best: Option<(Rank, &Arc<Endpoint>)> = None;
    for endpoint in in_turn {
        if tried.contains(&endpoint.address) {
            continue;
        }
        let rank = rank(endpoint);
        if rank == Rank::Ready {
            return Some(endpoint);
        }
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, endpoint));
        }
    }
    best.map(|(_, endpoint)| endpoint)
}

fn rank(endpoint: &Endpoint) -> Rank {
    if endpoint.facts.draining {
        Rank::Draining
    } else if endpoint.is_paused() {
        Rank::Paused
    } else {
        Rank::Ready
    }
}
