//! One line for each request, written in batches by a thread of its own.
//!
//! A request only hands over its line. If the disk cannot keep up, lines are dropped and that is reported, never waited for.

mod chosen;
mod line;
mod writer;

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use chosen::Chosen;
pub(crate) use chosen::LoggedHeaders;
pub use chosen::{LogFields, LogQuery};
pub(crate) use line::Entry;
use writer::Writer;

use crate::head::Fields;

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// The end of this file.
    File(PathBuf),
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object.
    #[default]
    Json,
    /// The combined log format of Apache and nginx, with our fields behind.
    Text,
}

/// The access log.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessLog {
    writer: Option<Arc<Writer>>,
    format: LogFormat,
    chosen: Chosen,
}

thread_local! {
    /// The line that is being rendered; its memory is used again.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl AccessLog {
    /// Opens the target and starts the writer.
    pub(crate) fn open(target: &LogTarget, format: LogFormat, fields: &LogFields) -> io::Result<Self> {
        let out: Box<dyn Write + Send> = match target {
            LogTarget::Off => return Ok(Self::default()),
            LogTarget::Stdout => Box::new(io::stdout()),
            LogTarget::File(path) => {
                Box::new(std::fs::OpenOptions::new().create(true).append(true).open(path)?)
            }
        };
        let writer = Some(Arc::new(Writer::start(out)?));
        Ok(Self {
            writer,
            format,
            chosen: Chosen::new(fields),
        })
    }

    /// True if lines are written.
    pub(crate) fn is_on(&self) -> bool {
        self.writer.is_some()
    }

    /// What the line of a request will show of its head, which must be as the client sent it.
    pub(crate) fn take(&self, head: &impl Fields) -> LoggedHeaders {
        self.chosen.take(head)
    }

    pub(crate) fn write(&self, entry: &Entry<'_>) {
        let Some(writer) = &self.writer else { return };
        LINE.with_borrow_mut(|line| {
            line.clear();
            match self.format {
                LogFormat::Json => entry.json(&self.chosen, line),
                LogFormat::Text => entry.text(&self.chosen, line),
            }
            writer.push(line);
        });
    }

    /// Waits until every line is written; for the end of the process.
    pub(crate) fn flush(&self) {
        if let Some(writer) = &self.writer {
            writer.flush();
        }
    }
}
