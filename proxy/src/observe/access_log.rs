//! One line for each request, written by a thread of its own.
//!
//! A request only hands over its line. If the disk cannot keep up, lines are dropped and counted, never waited for.

mod line;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

pub(crate) use line::Entry;

/// Lines that may wait for the disk.
const QUEUE: usize = 16 * 1024;

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
    queue: Option<SyncSender<String>>,
    format: LogFormat,
    dropped: Arc<AtomicU64>,
}

impl AccessLog {
    /// Opens the target and starts the writer.
    pub(crate) fn open(target: &LogTarget, format: LogFormat) -> io::Result<Self> {
        let out: Box<dyn Write + Send> = match target {
            LogTarget::Off => return Ok(Self::default()),
            LogTarget::Stdout => Box::new(io::stdout()),
            LogTarget::File(path) => {
                Box::new(std::fs::OpenOptions::new().create(true).append(true).open(path)?)
            }
        };
        let (queue, lines) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write(&lines, BufWriter::new(out)))?;
        Ok(Self {
            queue: Some(queue),
            format,
            dropped: Arc::default(),
        })
    }

    /// True if lines are written.
    pub(crate) fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    pub(crate) fn write(&self, entry: &Entry<'_>) {
        let Some(queue) = &self.queue else { return };
        let line = match self.format {
            LogFormat::Json => entry.json(),
            LogFormat::Text => entry.text(),
        };
        if queue.try_send(line).is_err() && self.dropped.fetch_add(1, Relaxed) == 0 {
            tracing::warn!("the access log cannot keep up; lines are dropped");
        }
    }
}

/// Writes lines as they come; flushes when no further one is waiting.
fn write(lines: &Receiver<String>, mut out: BufWriter<Box<dyn Write + Send>>) {
    while let Ok(line) = lines.recv() {
        let mut next = Some(line);
        while let Some(line) = next {
            if let Err(error) = out.write_all(line.as_bytes()) {
                tracing::warn!(%error, "the access log cannot be written");
            }
            next = lines.try_recv().ok();
        }
        if let Err(error) = out.flush() {
            tracing::warn!(%error, "the access log cannot be written");
        }
    }
}
