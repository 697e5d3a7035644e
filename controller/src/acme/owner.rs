//! Ingresses that joined a certificate after it was stored: each becomes an owner of its Secret, so that the cluster keeps it
//! for as long as anybody asks for it.
//!
//! Who is missing follows from what the watches have seen, so the API is called only where something is to be added. Owners
//! are never removed: the cluster's garbage collector does that.

use std::collections::BTreeMap;
use std::sync::Arc;

use ferrik_config::name::{Kind, ObjectRef};
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use tokio::task::JoinSet;

use super::ledger::Ledger;
use super::request::Request;
use crate::source::kube::Facts;

/// What was added shows after this long at most, in seconds, or it is added again.
const AGAIN: i64 = 600;

/// An Ingress and its uid.
type Owner = (ObjectRef, Arc<str>);

/// The Secrets that lack owners.
#[derive(Default)]
pub(super) struct Owners {
    missing: BTreeMap<ObjectRef, Vec<Owner>>,
    /// Whom it was tried to add, and until when that is not tried again.
    tried: BTreeMap<ObjectRef, (Vec<Owner>, i64)>,
    /// One at a time.
    under_way: JoinSet<()>,
}

impl Owners {
    /// Finds the Ingresses that ask for a Secret that is there and are not among its owners.
    pub(super) fn look(
        &mut self,
        requests: &BTreeMap<ObjectRef, Request>,
        facts: &OrdMap<ObjectRef, Facts>,
        uids: &OrdMap<ObjectRef, Arc<str>>,
    ) {
        self.missing.clear();
        for (secret, request) in requests {
            let Some(there) = facts.get(secret) else { continue };
            let uid = |ingress: &ObjectRef| Some((ingress.clone(), uids.get(ingress)?.clone()));
            let asking = request.ingresses.iter().filter_map(uid);
            let missing: Vec<Owner> = asking.filter(|(_, uid)| !there.owners.contains(uid)).collect();
            if !missing.is_empty() {
                self.missing.insert(secret.clone(), missing);
            }
        }
        let missing = &self.missing;
        self.tried.retain(|secret, _| missing.contains_key(secret));
    }

    /// The next Secret to write, with the owners to add; it is not named again soon. `now` is in seconds since 1970.
    fn next(&mut self, now: i64) -> Option<(ObjectRef, Vec<Owner>)> {
        let is_untried = |(secret, missing): &(&ObjectRef, &Vec<Owner>)| {
            let tried = self.tried.get(*secret);
            tried.is_none_or(|(owners, until)| owners != *missing || *until <= now)
        };
        let (secret, owners) = self.missing.iter().find(is_untried)?;
        let (secret, owners) = (secret.clone(), owners.clone());
        self.tried.insert(secret.clone(), (owners.clone(), now + AGAIN));
        Some((secret, owners))
    }

    /// Begins to add owners, unless that is under way or there are none.
    pub(super) fn begin(&mut self, ledger: &Arc<Ledger>, now: i64) {
        if !self.under_way.is_empty() {
            return;
        }
        let Some((secret, owners)) = self.next(now) else {
            return;
        };
        let ledger = ledger.clone();
        self.under_way.spawn(async move {
            let store = ledger.store.lock().await;
            match store.0.add_owners(&secret, &owners).await {
                Ok(()) => tracing::debug!(%secret, "it has every Ingress that asks for it as an owner"),
                Err(failure) => tracing::warn!(
                    %secret,
                    "an Ingress that joined does not become an owner, so the Secret goes with the others: {}",
                    failure.message
                ),
            }
        });
    }

    /// Waits until what was begun has ended; for ever if nothing is under way.
    pub(super) async fn added(&mut self) {
        if self.under_way.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// True if an Ingress or a Secret has come or gone, or is another one or has other owners than before.
pub(super) fn have_changed(before: &OrdMap<ObjectRef, Facts>, after: &OrdMap<ObjectRef, Facts>) -> bool {
    before.diff(after).any(|change| {
        let (object, is_same) = match change {
            DiffItem::Add(object, _) | DiffItem::Remove(object, _) => (object, false),
            DiffItem::Update {
                old: (_, old),
                new: (object, new),
            } => (object, old.uid == new.uid && old.owners == new.owners),
        };
        !is_same && matches!(object.kind, Kind::Ingress | Kind::Secret)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn facts(uid: &str, owners: &[&str]) -> Facts {
        Facts {
            uid: uid.into(),
            owners: owners.iter().map(|uid| (*uid).into()).collect(),
            ..Facts::default()
        }
    }

    #[test]
    fn who_joined_is_named_once_and_again_when_somebody_else_joins() {
        let secret = ObjectRef::new(Kind::Secret, "shop", "tls");
        let ingresses: Vec<ObjectRef> = ["a", "b", "c"]
            .into_iter()
            .map(|name| ObjectRef::new(Kind::Ingress, "shop", name))
            .collect();
        let request = Request {
            secret: secret.clone(),
            hosts: BTreeSet::new(),
            ingresses: ingresses.clone(),
            current: None,
            server: None,
        };
        let requests = BTreeMap::from([(secret.clone(), request)]);
        let mut uids: OrdMap<ObjectRef, Arc<str>> = OrdMap::new();
        uids.insert(ingresses[0].clone(), "1".into());
        uids.insert(ingresses[1].clone(), "2".into());
        let mut owners = Owners::default();
        owners.look(&requests, &OrdMap::new(), &uids);
        assert_eq!(owners.next(0), None, "the Secret is not there");
        let there: OrdMap<ObjectRef, Facts> = [(secret.clone(), facts("9", &["1", "foreign"]))]
            .into_iter()
            .collect();
        owners.look(&requests, &there, &uids);
        let second: Owner = (ingresses[1].clone(), "2".into());
        assert_eq!(owners.next(0), Some((secret.clone(), vec![second.clone()])));
        assert_eq!(owners.next(AGAIN - 1), None);
        uids.insert(ingresses[2].clone(), "3".into());
        owners.look(&requests, &there, &uids);
        let third: Owner = (ingresses[2].clone(), "3".into());
        assert_eq!(owners.next(1), Some((secret.clone(), vec![second, third])));
        let complete: OrdMap<ObjectRef, Facts> = [(secret.clone(), facts("9", &["1", "2", "3"]))]
            .into_iter()
            .collect();
        owners.look(&requests, &complete, &uids);
        assert_eq!(owners.next(2 * AGAIN), None);
        assert!(have_changed(&there, &complete));
        let touched: OrdMap<ObjectRef, Facts> = [(
            secret,
            Facts {
                version: "10".into(),
                ..facts("9", &["1", "2", "3"])
            },
        )]
        .into_iter()
        .collect();
        assert!(!have_changed(&complete, &touched));
    }
}
