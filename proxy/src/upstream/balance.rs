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

/// Of the next two in turn, the one with fewer requests in flight ("power of two choices").
pub(super) fn least_request<'a>(
    endpoints: &'a [Arc<Endpoint>],
    turn: usize,
    tried: &[SocketAddr],
) -> Option<&'a Arc<Endpoint>> {
    let first = round_robin(endpoints, turn, tried)?;
    // A step that has no factor in common with small counts pairs each endpoint with each other one over time.
    let second = round_robin(endpoints, turn.wrapping_mul(7).wrapping_add(3), tried)?;
    let cost = |endpoint: &Endpoint| (rank(endpoint), endpoint.in_flight());
    Some(if cost(second) < cost(first) { second } else { first })
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

#[cfg(test)]
mod tests {
    use super::*;
    use ferrik_config::table;

    fn endpoint(last: u8, draining: bool) -> Arc<Endpoint> {
        let address = SocketAddr::from(([192, 0, 2, last], 80));
        Arc::new(Endpoint::new(table::Endpoint {
            address,
            draining,
            pod: None,
            zone: None,
            node: None,
        }))
    }

    fn turns(endpoints: &[Arc<Endpoint>], tried: &[SocketAddr]) -> Vec<Option<SocketAddr>> {
        (0..4)
            .map(|turn| round_robin(endpoints, turn, tried).map(|it| it.address))
            .collect()
    }

    #[test]
    fn endpoints_take_turns() {
        let all = [endpoint(1, false), endpoint(2, false)];
        let [a, b] = [Some(all[0].address), Some(all[1].address)];
        assert_eq!(turns(&all, &[]), [a, b, a, b]);
        assert_eq!(turns(&all, &[all[0].address]), [b; 4]);
        assert_eq!(turns(&all, &[all[0].address, all[1].address]), [None; 4]);
        assert_eq!(turns(&[], &[]), [None; 4]);
    }

    #[test]
    fn paused_and_draining_ones_are_last_resorts() {
        let all = [endpoint(1, false), endpoint(2, false), endpoint(3, true)];
        all[0].failed();
        assert_eq!(turns(&all, &[]), [Some(all[1].address); 4]);
        assert_eq!(turns(&all, &[all[1].address]), [Some(all[0].address); 4]);
        assert_eq!(turns(&all[2..], &[]), [Some(all[2].address); 4]);
        all[0].succeeded();
        assert_eq!(turns(&all[..1], &[]), [Some(all[0].address); 4]);
    }

    #[test]
    fn the_less_busy_of_two_is_chosen() {
        let all = [endpoint(1, false), endpoint(2, false)];
        let _busy: Vec<_> = (0..3).map(|_| all[0].begin()).collect();
        let chosen = (0..8)
            .filter_map(|turn| least_request(&all, turn, &[]))
            .filter(|it| it.address == all[1].address);
        assert!(chosen.count() >= 6);
    }
}
