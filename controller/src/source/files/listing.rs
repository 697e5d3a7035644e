//! Which files there are, and how each looks from outside.
//!
//! [`folder`](super::folder) compares one listing with the next to see what changed. Nothing is opened here.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, Metadata},
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::FileError;

/// What changes when a file changes: inode and device for a rename over it, times and length for a write. The change
/// time also moves when a writer sets the modification time back (`cp -p`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<&Metadata> for Stamp {
    fn from(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            length: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// The files below the given paths.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: BTreeMap<PathBuf, Stamp>,
    /// Paths that could not be looked at. What was known below them is still to be believed.
    pub(super) failed: Vec<FileError>,
    /// Whether a symbolic link is among the files and folders: a change behind it is not seen on the path itself.
    pub(super) has_links: bool,
}

/// Looks at every path of `roots` and below.
pub(super) fn list(roots: &[PathBuf]) -> Listing {
    let mut listing = Listing::default();
    for root in roots {
        match fs::metadata(root) {
            Ok(meta) if meta.is_dir() => listing.folder(root, &mut vec![identity(&meta)]),
            Ok(meta) => {
                listing.files.insert(root.clone(), Stamp::from(&meta));
            }
            Err(error) => listing.fail(root, &error),
        }
        listing.has_links |= root.is_symlink();
    }
    listing
}

/// Whether a file of this name in a folder holds objects. Backups and temporary files of editors are hidden, or carry
/// something before or after the name (`a.yaml~`, `#a.yaml#`, `a.yaml.swp`).
pub(super) fn is_object_file(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let first = path.file_name().and_then(|name| name.as_encoded_bytes().first());
    let visible = first.is_some_and(|first| !matches!(first, b'.' | b'#' | b'~'));
    visible && matches!(extension, Some("yaml" | "yml" | "json"))
}

/// Whether the name is a hidden one.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// What makes a folder the same folder under any name.
pub(super) fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

impl Listing {
    /// Lists one folder; `above` are the folders that lead here, so that a link back to one of them ends.
    fn folder(&mut self, folder: &Path, above: &mut Vec<(u64, u64)>) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.fail(folder, &error),
        };
        for entry in entries {
            match entry {
                Ok(entry) if is_hidden(&entry.file_name()) => {}
                Ok(entry) => self.entry(&entry, above),
                Err(error) => self.fail(folder, &error),
            }
        }
    }

    fn entry(&mut self, entry: &fs::DirEntry, above: &mut Vec<(u64, u64)>) {
        let path = entry.path();
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            // Removed since the folder was read. A link that names an object file and leads nowhere is a fault instead.
            Err(error) if error.kind() == ErrorKind::NotFound && !(is_link && is_object_file(&path)) => {
                return;
            }
            Err(error) => return self.fail(&path, &error),
        };
        if meta.is_dir() {
            let identity = identity(&meta);
            if !above.contains(&identity) {
                self.has_links |= is_link;
                above.push(identity);
                self.folder(&path, above);
                above.pop();
            }
        } else if meta.is_file() && is_object_file(&path) {
            self.has_links |= is_link;
            self.files.insert(path, Stamp::from(&meta));
        }
    }

    fn fail(&mut self, path: &Path, error: &io::Error) {
        self.failed.push(FileError::new(path, error.to_string()));
    }
}
