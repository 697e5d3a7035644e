//! From the watches of a cluster to tables.
//!
//! Changes are gathered for a few milliseconds, translated on a blocking thread, and published. Nothing is published before
//! everything that is needed has been seen once, so a replica never serves half a cluster.

mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ferrik_config::Snapshot;
use ferrik_config::name::{Kind, ObjectRef};
use ferrik_config::settings::Settings;
use ferrik_config::snapshot::{Object, ReadError};
use ferrik_config::translate::{Output, Translator};
use imbl::{OrdMap, ordmap, ordset};
use k8s_openapi::api::coordination::v1::Lease;
use tokio::sync::watch;

use self::kept::Kept;
use super::digest;
use super::log::Log;
use crate::resolve::{Pace, Resolver, System};
use crate::source::kube::{Changes, Cluster, Facts, Health, Parsed, Scope, Source};

/// Changes are taken when there was none for this long,
const QUIET: Duration = Duration::from_millis(2);
/// or after this long in a storm.
const LONGEST: Duration = Duration::from_millis(50);
/// How long a table waits for single objects that it is the first to refer to.
const NAMED: Duration = Duration::from_millis(300);
/// How often it is looked for what need not be kept.
const CLEARING: Duration = Duration::from_secs(60);

/// The highest version of an Ingress that each watch of them has shown, by the watched namespace; the empty one is all.
pub(crate) type Seen = BTreeMap<Arc<str>, u64>;

/// How far the way from the cluster to the table is.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// What has not been seen yet, one line each; of no interest once something is published.
    pub missing: Vec<String>,
    /// What is served.
    pub output: Option<Output>,
    /// A hash of what is served and rejected.
    pub(crate) hash: u64,
    /// How far each watch of Ingresses is.
    pub(crate) seen: Seen,
    /// What is known of the objects beside what translation reads.
    pub(crate) facts: OrdMap<ObjectRef, Facts>,
}

impl From<Output> for Published {
    /// What files become: there is nothing to be known beside it.
    fn from(output: Output) -> Self {
        Self {
            output: Some(output),
            ..Self::default()
        }
    }
}

impl Published {
    /// The version of the answers to challenges of TLS-ALPN-01 that are in service; 0 if there was never one.
    pub(crate) fn challenges(&self) -> u64 {
        let output = self.output.as_ref();
        output.map_or(0, |output| output.table.challenges.tls_alpn.version)
    }

    /// The Ingresses of which something else is known than before: they themselves, or whether they are ours.
    pub(crate) fn touched_since<'a>(&'a self, before: &'a Self) -> BTreeSet<&'a ObjectRef> {
        let facts = before.facts.diff(&self.facts).map(|change| match change {
            ordmap::DiffItem::Add(object, _)
            | ordmap::DiffItem::Remove(object, _)
            | ordmap::DiffItem::Update { new: (object, _), .. } => object,
        });
        let mut touched: BTreeSet<&ObjectRef> = facts.filter(|object| object.kind == Kind::Ingress).collect();
        if let (Some(old), Some(new)) = (&before.output, &self.output) {
            touched.extend(old.ingresses.diff(&new.ingresses).map(|change| match change {
                ordset::DiffItem::Add(object) | ordset::DiffItem::Remove(object) => object,
            }));
        }
        touched
    }
}

/// Follows a cluster and publishes what it becomes, until the task is dropped.
pub async fn follow_cluster(
    cluster: Cluster,
    scope: Scope,
    settings: Settings,
    publish: impl Fn(&Output) + Send + Sync + 'static,
    state: watch::Sender<Published>,
    lease: watch::Sender<Option<Lease>>,
    health: Arc<Health>,
) {
    let mut source = Source::start(&cluster, &scope, lease, &health);
    let resolver = Arc::new(Resolver::new(System, Pace::default(), publish));
    let mut work = Work::new(settings, &scope.namespaces);
    let mut log = Log::default();
    loop {
        let mailbox = source.mailbox.clone();
        tokio::select! {
            () = mailbox.filled() => {}
            () = tokio::time::sleep_until(work.clearing().into()), if work.is_complete => {}
            () = source.ended() => return,
        }
        gather(&source).await;
        work.fold(source.mailbox.take());
        if work.is_complete && work.clearing() <= Instant::now() {
            work.clear_away();
        }
        let missing = source.progress.missing();
        if !work.is_complete && !missing.is_empty() {
            state.send_modify(|state| state.missing = missing);
            continue;
        }
        work.translate().await;
        work.follow_named(&mut source).await;
        let Some(output) = work.output.take() else {
            continue;
        };
        let (published, given) = (output.clone(), resolver.clone());
        let done = tokio::task::spawn_blocking(move || given.publish(&published)).await;
        if let Err(error) = done {
            tracing::error!(%error, "the table could not be put into service; what was served last stays");
            continue;
        }
        log.note(&output.report);
        let hash = {
            let state = state.borrow();
            let nothing = Output::default();
            digest::update(state.hash, state.output.as_ref().unwrap_or(&nothing), &output)
        };
        state.send_replace(Published {
            missing: Vec::new(),
            output: Some(output),
            hash,
            seen: work.seen.clone(),
            facts: work.facts.clone(),
        });
    }
}

async fn gather(source: &Source) {
    let start = Instant::now();
    while start.elapsed() < LONGEST && tokio::time::timeout(QUIET, source.mailbox.filled()).await.is_ok() {}
}

/// The snapshot and its translation.
struct Work {
    settings: Settings,
    snapshot: Snapshot,
    facts: OrdMap<ObjectRef, Facts>,
    translator: Option<Translator>,
    changed: BTreeSet<ObjectRef>,
    kept: Kept,
    /// When it is looked next for what need not be kept.
    clear_at: Instant,
    /// Objects that cannot be read, and why: each is said once, however often it is listed.
    unreadable: BTreeMap<ObjectRef, ReadError>,
    seen: Seen,
    /// Everything has been seen once and translated: from here on, Secrets that nothing refers to are left out.
    is_complete: bool,
    output: Option<Output>,
}

impl Work {
    fn new(settings: Settings, namespaces: &[String]) -> Self {
        let all = [String::new()];
        let watched = if namespaces.is_empty() { &all } else { namespaces };
        Self {
            translator: Some(Translator::new(settings.clone())),
            settings,
            snapshot: Snapshot::default(),
            facts: OrdMap::new(),
            changed: BTreeSet::new(),
            kept: Kept::default(),
            unreadable: BTreeMap::new(),
            clear_at: Instant::now() + CLEARING,
            seen: watched
                .iter()
                .map(|watched| (watched.as_str().into(), 0))
                .collect(),
            is_complete: false,
            output: None,
        }
    }

    /// Takes changes into the snapshot.
    fn fold(&mut self, changes: Changes) {
        for (reference, observed) in changes {
            let is_left_out = self.is_complete && is_by_reference(&reference) && !self.wants(&reference);
            let Some(observed) = observed.filter(|_| !is_left_out) else {
                self.unreadable.remove(&reference);
                self.forget(&reference);
                self.put(reference, None);
                continue;
            };
            let Parsed { facts, object } = observed;
            if reference.kind != Kind::EndpointSlice {
                self.note(&reference, facts);
            }
            let object = match object {
                Ok(object) => {
                    self.unreadable.remove(&reference);
                    Some(object)
                }
                Err(error) => {
                    if self.unreadable.get(&reference) != Some(&error) {
                        report(&error);
                        self.unreadable.insert(reference.clone(), error);
                    }
                    None
                }
            };
            self.put(reference, object);
        }
    }

    fn note(&mut self, reference: &ObjectRef, fact: Facts) {
        let version = fact.version();
        let before = self.facts.insert(reference.clone(), fact);
        if reference.kind != Kind::Ingress {
            return;
        }
        if before.is_some_and(|before| before.version() > version) {
            // The cluster was put back in time.
            self.see_all(&reference.namespace);
        } else if let Some(seen) = self.seen_in(&reference.namespace) {
            *seen = version.max(*seen);
        }
    }

    fn forget(&mut self, reference: &ObjectRef) {
        let gone = self.facts.remove(reference);
        let (Some(gone), Kind::Ingress) = (gone, reference.kind) else {
            return;
        };
        if self.seen_in(&reference.namespace).copied() == Some(gone.version()) {
            self.see_all(&reference.namespace);
        }
    }

    /// What the watch has shown that objects of this namespace come from.
    fn seen_in(&mut self, namespace: &Arc<str>) -> Option<&mut u64> {
        let watched = if self.seen.contains_key(namespace) {
            &**namespace
        } else {
            ""
        };
        self.seen.get_mut(watched)
    }

    /// Looks at all Ingresses that come from the same watch as those of this namespace.
    fn see_all(&mut self, namespace: &Arc<str>) {
        let is_one = self.seen.contains_key(namespace);
        let ingresses = self.facts.iter().filter(|(object, _)| {
            object.kind == Kind::Ingress && (!is_one || object.namespace == *namespace)
        });
        let seen = ingresses.map(|(_, fact)| fact.version()).max();
        if let Some(watched) = self.seen_in(namespace) {
            *watched = seen.unwrap_or_default();
        }
    }

    fn put(&mut self, reference: ObjectRef, object: Option<Object>) {
        let mut object = object;
        if reference.kind == Kind::Secret && self.is_complete && self.wants(&reference) {
            let new = match &object {
                Some(Object::Secret(secret)) => Some(secret),
                _ => None,
            };
            let kept = self
                .kept
                .instead_of(&reference, new, &self.snapshot, SystemTime::now());
            object = kept.map(Object::Secret).or(object);
        }
        if let Some(object) = object {
            self.changed.extend(self.snapshot.insert(object));
        } else {
            let was_there = self.snapshot.remove(&reference);
            self.changed.extend(was_there.then_some(reference));
        }
    }

    /// When there is something to be cleared away, whatever happens until then.
    fn clearing(&self) -> Instant {
        let expiry = self.kept.next(SystemTime::now());
        let expiry = expiry.map(|left| Instant::now() + left + Duration::from_secs(1));
        expiry.map_or(self.clear_at, |expiry| expiry.min(self.clear_at))
    }

    /// Drops certificates that were kept until they expired, and Secrets that nothing refers to any more.
    fn clear_away(&mut self) {
        for reference in self.kept.expired(SystemTime::now()) {
            let was_there = self.snapshot.remove(&reference);
            self.changed.extend(was_there.then_some(reference));
        }
        self.drop_unwanted();
        self.clear_at = Instant::now() + CLEARING;
    }

    fn wants(&self, secret: &ObjectRef) -> bool {
        self.translator
            .as_ref()
            .is_none_or(|translator| translator.wants(secret))
    }

    /// Translates what changed, on a blocking thread. After a panic everything is translated anew by the next change.
    async fn translate(&mut self) {
        let mut changed = std::mem::take(&mut self.changed);
        let translator = self.translator.take();
        if translator.is_none() {
            changed = self.snapshot.references().into_iter().collect();
        }
        let mut translator = translator.unwrap_or_else(|| Translator::new(self.settings.clone()));
        let snapshot = self.snapshot.clone();
        let task = tokio::task::spawn_blocking(move || {
            let rebuilt = translator.update(&snapshot, changed);
            tracing::debug!(?rebuilt, "translated");
            let output = translator.output();
            (translator, output)
        });
        match task.await {
            Ok((translator, output)) => {
                (self.translator, self.output) = (Some(translator), Some(output));
            }
            Err(error) => tracing::error!(%error, "translation failed; what was served last stays"),
        }
    }

    /// Has the single objects followed that the result refers to, and waits a moment for those that are new.
    async fn follow_named(&mut self, source: &mut Source) {
        let deadline = Instant::now() + if self.is_complete { NAMED } else { NAMED * 10 };
        loop {
            let Some(translator) = &self.translator else {
                return;
            };
            let secrets = translator.wanted(Kind::Secret).filter(|secret| {
                let fact = self.facts.get(secret);
                !fact.is_some_and(|fact| fact.is_certificate)
            });
            let wanted: BTreeSet<ObjectRef> = secrets.chain(translator.wanted(Kind::ConfigMap)).collect();
            let is_one_new = source.named.follow(&wanted);
            if !std::mem::replace(&mut self.is_complete, true) {
                self.drop_unwanted();
            } else if !is_one_new {
                return;
            }
            while source.progress.is_listing() {
                let left = deadline.saturating_duration_since(Instant::now());
                if tokio::time::timeout(left, source.mailbox.filled()).await.is_err() {
                    break;
                }
            }
            self.fold(source.mailbox.take());
            if self.changed.is_empty() {
                return;
            }
            self.translate().await;
        }
    }

    /// Only what is referred to is kept in memory.
    fn drop_unwanted(&mut self) {
        let all = self.snapshot.references().into_iter();
        let all = all.chain(self.unreadable.keys().cloned());
        let secrets = all.filter(is_by_reference);
        for object in secrets.filter(|object| !self.wants(object)).collect::<Vec<_>>() {
            self.facts.remove(&object);
            self.unreadable.remove(&object);
            self.snapshot.remove(&object);
        }
    }
}

/// Kept in memory only while something refers to them.
fn is_by_reference(object: &ObjectRef) -> bool {
    matches!(object.kind, Kind::Secret | Kind::ConfigMap)
}

fn report(error: &ReadError) {
    match error {
        ReadError::Field {
            object,
            field,
            message,
        } => tracing::warn!(%object, field, "{message}; the object is left out"),
        other => tracing::warn!(?other, "an object is left out"),
    }
}

#[cfg(test)]
mod tests;
