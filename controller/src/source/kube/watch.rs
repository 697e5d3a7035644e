//! One watch: lists the objects of a kind, then follows their changes, for ever.
//!
//! A list replaces what was known by its difference to it, never by nothing first, so no object is away for a moment
//! because the connection was. Our own loop over the client's calls and not the library's watcher, because that one trusts a
//! resource version for ever, which is wrong after a cluster was put back in time, and waits for up to 30 s after a failure.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrik_config::name::ObjectRef;
use futures_util::TryStreamExt as _;
use kube::Api;
use kube::api::{ListParams, WatchEvent, WatchParams};
use tokio::sync::watch;

use super::failure::{Cause, Failure};
use super::mailbox::Mailbox;
use super::observed::{Observed, Parsed};
use super::progress::Progress;
use super::resource::{Need, Row};

/// Objects in one page of a list.
const PAGE: u32 = 500;
/// The server ends a watch after this long, and then it is continued.
const WATCH_SECONDS: u32 = 240;
/// A watch that ends sooner was not ended by that.
const FULL_TIME: Duration = Duration::from_secs(235);
/// Silence on a watch. The server sends a bookmark every minute, so this is a connection that is none any more.
const SILENCE: Duration = Duration::from_secs(90);
/// For one page of a list, and for a watch to begin.
const ANSWER: Duration = Duration::from_secs(30);
/// First pause after a failure; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Between attempts to list a kind that the cluster does not know.
const ABSENT_PAUSE: Duration = Duration::from_secs(5);

/// What all watches share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) progress: Arc<Progress>,
    /// Counts how often everything had to be listed anew.
    pub(super) beat: watch::Receiver<u64>,
}

/// One watch.
pub(super) struct Watch {
    api: Api<Observed>,
    row: &'static Row,
    /// For people: `secrets "tls" in namespace "shop"`.
    name: String,
    fields: Option<String>,
    shared: Shared,
    /// What the last list and the events since have shown; at first, what an earlier watch may have left behind.
    known: BTreeSet<ObjectRef>,
    /// Why the kind counts as if there were none.
    absent: Option<Cause>,
}

impl Watch {
    pub(super) fn new(
        api: Api<Observed>,
        row: &'static Row,
        name: String,
        fields: Option<String>,
        shared: Shared,
        known: BTreeSet<ObjectRef>,
    ) -> Self {
        shared.progress.begin(&name);
        Self {
            api,
            row,
            name,
            fields,
            shared,
            known,
            absent: None,
        }
    }

    /// Runs until the task is dropped.
    pub(super) async fn run(mut self) {
        let mut beat = self.shared.beat.clone();
        let mut version: Option<String> = None;
        let mut pause = PAUSE;
        loop {
            let result = tokio::select! {
                result = self.step(&mut version) => result,
                _ = beat.changed() => {
                    version = None;
                    continue;
                }
            };
            let Err(failure) = result else {
                pause = PAUSE;
                continue;
            };
            if failure.cause == Cause::Expired {
                tracing::debug!(
                    watch = self.name,
                    "the version is too old; everything is listed anew"
                );
                version = None;
                continue;
            }
            let wait = if self.is_absent(&failure) {
                ABSENT_PAUSE
            } else {
                pause
            };
            // A watch that is refused says nothing about what there is: the list that follows does.
            let was_watching = self.is_absent(&failure) && version.take().is_some();
            if !was_watching {
                self.report(&failure);
            }
            if failure.cause == Cause::Broken {
                // A cluster that was put back in time begins with a broken connection, and may have passed the version before
                // anybody asks for it.
                version = None;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            // A beat says that the API is there again.
            if tokio::time::timeout(wait, beat.changed()).await.is_ok() {
                version = None;
            }
        }
    }

    /// Lists, or follows for as long as the server lets a watch be.
    async fn step(&mut self, version: &mut Option<String>) -> Result<(), Failure> {
        match version {
            None => {
                *version = Some(self.list().await?);
                self.absent = None;
                Ok(())
            }
            Some(from) => self.follow(from).await,
        }
    }

    /// Lists everything and leaves the difference. Returns the version to follow from.
    async fn list(&mut self) -> Result<String, Failure> {
        let mut params = ListParams {
            field_selector: self.fields.clone(),
            limit: Some(PAGE),
            ..ListParams::default()
        };
        let mut objects = Vec::new();
        let version = loop {
            let page = within(self.api.list(&params)).await?;
            // Page by page: what the API sends is many times as large as what is kept.
            let page_of = page.items.into_iter();
            objects
                .extend(page_of.map(|object| (object.reference(self.row.kind), object.read(self.row.kind))));
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if params.continue_token.is_none() {
                break page.metadata.resource_version.unwrap_or_default();
            }
        };
        self.replace(objects);
        Ok(version)
    }

    fn replace(&mut self, objects: Vec<(ObjectRef, Parsed)>) {
        let now: BTreeSet<ObjectRef> = objects.iter().map(|(reference, _)| reference.clone()).collect();
        let gone: Vec<ObjectRef> = self.known.difference(&now).cloned().collect();
        self.known = now;
        self.shared.mailbox.put(
            objects
                .into_iter()
                .map(|(reference, seen)| (reference, Some(seen)))
                .chain(gone.into_iter().map(|reference| (reference, None))),
        );
        self.shared.progress.synced(&self.name);
        self.shared.mailbox.wake();
    }

    /// Follows changes from this version on, and keeps it up to date.
    async fn follow(&mut self, version: &mut String) -> Result<(), Failure> {
        let params = WatchParams {
            field_selector: self.fields.clone(),
            timeout: Some(WATCH_SECONDS),
            ..WatchParams::default()
        };
        let start = Instant::now();
        let events = within(self.api.watch(&params, version)).await?;
        let mut events = std::pin::pin!(events);
        self.shared.progress.recovered(&self.name);
        loop {
            let event = tokio::time::timeout(SILENCE, events.try_next()).await;
            let event = event.map_err(|_| Failure::silence())?;
            let Some(event) = event.map_err(|error| Failure::of(&error))? else {
                let is_early = start.elapsed() < FULL_TIME;
                return if is_early {
                    Err(Failure::early_end())
                } else {
                    Ok(())
                };
            };
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    note(version, object.version());
                    let reference = object.reference(self.row.kind);
                    self.known.insert(reference.clone());
                    let seen = object.read(self.row.kind);
                    self.shared.mailbox.put([(reference, Some(seen))]);
                }
                WatchEvent::Deleted(object) => {
                    note(version, object.version());
                    let reference = object.reference(self.row.kind);
                    self.known.remove(&reference);
                    self.shared.mailbox.put([(reference, None)]);
                }
                WatchEvent::Bookmark(bookmark) => {
                    note(version, Some(&bookmark.metadata.resource_version));
                }
                WatchEvent::Error(status) => return Err(Failure::of_status(&status)),
            }
        }
    }

    fn is_absent(&self, failure: &Failure) -> bool {
        self.row.need == Need::IfThere && matches!(failure.cause, Cause::Absent | Cause::Forbidden)
    }

    fn report(&mut self, failure: &Failure) {
        let why = failure.sentence(self.row, &self.name);
        if self.is_absent(failure) {
            let is_news = self.absent != Some(failure.cause);
            if is_news && (failure.cause == Cause::Forbidden || !self.known.is_empty()) {
                tracing::warn!("{why}; it counts as if there were none");
            }
            self.absent = Some(failure.cause);
            self.replace(Vec::new());
        } else if self.shared.progress.hindered(&self.name, &why) {
            tracing::warn!("{why}");
        } else {
            tracing::debug!("{why}");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.progress.end(&self.name);
    }
}

fn note(version: &mut String, seen: Option<&str>) {
    if let Some(seen) = seen.filter(|seen| !seen.is_empty()) {
        seen.clone_into(version);
    }
}

async fn within<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
    match tokio::time::timeout(ANSWER, call).await {
        Ok(result) => result.map_err(|error| Failure::of(&error)),
        Err(_) => Err(Failure::silence()),
    }
}
