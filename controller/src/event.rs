//! Events on the objects that their owners can fix, by the leader only.
//!
//! Each problem is one Event whose name follows from the problem, so a new leader, a restart or a second replica never tells
//! it twice. One that is gone after a moment is not told at all. A change is told when all replicas serve it, or when one of
//! them takes too long. What still stands is told again before the cluster forgets it. New ones are paced: ten thousand broken
//! objects make a slow list and no storm, and objects take turns in it.

mod message;
mod pending;
mod queue;
mod reason;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrik_config::name::ObjectRef;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::sync::watch;

use crate::publish::Published;
use crate::replica::Roll;
use crate::source::kube::{Cluster, Scope};
use message::Message;
use pending::Pending;
use queue::Queue;
pub use reason::{EVENTS, EventRow};
pub(crate) use reason::{EventReason, News};

/// Between two Events, once the burst is used up.
const PACE: Duration = Duration::from_millis(100);
/// Events that need not wait.
const BURST: u32 = 50;
/// Problems of one object that are told one by one; of those behind them it is told how many there are.
const MOST: usize = 20;
/// A problem is told if it stands for so long: objects that belong together are applied one after another.
const MOMENT: Duration = Duration::from_secs(1);
/// The API server forgets Events after an hour.
const REFRESH: Duration = Duration::from_secs(40 * 60);
/// For one write.
const ANSWER: Duration = Duration::from_secs(10);

/// Tells what is wrong and what became of changes, for as long as this replica leads, until the task is dropped.
pub async fn run(
    cluster: Cluster,
    scope: Scope,
    mut published: watch::Receiver<Published>,
    mut leading: watch::Receiver<bool>,
    roll: watch::Receiver<Option<Roll>>,
) {
    let mut events = Events::new(scope.identity.clone());
    let mut ticks = tokio::time::interval(PACE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        if !*leading.borrow_and_update() {
            events = Events::new(scope.identity.clone());
            if leading.changed().await.is_err() {
                return;
            }
            published.mark_changed();
            continue;
        }
        tokio::select! {
            changed = published.changed() => {
                if changed.is_err() {
                    return;
                }
                let state = published.borrow_and_update().clone();
                events.take(&state, Instant::now());
            }
            _ = leading.changed() => continue,
            _ = ticks.tick() => {
                let now = Instant::now();
                events.ripen(now);
                events.settle(roll.borrow().as_ref(), now);
                events.refresh(now);
            }
        }
        while let Some(message) = events.next(Instant::now()) {
            tell(&cluster, &message, &events.identity).await;
        }
    }
}

/// What has been told and what is to be told.
struct Events {
    identity: Arc<str>,
    /// Problems that stand, by the Event's name.
    standing: BTreeMap<String, Standing>,
    by_object: BTreeMap<ObjectRef, Vec<String>>,
    /// Names of problems that are new, in the order of time.
    fresh: VecDeque<String>,
    /// Changes that not every replica has seen yet.
    pending: Pending,
    before: Published,
    queue: Queue,
    /// Problems that were found when this replica began to lead are no news.
    is_first: bool,
    budget: f64,
    at: Option<Instant>,
}

/// A problem that stands.
struct Standing {
    message: Arc<Message>,
    is_new: bool,
    since: Instant,
    /// When it was told the last time.
    told: Option<Instant>,
}

impl Events {
    fn new(identity: Arc<str>) -> Self {
        Self {
            identity,
            standing: BTreeMap::new(),
            by_object: BTreeMap::new(),
            fresh: VecDeque::new(),
            pending: Pending::default(),
            before: Published::default(),
            queue: Queue::default(),
            is_first: true,
            budget: f64::from(BURST),
            at: None,
        }
    }

    /// Notes what is new in what is served.
    fn take(&mut self, state: &Published, now: Instant) {
        let Some(output) = &state.output else { return };
        let nothing = Arc::default();
        let older = self
            .before
            .output
            .as_ref()
            .map_or(&nothing, |output| &output.report);
        for (object, _, diagnostics) in older.changes(&output.report) {
            let names = self.by_object.remove(object).unwrap_or_default();
            let mut known: BTreeMap<String, Standing> = names
                .into_iter()
                .filter_map(|name| self.standing.remove_entry(&name))
                .collect();
            let Some(facts) = state.facts.get(object) else {
                continue;
            };
            let mut names = Vec::new();
            let told = diagnostics.iter().take(MOST);
            let mut messages: Vec<Message> = told
                .map(|diagnostic| Message::problem(diagnostic, &facts.uid))
                .collect();
            if let Some(more) = diagnostics.len().checked_sub(MOST).filter(|more| *more > 0) {
                messages.push(Message::more(object, &facts.uid, more));
            }
            for message in messages {
                let name = message.name.clone();
                let standing = known.remove(&name).unwrap_or_else(|| {
                    self.fresh.push_back(name.clone());
                    Standing {
                        message: message.into(),
                        is_new: !self.is_first,
                        since: now,
                        told: None,
                    }
                });
                names.push(name.clone());
                self.standing.insert(name, standing);
            }
            self.by_object.insert(object.clone(), names);
        }
        // What was served at the start is no news.
        if self.before.output.is_some() {
            self.pending.take(&self.before, state, now);
        }
        self.before = state.clone();
        self.is_first = false;
    }

    /// Has told what is new and has stood for a moment.
    fn ripen(&mut self, now: Instant) {
        while let Some(name) = self.fresh.front() {
            let ripe = match self.standing.get_mut(name) {
                Some(standing) if now.duration_since(standing.since) < MOMENT => return,
                Some(standing) if standing.told.is_none() => {
                    standing.told = Some(now);
                    Some((standing.message.clone(), standing.is_new))
                }
                _ => None,
            };
            self.fresh.pop_front();
            if let Some((message, is_new)) = ripe {
                self.queue.push(message, is_new);
            }
        }
    }

    /// Has told the changes that every replica has seen, and those that have waited for long enough.
    fn settle(&mut self, roll: Option<&Roll>, now: Instant) {
        for message in self.pending.settled(roll, now) {
            self.queue.push(message.into(), true);
        }
    }

    /// Has told again what was told long ago and still stands.
    fn refresh(&mut self, now: Instant) {
        if !self.queue.is_empty() {
            return;
        }
        for Standing { message, told, .. } in self.standing.values_mut() {
            let is_old = told.is_some_and(|told| now.duration_since(told) >= REFRESH);
            if is_old {
                *told = Some(now);
                self.queue.push(message.clone(), false);
            }
        }
    }

    /// The next Event that may be told now.
    fn next(&mut self, now: Instant) -> Option<Arc<Message>> {
        let since = self.at.map_or(Duration::ZERO, |at| now.duration_since(at));
        self.at = Some(now);
        let earned = since.as_secs_f64() / PACE.as_secs_f64();
        self.budget = (self.budget + earned).min(f64::from(BURST));
        if self.budget < 1.0 {
            return None;
        }
        loop {
            let message = self.queue.pop()?;
            // It may have waited for long.
            if !message.is_problem() || self.standing.contains_key(&message.name) {
                self.budget -= 1.0;
                return Some(message);
            }
        }
    }
}

async fn tell(cluster: &Cluster, message: &Message, identity: &str) {
    let api: Api<Event> = Api::namespaced(cluster.client.clone(), message.namespace());
    let now = Timestamp::now();
    let create = async {
        let event = message.event(identity, now);
        match api.create(&PostParams::default(), &event).await {
            Err(kube::Error::Api(status)) if status.code == 409 => {
                let patch = json!({
                    "series": {"count": 2, "lastObservedTime": now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()},
                });
                api.patch(&message.name, &PatchParams::default(), &Patch::Merge(&patch))
                    .await
            }
            result => result,
        }
    };
    match tokio::time::timeout(ANSWER, create).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(object = %message.object, %error, "an Event was not told"),
        Err(_) => tracing::debug!(object = %message.object, "an Event was not told in time"),
    }
}

/// Tells one thing at once, for whoever has its own pace.
pub(crate) async fn tell_now(
    cluster: &Cluster,
    identity: &str,
    object: &ObjectRef,
    uid: &Arc<str>,
    reason: EventReason,
    note: &str,
) {
    let message = Message::new(object, uid, None, reason, note.to_owned());
    tell(cluster, &message, identity).await;
}

#[cfg(test)]
mod tests;
