//! What is wanted, by Secret: Ingresses that name the same one share a certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ferrik_config::acme::Wanted;
use ferrik_config::name::ObjectRef;
use ferrik_config::table::Certificate;
use imbl::OrdMap;

/// One certificate that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) secret: ObjectRef,
    pub(super) hosts: BTreeSet<String>,
    /// Those that want it, who are told how it goes.
    pub(super) ingresses: Vec<ObjectRef>,
    pub(super) current: Option<Arc<Certificate>>,
    /// The authority that `current` is from.
    pub(super) server: Option<Arc<str>>,
}

/// Everything that is wanted.
pub(super) fn gather(wanted: &OrdMap<ObjectRef, Arc<[Wanted]>>) -> BTreeMap<ObjectRef, Request> {
    let mut requests: BTreeMap<ObjectRef, Request> = BTreeMap::new();
    for (ingress, list) in wanted {
        for wanted in list.iter() {
            let request = requests.entry(wanted.secret.clone()).or_insert_with(|| Request {
                secret: wanted.secret.clone(),
                hosts: BTreeSet::new(),
                ingresses: Vec::new(),
                current: wanted.current.clone(),
                server: wanted.server.clone(),
            });
            let hosts = wanted.hosts.iter().map(|host| host.as_str().to_owned());
            request.hosts.extend(hosts);
            if request.ingresses.last() != Some(ingress) {
                request.ingresses.push(ingress.clone());
            }
        }
    }
    requests
}

/// The Secrets that certificates are asked for in, each with the hosts.
pub fn asked(wanted: &OrdMap<ObjectRef, Arc<[Wanted]>>) -> Vec<(ObjectRef, BTreeSet<String>)> {
    let requests = gather(wanted).into_iter();
    requests
        .map(|(secret, request)| (secret, request.hosts))
        .collect()
}
