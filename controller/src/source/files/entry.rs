//! One file: what it says, and what it said before a fault crept in.
//!
//! [`folder`](super::folder) holds one per file and tells it to read itself.

use std::{
    fs::File,
    hash::{DefaultHasher, Hasher},
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use super::{Document, FileError, listing::Stamp};
use crate::source::yaml;

/// The last reading of one file.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// How the file looked just before it was read: a write during the reading shows at the next comparison.
    stamp: Option<Stamp>,
    /// Of the bytes that were read last, so that a file written anew with the same content is no change.
    digest: Option<u64>,
    pub(super) documents: Vec<Arc<Document>>,
    pub(super) errors: Vec<FileError>,
    /// Whether `documents` is all that a faultless reading held.
    is_whole: bool,
}

impl Entry {
    /// Whether the file looks as it did when it was read.
    pub(super) fn is_current(&self, stamp: Stamp) -> bool {
        self.stamp == Some(stamp)
    }

    /// Makes the file look unchanged, as a write within the granularity of file times does.
    #[cfg(test)]
    pub(super) fn pretend_current(&mut self, stamp: Stamp) {
        self.stamp = Some(stamp);
    }

    /// Reads the file again. Returns whether documents or errors may differ from before.
    pub(super) fn refresh(&mut self, path: &Path, stamp: Stamp) -> bool {
        self.stamp = Some(stamp);
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                // It may pass without a trace on the file: the next look tries again.
                (self.stamp, self.digest) = (None, None);
                return self.fail(vec![FileError::new(path, error.to_string())]);
            }
        };
        let digest = digest(&bytes);
        if self.digest.replace(digest) == Some(digest) {
            return false;
        }
        match decode(path, &bytes) {
            // Writers truncate before they write. To take back all objects of a file, one removes it or comments it out.
            Ok(text) if text.trim_ascii().is_empty() && !self.documents.is_empty() => {
                self.fail(vec![FileError::new(path, "the file is empty")])
            }
            Ok(text) => self.accept(yaml::parse(path, text)),
            Err(error) => self.fail(vec![error]),
        }
    }

    fn accept(&mut self, (documents, errors): (Vec<Document>, Vec<yaml::SyntaxError>)) -> bool {
        let is_whole = errors.is_empty();
        if !is_whole && self.is_whole && !self.documents.is_empty() {
            return self.fail(errors.into_iter().map(FileError::from).collect());
        }
        self.documents = documents.into_iter().map(Arc::new).collect();
        self.errors = errors.into_iter().map(FileError::from).collect();
        self.is_whole = is_whole;
        true
    }

    /// Keeps the documents and reports why.
    fn fail(&mut self, mut errors: Vec<FileError>) -> bool {
        for error in &mut errors {
            error.kept = !self.documents.is_empty();
        }
        let changed = self.errors != errors;
        self.errors = errors;
        changed
    }
}

/// The content; of a file beyond the limit no more is read than shows that.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(yaml::MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > yaml::MAX_BYTES {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(bytes)
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

fn decode<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, FileError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (valid, _) = bytes.split_at(error.valid_up_to());
        FileError {
            line: Some(valid.split(|byte| *byte == b'\n').count()),
            ..FileError::new(path, "the text is not UTF-8")
        }
    })
}
