//! How each certificate stands, for people: logs and Events when something changes, the list for `ferrik certs`, and counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use ferrik_config::name::ObjectRef;
use ferrik_config::report::Reason;
use imbl::OrdMap;

use super::order::{Failure, Kind};
use super::request::Request;
use crate::event::{self, EventReason, News};
use crate::source::kube::Cluster;

/// What is said of all certificates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// One for each Secret.
    pub standings: Vec<Standing>,
    /// Certificates issued since this process leads.
    pub issued: u64,
    /// Failures since this process leads, by kind.
    pub failed: BTreeMap<&'static str, u64>,
}

/// How one certificate stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it is kept.
    pub secret: ObjectRef,
    /// Its names.
    pub hosts: Vec<String>,
    /// An order is under way.
    pub is_ordering: bool,
    /// When it is ordered next, in seconds since 1970.
    pub next: i64,
    /// Failures in a row.
    pub failures: u32,
    /// What stood in the way the last time.
    pub error: Option<String>,
}

/// Who is told, and as whom.
#[derive(Clone)]
pub(super) struct Listeners {
    /// `None` where there is no cluster.
    pub(super) cluster: Option<Cluster>,
    pub(super) identity: Arc<str>,
}

impl Listeners {
    pub(super) async fn ordered(&self, request: &Request, uids: &OrdMap<ObjectRef, Arc<str>>, server: &str) {
        let what = if request.current.is_some() {
            "renewed"
        } else {
            "ordered"
        };
        let note = format!(
            "the certificate for {} is being {what} from {server}",
            names(request)
        );
        tracing::info!(secret = %request.secret, "{note}");
        self.tell(request, uids, News::CertificateOrdered.into(), &note)
            .await;
    }

    pub(super) async fn issued(&self, request: &Request, uids: &OrdMap<ObjectRef, Arc<str>>) {
        let note = format!(
            "the certificate for {} was issued and is in {}",
            names(request),
            request.secret
        );
        tracing::info!(secret = %request.secret, "{note}");
        self.tell(request, uids, News::CertificateIssued.into(), &note)
            .await;
    }

    /// `pause` is how long until the next attempt, in seconds.
    pub(super) async fn failed(
        &self,
        request: &Request,
        uids: &OrdMap<ObjectRef, Arc<str>>,
        failure: &Failure,
        pause: i64,
    ) {
        let what = if request.current.is_some() {
            "the certificate could not be renewed, and the one that is there stays"
        } else {
            "there is no certificate yet"
        };
        let note = format!("{}: {what}: {}", names(request), failure.message);
        tracing::warn!(secret = %request.secret, reason = failure.kind.as_str(), again_in_seconds = pause, "{note}");
        let again = match pause {
            ..=120 => "tried again within two minutes",
            121..=3600 => "tried again within the hour",
            _ => "tried again within a day",
        };
        let note = format!("{note}; {again}");
        self.tell(request, uids, Reason::AcmeFailed.into(), &note).await;
    }

    async fn tell(
        &self,
        request: &Request,
        uids: &OrdMap<ObjectRef, Arc<str>>,
        reason: EventReason,
        note: &str,
    ) {
        let Some(cluster) = &self.cluster else { return };
        for ingress in &request.ingresses {
            if let Some(uid) = uids.get(ingress) {
                event::tell_now(cluster, &self.identity, ingress, uid, reason, note).await;
            }
        }
    }
}

fn names(request: &Request) -> String {
    let mut names: Vec<&str> = request.hosts.iter().map(String::as_str).take(4).collect();
    let more = request.hosts.len().saturating_sub(names.len());
    let more = format!("{more} more");
    if request.hosts.len() > names.len() {
        names.push(&more);
    }
    names.join(", ")
}

/// Every kind of failure, so that each is counted from 0.
pub(super) fn no_failures() -> BTreeMap<&'static str, u64> {
    let kinds = [
        Kind::Preflight,
        Kind::Answer,
        Kind::Refused,
        Kind::RateLimited,
        Kind::Unreachable,
        Kind::Slow,
        Kind::Budget,
        Kind::Account,
        Kind::Store,
    ];
    kinds.into_iter().map(|kind| (kind.as_str(), 0)).collect()
}
