//! What the file system has reported and nobody has looked at yet.
//!
//! [`watch`](super::watch) gives [`Pending::note`] every event of the notify crate, from that crate's own thread, and waits
//! for [`Pending::settle`]. Events are folded into a set of paths, so a storm of them takes no more memory than the files.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    path::{Component, Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use notify::{
    Event, EventKind,
    event::{AccessKind, AccessMode},
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{folder::Change, listing::is_hidden};

/// Files are at rest after this long without an event: longer than the gaps between the writes of one save.
const QUIET: Duration = Duration::from_millis(20);
/// Files that never come to rest are read all the same.
const PATIENCE: Duration = Duration::from_millis(200);
/// With more paths than this, looking at everything is cheaper than remembering them.
const MANY: usize = 1000;

/// One of the given paths as the operating system reports it.
#[derive(Debug)]
pub(super) struct Root {
    /// As the user gave it, which is how files are named.
    pub(super) given: PathBuf,
    /// The absolute form, which is how events name it.
    pub(super) absolute: PathBuf,
}

/// The paths that were reported since the last [`Pending::take`].
#[derive(Debug)]
pub(super) struct Pending {
    roots: Vec<Root>,
    change: Mutex<Option<Change>>,
    wake: Notify,
}

impl Pending {
    pub(super) fn new(roots: Vec<Root>) -> Self {
        Self {
            roots,
            change: Mutex::new(None),
            wake: Notify::new(),
        }
    }

    pub(super) fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// Notes an event. Opening and reading are none: this very source does both.
    pub(super) fn note(&self, event: &Event) {
        if event.need_rescan() {
            return self.note_all();
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
            EventKind::Access(_) => return,
            _ => {}
        }
        for path in &event.paths {
            for root in &self.roots {
                if let Ok(below) = path.strip_prefix(&root.absolute) {
                    self.note_below(root, below);
                } else if root.absolute.parent() == path.parent()
                    && path.file_name().is_some_and(is_mount_internal)
                {
                    // The folder of a file that was named itself is such a mount.
                    self.note_all();
                }
            }
        }
    }

    /// Notes that anything may have changed.
    pub(super) fn note_all(&self) {
        *self.lock() = Some(Change::All);
        self.wake.notify_one();
    }

    /// Waits until something has been noted and no more follows.
    pub(super) async fn settle(&self) {
        self.wake.notified().await;
        let latest = Instant::now() + PATIENCE;
        // The deadline is asked for apart: a timeout lets an event that is already there win.
        while Instant::now() < latest {
            let rest = (Instant::now() + QUIET).min(latest);
            if timeout_at(rest, self.wake.notified()).await.is_err() {
                return;
            }
        }
    }

    /// What has been noted since the last call.
    pub(super) fn take(&self) -> Option<Change> {
        self.lock().take()
    }

    fn note_below(&self, root: &Root, below: &Path) {
        let hidden = below.components().find_map(|component| match component {
            Component::Normal(name) if is_hidden(name) => Some(name),
            _ => None,
        });
        match hidden {
            Some(name) if is_mount_internal(name) => self.note_all(),
            Some(_) => {}
            None if below.as_os_str().is_empty() => self.note_path(&root.given),
            None => self.note_path(&root.given.join(below)),
        }
    }

    fn note_path(&self, path: &Path) {
        let mut change = self.lock();
        match change.get_or_insert_with(|| Change::Paths(BTreeSet::new())) {
            Change::All => {}
            Change::Paths(paths) if paths.len() < MANY => {
                paths.insert(path.to_path_buf());
            }
            Change::Paths(_) => *change = Some(Change::All),
        }
        drop(change);
        self.wake.notify_one();
    }

    /// No code panics while it holds the lock, and a half-noted change is still a change.
    fn lock(&self) -> MutexGuard<'_, Option<Change>> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `..data` and its kind: the kubelet swaps the content of a mounted `ConfigMap` or Secret by renaming this one link.
fn is_mount_internal(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"..")
}

#[cfg(test)]
mod tests;
