//! `status.loadBalancer` of the Ingresses that are served: by the leader only, and only where it is not right yet.
//!
//! Entries that others wrote stay. A write names the version that it is based on, so it never undoes somebody else's.

mod desired;

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
use crate::source::kube::Cluster;

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

/// Keeps the status right until `stop`.
pub async fn run(
    cluster: Cluster,
    options: StatusOptions,
    mut published: watch::Receiver<Published>,
    mut leading: watch::Receiver<bool>,
    mut stop: watch::Receiver<bool>,
) {
    let mut writer = Writer {
        cluster,
        written: BTreeMap::new(),
        ours: Vec::new(),
        before: Published::default(),
    };
    let mut ticks = tokio::time::interval(AGAIN);
    loop {
        let mut is_full = true;
        tokio::select! {
            changed = published.changed() => match changed {
                Ok(()) => is_full = false,
                Err(_) => return,
            },
            changed = leading.changed() => if changed.is_err() { return },
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
        if *leading.borrow_and_update() {
            let state = published.borrow_and_update().clone();
            writer.bring_up_to_date(&options.addresses, &state, is_full).await;
        }
    }
    if options.clear_on_stop && *leading.borrow() {
        let state = published.borrow().clone();
        writer
            .bring_up_to_date(&Addresses::Fixed(Vec::new()), &state, true)
            .await;
    }
}

struct Writer {
    cluster: Cluster,
    written: BTreeMap<ObjectRef, Written>,
    /// The entries that we tell.
    ours: Vec<Value>,
    before: Published,
}

impl Writer {
    /// Looks at what has changed since the last time, or at everything.
    async fn bring_up_to_date(&mut self, addresses: &Addresses, state: &Published, is_full: bool) {
        let Some(output) = &state.output else { return };
        let now = Instant::now();
        let before = std::mem::replace(&mut self.ours, entries(addresses, state));
        let touched: BTreeSet<&ObjectRef> = if is_full || before != self.ours {
            state
                .facts
                .keys()
                .filter(|object| object.kind == Kind::Ingress)
                .collect()
        } else {
            state.touched_since(&self.before)
        };
        let mut writes = Vec::new();
        for object in touched {
            let Some(facts) = state.facts.get(object) else {
                continue;
            };
            let ours: &[Value] = if output.ingresses.contains(object) {
                &self.ours
            } else {
                &[]
            };
            let Some(entries) = desired::entries(&facts.addresses, &before, ours) else {
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

fn entries(addresses: &Addresses, state: &Published) -> Vec<Value> {
    match addresses {
        Addresses::Fixed(list) => list.iter().map(Address::entry).collect(),
        Addresses::Service(namespace, name) => {
            let service = ObjectRef::new(Kind::Service, namespace.clone(), name.clone());
            let facts = state.facts.get(&service);
            facts
                .map(|facts| desired::without_ports(&facts.addresses))
                .unwrap_or_default()
        }
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
