//! The work of the leader: looks what is due, has it ordered, a few at a time, and keeps what must not be forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ferrik_config::name::ObjectRef;
use imbl::OrdMap;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::Options;
use super::authority::{Acme, new_key};
use super::due::{Window, due};
use super::entry::Entry;
use super::http::Http;
use super::order::{Failure, Keep, Kind, drive};
use super::pace::Pace;
use super::request::{Request, gather};
use super::store::{Kept, Place, Store};
use super::told::{Listeners, Standing, State, no_failures};
use crate::publish::Published;

/// Orders under way at the same time.
const AT_ONCE: usize = 4;
/// Between looks at what is due.
const LOOK: Duration = Duration::from_secs(1);
/// After the store could not be opened.
const ANEW: Duration = Duration::from_secs(5);
/// A new certificate shows in what is published after this long at most, or it is ordered again.
const SHOWN: i64 = 60;
/// Between questions for renewal information, in seconds, whatever the authority says.
const LEAST: i64 = 10;
const MOST: i64 = 24 * 3600;

/// Works whenever this process leads, until the task is dropped.
pub async fn run(
    place: Place,
    options: Options,
    identity: Arc<str>,
    published: watch::Receiver<Published>,
    mut leading: watch::Receiver<bool>,
    state: watch::Sender<State>,
) {
    let options = Arc::new(options);
    let http = match Http::new(options.ca_bundle.as_deref()) {
        Ok(http) => http,
        Err(error) => {
            tracing::error!("certificates cannot be asked for: {error}");
            return;
        }
    };
    let cluster = match &place {
        Place::Cluster(cluster, _) => Some(cluster.clone()),
        Place::Folder(..) => None,
    };
    let listeners = Listeners { cluster, identity };
    loop {
        if leading.wait_for(|leads| *leads).await.is_err() {
            return;
        }
        match Store::open(&place).await {
            Ok((store, kept)) => {
                let ledger = Ledger {
                    store,
                    kept,
                    acme: None,
                };
                let mut work = Work::new(ledger, options.clone(), http.clone(), listeners.clone());
                let led = work.lead(published.clone(), leading.clone(), &state).await;
                state.send_replace(State::default());
                if !led {
                    return;
                }
            }
            Err(failure) => tracing::warn!("certificates: {}", failure.message),
        }
        tokio::time::sleep(ANEW).await;
    }
}

/// What all orders share.
struct Ledger {
    store: Store,
    kept: Kept,
    acme: Option<Arc<Acme>>,
}

/// Keeps the steps of one order.
struct Keeper {
    ledger: Arc<Mutex<Ledger>>,
    request: Request,
    owners: Vec<(ObjectRef, Arc<str>)>,
    server: String,
}

impl Keep for Keeper {
    async fn save(&self, entry: &Entry) -> Result<(), Failure> {
        let mut ledger = self.ledger.lock().await;
        let name = name(&self.request.secret);
        ledger.kept.entries.insert(name, entry.clone());
        let Ledger { store, kept, .. } = &mut *ledger;
        store.save(kept).await
    }

    async fn store(&self, chain: &str, key: &str) -> Result<(), Failure> {
        let ledger = self.ledger.lock().await;
        let secret = &self.request.secret;
        ledger
            .store
            .store(secret, &self.owners, &self.server, chain, key)
            .await
    }
}

/// What one order came to.
struct Done {
    request: Request,
    entry: Entry,
    result: Result<String, Failure>,
}

/// Renewal information of one certificate.
struct Suggested {
    fingerprint: String,
    window: Option<Window>,
    ask_at: i64,
}

struct Work {
    ledger: Arc<Mutex<Ledger>>,
    options: Arc<Options>,
    http: Http,
    listeners: Listeners,
    requests: BTreeMap<ObjectRef, Request>,
    uids: OrdMap<ObjectRef, Arc<str>>,
    orders: JoinSet<Done>,
    under_way: BTreeSet<ObjectRef>,
    /// Certificates that were issued and do not show yet: the one that they replace, and until when they are waited for.
    fresh: BTreeMap<ObjectRef, (Option<String>, i64)>,
    suggested: BTreeMap<ObjectRef, Suggested>,
    pace: Pace,
    issued: u64,
    failed: BTreeMap<&'static str, u64>,
}

impl Work {
    fn new(ledger: Ledger, options: Arc<Options>, http: Http, listeners: Listeners) -> Self {
        Self {
            ledger: Arc::new(Mutex::new(ledger)),
            options,
            http,
            listeners,
            requests: BTreeMap::new(),
            uids: OrdMap::new(),
            orders: JoinSet::new(),
            under_way: BTreeSet::new(),
            fresh: BTreeMap::new(),
            suggested: BTreeMap::new(),
            pace: Pace::default(),
            issued: 0,
            failed: no_failures(),
        }
    }

    /// Works while this process leads and nobody else writes. False if there is nothing to follow any more.
    async fn lead(
        &mut self,
        mut published: watch::Receiver<Published>,
        mut leading: watch::Receiver<bool>,
        state: &watch::Sender<State>,
    ) -> bool {
        self.take(&published.borrow_and_update());
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = published.changed() => {
                    if changed.is_err() {
                        return false;
                    }
                    self.take(&published.borrow_and_update());
                }
                changed = leading.changed() => {
                    if changed.is_err() {
                        return false;
                    }
                    if !*leading.borrow_and_update() {
                        // Orders that are under way end with us; who leads next goes on with them.
                        return true;
                    }
                }
                Some(done) = self.orders.join_next() => match done {
                    Ok(done) => if !self.settle(done).await {
                        return true;
                    },
                    Err(error) => {
                        tracing::error!(%error, "an order failed by a fault of ours");
                        return true;
                    }
                },
                _ = ticks.tick() => {}
            }
            let told = self.look().await;
            state.send_if_modified(|state| {
                let is_new = *state != told;
                *state = told;
                is_new
            });
        }
    }

    fn take(&mut self, published: &Published) {
        let Some(output) = &published.output else { return };
        self.requests = gather(&output.wanted);
        self.uids = output
            .wanted
            .keys()
            .filter_map(|ingress| Some((ingress.clone(), published.facts.get(ingress)?.uid.clone())))
            .collect();
        let requests = &self.requests;
        self.suggested.retain(|secret, _| requests.contains_key(secret));
    }

    /// Begins what is due, and says how everything stands.
    async fn look(&mut self) -> State {
        let now = now();
        let mut standings = Vec::new();
        let mut asks = true;
        for request in self.requests.values().cloned().collect::<Vec<_>>() {
            let mut entry = self.entry(&request).await;
            let mut next = self.next(&request, &entry, now);
            let may_begin = next <= now && !self.under_way.contains(&request.secret);
            if may_begin && self.orders.len() < AT_ONCE {
                self.begin(request.clone(), entry.clone(), now);
            } else if next > now && asks {
                // One question at a time: there is no hurry.
                asks = !self.ask_window(&request, now).await;
            }
            if next > now && entry.order.is_some() && request.current.is_some() {
                // Another process stored the certificate and ended before it could say so.
                entry.order = None;
                self.keep(&request, entry.clone()).await;
                next = self.next(&request, &entry, now);
            }
            standings.push(Standing {
                is_ordering: self.under_way.contains(&request.secret),
                hosts: request.hosts.iter().cloned().collect(),
                secret: request.secret,
                next,
                failures: entry.failures,
                error: entry.error,
            });
        }
        State {
            standings,
            issued: self.issued,
            failed: self.failed.clone(),
        }
    }

    async fn entry(&self, request: &Request) -> Entry {
        let ledger = self.ledger.lock().await;
        let kept = ledger.kept.entries.get(&name(&request.secret));
        kept.cloned().unwrap_or_default().for_hosts(&request.hosts)
    }

    /// The moment at which the certificate is ordered next.
    fn next(&self, request: &Request, entry: &Entry, now: i64) -> i64 {
        let suggested = self.suggested.get(&request.secret);
        let fits = |suggested: &&Suggested| {
            let current = request.current.as_ref();
            current.is_some_and(|current| current.fingerprint == suggested.fingerprint)
        };
        let window = suggested.filter(fits).and_then(|suggested| suggested.window);
        let due = due(request, &self.options.server, window);
        let shown = request.current.as_ref().map(|current| &current.fingerprint);
        let fresh = self.fresh.get(&request.secret);
        let fresh = fresh.filter(|(replaced, _)| replaced.as_ref() == shown);
        let fresh = fresh.map_or(0, |(_, until)| *until);
        due.max(entry.not_before(now))
            .max(fresh)
            .max(if due > now { 0 } else { self.pace.not_before(now) })
    }

    fn begin(&mut self, request: Request, mut entry: Entry, now: i64) {
        if entry.order.as_ref().is_none_or(|order| order.url.is_none()) {
            self.pace.ordered(now);
        }
        self.under_way.insert(request.secret.clone());
        let uids = &self.uids;
        let keeper = Keeper {
            ledger: self.ledger.clone(),
            owners: request
                .ingresses
                .iter()
                .filter_map(|ingress| Some((ingress.clone(), uids.get(ingress)?.clone())))
                .collect(),
            server: self.options.server.clone(),
            request: request.clone(),
        };
        let (options, http) = (self.options.clone(), self.http.clone());
        // Only a certificate of the same authority is renewed there.
        let renewed = request.current.as_ref();
        let renewed = renewed.filter(|_| request.server.as_deref() == Some(&options.server));
        let replaces = renewed.and_then(|current| current.chain.first().cloned());
        self.orders.spawn(async move {
            let result = match open(&keeper.ledger, &options, &http).await {
                Ok(acme) => {
                    let authority = acme.for_order(replaces);
                    let kind = options.key;
                    drive(&authority, &keeper, &options.server, &mut entry, || new_key(kind)).await
                }
                Err(failure) => Err(failure),
            };
            Done {
                request,
                entry,
                result,
            }
        });
    }

    /// Takes what an order came to. False if somebody else writes.
    async fn settle(&mut self, done: Done) -> bool {
        let Done {
            request,
            mut entry,
            result,
        } = done;
        self.under_way.remove(&request.secret);
        let now = now();
        match result {
            Ok(chain) => {
                self.pace.open();
                self.issued += 1;
                let replaced = request
                    .current
                    .as_ref()
                    .map(|current| current.fingerprint.clone());
                self.fresh.insert(request.secret.clone(), (replaced, now + SHOWN));
                entry.succeed(lifetime(&chain), now);
                self.listeners.issued(&request, &self.uids).await;
            }
            Err(failure) => {
                *self.failed.entry(failure.kind.as_str()).or_default() += 1;
                let is_own = !matches!(failure.kind, Kind::Refused | Kind::RateLimited);
                match failure.kind {
                    Kind::Unreachable | Kind::RateLimited => self.pace.close(failure.retry_after, now),
                    Kind::Account => {
                        self.forget_account().await;
                        entry.order = None;
                    }
                    Kind::Preflight | Kind::Refused | Kind::Store => {}
                }
                let salt = salt(&request.secret);
                entry.fail(failure.message.clone(), failure.retry_after, is_own, salt, now);
                let pause = self.next(&request, &entry, now) - now;
                self.listeners.failed(&request, &self.uids, &failure, pause).await;
            }
        }
        self.keep(&request, entry).await
    }

    /// Keeps an entry, or drops it if there is nothing to remember. False if it could not be kept.
    async fn keep(&self, request: &Request, entry: Entry) -> bool {
        let mut ledger = self.ledger.lock().await;
        let name = name(&request.secret);
        if entry.is_empty(now()) {
            ledger.kept.entries.remove(&name);
        } else {
            ledger.kept.entries.insert(name, entry);
        }
        let Ledger { store, kept, .. } = &mut *ledger;
        match store.save(kept).await {
            Ok(()) => true,
            Err(failure) => {
                tracing::warn!("certificates: {}", failure.message);
                false
            }
        }
    }

    /// The authority has lost the account; another one is made.
    async fn forget_account(&self) {
        let mut ledger = self.ledger.lock().await;
        tracing::warn!("the authority does not know the account any more; a new one is made");
        (ledger.acme, ledger.kept.account) = (None, None);
    }

    /// Asks when the authority wants a certificate renewed, if that is not known. True if it was asked.
    async fn ask_window(&mut self, request: &Request, now: i64) -> bool {
        let Some(current) = &request.current else {
            return false;
        };
        let known = self.suggested.get(&request.secret);
        let is_known =
            known.is_some_and(|known| known.fingerprint == current.fingerprint && known.ask_at > now);
        if is_known || self.pace.not_before(now) > now {
            return false;
        }
        let Ok(acme) = open(&self.ledger, &self.options, &self.http).await else {
            self.pace.close(None, now);
            return true;
        };
        let leaf = current.chain.first().map(Vec::as_slice).unwrap_or_default();
        let answer = acme.window(leaf).await;
        // A certificate that lives shorter than the authority's pause is asked for more often.
        let share = (current.not_after - current.not_before) / 20;
        let pause = answer.as_ref().map_or(MOST, |(_, again)| seconds(*again));
        let pause = pause.min(share).clamp(LEAST, MOST);
        let suggested = Suggested {
            fingerprint: current.fingerprint.clone(),
            window: answer.map(|(window, _)| window),
            ask_at: now + pause,
        };
        self.suggested.insert(request.secret.clone(), suggested);
        true
    }
}

/// The account, opened once, and kept before it is used.
async fn open(ledger: &Mutex<Ledger>, options: &Arc<Options>, http: &Http) -> Result<Arc<Acme>, Failure> {
    let mut ledger = ledger.lock().await;
    if let Some(acme) = &ledger.acme {
        return Ok(acme.clone());
    }
    let (acme, new) = Acme::open(options.clone(), http.clone(), ledger.kept.account.as_ref()).await?;
    if let Some(account) = new {
        ledger.kept.account = Some(account);
        let Ledger { store, kept, .. } = &mut *ledger;
        store.save(kept).await?;
    }
    let acme = Arc::new(acme);
    ledger.acme = Some(acme.clone());
    Ok(acme)
}

fn name(secret: &ObjectRef) -> String {
    format!("{}/{}", secret.namespace, secret.name)
}

/// Spreads the retries of many certificates.
fn salt(secret: &ObjectRef) -> u64 {
    name(secret).bytes().fold(7, |sum: u64, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    })
}

/// Seconds for which the chain's first certificate is valid.
fn lifetime(chain: &str) -> i64 {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    use x509_parser::prelude::{FromDer as _, X509Certificate};
    let Ok(leaf) = CertificateDer::from_pem_slice(chain.as_bytes()) else {
        return 0;
    };
    X509Certificate::from_der(&leaf).map_or(0, |(_, certificate)| {
        let validity = certificate.validity();
        validity.not_after.timestamp() - validity.not_before.timestamp()
    })
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    seconds(since)
}
