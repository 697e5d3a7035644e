//! One order, step by step (RFC 8555 §7.4). Each step is kept before the next is taken, so that another process can go on
//! from wherever this one ends.
//!
//! The authority and what keeps the steps are arguments: the tests end the process between any two effects.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use ferrik_config::table::Digest;

use super::entry::{Entry, OpenOrder};

/// Questions about one order's state before it is left for later.
const POLLS: u32 = 40;

/// Why there is no certificate yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// For the owner of the Ingress: what happened, and what to do if that is known.
    pub(super) message: String,
    /// In seconds, if the authority said so.
    pub(super) retry_after: Option<i64>,
}

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The authority's question would not reach us.
    Preflight,
    /// Not every replica has the answer to the authority's question.
    Answer,
    /// The authority has refused the order or could not verify a host.
    Refused,
    /// The authority asks us to slow down.
    RateLimited,
    /// The authority does not answer, or not as one.
    Unreachable,
    /// The authority has not come to a decision in time.
    Slow,
    /// Our own budget is used up.
    Budget,
    /// The account is not known to the authority.
    Account,
    /// The result, or a step, could not be kept.
    Store,
    /// Another process has kept something since: it is at work, and this one must read again.
    Conflict,
    /// A newer certificate was stored meanwhile, and stays.
    Superseded,
}

impl Kind {
    /// As metrics and logs write it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Answer => "answer",
            Self::Refused => "refused",
            Self::RateLimited => "rate_limited",
            Self::Unreachable => "unreachable",
            Self::Slow => "slow",
            Self::Budget => "budget",
            Self::Account => "account",
            Self::Store => "store",
            Self::Conflict => "conflict",
            Self::Superseded => "superseded",
        }
    }
}

impl Failure {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
        }
    }
}

/// How far an order is, as the authority says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Some host has not been verified.
    Pending,
    /// Every host has.
    Ready,
    /// The certificate is being made.
    Processing,
    /// The certificate is there.
    Valid,
    /// It came to nothing, for this reason.
    Invalid(String),
    /// The authority does not know it.
    Gone,
}

/// What the authority does.
pub(super) trait Authority: Sync {
    /// Address of the account.
    fn account(&self) -> &str;
    /// Checks that the authority's questions for these hosts will reach us.
    fn preflight(&self, hosts: &BTreeSet<String>) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Makes an order and returns its address.
    fn order(&self, hosts: &BTreeSet<String>) -> impl Future<Output = Result<String, Failure>> + Send;
    /// How far the order is.
    fn stage(&self, url: &str) -> impl Future<Output = Result<Stage, Failure>> + Send;
    /// What must be answered in handshakes while the hosts of the order are verified; nothing if that is not how.
    fn answers(&self, url: &str) -> impl Future<Output = Result<BTreeMap<String, Digest>, Failure>> + Send;
    /// Checks that the authority's handshakes will get these answers.
    fn probe(&self, answers: &BTreeMap<String, Digest>) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Has every host of the order verified.
    fn verify(&self, url: &str) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Has the certificate made for this key.
    fn finalize(
        &self,
        url: &str,
        hosts: &BTreeSet<String>,
        key: &str,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
    /// The certificate chain in PEM.
    fn certificate(&self, url: &str) -> impl Future<Output = Result<String, Failure>> + Send;
    /// Waits a little, the longer the more often it was asked.
    fn pause(&self, polls: u32) -> impl Future<Output = ()> + Send;
}

/// What keeps steps and results.
pub(super) trait Keep: Sync {
    /// Keeps the entry. Fails if another process has kept something since: then it is at work.
    fn save(&self, entry: &Entry) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Keeps the answers where every replica reads them, and waits until every live one has them.
    fn answer(&self, answers: &BTreeMap<String, Digest>) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Whether a certificate could be kept, so that none is ordered that could not.
    fn check(&self) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Keeps the certificate and its key where they are used.
    fn store(&self, chain: &str, key: &str) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Takes an order from where `entry` says it is to its certificate, which it returns. `entry` says where it ended.
pub(super) async fn drive(
    authority: &impl Authority,
    keep: &impl Keep,
    hosts: &BTreeSet<String>,
    entry: &mut Entry,
    new_key: impl Fn() -> Result<String, Failure> + Send,
) -> Result<String, Failure> {
    let account = authority.account();
    if entry.order.as_ref().is_some_and(|order| order.account != account) {
        entry.order = None;
    }
    let (mut polls, mut is_verified, mut is_new) = (0, false, false);
    loop {
        let Some(order) = &entry.order else {
            authority.preflight(hosts).await?;
            keep.check().await?;
            entry.order = Some(OpenOrder {
                account: account.to_owned(),
                key: new_key()?,
                url: None,
            });
            keep.save(entry).await?;
            continue;
        };
        let (url, key) = (order.url.clone(), order.key.clone());
        let Some(url) = url else {
            let url = authority.order(hosts).await?;
            is_new = true;
            if let Some(order) = &mut entry.order {
                order.url = Some(url);
            }
            keep.save(entry).await?;
            continue;
        };
        match authority.stage(&url).await? {
            Stage::Pending if is_verified => {}
            Stage::Pending => {
                let answers = authority.answers(&url).await?;
                if !answers.is_empty() {
                    keep.answer(&answers).await?;
                    authority.probe(&answers).await?;
                }
                authority.verify(&url).await?;
                is_verified = true;
            }
            Stage::Ready => authority.finalize(&url, hosts, &key).await?,
            Stage::Processing => {}
            Stage::Valid => {
                let chain = authority.certificate(&url).await?;
                keep.store(&chain, &key).await?;
                entry.order = None;
                return Ok(chain);
            }
            Stage::Invalid(why) => {
                entry.order = None;
                return Err(Failure::new(Kind::Refused, why));
            }
            Stage::Gone if is_new => {
                let message = "the authority does not know an order that it has just made";
                return Err(Failure::new(Kind::Slow, message));
            }
            Stage::Gone => {
                entry.order = None;
                keep.save(entry).await?;
                continue;
            }
        }
        polls += 1;
        if polls > POLLS {
            // The order stays: the next attempt goes on with it.
            let message = "the authority has not come to a decision yet";
            return Err(Failure::new(Kind::Slow, message));
        }
        authority.pause(polls).await;
    }
}

#[cfg(test)]
mod tests;
