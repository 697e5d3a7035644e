//! Objects from files and folders of YAML: read once, or followed as they change.
//!
//! The offline commands call [`Files::read`], the publish loop [`Files::watch`]. A folder is read with its sub-folders;
//! `.yaml`, `.yml` and `.json` count, hidden names do not, symbolic links are followed, so that a mounted `ConfigMap` works
//! (its `..data` folder is hidden, the links beside it are not).
//!
//! # Invariants
//! What is wrong with one file never touches what another says. While files are watched, a file that stops being readable
//! (a fault in it, half-written, a folder that vanished as a whole) keeps what it said last and is reported; only a file
//! that is gone from a readable folder loses its objects.

mod entry;
mod folder;
mod listing;
mod pending;
#[cfg(test)]
mod tests;
mod watch;

use std::{fmt, path::Path, path::PathBuf, sync::Arc};

use tokio::sync::watch::Sender;

use self::folder::{Change, Folder};
use super::yaml::{Document, SyntaxError};

/// A source of objects: one or more files or folders.
#[derive(Debug, Clone)]
pub struct Files {
    paths: Vec<PathBuf>,
}

/// Everything the files say at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The objects, by path, then by position in the file. A file that has not changed since an earlier reading has the
    /// very same documents (`Arc::ptr_eq`).
    pub documents: Vec<Arc<Document>>,
    /// What could not be read, by path, then by line.
    pub errors: Vec<FileError>,
}

/// A file or folder, or a part of a file, that could not be read. Displayed as `path:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileError {
    /// The file or folder, under the path that was given for it.
    pub path: Arc<Path>,
    /// The line, from 1; `None` if the fault is with the whole file.
    pub line: Option<usize>,
    /// The column in characters, from 1; `None` if the fault is with the whole line or file.
    pub column: Option<usize>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Whether the documents of an earlier reading of this file (or of all files in this folder) stay in force.
    pub kept: bool,
}

impl Files {
    /// A source over `paths`. A file that is named here is read whatever its name; a folder is searched.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths }
    }

    /// Reads everything once. A path that does not exist is an error in the reading. Blocks on the file system.
    pub fn read(&self) -> Reading {
        let mut folder = Folder::new(self.paths.clone());
        folder.refresh(&Change::All);
        folder.reading()
    }

    /// Follows the files until every receiver of `send` is gone: sends a first reading, then one after every change that
    /// makes a difference, a few tens of milliseconds after the files came to rest.
    ///
    /// Needs a tokio runtime with time; reads on its blocking threads. A panic there is passed on.
    pub async fn watch(&self, send: Sender<Arc<Reading>>) {
        watch::run(self.paths.clone(), send).await;
    }
}

impl FileError {
    fn new(path: impl Into<Arc<Path>>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line: None,
            column: None,
            message: message.into(),
            kept: false,
        }
    }
}

impl From<SyntaxError> for FileError {
    fn from(error: SyntaxError) -> Self {
        Self {
            path: error.file,
            line: Some(error.line),
            column: Some(error.column),
            message: error.message,
            kept: false,
        }
    }
}

impl std::error::Error for FileError {}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.message)?;
        if self.kept {
            f.write_str("; what was read before stays in force")?;
        }
        Ok(())
    }
}
