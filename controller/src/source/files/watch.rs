//! Follows the files: notices a change, lets it come to rest, reads, sends.
//!
//! [`Files::watch`](super::Files::watch) runs it. inotify tells of changes at once but not on network file systems, and it
//! can run out of watches, so everything is also looked at every few seconds; without inotify that alone is enough.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::{
    sync::watch::Sender,
    task::spawn_blocking,
    time::{Instant, sleep_until},
};

use super::{
    Reading,
    folder::{Change, Folder},
    listing::identity,
    pending::{Pending, Root},
};

/// Between two looks at everything.
const RESCAN: Duration = Duration::from_secs(2);
/// A look may take this part of the time at most: a folder of 100 000 files is looked at less often.
const RESCAN_SHARE: u32 = 50;

/// Sends a reading for every change until nobody receives.
pub(super) async fn run(paths: Vec<PathBuf>, send: Sender<Arc<Reading>>) {
    let roots = paths.iter().map(|path| Root {
        absolute: std::path::absolute(path).unwrap_or_else(|_| path.clone()),
        given: path.clone(),
    });
    let pending = Arc::new(Pending::new(roots.collect()));
    let mut state = State {
        folder: Folder::new(paths),
        eyes: Eyes::new(Arc::clone(&pending)),
    };
    let mut change = Change::All;
    let mut rescan = Instant::now();
    let mut is_first = true;
    loop {
        let started = Instant::now();
        let is_full = change == Change::All;
        let changed;
        (state, changed) = state.refresh(change).await;
        if is_full {
            rescan = Instant::now() + RESCAN.max(started.elapsed() * RESCAN_SHARE);
        }
        if changed || is_first {
            send.send_replace(Arc::new(state.folder.reading()));
            is_first = false;
        }
        tokio::select! {
            () = send.closed() => return,
            () = pending.settle() => {}
            () = sleep_until(rescan) => pending.note_all(),
        }
        change = pending.take().unwrap_or(Change::Paths(BTreeSet::new()));
    }
}

/// What moves to a blocking thread and back.
struct State {
    folder: Folder,
    eyes: Eyes,
}

impl State {
    async fn refresh(mut self, change: Change) -> (Self, bool) {
        let refreshed = spawn_blocking(move || {
            if change == Change::All {
                // Before the files are read, so that nothing changes unseen in between.
                self.eyes.follow();
            }
            let changed = self.folder.refresh(&change);
            (self, changed)
        });
        match refreshed.await {
            Ok(refreshed) => refreshed,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is being shut down; this future is not polled again.
                Err(_cancelled) => std::future::pending().await,
            },
        }
    }
}

/// The inotify watches, one per given path.
struct Eyes {
    pending: Arc<Pending>,
    watcher: Option<RecommendedWatcher>,
    /// Which folder each path led to when it was last watched: a folder made anew is watched anew.
    watched: Vec<Option<(u64, u64)>>,
}

impl Eyes {
    fn new(pending: Arc<Pending>) -> Self {
        let noter = Arc::clone(&pending);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
            Ok(event) => noter.note(&event),
            Err(error) => {
                warn(&error);
                noter.note_all();
            }
        });
        Self {
            watched: vec![None; pending.roots().len()],
            pending,
            watcher: watcher.inspect_err(warn).ok(),
        }
    }

    /// Watches every given path that is not watched yet.
    fn follow(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        for (root, watched) in self.pending.roots().iter().zip(&mut self.watched) {
            let (folder, mode) = target(&root.absolute);
            let found = fs::metadata(folder).ok().map(|meta| identity(&meta));
            if found == *watched {
                continue;
            }
            if watched.is_some() {
                // It fails when the watch went with the folder, which is as well.
                let _ = watcher.unwatch(folder);
            }
            *watched = found;
            if found.is_some()
                && let Err(error) = watcher.watch(folder, mode)
            {
                warn(&error);
            }
        }
    }
}

/// What to watch for a path: a folder itself, a file through its folder, because a file that is renamed over takes its
/// watch along.
fn target(path: &Path) -> (&Path, RecursiveMode) {
    match path.parent() {
        Some(parent) if path.is_file() => (parent, RecursiveMode::NonRecursive),
        _ => (path, RecursiveMode::Recursive),
    }
}

fn warn(error: &notify::Error) {
    tracing::warn!(%error, every = ?RESCAN, "changes of files are not reported in full; looking at all of them regularly");
}
