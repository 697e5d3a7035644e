//! From readings of files to tables.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use ferrik_config::Snapshot;
use ferrik_config::name::ObjectRef;
use ferrik_config::settings::Settings;
use ferrik_config::snapshot::{Object, ReadError};
use ferrik_config::translate::{Output, Translator};
use tokio::sync::watch;

use super::log::Log;
use crate::resolve::{Pace, Resolver, System};
use crate::source::{Document, Files, Reading};

/// Follows files and publishes what they become, until the task is dropped. The same output is published again when the
/// addresses of a name in it change.
pub async fn follow_files(
    paths: Vec<PathBuf>,
    settings: Settings,
    publish: impl Fn(&Output) + Send + Sync + 'static,
) {
    let (send, mut readings) = watch::channel(Arc::new(Reading::default()));
    let files = Files::new(paths);
    let source = tokio::spawn(async move { files.watch(send).await });
    let resolver = Arc::new(Resolver::new(System, Pace::default(), publish));
    let mut work = Work::new(settings.clone());
    let mut log = Log::default();
    while readings.changed().await.is_ok() {
        let reading = readings.borrow_and_update().clone();
        let resolver = resolver.clone();
        let task = tokio::task::spawn_blocking(move || {
            let output = work.take(&reading);
            resolver.publish(&output);
            (work, output, reading)
        });
        match task.await {
            Ok((kept, output, reading)) => {
                work = kept;
                for error in &reading.errors {
                    tracing::warn!(kept = error.kept, "{error}");
                }
                log.note(&output.report);
            }
            Err(error) => {
                tracing::error!(%error, "translation failed; what was served last stays");
                work = Work::new(settings.clone());
            }
        }
    }
    // The source ends only when nobody listens, or by a panic, which belongs to whoever waits for this task.
    if let Err(error) = source.await
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// The snapshot, and what it was made from.
struct Work {
    translator: Translator,
    snapshot: Snapshot,
    documents: BTreeMap<ObjectRef, Arc<Document>>,
    /// By the address of each document, which the `Arc` beside it keeps from being used again.
    known: HashMap<usize, (Arc<Document>, Option<ObjectRef>)>,
}

impl Work {
    fn new(settings: Settings) -> Self {
        Self {
            translator: Translator::new(settings),
            snapshot: Snapshot::default(),
            documents: BTreeMap::new(),
            known: HashMap::new(),
        }
    }

    /// Translates the difference between this reading and the one before.
    fn take(&mut self, reading: &Reading) -> Output {
        let mut documents = BTreeMap::new();
        let mut known = HashMap::with_capacity(reading.documents.len());
        let mut changed = Vec::new();
        for document in &reading.documents {
            let place = Arc::as_ptr(document).addr();
            let reference = match self.known.get(&place) {
                Some((_, reference)) => reference.clone(),
                None => self.read(document, &mut changed),
            };
            if let Some(reference) = &reference {
                documents.insert(reference.clone(), document.clone());
            }
            known.insert(place, (document.clone(), reference));
        }
        for gone in self
            .documents
            .keys()
            .filter(|object| !documents.contains_key(*object))
        {
            self.snapshot.remove(gone);
            changed.push(gone.clone());
        }
        self.revive(&documents, &mut changed);
        (self.documents, self.known) = (documents, known);
        let rebuilt = self.translator.update(&self.snapshot, changed);
        tracing::debug!(?rebuilt, "translated");
        self.translator.output()
    }

    fn read(&mut self, document: &Arc<Document>, changed: &mut Vec<ObjectRef>) -> Option<ObjectRef> {
        match Object::read(&document.value) {
            Ok(object) => {
                let reference = object.reference();
                changed.extend(self.snapshot.insert(object));
                Some(reference)
            }
            Err(error) => {
                report(document, &error);
                None
            }
        }
    }

    /// If an object stood in two files and the one that counted is gone, the other counts again.
    fn revive(&mut self, documents: &BTreeMap<ObjectRef, Arc<Document>>, changed: &mut Vec<ObjectRef>) {
        for (reference, document) in documents {
            let is_same = self
                .documents
                .get(reference)
                .is_some_and(|old| Arc::ptr_eq(old, document));
            if !is_same && let Ok(object) = Object::read(&document.value) {
                changed.extend(self.snapshot.insert(object));
            }
        }
    }
}

fn report(document: &Document, error: &ReadError) {
    let file = document.file.display();
    let line = document.positions.line_of("");
    match error {
        ReadError::NotAnObject => {
            tracing::warn!(%file, line, "a document without apiVersion and kind is left out");
        }
        ReadError::OtherKind(kind) => tracing::debug!(%file, line, kind, "objects of this kind are not read"),
        ReadError::Field {
            object,
            field,
            message,
        } => {
            let line = document.positions.line_of(field);
            tracing::warn!(%file, line, %object, field, "{message}; the object is left out");
        }
    }
}

#[cfg(test)]
mod tests;
