//! Refuses what a client asks for while it has too much under way.
//!
//! What is under way is in `Lasting` under the policy's name: a new table forgets nothing. A request that is let in takes
//! a slot, which lives in its `Changes` and is given back when they are dropped, however the request ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ferrik_config::policy;
use ipnet::IpNet;

use super::{Filter, Flow, ip_access};
use crate::compile::Context;
use crate::head::RequestHead;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;

const SHARDS: usize = 16;

/// The compiled limit.
#[derive(Debug)]
pub(crate) struct ConnectionLimit {
    count: u32,
    exempt: Box<[IpNet]>,
    status: u16,
    clients: Arc<Clients>,
}

/// One request that is under way; dropping it gives the slot back.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    clients: Arc<Clients>,
    client: IpAddr,
}

/// The requests under way by client: never more entries than requests.
#[derive(Debug, Default)]
struct Clients {
    hasher: RandomState,
    shards: [Mutex<HashMap<IpAddr, u32>>; SHARDS],
}

impl Filter for ConnectionLimit {
    type Policy = policy::ConnectionLimit;

    fn compile(policy: &Self::Policy, context: &Context<'_>) -> Self {
        let key = format!("connection_limit/{}", policy.name);
        Self {
            count: policy.count,
            exempt: policy.exempt.clone().into(),
            status: policy.status,
            clients: context.lasting.get(&key, Clients::default),
        }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        let client = request.facts.client.to_canonical();
        if self.exempt.iter().any(|net| ip_access::covers(net, client)) {
            return Flow::Next;
        }
        if !self.clients.enter(client, self.count) {
            return Flow::Reply(Reply::page(self.status, Reason::TooManyConnections));
        }
        request.changes.slots.push(ConnectionSlot {
            clients: self.clients.clone(),
            client,
        });
        Flow::Next
    }
}

impl Clients {
    /// Counts one more request of the client, unless that would be too many.
    fn enter(&self, client: IpAddr, most: u32) -> bool {
        let mut shard = self.shard(client);
        let count = shard.get(&client).copied().unwrap_or_default();
        let is_free = count < most;
        if is_free {
            shard.insert(client, count + 1);
        }
        is_free
    }

    fn leave(&self, client: IpAddr) {
        if let Entry::Occupied(mut entry) = self.shard(client).entry(client) {
            match entry.get_mut() {
                0 | 1 => drop(entry.remove()),
                count => *count -= 1,
            }
        }
    }

    fn shard(&self, client: IpAddr) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        let at = self.hasher.hash_one(client) % SHARDS as u64;
        let at = usize::try_from(at).expect("less than the number of shards");
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.clients.leave(self.client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::{Case, Run};
    use crate::lasting::Lasting;

    fn limit(name: &str, count: u32) -> policy::ConnectionLimit {
        policy::ConnectionLimit {
            name: name.into(),
            count,
            exempt: Vec::new(),
            status: 503,
        }
    }

    fn run(policy: policy::ConnectionLimit, client: &str, lasting: &Lasting) -> Run {
        let case = Case::policy(policy::Policy::ConnectionLimit(policy));
        case.client(client).run_with(lasting)
    }

    #[test]
    fn a_client_has_so_many_slots_and_gets_them_back() {
        let lasting = Lasting::default();
        let ask = |client: &str| run(limit("app", 2), client, &lasting);
        let (first, second) = (ask("192.0.2.1"), ask("::ffff:192.0.2.1"));
        assert_eq!((first.status(), second.status()), (None, None));
        let third = ask("192.0.2.1");
        assert_eq!(third.status(), Some(503));
        assert_eq!(
            third.reply.as_ref().map(|reply| reply.reason),
            Some(Reason::TooManyConnections)
        );
        assert_eq!(ask("192.0.2.2").status(), None, "another client");
        drop(third);
        assert_eq!(
            ask("192.0.2.1").status(),
            Some(503),
            "a refused request held no slot"
        );
        drop(first);
        let fourth = ask("192.0.2.1");
        assert_eq!(fourth.status(), None);
        assert_eq!(ask("192.0.2.1").status(), Some(503));
        drop(second);
        assert_eq!(ask("192.0.2.1").status(), None);
    }

    #[test]
    fn a_new_table_knows_what_is_under_way() {
        let lasting = Lasting::default();
        // Each run compiles a table of its own.
        let held = run(limit("app", 1), "192.0.2.1", &lasting);
        assert_eq!(held.status(), None);
        lasting.sweep();
        assert_eq!(run(limit("app", 1), "192.0.2.1", &lasting).status(), Some(503));
        assert_eq!(run(limit("other", 1), "192.0.2.1", &lasting).status(), None);
        assert_eq!(
            run(limit("app", 2), "192.0.2.1", &lasting).status(),
            None,
            "raised"
        );
    }

    #[test]
    fn exempt_networks_are_not_counted() {
        let lasting = Lasting::default();
        let ask = |client: &str| {
            let exempt = vec!["192.0.2.0/24".parse().expect("a network")];
            let policy = policy::ConnectionLimit {
                exempt,
                ..limit("app", 1)
            };
            run(policy, client, &lasting)
        };
        let held = [ask("192.0.2.1"), ask("192.0.2.1"), ask("198.51.100.1")];
        assert!(held.iter().all(|run| run.status().is_none()));
        assert_eq!(ask("198.51.100.1").status(), Some(503));
    }

    #[test]
    fn nothing_is_kept_of_clients_without_requests() {
        let clients = Arc::new(Clients::default());
        let client = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..2 {
            assert!(clients.enter(client, 2));
        }
        for _ in 0..2 {
            clients.leave(client);
        }
        assert!(clients.shard(client).is_empty());
    }
}
