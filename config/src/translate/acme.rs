//! What all Ingresses together want of an authority: by Ingress for the controller, and the hosts to answer for.
//!
//! Only the namespace that serves a host may have a certificate for it: whoever has the key can pass for the host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::OrdMap;

use crate::acme::{ANSWERS, Answers, THUMBPRINT, Wanted};
use crate::name::{Host, ObjectRef};
use crate::snapshot::Secret;
use crate::table::{Challenges, TlsAlpn};

/// Certificates by the Ingress that asks for them, and how many want each host.
#[derive(Debug, Default)]
pub(super) struct Wants {
    /// What may be had of what is asked for.
    pub(super) by_ingress: OrdMap<ObjectRef, Arc<[Wanted]>>,
    asked: BTreeMap<ObjectRef, Arc<[Wanted]>>,
    /// The namespace that serves each host that somebody asks for.
    owners: BTreeMap<Host, Arc<str>>,
    hosts: BTreeMap<Host, usize>,
    /// The hosts may be others than those that were answered for last.
    has_changed: bool,
    /// What the account's Secret says of handshakes, as it was read last, and what it means.
    answers: (Vec<u8>, TlsAlpn),
}

impl Wants {
    /// Replaces what one Ingress asks for.
    pub(super) fn ask(&mut self, ingress: &ObjectRef, wanted: Arc<[Wanted]>) {
        if wanted.is_empty() {
            self.asked.remove(ingress);
        } else {
            self.asked.insert(ingress.clone(), wanted);
        }
        self.settle(ingress);
    }

    /// Notes which namespace serves a host, for all these Ingresses that share in it.
    pub(super) fn serve(&mut self, host: &Host, owner: Option<Arc<str>>, sharers: &BTreeSet<ObjectRef>) {
        let asking = || sharers.iter().filter(|ingress| self.asked.contains_key(*ingress));
        let owner = owner.filter(|_| asking().next().is_some());
        let before = match owner.clone() {
            Some(owner) => self.owners.insert(host.clone(), owner),
            None => self.owners.remove(host),
        };
        if before != owner {
            for ingress in asking().cloned().collect::<Vec<_>>() {
                self.settle(&ingress);
            }
        }
    }

    /// Brings up to date what one Ingress may have.
    fn settle(&mut self, ingress: &ObjectRef) {
        let is_ours = |host: &Host| {
            let owner = self.owners.get(host);
            owner.is_none_or(|owner| *owner == ingress.namespace)
        };
        // What is somebody else's is left out; the other hosts of the entry get their certificate all the same.
        let without = |wanted: &Wanted| {
            let hosts: BTreeSet<Host> = wanted
                .hosts
                .iter()
                .filter(|host| is_ours(host))
                .cloned()
                .collect();
            (!hosts.is_empty()).then(|| Wanted {
                hosts,
                ..wanted.clone()
            })
        };
        let wanted: Arc<[Wanted]> = match self.asked.get(ingress) {
            Some(asked) if asked.iter().all(|wanted| wanted.hosts.iter().all(is_ours)) => asked.clone(),
            Some(asked) => asked.iter().filter_map(without).collect(),
            None => Arc::default(),
        };
        self.has_changed = true;
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
    pub(super) fn answer(&mut self, account: Option<&Secret>, challenges: &mut Arc<Challenges>) {
        let thumbprint = account
            .and_then(|account| account.get(THUMBPRINT))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let text = account
            .and_then(|account| account.get(ANSWERS))
            .unwrap_or_default();
        if self.answers.0 != text {
            // Whatever host it is for: a replica that learns of the Ingress later than of the answer must be able to give it.
            self.answers = (text.to_vec(), (&Answers::read(text)).into());
        }
        let is_same = challenges.thumbprint.as_deref() == thumbprint
            && challenges.tls_alpn == self.answers.1
            && (!std::mem::take(&mut self.has_changed)
                || (challenges.hosts.len() == self.hosts.len()
                    && self.hosts.keys().all(|host| challenges.hosts.contains(host))));
        if !is_same {
            *challenges = Arc::new(Challenges {
                thumbprint: thumbprint.map(Arc::from),
                hosts: self.hosts.keys().cloned().collect(),
                tls_alpn: self.answers.1.clone(),
            });
        }
    }
}
