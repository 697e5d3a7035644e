//! What was told in the status of Ingresses, and by whom: the leader before, or this one.
//!
//! The Lease of the leader has it (`crate::leader`), and has it before a status does, so whoever leads next knows which entries
//! are ours, however this process ends.

use super::Address;

/// What is to be done about addresses, once it is known what the Lease says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This must stand in the Lease before any of it is told.
    Note(Vec<Address>),
    /// `ours` may be told; these are to go.
    Tell(Vec<Address>),
}

/// The next step towards `ours` when the Lease says `noted`.
pub(super) fn step(noted: &[Address], ours: &[Address]) -> Step {
    let mut missing = ours.iter().filter(|address| !noted.contains(address)).peekable();
    if missing.peek().is_some() {
        return Step::Note(noted.iter().chain(missing).cloned().collect());
    }
    let stale = noted.iter().filter(|address| !ours.contains(address));
    Step::Tell(stale.cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_noted_before_it_is_told_and_until_it_is_gone() {
        let [old, new] = ["192.0.2.1", "192.0.2.2"].map(Address::parse);
        let ours = std::slice::from_ref(&new);
        let both = vec![old.clone(), new.clone()];
        assert_eq!(step(&[], ours), Step::Note(vec![new.clone()]));
        assert_eq!(step(std::slice::from_ref(&old), ours), Step::Note(both.clone()));
        assert_eq!(step(&both, ours), Step::Tell(vec![old.clone()]));
        assert_eq!(step(ours, ours), Step::Tell(Vec::new()));
        let none = step(std::slice::from_ref(&old), &[]);
        assert_eq!(none, Step::Tell(vec![old]), "nothing is told any more");
    }
}
