//! What each replica tells the others about itself, in a Lease of its own: how far it has seen the cluster, and a hash of
//! what it serves and rejects. `ferrik status` reads them.
//!
//! A replica whose watch hangs says so by what it does not say: its Lease stays at an old version, or is not renewed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference};
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use tokio::sync::watch;

use crate::publish::Published;
use crate::source::kube::{Cluster, Scope, chain};

/// Between renewals.
const RENEW: Duration = Duration::from_secs(5);
/// A replica that did not renew for so long is not alive, or stalled.
const ALIVE: Duration = Duration::from_secs(15);
/// A replica that did not renew for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(120);
/// Between two writes, however fast tables follow each other.
const PACE: Duration = Duration::from_millis(500);
/// For one call.
const ANSWER: Duration = Duration::from_secs(3);

const ELECTION: &str = "ferrik.dev/election";
const TABLE: &str = "ferrik.dev/table";
const SEEN: &str = "ferrik.dev/seen";

/// The Pod that a Lease goes with.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// Renews the Lease of this replica until `stop`.
pub async fn run(
    cluster: Cluster,
    scope: Scope,
    owner: Option<Owner>,
    mut published: watch::Receiver<Published>,
    mut stop: watch::Receiver<bool>,
) {
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), &scope.own_namespace);
    let mut is_refused = false;
    if published.wait_for(|state| state.output.is_some()).await.is_err() {
        return;
    }
    loop {
        let state = {
            let state = published.borrow_and_update();
            state.output.is_some().then_some((state.hash, state.seen))
        };
        if let Some((hash, seen)) = state {
            let lease = lease(&scope, owner.as_ref(), hash, seen);
            let name = lease.metadata.name.clone().unwrap_or_default();
            let (params, patch) = (PatchParams::apply("ferrik").force(), Patch::Apply(&lease));
            match tokio::time::timeout(ANSWER, leases.patch(&name, &params, &patch)).await {
                Ok(Ok(_)) => is_refused = false,
                Ok(Err(error)) if !std::mem::replace(&mut is_refused, true) => {
                    tracing::warn!(error = %chain(&error), "what this replica serves cannot be told to `ferrik status`");
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
        let pause = async {
            tokio::time::sleep(PACE).await;
            // Nothing is published any more: what is told from here on would be a lie.
            !matches!(tokio::time::timeout(RENEW, published.changed()).await, Ok(Err(_)))
        };
        tokio::select! {
            goes_on = pause => if !goes_on { return },
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

fn lease(scope: &Scope, owner: Option<&Owner>, hash: u64, seen: u64) -> Lease {
    let owner = owner.map(|owner| OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
        ..OwnerReference::default()
    });
    let annotations = [(TABLE, format!("{hash:016x}")), (SEEN, seen.to_string())];
    Lease {
        metadata: ObjectMeta {
            name: Some(name(scope)),
            labels: Some(BTreeMap::from([(ELECTION.to_owned(), scope.lease.to_string())])),
            annotations: Some(annotations.map(|(name, value)| (name.to_owned(), value)).into()),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(scope.identity.to_string()),
            lease_duration_seconds: Some(15),
            renew_time: Some(MicroTime(Timestamp::now())),
            ..LeaseSpec::default()
        }),
    }
}

/// As object names are written, whatever the identity is.
fn name(scope: &Scope) -> String {
    let letter = |char: char| {
        if char.is_ascii_alphanumeric() {
            char.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let identity: String = scope.identity.chars().map(letter).take(180).collect();
    format!("{}.{}", scope.lease, identity.trim_matches('-'))
}

/// One replica as it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Its name.
    pub name: String,
    /// It holds the Lease of the leader.
    pub leads: bool,
    /// The version of the cluster that it has seen.
    pub seen: u64,
    /// Hash of what it serves and rejects.
    pub table: String,
    /// How long ago it said so, by the clocks of its node and of this one.
    pub age: Duration,
}

/// How an Ingress is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The Ingress's version in the cluster.
    pub version: u64,
    /// The replicas, by name.
    pub replicas: Vec<Replica>,
}

impl Replica {
    /// Why the replica does not serve the Ingress as it is in the cluster; `None` if it does.
    pub fn behind(&self, version: u64) -> Option<String> {
        if self.age >= ALIVE {
            return Some(format!("has said nothing for {} s", self.age.as_secs()));
        }
        (self.seen < version).then(|| format!("has seen the cluster up to version {} only", self.seen))
    }
}

impl Served {
    /// How many replicas serve the Ingress as it is in the cluster.
    pub fn count(&self) -> usize {
        self.replicas
            .iter()
            .filter(|replica| replica.behind(self.version).is_none())
            .count()
    }
}

/// Asks the cluster who serves an Ingress. The error is one sentence.
pub async fn served(
    cluster: &Cluster,
    own_namespace: &Arc<str>,
    election: &str,
    namespace: &str,
    name: &str,
) -> Result<Served, String> {
    let wrong = |error: kube::Error| chain(&error);
    let ingresses: Api<Ingress> = Api::namespaced(cluster.client.clone(), namespace);
    let ingress = ingresses.get_opt(name).await.map_err(wrong)?;
    let ingress = ingress.ok_or_else(|| format!("there is no Ingress {namespace}/{name}"))?;
    let version = ingress
        .metadata
        .resource_version
        .and_then(|version| version.parse().ok());
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), own_namespace);
    let leader = leases.get_opt(election).await.map_err(wrong)?;
    let leader = leader
        .and_then(|lease| lease.spec)
        .and_then(|spec| spec.holder_identity);
    let params = ListParams::default().labels(&format!("{ELECTION}={election}"));
    let list = leases.list(&params).await.map_err(wrong)?;
    let now = SystemTime::now();
    let mut replicas: Vec<Replica> = list
        .items
        .into_iter()
        .filter_map(|lease| replica(lease, leader.as_deref(), now))
        .filter(|replica| replica.age < FORGOTTEN)
        .collect();
    replicas.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Served {
        version: version.unwrap_or_default(),
        replicas,
    })
}

fn replica(lease: Lease, leader: Option<&str>, now: SystemTime) -> Option<Replica> {
    let spec = lease.spec?;
    let name = spec.holder_identity?;
    let annotations = lease.metadata.annotations.unwrap_or_default();
    let renewed = SystemTime::from(spec.renew_time?.0);
    Some(Replica {
        leads: leader == Some(name.as_str()),
        name,
        seen: annotations
            .get(SEEN)
            .and_then(|seen| seen.parse().ok())
            .unwrap_or_default(),
        table: annotations.get(TABLE).cloned().unwrap_or_default(),
        age: now.duration_since(renewed).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seen: u64, age: u64) -> Replica {
        Replica {
            name: "a".into(),
            leads: false,
            seen,
            table: String::new(),
            age: Duration::from_secs(age),
        }
    }

    #[test]
    fn a_replica_counts_if_it_is_alive_and_has_seen_the_object() {
        let served = Served {
            version: 10,
            replicas: vec![of(10, 1), of(11, 14), of(9, 1), of(12, 15)],
        };
        assert_eq!(served.count(), 2);
        assert_eq!(
            served.replicas[2].behind(10).as_deref(),
            Some("has seen the cluster up to version 9 only")
        );
        assert_eq!(
            served.replicas[3].behind(10).as_deref(),
            Some("has said nothing for 15 s")
        );
    }
}
