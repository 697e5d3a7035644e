//! Changes of Ingresses that are served here and that not every replica has seen yet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrik_config::name::ObjectRef;

use super::message::Message;
use crate::publish::Published;
use crate::replica::Roll;

/// A change is told after this long, whoever has not seen it.
const LONGEST: Duration = Duration::from_secs(10);

/// The changes, one for each Ingress.
#[derive(Default)]
pub(super) struct Pending {
    changes: BTreeMap<ObjectRef, Change>,
}

struct Change {
    uid: Arc<str>,
    generation: i64,
    /// The version of the cluster that brought it.
    version: u64,
    since: Instant,
}

impl Pending {
    /// Notes the Ingresses that are served otherwise than before.
    pub(super) fn take(&mut self, before: &Published, state: &Published, now: Instant) {
        let (Some(old), Some(output)) = (&before.output, &state.output) else {
            return;
        };
        for object in state.touched_since(before) {
            let (was, is) = (before.facts.get(object), state.facts.get(object));
            let Some(is) = is.filter(|_| output.ingresses.contains(object)) else {
                self.changes.remove(object);
                continue;
            };
            let is_same = was.is_some_and(|was| was.uid == is.uid && was.generation == is.generation);
            if is_same && old.ingresses.contains(object) {
                continue;
            }
            let change = Change {
                uid: is.uid.clone(),
                generation: is.generation,
                version: is.version(),
                since: now,
            };
            self.changes.insert(object.clone(), change);
        }
    }

    /// Takes those that can be told: every live replica has seen them, or they have waited for long enough.
    pub(super) fn settled(&mut self, roll: Option<&Roll>, now: Instant) -> Vec<Message> {
        let waits = |object: &ObjectRef, change: &Change| {
            let is_awaited = roll.is_none_or(|roll| roll.is_awaited(&object.namespace, change.version));
            is_awaited && now.duration_since(change.since) < LONGEST
        };
        let all = std::mem::take(&mut self.changes).into_iter();
        let (waiting, settled) = all.partition::<BTreeMap<_, _>, _>(|(object, change)| waits(object, change));
        self.changes = waiting;
        let message = |(object, change): (ObjectRef, Change)| {
            let by = roll.map(|roll| roll.sentence(&object.namespace, change.version));
            Message::programmed(&object, &change.uid, change.generation, &by.unwrap_or_default())
        };
        settled.into_iter().map(message).collect()
    }
}
