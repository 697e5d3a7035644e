//! The replicas as the leader sees them: who is alive, how far each is, and the addresses of their nodes.
//!
//! Times are measured on our own clock from the moment at which a renewal was seen, so clocks of nodes need not agree. Only
//! answers count: while the API is away, nobody ages.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use ferrik_config::name::ObjectRef;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::record::{ADDRESSES, FORGOTTEN, Replica, annotation};
use super::served::{age, all};
use crate::publish::{Published, Seen};
use crate::source::kube::{Cluster, Scope, chain};
use crate::status::Address;

/// Between lists.
const EVERY: Duration = Duration::from_secs(5);
/// For one list.
const ANSWER: Duration = Duration::from_secs(3);
/// The addresses of a replica that says nothing stand for so long, so that a Pod that is replaced moves nothing.
const KEPT: Duration = Duration::from_secs(30);
/// A replica that is behind in so many lists, one after another, is stalled.
const STRIKES: u32 = 2;

/// The replicas at one moment.
#[derive(Clone, Debug, Default)]
pub struct Roll {
    /// By name. Their ages are by our clock.
    pub(crate) replicas: Vec<Replica>,
    /// Of all nodes with a replica that is or was alive a moment ago, sorted.
    pub(crate) addresses: Vec<Address>,
    /// They were looked at for long enough to know who is gone.
    pub(crate) is_settled: bool,
    /// What was served here when they were asked before: each has had that long to see it.
    pub(crate) before: Published,
}

impl Roll {
    /// True if a live replica has not seen this version of an Ingress of this namespace, or none is known.
    pub(crate) fn is_awaited(&self, namespace: &str, version: u64) -> bool {
        let mut alive = self
            .replicas
            .iter()
            .filter(|replica| replica.is_alive())
            .peekable();
        alive.peek().is_none() || alive.any(|replica| replica.behind(namespace, version).is_some())
    }

    /// ` by 1/2 replicas; b has said nothing for 20 s`, for an Ingress of this namespace at this version; nothing if no
    /// replica is known.
    pub(crate) fn sentence(&self, namespace: &str, version: u64) -> String {
        if self.replicas.is_empty() {
            return String::new();
        }
        let (serving, behind) = self.count(namespace, version);
        let mut text = format!(" by {serving}/{} replicas", serving + behind);
        for replica in &self.replicas {
            if let Some(why) = replica.behind(namespace, version) {
                text.extend(["; ", &replica.name, " ", &why]);
            }
        }
        text
    }

    /// How many replicas serve each Ingress that is served, and how many do not, as it was when they were asked before.
    pub(crate) fn by_ingress(&self) -> impl Iterator<Item = (&ObjectRef, usize, usize)> {
        let ingresses = self.before.output.iter().flat_map(|output| &output.ingresses);
        ingresses.filter_map(|object| {
            let version = self.before.facts.get(object)?.version();
            let (serving, behind) = self.count(&object.namespace, version);
            Some((object, serving, behind))
        })
    }

    fn count(&self, namespace: &str, version: u64) -> (usize, usize) {
        let behind = self
            .replicas
            .iter()
            .filter(|replica| replica.behind(namespace, version).is_some());
        let behind = behind.count();
        (self.replicas.len() - behind, behind)
    }
}

/// Looks at the replicas for as long as this one leads, until the task is dropped. `roll` is empty while it does not.
pub async fn call(
    cluster: Cluster,
    scope: Scope,
    published: watch::Receiver<Published>,
    mut leading: watch::Receiver<bool>,
    roll: watch::Sender<Option<Roll>>,
) {
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), &scope.own_namespace);
    let params = all(&scope.lease);
    loop {
        if leading.wait_for(|leads| *leads).await.is_err() {
            return;
        }
        let mut observer = Observer::new(&scope.identity, Instant::now());
        let mut before = published.borrow().clone();
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                changed = leading.wait_for(|leads| !*leads) => match changed {
                    Ok(_) => break,
                    Err(_) => return,
                },
            }
            match tokio::time::timeout(ANSWER, leases.list(&params)).await {
                Ok(Ok(list)) => {
                    let mut now = observer.take(&list.items, Instant::now(), SystemTime::now());
                    for (replica, why) in observer.judge(&now.replicas) {
                        if let Some(why) = why {
                            tracing::warn!("replica {replica} is stalled: it {why}");
                        } else {
                            tracing::info!("replica {replica} is back");
                        }
                    }
                    now.before = std::mem::replace(&mut before, published.borrow().clone());
                    roll.send_replace(Some(now));
                }
                Ok(Err(error)) => tracing::debug!(error = %chain(&error), "the replicas could not be listed"),
                Err(_) => tracing::debug!("the replicas were not listed in time"),
            }
        }
        roll.send_replace(None);
    }
}

/// What is known of each Lease.
pub(super) struct Observer {
    identity: String,
    begun: Instant,
    known: BTreeMap<String, Known>,
    /// How far the furthest replica was when they were asked before.
    furthest: Seen,
    /// How often each replica was behind, one list after another, and whether that was said.
    strikes: BTreeMap<String, (u32, bool)>,
}

#[derive(Clone)]
struct Known {
    lease: Lease,
    /// When its last renewal was seen.
    since: Instant,
}

impl Observer {
    pub(super) fn new(identity: &str, now: Instant) -> Self {
        Self {
            identity: identity.to_owned(),
            begun: now,
            known: BTreeMap::new(),
            furthest: Seen::new(),
            strikes: BTreeMap::new(),
        }
    }

    /// Takes one list.
    pub(super) fn take(&mut self, leases: &[Lease], now: Instant, time: SystemTime) -> Roll {
        let mut there = BTreeSet::new();
        for lease in leases {
            let name = lease.metadata.name.clone().unwrap_or_default();
            there.insert(name.clone());
            let since = match self.known.get(&name) {
                Some(known) if renewal(&known.lease) == renewal(lease) => known.since,
                Some(_) => now,
                // Nobody has seen it renewed. A clock that is wrong is made up for by the next renewal.
                None => now.checked_sub(age(lease, time)).unwrap_or(now),
            };
            let lease = lease.clone();
            self.known.insert(name, Known { lease, since });
        }
        // What went with its Pod keeps its addresses for a while, as one that fell silent does.
        self.known
            .retain(|name, known| there.contains(name) || now.duration_since(known.since) < KEPT);
        let replicas = self.known.iter().filter(|(name, _)| there.contains(*name));
        let mut replicas: Vec<Replica> = replicas
            .filter_map(|(_, known)| {
                let age = now.duration_since(known.since);
                Replica::read(&known.lease, Some(&self.identity), age).filter(|_| age < FORGOTTEN)
            })
            .collect();
        replicas.sort_by(|one, other| one.name.cmp(&other.name));
        let fresh = self
            .known
            .values()
            .filter(|known| now.duration_since(known.since) < KEPT);
        let addresses: BTreeSet<Address> = fresh
            .filter_map(|known| annotation(&known.lease, ADDRESSES))
            .flat_map(Address::read_all)
            .collect();
        Roll {
            replicas,
            addresses: addresses.into_iter().collect(),
            is_settled: now.duration_since(self.begun) >= KEPT,
            before: Published::default(),
        }
    }

    /// The replicas that are newly stalled, with the reason, and those that are back.
    fn judge(&mut self, replicas: &[Replica]) -> Vec<(String, Option<String>)> {
        let mut news = Vec::new();
        let mut furthest = Seen::new();
        for replica in replicas {
            let why = if replica.is_alive() {
                let mut watched = self
                    .furthest
                    .iter()
                    .filter(|(watched, _)| replica.seen.contains_key(*watched));
                watched.find_map(|(watched, version)| replica.behind(watched, *version))
            } else {
                replica.behind("", 0)
            };
            let (strikes, is_said) = self.strikes.entry(replica.name.clone()).or_default();
            if let Some(why) = why {
                // Silence has been long before it counts.
                *strikes += if replica.is_alive() { 1 } else { STRIKES };
                if *strikes >= STRIKES && !std::mem::replace(is_said, true) {
                    news.push((replica.name.clone(), Some(why)));
                }
            } else {
                *strikes = 0;
                if std::mem::replace(is_said, false) {
                    news.push((replica.name.clone(), None));
                }
            }
            for (watched, seen) in replica.seen.iter().filter(|_| replica.is_alive()) {
                let most = furthest.entry(watched.clone()).or_default();
                *most = (*most).max(*seen);
            }
        }
        self.furthest = furthest;
        self.strikes
            .retain(|name, _| replicas.iter().any(|replica| replica.name == *name));
        news
    }
}

fn renewal(lease: &Lease) -> Option<&k8s_openapi::jiff::Timestamp> {
    Some(&lease.spec.as_ref()?.renew_time.as_ref()?.0)
}

#[cfg(test)]
mod tests;
