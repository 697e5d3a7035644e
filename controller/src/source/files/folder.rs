//! The files under the given paths and what each says; told of a change, it reads as little as it can.
//!
//! [`Files::read`](super::Files::read) uses one once, [`watch`](super::watch) keeps one. It blocks on the file system and
//! knows nothing of time or of how changes are noticed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Bound,
    path::{Path, PathBuf},
};

use super::{
    FileError, Reading,
    entry::Entry,
    listing::{self, Stamp},
};

/// What may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Anything: everything is looked at, and what looks different is read.
    All,
    /// These paths: what is a file among them is read, however it looks.
    Paths(BTreeSet<PathBuf>),
}

/// The state of the files as last seen.
#[derive(Debug)]
pub(super) struct Folder {
    roots: Vec<PathBuf>,
    entries: BTreeMap<PathBuf, Entry>,
    failed: Vec<FileError>,
    has_links: bool,
}

impl Folder {
    pub(super) fn new(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            entries: BTreeMap::new(),
            failed: Vec::new(),
            has_links: false,
        }
    }

    /// Reads what changed. Returns whether the reading may differ from before.
    pub(super) fn refresh(&mut self, change: &Change) -> bool {
        match change {
            Change::All => self.look(&BTreeSet::new()),
            Change::Paths(paths) => match self.plain(paths) {
                Some(files) => files
                    .into_iter()
                    .fold(false, |changed, (path, stamp)| self.read(path, stamp) || changed),
                None => self.look(paths),
            },
        }
    }

    /// What the files say now.
    pub(super) fn reading(&self) -> Reading {
        let documents = self
            .entries
            .values()
            .flat_map(|entry| entry.documents.iter().cloned())
            .collect();
        let mut errors: Vec<_> = self
            .entries
            .values()
            .flat_map(|entry| entry.errors.iter().cloned())
            .collect();
        errors.extend(self.failed.iter().cloned());
        errors.sort_unstable();
        Reading { documents, errors }
    }

    /// The files among `paths`, if nothing else can have changed: no folder came or went, no file was removed, no link
    /// leads here from elsewhere. In a folder of many thousand files this spares looking at all of them.
    fn plain<'a>(&self, paths: &'a BTreeSet<PathBuf>) -> Option<Vec<(&'a Path, Stamp)>> {
        if self.has_links || !self.failed.is_empty() {
            return None;
        }
        let mut files = Vec::new();
        for path in paths {
            let wanted = self.entries.contains_key(path) || listing::is_object_file(path);
            match fs::metadata(path) {
                Ok(meta) if meta.is_file() && wanted => files.push((path.as_path(), Stamp::from(&meta))),
                Ok(meta) if meta.is_file() => {}
                // A temporary file that has come and gone.
                Err(_) if !wanted && !self.holds(path) => {}
                _ => return None,
            }
        }
        Some(files)
    }

    /// Whether a file below `path` is known.
    fn holds(&self, path: &Path) -> bool {
        let mut from = self
            .entries
            .range::<Path, _>((Bound::Included(path), Bound::Unbounded));
        from.next().is_some_and(|(first, _)| first.starts_with(path))
    }

    /// Looks at everything; reads what looks different, and what is `touched`.
    fn look(&mut self, touched: &BTreeSet<PathBuf>) -> bool {
        let mut listing = listing::list(&self.roots);
        let known = self.entries.len();
        self.entries.retain(|path, _| {
            listing.files.contains_key(path)
                || listing.failed.iter().any(|failed| path.starts_with(&failed.path))
        });
        let mut changed = self.entries.len() != known;
        for (path, stamp) in &listing.files {
            let current = self
                .entries
                .get(path)
                .is_some_and(|entry| entry.is_current(*stamp));
            if !current || touched.contains(path) {
                changed |= self.read(path, *stamp);
            }
        }
        for failed in &mut listing.failed {
            failed.kept = self.holds(&failed.path);
        }
        changed |= self.failed != listing.failed;
        self.failed = listing.failed;
        self.has_links = listing.has_links;
        changed
    }

    fn read(&mut self, path: &Path, stamp: Stamp) -> bool {
        if let Some(entry) = self.entries.get_mut(path) {
            return entry.refresh(path, stamp);
        }
        let mut entry = Entry::default();
        entry.refresh(path, stamp);
        self.entries.insert(path.to_path_buf(), entry);
        true
    }
}

#[cfg(test)]
mod tests;
