//! The work of the leader: looks what is due, has it ordered, a few at a time, and keeps what must not be forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrik_config::acme::Wanted;
use ferrik_config::name::ObjectRef;
use imbl::OrdMap;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinSet;

use super::Options;
use super::audience::Audience;
use super::authority::new_key;
use super::clock::now;
use super::due::due;
use super::entry::Entry;
use super::http::{Http, noting};
use super::ledger::{Keeper, Lasting, Ledger, name};
use super::order::{Failure, Kind, drive};
use super::owner::{self, Owners};
use super::request::{Request, gather};
use super::store::{Kept, Place, Store};
use super::suggestion::Suggestions;
use super::told::{Listeners, Standing, State, no_failures};
use crate::publish::Published;
use crate::source::kube::{Facts, Scope};

/// Orders under way at the same time,
const AT_ONCE: usize = 4;
/// and those that are still being looked at here.
const PREPARED: usize = 64;
/// Between looks at the clock,
const LOOK: Duration = Duration::from_secs(1);
/// between looks at what is due because objects have changed,
const SOON: Duration = Duration::from_millis(300);
/// and because nothing has, in seconds.
const SELDOM: i64 = 60;
/// After the store could not be opened, and the longest such pause.
const ANEW: Duration = Duration::from_secs(5);
const LONGEST_ANEW: Duration = Duration::from_secs(300);
/// A new certificate shows in what is published after this long at most, or it is ordered again.
const SHOWN: i64 = 60;
/// Names in one certificate, as the large authorities have it.
const MOST_NAMES: usize = 100;
/// An authority that asks one account for peace is tried again after this long at most, in seconds.
const PEACE: i64 = 900;

/// Works whenever this process leads, until the task is dropped. `scope` says who it is, where there is a cluster.
pub async fn run(
    place: Place,
    options: Options,
    scope: Option<Scope>,
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
    let lasting = Lasting {
        options,
        http,
        audience: Audience {
            published: published.clone(),
            replicas: cluster.clone().zip(scope.clone()),
        },
        listeners: Listeners {
            cluster,
            identity: scope.map(|scope| scope.identity).unwrap_or_default(),
        },
        pace: Arc::default(),
        spare: Arc::default(),
        forgotten: Arc::default(),
    };
    let mut pause = ANEW;
    loop {
        if leading.wait_for(|leads| *leads).await.is_err() {
            return;
        }
        match Store::open(&place).await {
            Ok((store, kept)) => {
                pause = ANEW;
                let work = Work::new(store, kept, lasting.clone());
                // Orders that are under way end with it; who leads next goes on with them.
                let goes_on = tokio::select! {
                    goes_on = work.lead(published.clone(), &state) => goes_on,
                    ended = leading.wait_for(|leads| !*leads) => ended.is_ok(),
                };
                state.send_replace(State::default());
                if !goes_on {
                    return;
                }
            }
            Err(failure) => {
                tracing::warn!("certificates: {}", failure.message);
                pause = (pause * 2).min(LONGEST_ANEW);
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// What one order came to.
struct Done {
    request: Request,
    entry: Entry,
    account: Option<String>,
    result: Result<String, Failure>,
}

struct Work {
    ledger: Arc<Ledger>,
    lasting: Lasting,
    wanted: OrdMap<ObjectRef, Arc<[Wanted]>>,
    facts: OrdMap<ObjectRef, Facts>,
    requests: BTreeMap<ObjectRef, Request>,
    orders: JoinSet<Done>,
    under_way: BTreeSet<ObjectRef>,
    seats: Arc<Semaphore>,
    /// Certificates that were issued and do not show yet: the one that they replace, and until when they are waited for.
    fresh: BTreeMap<ObjectRef, (Option<String>, i64)>,
    suggestions: Suggestions,
    owners: Owners,
    /// Something has changed since it was looked last, at this moment,
    has_news: bool,
    looked: Option<(Instant, i64)>,
    /// and without that it need not be looked before this one, in seconds since 1970.
    look_at: i64,
    issued: u64,
    failed: BTreeMap<&'static str, u64>,
}

impl Work {
    fn new(store: Store, kept: Kept, lasting: Lasting) -> Self {
        Self {
            ledger: Arc::new(Ledger::new(store, kept, lasting.clone())),
            lasting,
            wanted: OrdMap::new(),
            facts: OrdMap::new(),
            requests: BTreeMap::new(),
            orders: JoinSet::new(),
            under_way: BTreeSet::new(),
            seats: Arc::new(Semaphore::new(AT_ONCE)),
            fresh: BTreeMap::new(),
            suggestions: Suggestions::default(),
            owners: Owners::default(),
            has_news: true,
            looked: None,
            look_at: 0,
            issued: 0,
            failed: no_failures(),
        }
    }

    /// Works while nobody else writes. False if there is nothing to follow any more.
    async fn lead(mut self, mut published: watch::Receiver<Published>, state: &watch::Sender<State>) -> bool {
        // Before it is known what is wanted, everything that is remembered would seem to be about nothing.
        if published.wait_for(|state| state.output.is_some()).await.is_err() {
            return false;
        }
        self.take(&published.borrow_and_update());
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut at_once = false;
            let soon = self.looked.map_or_else(Instant::now, |(looked, _)| looked + SOON);
            tokio::select! {
                changed = published.changed() => {
                    if changed.is_err() {
                        return false;
                    }
                    self.take(&published.borrow_and_update());
                }
                Some(done) = self.orders.join_next() => match done {
                    Ok(done) => {
                        if !self.settle(done).await {
                            return true;
                        }
                        (self.has_news, at_once) = (true, true);
                    }
                    Err(error) => {
                        tracing::error!(%error, "an order failed by a fault of ours");
                        return true;
                    }
                },
                secret = self.suggestions.answered() => self.note_suggestion(&secret),
                () = self.owners.added() => {}
                () = tokio::time::sleep_until(soon.into()), if self.has_news => {}
                _ = ticks.tick() => {}
            }
            if at_once || self.is_to_look(soon <= Instant::now(), now()) {
                let told = self.look().await;
                state.send_if_modified(|state| {
                    let is_new = *state != told;
                    *state = told;
                    is_new
                });
            }
            let now = now();
            self.owners.begin(&self.ledger, now);
            self.suggestions.ask(&self.requests, &self.ledger, now);
        }
    }

    /// Takes what is wanted and by whom.
    fn take(&mut self, published: &Published) {
        let Some(output) = &published.output else {
            return;
        };
        let before = std::mem::replace(&mut self.facts, published.facts.clone());
        if !self.wanted.ptr_eq(&output.wanted) || owner::have_changed(&before, &self.facts) {
            self.wanted = output.wanted.clone();
            self.has_news = true;
        }
    }

    /// Looking costs time for each certificate, so it is not done for nothing, and not for each of many changes.
    fn is_to_look(&self, for_news: bool, now: i64) -> bool {
        let Some((_, at)) = self.looked else {
            return true;
        };
        // The clock may have been set back.
        (self.has_news && for_news) || now >= self.look_at || now < at
    }

    /// The authority has said when it wants this certificate renewed.
    fn note_suggestion(&mut self, secret: &ObjectRef) {
        if let Some(request) = self.requests.get(secret) {
            self.look_at = self.look_at.min(self.due(request, &self.lasting.options.server));
        }
    }

    /// Follows what is wanted since the last look.
    fn catch_up(&mut self) {
        self.requests = gather(&self.wanted);
        let requests = &self.requests;
        self.suggestions.follow(requests);
        self.fresh.retain(|secret, _| requests.contains_key(secret));
        let uid = |ingress: &ObjectRef| Some((ingress.clone(), self.facts.get(ingress)?.uid.clone()));
        let uids: OrdMap<ObjectRef, Arc<str>> = self.wanted.keys().filter_map(uid).collect();
        self.owners.look(requests, &self.facts, &uids);
        self.ledger.set_uids(uids);
    }

    /// Begins what is due, and says how everything stands.
    async fn look(&mut self) -> State {
        if std::mem::take(&mut self.has_news) {
            self.catch_up();
        }
        let (now, server) = (now(), self.lasting.options.server.clone());
        let entries = {
            let mut store = self.ledger.store.lock().await;
            let requests = &self.requests;
            let names: BTreeSet<String> = requests.keys().map(name).collect();
            // Of what nobody wants any more, only what was issued counts: it may come back.
            store
                .1
                .entries
                .retain(|name, entry| names.contains(name) || entry.forget_failures(now));
            store.1.entries.clone()
        };
        self.ledger.tidy().await;
        self.looked = Some((Instant::now(), now));
        self.look_at = now + SELDOM;
        let mut due_now = Vec::new();
        let mut standings = Vec::new();
        for request in self.requests.values() {
            let kept = entries.get(&name(&request.secret)).cloned().unwrap_or_default();
            let entry = kept.about(&server, &request.hosts);
            let due = self.due(request, &server);
            let next = due.max(entry.not_before(now)).max(self.fresh_until(request));
            let next = if due <= now {
                next.max(self.lasting.pace().not_before(&entry, now))
            } else {
                next
            };
            if next > now {
                self.look_at = self.look_at.min(next);
            }
            let is_ordering = self.under_way.contains(&request.secret);
            if next <= now && !is_ordering {
                due_now.push((request.clone(), entry.clone()));
            } else if due > now && entry.order.is_some() && !is_ordering {
                // Another process stored the certificate and ended before it could say so.
                let mut entry = entry.clone();
                entry.order = None;
                if let Err(failure) = self.ledger.save(&name(&request.secret), &entry).await {
                    tracing::debug!("certificates: {}", failure.message);
                }
            }
            standings.push(Standing {
                is_ordering,
                hosts: request.hosts.iter().cloned().collect(),
                secret: request.secret.clone(),
                next,
                failures: entry.failures,
                error: entry.error,
            });
        }
        // Who has not failed goes first, then whose certificate ends first; nobody waits behind those that fail for ever.
        due_now.sort_by_key(|(request, entry)| {
            let end = request.current.as_ref().map_or(0, |current| current.not_after);
            (entry.failures.min(3), end, entry.next_try)
        });
        let room = PREPARED.saturating_sub(self.orders.len());
        for (request, entry) in due_now.into_iter().take(room) {
            self.begin(request, entry);
        }
        State {
            standings,
            issued: self.issued,
            failed: self.failed.clone(),
        }
    }

    /// The moment from which on the certificate is to be ordered, whatever failed.
    fn due(&self, request: &Request, server: &str) -> i64 {
        let window = self.suggestions.window(request);
        due(request, server, window)
    }

    fn fresh_until(&self, request: &Request) -> i64 {
        let shown = request.current.as_ref().map(|current| &current.fingerprint);
        let fresh = self.fresh.get(&request.secret);
        let fresh = fresh.filter(|(replaced, _)| replaced.as_ref() == shown);
        fresh.map_or(0, |(_, until)| *until)
    }

    fn begin(&mut self, request: Request, mut entry: Entry) {
        let options = self.lasting.options.clone();
        if entry.failures == 0 {
            let (listeners, uids) = (self.lasting.listeners.clone(), self.ledger.uids());
            let (told, server) = (request.clone(), options.server.clone());
            tokio::spawn(async move { listeners.ordered(&told, &uids, &server).await });
        }
        self.under_way.insert(request.secret.clone());
        let keeper = Keeper {
            ledger: self.ledger.clone(),
            request: request.clone(),
            claim: Mutex::default(),
        };
        // Only a certificate of the same authority is renewed there.
        let renewed = request.current.as_ref();
        let renewed = renewed.filter(|_| request.server.as_deref() == Some(&options.server));
        let replaces = renewed.and_then(|current| current.chain.first().cloned());
        let (seats, pace) = (self.seats.clone(), self.lasting.pace.clone());
        self.orders.spawn(noting(async move {
            let mut account = None;
            let result = async {
                if request.hosts.len() > MOST_NAMES {
                    let message = format!(
                        "{} hosts in one Secret; authorities issue {MOST_NAMES} at most",
                        request.hosts.len()
                    );
                    return Err(Failure::new(Kind::Refused, message));
                }
                let acme = keeper.ledger.open().await?;
                account = Some(acme.account().to_owned());
                let authority = acme.for_order(replaces, seats, pace);
                let kind = options.key;
                drive(&authority, &keeper, &request.hosts, &mut entry, || new_key(kind)).await
            }
            .await;
            Done {
                request,
                entry,
                account,
                result,
            }
        }));
    }

    /// Takes what an order came to. False if somebody else writes.
    async fn settle(&mut self, done: Done) -> bool {
        let Done {
            request,
            mut entry,
            account,
            result,
        } = done;
        self.under_way.remove(&request.secret);
        let now = now();
        let (listeners, uids) = (self.lasting.listeners.clone(), self.ledger.uids());
        let replaced = request
            .current
            .as_ref()
            .map(|current| current.fingerprint.clone());
        match result {
            Ok(chain) => {
                self.lasting.pace().open();
                self.issued += 1;
                self.fresh.insert(request.secret.clone(), (replaced, now + SHOWN));
                entry.succeed(lifetime(&chain), now);
                let told = request.clone();
                tokio::spawn(async move { listeners.issued(&told, &uids).await });
            }
            Err(failure) if failure.kind == Kind::Conflict => return false,
            Err(failure) if failure.kind == Kind::Superseded => {
                tracing::info!(secret = %request.secret, "{}", failure.message);
                // It was issued and counts as that. If another process leads, keeping this fails, and that is what is noticed.
                self.fresh.insert(request.secret.clone(), (replaced, now + SHOWN));
                entry.succeed(i64::MAX, now);
            }
            Err(failure) => {
                *self.failed.entry(failure.kind.as_str()).or_default() += 1;
                match failure.kind {
                    Kind::Unreachable => self.lasting.pace().close(failure.retry_after, now),
                    // Most limits are for one name or one set of names; those of the account are for all.
                    Kind::RateLimited if failure.message.contains("account") => {
                        let peace = failure.retry_after.map(|seconds| seconds.min(PEACE));
                        self.lasting.pace().close(peace, now);
                    }
                    Kind::Account => {
                        self.ledger.forget(account.as_deref().unwrap_or_default()).await;
                        entry.order = None;
                    }
                    // It answered.
                    Kind::Refused | Kind::RateLimited | Kind::Slow => self.lasting.pace().open(),
                    Kind::Preflight
                    | Kind::Answer
                    | Kind::Budget
                    | Kind::Store
                    | Kind::Conflict
                    | Kind::Superseded => {}
                }
                let is_own = !matches!(failure.kind, Kind::Refused | Kind::RateLimited | Kind::Slow);
                let salt = salt(&request.secret);
                entry.fail(&failure.message, failure.retry_after, is_own, salt, now);
                let open_from = self.lasting.pace().not_before(&entry, now);
                let pause = entry.not_before(now).max(open_from) - now;
                let told = request.clone();
                tokio::spawn(async move { listeners.failed(&told, &uids, &failure, pause).await });
            }
        }
        match self.ledger.save(&name(&request.secret), &entry).await {
            Ok(()) => true,
            Err(failure) => {
                tracing::warn!("certificates: {}", failure.message);
                failure.kind != Kind::Conflict
            }
        }
    }
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

#[cfg(test)]
mod tests;
