//! `status.loadBalancer` of the Ingresses that are served: by the leader only, and only where it is not right yet.
//!
//! Entries that others wrote stay; which are ours, this process and those before it, stands in the Lease. A write names the version that it is based on, so it never undoes somebody else's.

mod desired;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrik_config::name::{Kind, ObjectRef};
use futures_util::StreamExt as _;
use futures_util::stream;
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::publish::Published;
use crate::replica::Roll;
use crate::source::kube::Cluster;
use told::Step;

pub use desired::Address;

/// Writes under way at the same time.
const AT_ONCE: usize = 16;
/// A written status is looked at again after this long, should the watch not have shown it.
const AGAIN: Duration = Duration::from_secs(5);
/// For one write.
const ANSWER: Duration = Duration::from_secs(10);
/// The longest pause between writes to an object whose status somebody else keeps changing.
const LONGEST: Duration = Duration::from_secs(60);

/// Which addresses are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// These.
    Fixed(Vec<Address>),
    /// Those of this Service, as namespace and name.
    Service(Arc<str>, Arc<str>),
    /// Those of the nodes of all live replicas; this one's are here.
    Nodes(Vec<Address>),
}

/// What is written, and when it ends.
#[derive(Clone, Debug)]
pub struct StatusOptions {
    /// Where the addresses come from.
    pub addresses: Addresses,
    /// Take our entries back when the process ends while it leads.
    pub clear_on_stop: bool,
}

/// What was written to an object, and when it may be written again.
#[derive(Clone, Debug)]
struct Written {
    /// The version that the write was based on.
    version: Arc<str>,
    entries: Vec<Value>,
    at: Instant,
    /// Grows while somebody keeps changing it back.
    pause: Duration,
}

/// What the writer is told by others.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// What is served.
    pub published: watch::Receiver<Published>,
    /// What stands in the Lease as told; nothing while this replica does not lead.
    pub noted: watch::Receiver<Option<Vec<Address>>>,
    /// The replicas, while this one leads.
    pub roll: watch::Receiver<Option<Roll>>,
    /// The end.
    pub stop: watch::Receiver<bool>,
}

/// Keeps the status right until `stop`. `wanted` is what is to stand in the Lease.
pub async fn run(
    cluster: Cluster,
    options: StatusOptions,
    mut inputs: Inputs,
    wanted: watch::Sender<Option<Vec<Address>>>,
) {
    let mut writer = Writer {
        cluster,
        wanted,
        written: BTreeMap::new(),
        left: BTreeSet::new(),
        told: None,
        before: Published::default(),
    };
    let mut ticks = tokio::time::interval(AGAIN);
    loop {
        let mut is_full = false;
        tokio::select! {
            Ok(()) = inputs.published.changed() => {}
            Ok(()) = inputs.noted.changed() => is_full = true,
            Ok(()) = inputs.roll.changed() => {}
            _ = ticks.tick() => is_full = true,
            _ = inputs.stop.wait_for(|stop| *stop) => break,
        }
        let noted = inputs.noted.borrow_and_update().clone();
        let state = inputs.published.borrow_and_update().clone();
        let ours = {
            let roll = inputs.roll.borrow_and_update();
            now(&options.addresses, &state, roll.as_ref(), noted.as_deref())
        };
        if noted.is_none() {
            // Whoever leads looks after what changes meanwhile.
            (writer.before, writer.told) = (Published::default(), None);
            writer.left.clear();
        }
        if let (Some(noted), Some(ours)) = (noted, ours) {
            writer.bring_up_to_date(&noted, ours, &state, is_full).await;
        }
    }
    let noted = inputs.noted.borrow().clone();
    if let Some(noted) = noted.filter(|_| options.clear_on_stop) {
        let state = inputs.published.borrow().clone();
        writer.bring_up_to_date(&noted, Vec::new(), &state, true).await;
    }
}

/// The addresses that are to be told now; `None` if that is not known yet.
fn now(
    addresses: &Addresses,
    state: &Published,
    roll: Option<&Roll>,
    noted: Option<&[Address]>,
) -> Option<Vec<Address>> {
    match addresses {
        Addresses::Fixed(list) => Some(list.clone()),
        Addresses::Service(namespace, name) => {
            let service = ObjectRef::new(Kind::Service, namespace.clone(), name.clone());
            let entries = state.facts.get(&service).map(|facts| &facts.addresses);
            let entries = entries.into_iter().flatten();
            Some(entries.filter_map(Address::read).collect())
        }
        Addresses::Nodes(own) => {
            let roll = roll?;
            // Who leads now has not seen yet which of those that were told before are gone.
            let kept = noted.unwrap_or_default().iter().filter(|_| !roll.is_settled);
            let all: BTreeSet<&Address> = own.iter().chain(&roll.addresses).chain(kept).collect();
            Some(all.into_iter().cloned().collect())
        }
    }
}

struct Writer {
    cluster: Cluster,
    wanted: watch::Sender<Option<Vec<Address>>>,
    written: BTreeMap<ObjectRef, Written>,
    /// Ingresses that were ours a moment ago and may still carry our entries.
    left: BTreeSet<ObjectRef>,
    /// What was told the last time, and what was to go.
    told: Option<(Vec<Address>, Vec<Address>)>,
    before: Published,
}

impl Writer {
    /// Looks at what has changed since the last time, or at everything.
    async fn bring_up_to_date(
        &mut self,
        noted: &[Address],
        ours: Vec<Address>,
        state: &Published,
        is_full: bool,
    ) {
        let Some(output) = &state.output else { return };
        let outdated = match told::step(noted, &ours) {
            Step::Tell(outdated) => outdated,
            Step::Note(all) => return self.want(all),
        };
        let is_full = is_full
            || self
                .told
                .as_ref()
                .is_none_or(|(told, gone)| *told != ours || *gone != outdated);
        let now = Instant::now();
        let [our_entries, old_entries] =
            [&ours, &outdated].map(|list| list.iter().map(Address::entry).collect::<Vec<Value>>());
        let all_entries = [&our_entries[..], &old_entries[..]].concat();
        let changed = state.touched_since(&self.before);
        if let Some(before) = &self.before.output {
            let was_ours = changed
                .iter()
                .filter(|object| before.ingresses.contains(**object));
            let left = was_ours.filter(|object| !output.ingresses.contains(**object));
            self.left.extend(left.map(|object| (*object).clone()));
        }
        self.left
            .retain(|object| state.facts.contains_key(object) && !output.ingresses.contains(object));
        let touched: BTreeSet<&ObjectRef> = if is_full {
            output.ingresses.iter().chain(&self.left).collect()
        } else {
            changed
        };
        let (mut writes, mut settled) = (Vec::new(), Vec::new());
        let mut is_clean = true;
        for object in touched {
            let Some(facts) = state.facts.get(object) else {
                continue;
            };
            let wanted = if output.ingresses.contains(object) {
                is_clean &= !facts.addresses.iter().any(|entry| old_entries.contains(entry));
                desired::entries(&facts.addresses, &old_entries, &our_entries)
            } else if self.left.contains(object) {
                desired::entries(&facts.addresses, &all_entries, &[])
            } else {
                // What others write there is theirs, even if it is the same.
                continue;
            };
            let Some(entries) = wanted else {
                settled.push(object.clone());
                continue;
            };
            let last = self.written.get(object);
            if last.is_some_and(|last| last.waits(&facts.version, &entries, now)) {
                continue;
            }
            let pause = last.map_or(Duration::ZERO, |last| last.next_pause(&entries, now));
            let written = Written {
                version: facts.version.clone(),
                entries,
                at: now,
                pause,
            };
            writes.push((object.clone(), written));
        }
        for object in &settled {
            self.left.remove(object);
        }
        if is_full {
            self.written.retain(|object, _| state.facts.contains_key(object));
        }
        let cluster = &self.cluster;
        stream::iter(&writes)
            .for_each_concurrent(AT_ONCE, async |(object, write)| {
                patch(cluster, object, write).await;
            })
            .await;
        self.written.extend(writes);
        self.before = state.clone();
        if is_full && is_clean && !outdated.is_empty() {
            self.want(ours.clone());
        }
        self.told = Some((ours, outdated));
    }

    /// Asks for this to stand in the Lease; it is asked for again until it does.
    fn want(&self, addresses: Vec<Address>) {
        self.wanted.send_replace(Some(addresses));
    }
}

impl Written {
    /// True if the object need not be written again now.
    fn waits(&self, version: &str, entries: &[Value], now: Instant) -> bool {
        let age = now.duration_since(self.at);
        let is_under_way = *self.version == *version && self.entries == entries && age < AGAIN;
        is_under_way || age < self.pause
    }

    /// The pause after another write of the same: somebody else changes it back.
    fn next_pause(&self, entries: &[Value], now: Instant) -> Duration {
        if self.entries != entries || now.duration_since(self.at) > LONGEST * 2 {
            return Duration::ZERO;
        }
        (self.pause * 2).clamp(Duration::from_millis(250), LONGEST)
    }
}

async fn patch(cluster: &Cluster, object: &ObjectRef, write: &Written) {
    let ingresses: Api<Ingress> = Api::namespaced(cluster.client.clone(), &object.namespace);
    let patch = json!({
        "metadata": {"resourceVersion": &*write.version},
        "status": {"loadBalancer": {"ingress": write.entries}},
    });
    let params = PatchParams::default();
    let patch = Patch::Merge(&patch);
    let call = ingresses.patch_status(&object.name, &params, &patch);
    match tokio::time::timeout(ANSWER, call).await {
        Ok(Ok(_)) => {}
        // It has changed or is gone meanwhile; the watch shows how.
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => {}
        Ok(Err(error)) => tracing::warn!(%object, %error, "the status was not written"),
        Err(_) => tracing::warn!(%object, "the status was not written: no answer in time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_nodes_are_known_once_the_replicas_are() {
        let [own, other, before] = ["192.0.2.2", "192.0.2.1", "192.0.2.3"].map(Address::parse);
        let addresses = Addresses::Nodes(vec![own.clone()]);
        let state = Published::default();
        let noted = [own.clone(), before.clone()];
        let at = |roll: Option<&Roll>| now(&addresses, &state, roll, Some(&noted));
        assert_eq!(at(None), None);
        let mut roll = Roll {
            addresses: vec![other.clone()],
            ..Roll::default()
        };
        let all = vec![other.clone(), own.clone(), before];
        assert_eq!(
            at(Some(&roll)),
            Some(all),
            "what was told before is not given up yet"
        );
        roll.is_settled = true;
        assert_eq!(at(Some(&roll)), Some(vec![other, own]));
    }
}
