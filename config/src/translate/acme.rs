//! What all Ingresses together want of an authority: by Ingress for the controller, and the hosts to answer for.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;

use crate::acme::{THUMBPRINT, Wanted};
use crate::name::{Host, ObjectRef};
use crate::snapshot::Secret;
use crate::table::Challenges;

/// Certificates by the Ingress that asks for them, and how many want each host.
#[derive(Debug, Default)]
pub(super) struct Wants {
    pub(super) by_ingress: OrdMap<ObjectRef, Arc<[Wanted]>>,
    hosts: BTreeMap<Host, usize>,
}

impl Wants {
    /// Replaces what one Ingress asks for.
    pub(super) fn set(&mut self, ingress: &ObjectRef, wanted: Arc<[Wanted]>) {
        for host in wanted.iter().flat_map(|wanted| &wanted.hosts) {
            *self.hosts.entry(host.clone()).or_default() += 1;
        }
        let old = if wanted.is_empty() {
            self.by_ingress.remove(ingress)
        } else {
            self.by_ingress.insert(ingress.clone(), wanted)
        };
        for host in old.iter().flat_map(|old| old.iter()).flat_map(|old| &old.hosts) {
            if let Some(count) = self.hosts.get_mut(host) {
                *count -= 1;
                if *count == 0 {
                    self.hosts.remove(host);
                }
            }
        }
    }

    /// Brings up to date what is answered, given the account's Secret.
    pub(super) fn answer(&self, account: Option<&Secret>, challenges: &mut Arc<Challenges>) {
        let thumbprint = account
            .and_then(|account| account.get(THUMBPRINT))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .map(str::trim);
        let is_same = challenges.thumbprint.as_deref() == thumbprint
            && challenges.hosts.len() == self.hosts.len()
            && self.hosts.keys().all(|host| challenges.hosts.contains(host));
        if !is_same {
            *challenges = Arc::new(Challenges {
                thumbprint: thumbprint.map(Arc::from),
                hosts: self.hosts.keys().cloned().collect(),
            });
        }
    }
}
