//! Paths → objects at one moment, where each stands, and what could not be read. For the commands that read files once.
//!
//! Nothing here judges what an object means; that is translation's work.

mod document;
mod place;

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ferrik_config::Snapshot;
use ferrik_config::report::Severity;
use ferrik_config::snapshot::Object;
use ferrik_controller::source::{Document, FileError, Files};

use crate::problem::{Place, Problem};

pub(crate) use place::Places;

/// Reasons of the problems that are found while reading, beside those of the report.
pub(crate) mod reason {
    /// A file, or a part of it, cannot be read.
    pub(crate) const FILE_UNREADABLE: &str = "FileUnreadable";
    /// A document is no Kubernetes object.
    pub(crate) const NOT_AN_OBJECT: &str = "NotAnObject";
    /// The same object is written in two places.
    pub(crate) const OBJECT_DUPLICATE: &str = "ObjectDuplicate";
}

/// What the files say.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) snapshot: Snapshot,
    pub(crate) places: Places,
    /// What could not be read, in no particular order.
    pub(crate) problems: Vec<Problem>,
    /// How many files there are.
    pub(crate) files: usize,
}

/// Reads everything once. Of an object that is written twice the later one counts, as if both files were applied.
pub(crate) fn load(paths: &[PathBuf]) -> Loaded {
    let reading = Files::new(paths.to_vec()).read();
    let mut loaded = Loaded::default();
    let mut files: BTreeSet<&Path> = reading.documents.iter().map(|document| &*document.file).collect();
    files.extend(reading.errors.iter().map(|error| &*error.path));
    loaded.files = files.len();
    loaded.problems.extend(reading.errors.iter().map(unreadable));
    let mut other_kinds = BTreeSet::new();
    for document in &reading.documents {
        match Object::read(&document.value) {
            Ok(object) => loaded.add(object, document),
            Err(error) => loaded
                .problems
                .extend(document::problems(document, error, &mut other_kinds)),
        }
    }
    loaded
}

impl Loaded {
    /// Tells on standard error what is lost because it could not be read; warnings are left to `check`. False if
    /// anything is.
    pub(crate) fn is_whole(&self) -> io::Result<bool> {
        let lost = self
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        let lost: BTreeSet<&Problem> = lost.collect();
        for problem in &lost {
            writeln!(io::stderr(), "{problem}")?;
        }
        Ok(lost.is_empty())
    }

    fn add(&mut self, object: Object, document: &Arc<Document>) {
        let reference = object.reference();
        if let Some(earlier) = self.places.insert(&reference, document) {
            let is_same = earlier.value == document.value;
            let (severity, effect) = if is_same {
                (Severity::Warning, "says the same")
            } else {
                (Severity::Error, "has no effect")
            };
            self.problems.push(Problem {
                place: Some(place::of(document, "metadata.name", None)),
                severity,
                object: Some(reference.to_string()),
                field: "metadata.name".to_owned(),
                reason: reason::OBJECT_DUPLICATE,
                message: format!(
                    "the object is written twice; the one at {} {effect}",
                    place::of(&earlier, "", None)
                ),
                fix: "remove one of them".to_owned(),
            });
        }
        self.snapshot.insert(object);
    }
}

fn unreadable(error: &FileError) -> Problem {
    let column = error
        .column
        .map(|column| format!(" (column {column})"))
        .unwrap_or_default();
    let fix = if error.line.is_some() {
        "mend the text; nothing of this document is read"
    } else {
        ""
    };
    Problem {
        place: Some(Place {
            file: error.path.clone(),
            line: error.line,
        }),
        severity: Severity::Error,
        object: None,
        field: String::new(),
        reason: reason::FILE_UNREADABLE,
        message: format!("{}{column}", error.message),
        fix: fix.to_owned(),
    }
}
