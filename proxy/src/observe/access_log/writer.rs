//! Gathers lines and writes them in batches, on a thread of its own.
//!
//! Waking a thread and calling the kernel for each line costs about half as much as serving a small request (measured), so
//! a batch is written when enough is there or a moment after its first line. Nothing wakes up while there are no lines.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a line may wait for others.
const GATHER: Duration = Duration::from_millis(50);
/// Bytes that are written at once.
const ENOUGH: usize = 64 * 1024;
/// Bytes that may wait for the disk.
const LIMIT: usize = 8 * 1024 * 1024;
/// How long the end of the process waits for the disk.
const LAST: Duration = Duration::from_secs(2);

/// The queue and its thread; the thread ends with the last handle.
#[derive(Debug)]
pub(super) struct Writer(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// The writer waits for lines.
    lines: Condvar,
    /// Somebody waits until everything is written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    is_writing: bool,
    /// Somebody waits: nothing is gathered.
    is_hurried: bool,
    is_ended: bool,
    has_dropped: bool,
}

impl Writer {
    pub(super) fn start(out: Box<dyn Write + Send>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = Self(shared.clone());
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || shared.write(out))?;
        Ok(writer)
    }

    /// Takes a line. If the disk cannot keep up it is dropped: a request never waits.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.0.lock();
        let before = state.waiting.len();
        if before + line.len() > LIMIT {
            if !std::mem::replace(&mut state.has_dropped, true) {
                drop(state);
                tracing::warn!("the access log cannot keep up; lines are dropped");
            }
            return;
        }
        state.waiting.extend_from_slice(line);
        let is_enough = before < ENOUGH && state.waiting.len() >= ENOUGH;
        drop(state);
        if before == 0 || is_enough {
            self.0.lines.notify_one();
        }
    }

    /// Waits until everything is written, or for as long as the end of the process may wait.
    pub(super) fn flush(&self) {
        let mut state = self.0.lock();
        state.is_hurried = true;
        self.0.lines.notify_one();
        let waited = self
            .0
            .written
            .wait_timeout_while(state, LAST, |state| state.is_writing || !state.waiting.is_empty());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_hurried = false;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.lock().is_ended = true;
        self.0.lines.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut out: Box<dyn Write + Send>) {
        let mut batch = Vec::with_capacity(ENOUGH);
        while self.next(&mut batch) {
            if let Err(error) = out.write_all(&batch).and_then(|()| out.flush()) {
                tracing::warn!(%error, "the access log cannot be written");
            }
            batch.clear();
            self.lock().is_writing = false;
            self.written.notify_all();
        }
    }

    /// Waits for lines, then for more of them. False when there will be none.
    fn next(&self, batch: &mut Vec<u8>) -> bool {
        let state = self.lock();
        let first = self
            .lines
            .wait_while(state, |state| state.waiting.is_empty() && !state.is_ended);
        let state = first.unwrap_or_else(PoisonError::into_inner);
        let more = self.lines.wait_timeout_while(state, GATHER, |state| {
            state.waiting.len() < ENOUGH && !state.is_hurried && !state.is_ended
        });
        let mut state = more.unwrap_or_else(PoisonError::into_inner).0;
        std::mem::swap(&mut state.waiting, batch);
        state.is_writing = !batch.is_empty();
        state.is_writing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no test panics here").push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_once_and_in_order() {
        let out = Out::default();
        let writer = Writer::start(Box::new(out.clone())).expect("a thread");
        let lines: Vec<String> = (0..20_000).map(|at| format!("line {at}\n")).collect();
        for line in &lines {
            writer.push(line.as_bytes());
        }
        writer.flush();
        let written = out.0.lock().expect("no test panics here");
        assert_eq!(String::from_utf8_lossy(&written.concat()), lines.concat());
        assert!(written.len() < lines.len() / 10, "{} writes", written.len());
    }

    #[test]
    fn the_thread_ends_with_its_handle() {
        let out = Out::default();
        let writer = Writer::start(Box::new(out.clone())).expect("a thread");
        let shared = Arc::downgrade(&writer.0);
        writer.push(b"last\n");
        drop(writer);
        while shared.strong_count() > 0 {
            std::thread::yield_now();
        }
        assert_eq!(*out.0.lock().expect("no test panics here"), [b"last\n".to_vec()]);
    }
}
