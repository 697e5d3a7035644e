//! Values in numbered slots that are used again: dense, so that the sweeper runs over them quickly.

/// A growing array with free places.
#[derive(Debug)]
pub(super) struct Slab<T> {
    slots: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    /// Keeps a value and returns its slot.
    pub(super) fn insert(&mut self, value: T) -> usize {
        let Some(slot) = self.free.pop() else {
            self.slots.push(Some(value));
            return self.slots.len() - 1;
        };
        self.slots[slot] = Some(value);
        slot
    }

    /// Empties a slot that [`Self::insert`] returned.
    pub(super) fn remove(&mut self, slot: usize) {
        if self.slots.get_mut(slot).and_then(Option::take).is_some() {
            self.free.push(slot);
        }
    }

    /// The values that are there.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;

    #[test]
    fn slots_are_used_again() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        slab.remove(a);
        slab.remove(a);
        assert_eq!(slab.insert("c"), a);
        assert_ne!(slab.insert("d"), b);
        assert_eq!(slab.iter().copied().collect::<Vec<_>>(), ["c", "b", "d"]);
    }
}
