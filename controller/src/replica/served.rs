//! Which replicas serve an Ingress: one question to the API, for `ferrik status`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::ListParams;

use super::record::{ELECTION, FORGOTTEN, Replica};
use crate::source::kube::{Cluster, chain};

/// How an Ingress is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The Ingress's namespace.
    pub namespace: Arc<str>,
    /// The Ingress's version in the cluster.
    pub version: u64,
    /// The replicas, by name; their ages are by the clocks of their nodes and of this one.
    pub replicas: Vec<Replica>,
}

impl Served {
    /// Why a replica does not serve the Ingress as it is in the cluster; `None` if it does.
    pub fn behind(&self, replica: &Replica) -> Option<String> {
        replica.behind(&self.namespace, self.version)
    }

    /// How many replicas serve the Ingress as it is in the cluster.
    pub fn count(&self) -> usize {
        let serving = self
            .replicas
            .iter()
            .filter(|replica| self.behind(replica).is_none());
        serving.count()
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
    let list = leases.list(&all(election)).await.map_err(wrong)?;
    let now = SystemTime::now();
    let mut replicas: Vec<Replica> = list
        .items
        .iter()
        .filter_map(|lease| Replica::read(lease, leader.as_deref(), age(lease, now)))
        .filter(|replica| replica.age < FORGOTTEN)
        .collect();
    replicas.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Served {
        namespace: namespace.into(),
        version: version.unwrap_or_default(),
        replicas,
    })
}

/// The Leases of the replicas of one election.
pub(super) fn all(election: &str) -> ListParams {
    ListParams::default().labels(&format!("{ELECTION}={election}"))
}

/// Since the Lease was renewed, by the clocks of its writer and of this machine.
pub(super) fn age(lease: &Lease, now: SystemTime) -> Duration {
    let renewed = lease.spec.as_ref().and_then(|spec| spec.renew_time.clone());
    renewed.map_or(FORGOTTEN, |renewed| {
        now.duration_since(SystemTime::from(renewed.0))
            .unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_count_that_are_alive_and_have_seen_the_object() {
        let of = |seen: u64, age: u64| Replica {
            seen: [("".into(), seen)].into(),
            age: Duration::from_secs(age),
            ..Replica::default()
        };
        let served = Served {
            namespace: "shop".into(),
            version: 10,
            replicas: vec![of(10, 1), of(11, 14), of(9, 1), of(12, 15)],
        };
        assert_eq!(served.count(), 2);
    }
}
