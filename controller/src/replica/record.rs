//! One replica as its Lease says, for `ferrik status` and for the leader.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;

use crate::publish::Seen;

/// A replica that did not renew for so long is not alive, or stalled.
pub(super) const ALIVE: Duration = Duration::from_secs(15);
/// A replica that did not renew for so long is forgotten.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(120);

/// Label: the election that the replica takes part in.
pub(super) const ELECTION: &str = "ferrik.dev/election";
/// Annotation: a hash of what it serves and rejects.
pub(super) const TABLE: &str = "ferrik.dev/table";
/// Annotation: how far each watch of Ingresses is, as a JSON object.
pub(super) const SEEN: &str = "ferrik.dev/seen";
/// Annotation: the version of the answers to challenges of TLS-ALPN-01 that it gives.
pub(super) const CHALLENGES: &str = "ferrik.dev/acme-challenges";
/// Annotation: addresses, as a JSON list of entries of `status.loadBalancer.ingress`.
pub(crate) const ADDRESSES: &str = "ferrik.dev/addresses";

/// One replica as it says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    /// Its name.
    pub name: String,
    /// It holds the Lease of the leader.
    pub leads: bool,
    /// The version of the cluster that it has seen, by watched namespace.
    pub(crate) seen: Seen,
    /// Hash of what it serves and rejects.
    pub table: String,
    /// The version of the answers to an authority that it gives in handshakes; 0 if it says nothing of that.
    pub(crate) challenges: u64,
    /// How long ago it said so.
    pub age: Duration,
}

impl Replica {
    /// Reads a Lease. `None` if the replica has ended.
    pub(super) fn read(lease: &Lease, leader: Option<&str>, age: Duration) -> Option<Self> {
        let name = lease.spec.as_ref()?.holder_identity.clone()?;
        let seen = annotation(lease, SEEN).and_then(|seen| serde_json::from_str(seen).ok());
        Some(Self {
            leads: leader == Some(name.as_str()),
            name,
            seen: seen.unwrap_or_default(),
            table: annotation(lease, TABLE).unwrap_or_default().to_owned(),
            challenges: annotation(lease, CHALLENGES)
                .and_then(|version| version.parse().ok())
                .unwrap_or_default(),
            age,
        })
    }

    /// True if it says something now and then.
    pub fn is_alive(&self) -> bool {
        self.age < ALIVE
    }

    /// Why the replica does not serve an Ingress of this namespace as it is at this version of the cluster; `None` if it
    /// does.
    pub fn behind(&self, namespace: &str, version: u64) -> Option<String> {
        if !self.is_alive() {
            return Some(format!("has said nothing for {} s", self.age.as_secs()));
        }
        match self.seen.get(namespace).or_else(|| self.seen.get("")) {
            None => Some(format!("does not watch namespace {namespace}")),
            Some(seen) if *seen < version => Some(format!("has seen the cluster up to version {seen} only")),
            Some(_) => None,
        }
    }
}

pub(super) fn annotation<'a>(lease: &'a Lease, name: &str) -> Option<&'a str> {
    lease.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seen: &[(&str, u64)], age: u64) -> Replica {
        Replica {
            seen: seen
                .iter()
                .map(|(watched, seen)| ((*watched).into(), *seen))
                .collect(),
            age: Duration::from_secs(age),
            ..Replica::default()
        }
    }

    #[test]
    fn a_replica_serves_what_it_has_seen_while_it_is_alive() {
        assert_eq!(of(&[("", 10)], 1).behind("shop", 10), None);
        assert_eq!(of(&[("", 11)], 14).behind("shop", 10), None);
        assert_eq!(
            of(&[("", 9)], 1).behind("shop", 10).as_deref(),
            Some("has seen the cluster up to version 9 only")
        );
        assert_eq!(
            of(&[("", 12)], 15).behind("shop", 10).as_deref(),
            Some("has said nothing for 15 s")
        );
    }

    #[test]
    fn each_watched_namespace_counts_for_itself() {
        let replica = of(&[("shop", 9), ("blog", 40)], 1);
        assert_eq!(replica.behind("blog", 10), None);
        assert_eq!(
            replica.behind("shop", 10).as_deref(),
            Some("has seen the cluster up to version 9 only"),
            "another namespace being further says nothing"
        );
        assert_eq!(
            replica.behind("other", 10).as_deref(),
            Some("does not watch namespace other")
        );
    }
}
