//! Whether every live replica answers the open challenges of TLS-ALPN-01, as their Leases say: asked before an authority is
//! told to look, because it may come to any of them.

use std::time::{Duration, Instant, SystemTime};

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::ListParams;

use super::record::Replica;
use super::roll::Observer;
use super::served::all;
use super::{ANSWER, PACE, RENEW};
use crate::source::kube::{Cluster, Scope, chain};

/// A Lease that looks old is watched for so long before its replica counts as gone: clocks of nodes differ, and while the API
/// was away nobody could renew.
const WATCHED: Duration = RENEW.saturating_add(ANSWER).saturating_add(PACE);

/// The replicas while somebody waits for them.
pub(crate) struct Roster {
    leases: Api<Lease>,
    params: ListParams,
    observer: Observer,
    /// Since when every list was answered.
    since: Option<Instant>,
}

impl Roster {
    pub(crate) fn new(cluster: &Cluster, scope: &Scope) -> Self {
        Self {
            leases: Api::namespaced(cluster.client.clone(), &scope.own_namespace),
            params: all(&scope.lease),
            observer: Observer::new(&scope.identity, Instant::now()),
            since: None,
        }
    }

    /// Which replicas do not say that they answer as of this version of the answers; `None` if every live one does.
    pub(crate) async fn behind(&mut self, version: u64) -> Option<String> {
        let list = tokio::time::timeout(ANSWER, self.leases.list(&self.params)).await;
        let list = match list {
            Ok(Ok(list)) => list,
            Ok(Err(error)) => {
                self.since = None;
                return Some(format!("the replicas could not be listed: {}", chain(&error)));
            }
            Err(_) => {
                self.since = None;
                return Some("the replicas were not listed in time".to_owned());
            }
        };
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        let roll = self.observer.take(&list.items, now, SystemTime::now());
        lacking(&roll.replicas, version, now.duration_since(since) >= WATCHED)
    }
}

/// `is_sure` says that who is silent is gone.
fn lacking(replicas: &[Replica], version: u64, is_sure: bool) -> Option<String> {
    if replicas.is_empty() {
        return Some("no replica says what it serves".to_owned());
    }
    let behind = replicas
        .iter()
        .filter(|replica| replica.challenges < version && (replica.is_alive() || !is_sure));
    let behind: Vec<String> = behind
        .map(|replica| {
            if replica.is_alive() {
                format!("replica {} does not say that it has it", replica.name)
            } else {
                format!(
                    "replica {} has said nothing for {} s",
                    replica.name,
                    replica.age.as_secs()
                )
            }
        })
        .collect();
    (!behind.is_empty()).then(|| behind.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(name: &str, challenges: u64, age: u64) -> Replica {
        Replica {
            name: name.to_owned(),
            challenges,
            age: Duration::from_secs(age),
            ..Replica::default()
        }
    }

    #[test]
    fn every_live_replica_must_be_as_far_or_further() {
        let of = |replicas: &[Replica], is_sure| lacking(replicas, 7, is_sure);
        assert_eq!(of(&[replica("a", 7, 1), replica("b", 9, 14)], true), None);
        assert_eq!(
            of(
                &[replica("a", 7, 1), replica("b", 6, 1), replica("c", 0, 1)],
                true
            )
            .as_deref(),
            Some("replica b does not say that it has it, replica c does not say that it has it")
        );
        let silent = [replica("a", 7, 1), replica("b", 6, 20)];
        assert_eq!(
            of(&silent, false).as_deref(),
            Some("replica b has said nothing for 20 s")
        );
        assert_eq!(of(&silent, true), None);
        assert!(of(&[], true).is_some(), "nobody at all is no consent");
    }
}
