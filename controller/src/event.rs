//! Events on the objects that their owners can fix, by the leader only.
//!
//! Each problem is one Event whose name follows from the problem, so a new leader, a restart or a second replica never tells
//! it twice. What still stands is told again before the cluster forgets it. New ones are paced: ten thousand broken objects
//! make a slow list and no storm.

mod message;

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
use crate::source::kube::{Cluster, Scope};
use message::Message;

/// Between two Events, once the burst is used up.
const PACE: Duration = Duration::from_millis(100);
/// Events that need not wait.
const BURST: u32 = 50;
/// Events that may wait to be told; what comes on top is left to the log and to `ferrik status`.
const QUEUE: usize = 2000;
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
            _ = ticks.tick() => events.refresh(Instant::now()),
        }
        while let Some(message) = events.next(Instant::now()) {
            tell(&cluster, &message, &events.identity).await;
        }
    }
}

/// What has been told and what is to be told.
struct Events {
    identity: Arc<str>,
    /// What stands, by the Event's name, and when it was told.
    standing: BTreeMap<String, (Message, Instant)>,
    by_object: BTreeMap<ObjectRef, Vec<String>>,
    before: Published,
    queue: VecDeque<Message>,
    budget: f64,
    at: Option<Instant>,
}

impl Events {
    fn new(identity: Arc<str>) -> Self {
        Self {
            identity,
            standing: BTreeMap::new(),
            by_object: BTreeMap::new(),
            before: Published::default(),
            queue: VecDeque::new(),
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
        let mut news = Vec::new();
        for (object, _, diagnostics) in older.changes(&output.report) {
            for name in self.by_object.remove(object).unwrap_or_default() {
                self.standing.remove(&name);
            }
            let Some(facts) = state.facts.get(object) else {
                continue;
            };
            let messages = diagnostics
                .iter()
                .map(|diagnostic| Message::problem(diagnostic, &facts.uid));
            let mut names = Vec::new();
            for message in messages {
                names.push(message.name.clone());
                self.standing.insert(message.name.clone(), (message.clone(), now));
                news.push(message);
            }
            self.by_object.insert(object.clone(), names);
        }
        for message in news {
            self.push(message);
        }
        // What was served at the start is no news.
        if self.before.output.is_some() {
            self.note_programmed(state);
        }
        self.before = state.clone();
    }

    /// An Ingress that changed is served as it is now.
    fn note_programmed(&mut self, state: &Published) {
        let Some(output) = &state.output else { return };
        let news: Vec<Message> = state
            .touched_since(&self.before)
            .into_iter()
            .filter(|object| output.ingresses.contains(*object))
            .filter_map(|object| {
                let (was, is) = (self.before.facts.get(object), state.facts.get(object)?);
                let was_ours = self.before.output.as_ref()?.ingresses.contains(object);
                let is_same = was.is_some_and(|was| was.uid == is.uid && was.generation == is.generation);
                let message = || Message::programmed(object, &is.uid, is.generation);
                (!is_same || !was_ours).then(message)
            })
            .collect();
        for message in news {
            self.push(message);
        }
    }

    fn push(&mut self, message: Message) {
        if self.queue.len() < QUEUE {
            self.queue.push_back(message);
        } else {
            tracing::debug!(object = %message.object, "too many Events wait; this one is not told");
        }
    }

    /// Has told again what was told long ago and still stands.
    fn refresh(&mut self, now: Instant) {
        if !self.queue.is_empty() {
            return;
        }
        for (message, told) in self.standing.values_mut() {
            if now.duration_since(*told) >= REFRESH && self.queue.len() < QUEUE {
                *told = now;
                self.queue.push_back(message.clone());
            }
        }
    }

    /// The next Event that may be told now.
    fn next(&mut self, now: Instant) -> Option<Message> {
        let since = self.at.map_or(Duration::ZERO, |at| now.duration_since(at));
        self.at = Some(now);
        let earned = since.as_secs_f64() / PACE.as_secs_f64();
        self.budget = (self.budget + earned).min(f64::from(BURST));
        if self.budget < 1.0 {
            return None;
        }
        let message = self.queue.pop_front()?;
        self.budget -= 1.0;
        Some(message)
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
    is_warning: bool,
    reason: &'static str,
    note: &str,
) {
    let message = Message::new(object, uid, None, is_warning, reason, note.to_owned());
    tell(cluster, &message, identity).await;
}

#[cfg(test)]
mod tests;
