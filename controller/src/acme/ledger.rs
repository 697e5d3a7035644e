//! What the orders of one leader share: the store, the account, and what is remembered. It also keeps the steps of an order.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ferrik_config::name::ObjectRef;
use ferrik_config::table::Digest;
use imbl::OrdMap;
use tokio::sync::Mutex;

use super::Options;
use super::answer::{Claim, Claims};
use super::audience::Audience;
use super::authority::Acme;
use super::clock::now;
use super::entry::Entry;
use super::http::Http;
use super::order::{Failure, Keep};
use super::pace::Pace;
use super::request::Request;
use super::store::{Account, Kept, Store};
use super::told::Listeners;

/// For replicas to learn of a new account, where nobody asks them.
const SPREAD: Duration = Duration::from_secs(3);
/// Between two accounts that are given up.
const SELDOM: Duration = Duration::from_secs(3600);

/// What outlives the reading of the store.
#[derive(Clone)]
pub(super) struct Lasting {
    pub(super) options: Arc<Options>,
    pub(super) http: Http,
    pub(super) listeners: Listeners,
    pub(super) audience: Audience,
    pub(super) pace: Arc<std::sync::Mutex<Pace>>,
    /// An account that could not be kept yet: another one is not made.
    pub(super) spare: Arc<Mutex<Option<Account>>>,
    /// When an account was given up last.
    pub(super) forgotten: Arc<Mutex<Option<Instant>>>,
}

impl Lasting {
    pub(super) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all orders share.
pub(super) struct Ledger {
    pub(super) store: Mutex<(Store, Kept)>,
    /// Locked while the account is opened, so that it is opened once.
    acme: Mutex<Option<Arc<Acme>>>,
    pub(super) lasting: Lasting,
    /// The Ingresses as they are now: who is deleted and made again has another uid.
    uids: std::sync::Mutex<OrdMap<ObjectRef, Arc<str>>>,
    claims: Claims,
}

impl Ledger {
    pub(super) fn new(store: Store, mut kept: Kept, lasting: Lasting) -> Self {
        let now = now();
        kept.entries.values_mut().for_each(|entry| entry.mend(now));
        Self {
            store: Mutex::new((store, kept)),
            acme: Mutex::default(),
            lasting,
            uids: std::sync::Mutex::default(),
            claims: Claims::default(),
        }
    }

    pub(super) fn uids(&self) -> OrdMap<ObjectRef, Arc<str>> {
        self.uids.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_uids(&self, uids: OrdMap<ObjectRef, Arc<str>>) {
        *self.uids.lock().unwrap_or_else(PoisonError::into_inner) = uids;
    }

    /// The account, opened once, and kept before it is used.
    pub(super) async fn open(&self) -> Result<Arc<Acme>, Failure> {
        let mut opened = self.acme.lock().await;
        if let Some(acme) = &*opened {
            return Ok(acme.clone());
        }
        let Lasting { options, http, .. } = &self.lasting;
        let kept = self.store.lock().await.1.account.clone();
        let fits = |account: &Account| account.server == options.server;
        let mut spare = self.lasting.spare.lock().await;
        let known = kept.clone().filter(fits).or_else(|| spare.clone().filter(fits));
        let (acme, new) = Acme::open(options.clone(), http.clone(), known.as_ref()).await?;
        let account = new.or(known);
        if account != kept {
            spare.clone_from(&account);
            let mut store = self.store.lock().await;
            let (store, kept) = &mut *store;
            let before = std::mem::replace(&mut kept.account, account);
            if let Err(failure) = store.save(kept).await {
                kept.account = before;
                return Err(failure);
            }
            if !options.preflight {
                tokio::time::sleep(SPREAD).await;
            }
        }
        let acme = Arc::new(acme);
        *opened = Some(acme.clone());
        Ok(acme)
    }

    /// The authority does not know this account any more; unless another one was opened meanwhile, one is made.
    pub(super) async fn forget(&self, account: &str) {
        let mut opened = self.acme.lock().await;
        let mut forgotten = self.lasting.forgotten.lock().await;
        // What an authority says of one host must not cost an account each time.
        let is_soon = forgotten.is_some_and(|at| at.elapsed() < SELDOM);
        if !is_soon && opened.as_ref().is_some_and(|acme| acme.account() == account) {
            *forgotten = Some(Instant::now());
            tracing::warn!(
                account,
                "the authority does not take the account any more; a new one is made"
            );
            *opened = None;
            *self.lasting.spare.lock().await = None;
            self.store.lock().await.1.account = None;
        }
    }

    /// Keeps an entry, or drops it if there is nothing to remember.
    pub(super) async fn save(&self, name: &str, entry: &Entry) -> Result<(), Failure> {
        let mut store = self.store.lock().await;
        let (store, kept) = &mut *store;
        if entry.is_empty(now()) {
            kept.entries.remove(name);
        } else {
            kept.entries.insert(name.to_owned(), entry.clone());
        }
        kept.drop_answers();
        store.save(kept).await
    }
}

/// Keeps the steps of one order.
pub(super) struct Keeper {
    pub(super) ledger: Arc<Ledger>,
    pub(super) request: Request,
    /// The hosts whose answers are this order's, until it ends.
    pub(super) claim: Mutex<Option<Claim>>,
}

impl Keep for Keeper {
    async fn save(&self, entry: &Entry) -> Result<(), Failure> {
        self.ledger.save(&name(&self.request.secret), entry).await
    }

    async fn answer(&self, answers: &BTreeMap<String, Digest>) -> Result<(), Failure> {
        let mut claim = self.claim.lock().await;
        if claim.is_none() {
            let hosts = answers.keys().cloned().collect();
            *claim = Some(self.ledger.claims.take(hosts).await?);
        }
        let version = self.ledger.answer(&name(&self.request.secret), answers).await?;
        self.ledger.lasting.audience.hear(version).await
    }

    async fn check(&self) -> Result<(), Failure> {
        let owners = self.owners();
        let store = self.ledger.store.lock().await;
        store.0.check(&self.request.secret, &owners).await
    }

    async fn store(&self, chain: &str, key: &str) -> Result<(), Failure> {
        let owners = self.owners();
        let (secret, server) = (&self.request.secret, &self.ledger.lasting.options.server);
        let store = self.ledger.store.lock().await;
        store.0.store(secret, &owners, server, chain, key).await
    }
}

impl Keeper {
    /// The Ingresses that still ask for the certificate.
    fn owners(&self) -> Vec<(ObjectRef, Arc<str>)> {
        let uids = self.ledger.uids();
        let asking = self.request.ingresses.iter();
        asking
            .filter_map(|ingress| Some((ingress.clone(), uids.get(ingress)?.clone())))
            .collect()
    }
}

/// As entries are called.
pub(super) fn name(secret: &ObjectRef) -> String {
    format!("{}/{}", secret.namespace, secret.name)
}
