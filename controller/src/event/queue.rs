//! Events that wait to be told: objects take turns, so that one with thousands of problems delays nobody else's; and what is
//! new goes before what was found when this replica began to lead.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ferrik_config::name::ObjectRef;

use super::message::Message;

/// Of so many that are told, one is of those that were found at the start, while there are newer ones.
const SHARE: u32 = 5;

/// Everything that waits.
#[derive(Default)]
pub(super) struct Queue {
    soon: Ring,
    later: Ring,
    taken: u32,
}

/// Objects in the order of their turns.
#[derive(Default)]
struct Ring {
    turns: VecDeque<ObjectRef>,
    waiting: BTreeMap<ObjectRef, VecDeque<Arc<Message>>>,
}

impl Queue {
    /// Puts a message behind the others of its object.
    pub(super) fn push(&mut self, message: Arc<Message>, is_new: bool) {
        if is_new {
            self.soon.push(message);
        } else {
            self.later.push(message);
        }
    }

    /// The message whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Arc<Message>> {
        self.taken = self.taken.wrapping_add(1);
        if self.taken.is_multiple_of(SHARE) {
            self.later.pop().or_else(|| self.soon.pop())
        } else {
            self.soon.pop().or_else(|| self.later.pop())
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.soon.turns.is_empty() && self.later.turns.is_empty()
    }
}

impl Ring {
    fn push(&mut self, message: Arc<Message>) {
        let object = message.object.clone();
        let waiting = self.waiting.entry(object.clone()).or_default();
        if waiting.is_empty() {
            self.turns.push_back(object);
        }
        waiting.push_back(message);
    }

    fn pop(&mut self) -> Option<Arc<Message>> {
        let object = self.turns.pop_front()?;
        let waiting = self.waiting.get_mut(&object)?;
        let message = waiting.pop_front();
        if waiting.is_empty() {
            self.waiting.remove(&object);
        } else {
            self.turns.push_back(object);
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use ferrik_config::name::Kind;
    use ferrik_config::report::Reason;

    use super::*;

    fn message(object: &str, note: &str) -> Arc<Message> {
        let object = ObjectRef::new(Kind::Ingress, "shop", object);
        Message::new(
            &object,
            &"uid".into(),
            None,
            Reason::FieldInvalid.into(),
            note.to_owned(),
        )
        .into()
    }

    fn order(mut queue: Queue) -> Vec<String> {
        let next = || queue.pop().map(|message| message.object.name.to_string());
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn objects_take_turns() {
        let mut queue = Queue::default();
        for number in 0..4 {
            queue.push(message("many", &number.to_string()), true);
        }
        queue.push(message("one", "1"), true);
        assert_eq!(order(queue), ["many", "one", "many", "many", "many"]);
    }

    #[test]
    fn what_is_new_goes_first_and_the_rest_is_not_forgotten() {
        let mut queue = Queue::default();
        for number in 0..8 {
            queue.push(message("new", &number.to_string()), true);
        }
        queue.push(message("old", "1"), false);
        let order = order(queue);
        assert_eq!(order.iter().position(|name| name == "old"), Some(4), "{order:?}");
        assert_eq!(order.len(), 9);
    }
}
