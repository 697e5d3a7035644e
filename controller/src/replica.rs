//! What each replica tells the others about itself, in a Lease of its own: how far it has seen the cluster, a hash of what it
//! serves and rejects, which challenges of an authority it answers, and the addresses of its node. `ferrik status` reads them, and so does the leader.
//!
//! A replica whose watch hangs says so by what it does not say: its Lease stays at an old version, or is not renewed.

mod answering;
mod record;
mod roll;
mod served;

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference};
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{Patch, PatchParams};
use tokio::sync::watch;

use crate::publish::Published;
use crate::source::kube::{Cluster, Scope, chain};
use crate::status::Address;
use record::{CHALLENGES, ELECTION, SEEN, TABLE};

pub(crate) use answering::Roster;
pub(crate) use record::ADDRESSES;
pub use record::Replica;
pub use roll::{Roll, call};
pub use served::{Served, served};

/// Between renewals.
const RENEW: Duration = Duration::from_secs(5);
/// Between two writes, however fast tables follow each other.
const PACE: Duration = Duration::from_millis(500);
/// For one call.
const ANSWER: Duration = Duration::from_secs(3);

/// The Pod that a Lease goes with.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// What does not change while a replica runs.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Its Pod, if it is one.
    pub owner: Option<Owner>,
    /// The addresses of its node, if they are to stand in the status of Ingresses.
    pub addresses: Vec<Address>,
}

/// Renews the Lease of this replica until `stop`, and then says that it has ended.
pub async fn run(
    cluster: Cluster,
    scope: Scope,
    place: Place,
    mut published: watch::Receiver<Published>,
    mut stop: watch::Receiver<bool>,
) {
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), &scope.own_namespace);
    let mut is_refused = false;
    tokio::select! {
        first = published.wait_for(|state| state.output.is_some()) => if first.is_err() { return },
        _ = stop.wait_for(|stop| *stop) => return,
    }
    let mut goes_on = true;
    loop {
        let state = {
            let state = published.borrow_and_update();
            state.output.is_some().then(|| state.clone())
        };
        if let Some(state) = state {
            let lease = lease(&scope, &place, &state, goes_on);
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
        if !goes_on {
            return;
        }
        let pause = async {
            tokio::time::sleep(PACE).await;
            // Nothing is published any more: what is told from here on would be a lie.
            !matches!(tokio::time::timeout(RENEW, published.changed()).await, Ok(Err(_)))
        };
        tokio::select! {
            is_more = pause => if !is_more { return },
            _ = stop.wait_for(|stop| *stop) => goes_on = false,
        }
    }
}

/// `goes_on` is false for the last word of a replica: nobody holds its Lease any more.
fn lease(scope: &Scope, place: &Place, state: &Published, goes_on: bool) -> Lease {
    let owner = place.owner.clone().map(|owner| OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        name: owner.name,
        uid: owner.uid,
        ..OwnerReference::default()
    });
    let seen = serde_json::to_string(&state.seen).expect("names and numbers have a JSON form");
    let mut annotations = vec![(TABLE, format!("{:016x}", state.hash)), (SEEN, seen)];
    if state.challenges() > 0 {
        annotations.push((CHALLENGES, state.challenges().to_string()));
    }
    if !place.addresses.is_empty() {
        annotations.push((ADDRESSES, Address::write_all(&place.addresses)));
    }
    let annotations = annotations
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Lease {
        metadata: ObjectMeta {
            name: Some(name(scope)),
            labels: Some(BTreeMap::from([(ELECTION.to_owned(), scope.lease.to_string())])),
            annotations: Some(annotations.collect()),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: goes_on.then(|| scope.identity.to_string()),
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
