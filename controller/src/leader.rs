//! Which replica writes to the API: the one that holds the Lease.
//!
//! Serving never depends on it. Times are measured on our own clock from the moment at which a renewal was seen, so clocks of
//! nodes need not agree (client-go's leader election does the same). A leader that cannot renew stops writing before
//! another one may begin. What the leader has told in the status of Ingresses stands in the Lease, for the next one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::PostParams;
use tokio::sync::watch;

use crate::replica::ADDRESSES;
use crate::source::kube::{Cluster, Scope};
use crate::status::Address;

/// Another replica takes over when nothing was renewed for so long.
const DURATION: Duration = Duration::from_secs(15);
/// A leader that could not renew for so long no longer writes.
const DEADLINE: Duration = Duration::from_secs(10);
/// For one call.
const ANSWER: Duration = Duration::from_secs(3);

/// What one replica knows of the Lease.
#[derive(Debug)]
struct Election {
    identity: Arc<str>,
    /// The version that was seen last, and when it was seen first.
    seen: Option<(String, Instant)>,
    renewed: Option<Instant>,
}

/// What is to be done with the Lease.
#[derive(Clone, Debug, PartialEq)]
enum Move {
    /// Another one holds it.
    Wait,
    /// There is none.
    Create(LeaseSpec),
    /// It is ours, or nobody's any more.
    Replace(LeaseSpec),
}

impl Election {
    fn new(identity: Arc<str>) -> Self {
        Self {
            identity,
            seen: None,
            renewed: None,
        }
    }

    /// True while writing is allowed.
    fn leads(&self, now: Instant) -> bool {
        self.renewed
            .is_some_and(|renewed| now.duration_since(renewed) < DEADLINE)
    }

    /// What follows from the Lease as it is now.
    fn decide(&mut self, lease: Option<&Lease>, now: Instant, time: Timestamp) -> Move {
        let Some(lease) = lease else {
            self.seen = None;
            return Move::Create(self.spec(None, time));
        };
        let version = lease.metadata.resource_version.clone().unwrap_or_default();
        let since = match &self.seen {
            Some((seen, since)) if *seen == version => *since,
            _ => now,
        };
        self.seen = Some((version, since));
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        let is_ours = holder == &*self.identity;
        if !is_ours {
            self.renewed = None;
        }
        if is_ours || holder.is_empty() || now.duration_since(since) >= DURATION {
            Move::Replace(self.spec(Some(&spec), time))
        } else {
            Move::Wait
        }
    }

    fn spec(&self, before: Option<&LeaseSpec>, time: Timestamp) -> LeaseSpec {
        let was_ours = before.and_then(|spec| spec.holder_identity.as_deref()) == Some(&*self.identity);
        let transitions = before.and_then(|spec| spec.lease_transitions).unwrap_or(0);
        let acquired = before
            .and_then(|spec| spec.acquire_time.clone())
            .filter(|_| was_ours);
        LeaseSpec {
            holder_identity: Some(self.identity.to_string()),
            lease_duration_seconds: Some(15),
            acquire_time: Some(acquired.unwrap_or(MicroTime(time))),
            renew_time: Some(MicroTime(time)),
            lease_transitions: Some(if was_ours { transitions } else { transitions + 1 }),
            ..LeaseSpec::default()
        }
    }
}

/// Who holds the Lease, as the API says it every few seconds.
#[derive(Clone, Debug)]
pub struct Holder(pub watch::Receiver<Option<Lease>>);

impl Holder {
    /// The holder's identity; `None` if nobody holds it, or that is not known yet.
    pub fn get(&self) -> Option<String> {
        let lease = self.0.borrow();
        let holder = lease.as_ref()?.spec.as_ref()?.holder_identity.clone()?;
        Some(holder).filter(|holder| !holder.is_empty())
    }

    /// Waits until there is something new about the Lease. False if there will not be.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// The addresses that were told in the status of Ingresses, as the Lease has them.
#[derive(Debug)]
pub struct Memory {
    /// What the leader wants to stand there; what stood there before it asked stays.
    pub wanted: watch::Receiver<Option<Vec<Address>>>,
    /// What stands there; nothing while this replica does not lead.
    pub noted: watch::Sender<Option<Vec<Address>>>,
}

/// Takes part in the election until `stop`, then lets the Lease go. `lease` is what the API says of it, every few seconds.
pub async fn run(
    cluster: Cluster,
    scope: Scope,
    mut lease: watch::Receiver<Option<Lease>>,
    leading: watch::Sender<bool>,
    mut memory: Memory,
    mut stop: watch::Receiver<bool>,
) {
    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), &scope.own_namespace);
    let mut election = Election::new(scope.identity.clone());
    // The Lease as this replica wrote it last, and the addresses that it was asked to write since it leads.
    let (mut written, mut addresses) = (None, None);
    loop {
        let known = tokio::select! {
            changed = lease.changed() => match changed {
                Ok(()) => lease.borrow_and_update().clone(),
                Err(_) => return,
            },
            Ok(()) = memory.wanted.changed() => {
                addresses.clone_from(&memory.wanted.borrow_and_update());
                match written.take() {
                    Some(lease) if election.leads(Instant::now()) => Some(lease),
                    // The next answer brings the Lease as it is.
                    _ => continue,
                }
            }
            () = tokio::time::sleep(Duration::from_secs(1)) => {
                set(&leading, &memory, election.leads(Instant::now()));
                continue;
            }
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let now = Instant::now();
        if !election.leads(now) {
            // What was wanted when it led the last time is of no interest.
            memory.wanted.mark_unchanged();
            addresses = None;
        }
        let name = &*scope.lease;
        let told = addresses.as_deref();
        let result = match election.decide(known.as_ref(), now, Timestamp::now()) {
            Move::Wait => None,
            Move::Create(spec) => Some(write(&leases, name, None, spec, told).await),
            Move::Replace(spec) => Some(write(&leases, name, known.as_ref(), spec, told).await),
        };
        match result {
            Some(Ok(lease)) => {
                election.renewed = Some(now);
                let told = lease
                    .metadata
                    .annotations
                    .as_ref()
                    .and_then(|all| all.get(ADDRESSES));
                let told = told.map(|text| Address::read_all(text)).unwrap_or_default();
                note(&memory, Some(told));
                written = Some(lease);
            }
            // Somebody else was faster, or the API is away; the next answer tells.
            Some(Err(error)) => tracing::debug!(%error, "the Lease was not written"),
            None => {}
        }
        set(&leading, &memory, election.leads(Instant::now()));
    }
    leading.send_replace(false);
    note(&memory, None);
    if election.leads(Instant::now()) {
        let_go(&leases, &scope).await;
    }
}

/// The next leader need not wait until the Lease runs out.
async fn let_go(leases: &Api<Lease>, scope: &Scope) {
    let Ok(Ok(current)) = tokio::time::timeout(ANSWER, leases.get(&scope.lease)).await else {
        return;
    };
    let spec = current.spec.clone().unwrap_or_default();
    if spec.holder_identity.as_deref() == Some(&*scope.identity) {
        let spec = LeaseSpec {
            holder_identity: Some(String::new()),
            ..spec
        };
        if let Err(error) = write(leases, &scope.lease, Some(&current), spec, None).await {
            tracing::debug!(%error, "the Lease was not let go; it runs out by itself");
        }
    }
}

async fn write(
    leases: &Api<Lease>,
    name: &str,
    known: Option<&Lease>,
    spec: LeaseSpec,
    told: Option<&[Address]>,
) -> Result<Lease, String> {
    let annotations = known.and_then(|lease| lease.metadata.annotations.clone());
    let mut annotations = annotations.unwrap_or_default();
    if let Some(told) = told {
        annotations.insert(ADDRESSES.to_owned(), Address::write_all(told));
    }
    let lease = Lease {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            resource_version: known.and_then(|lease| lease.metadata.resource_version.clone()),
            annotations: (!annotations.is_empty()).then_some(annotations),
            labels: known.and_then(|lease| lease.metadata.labels.clone()),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
    };
    let params = PostParams::default();
    let result = if known.is_some() {
        tokio::time::timeout(ANSWER, leases.replace(name, &params, &lease)).await
    } else {
        tokio::time::timeout(ANSWER, leases.create(&params, &lease)).await
    };
    match result {
        Ok(Ok(lease)) => Ok(lease),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

fn note(memory: &Memory, told: Option<Vec<Address>>) {
    memory.noted.send_if_modified(|noted| {
        let has_changed = *noted != told;
        *noted = told;
        has_changed
    });
}

fn set(leading: &watch::Sender<bool>, memory: &Memory, leads: bool) {
    if !leads {
        note(memory, None);
    }
    let has_changed = leading.send_if_modified(|state| std::mem::replace(state, leads) != leads);
    if has_changed && leads {
        tracing::info!("this replica leads: it writes status and Events");
    } else if has_changed {
        tracing::info!("this replica no longer leads");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(holder: &str, version: &str) -> Lease {
        Lease {
            metadata: ObjectMeta {
                resource_version: Some(version.to_owned()),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(holder.to_owned()),
                lease_transitions: Some(3),
                ..LeaseSpec::default()
            }),
        }
    }

    fn transitions(step: &Move) -> Option<i32> {
        match step {
            Move::Wait => None,
            Move::Create(spec) | Move::Replace(spec) => spec.lease_transitions,
        }
    }

    #[test]
    fn a_lease_is_taken_only_when_nobody_renews_it() {
        let mut election = Election::new("b".into());
        let (start, time) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(election.decide(Some(&lease("a", "1")), start, time), Move::Wait);
        assert_eq!(
            election.decide(Some(&lease("a", "1")), after(14), time),
            Move::Wait
        );
        assert_eq!(
            election.decide(Some(&lease("a", "2")), after(16), time),
            Move::Wait,
            "renewed"
        );
        assert_eq!(
            election.decide(Some(&lease("a", "2")), after(30), time),
            Move::Wait
        );
        let taken = election.decide(Some(&lease("a", "2")), after(31), time);
        assert_eq!(transitions(&taken), Some(4));
    }

    #[test]
    fn a_lease_that_was_let_go_or_is_missing_is_taken_at_once() {
        let mut election = Election::new("b".into());
        let (now, time) = (Instant::now(), Timestamp::UNIX_EPOCH);
        assert!(matches!(election.decide(None, now, time), Move::Create(_)));
        let step = election.decide(Some(&lease("", "1")), now, time);
        assert_eq!(transitions(&step), Some(4));
        let own = election.decide(Some(&lease("b", "2")), now, time);
        assert_eq!(transitions(&own), Some(3), "a renewal is no transition");
    }

    #[test]
    fn a_leader_that_cannot_renew_stops_before_another_may_begin() {
        let mut election = Election::new("b".into());
        let now = Instant::now();
        assert!(!election.leads(now));
        election.renewed = Some(now);
        assert!(election.leads(now + DEADLINE.mul_f32(0.9)));
        assert!(!election.leads(now + DEADLINE));
        assert!(DEADLINE + ANSWER < DURATION);
        // Another one took it.
        election.decide(Some(&lease("c", "9")), now, Timestamp::UNIX_EPOCH);
        assert!(!election.leads(now));
    }
}
