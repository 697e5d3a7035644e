//! What clients of one host got over time, each change of it once. Tests use it that say what was never seen in between.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use ferrik_test_cluster::{eventually, within};
use tokio::task::JoinSet;

use crate::ferrik::{Answer, Ferrik, get};

/// Clients of different connections: what one saw says nothing about what another did.
const CLIENTS: usize = 3;

/// Clients that ask for `/` of a host, again and again.
pub(crate) struct History {
    stop: Arc<AtomicBool>,
    seen: Vec<Arc<Mutex<Vec<String>>>>,
    tasks: JoinSet<()>,
}

impl History {
    /// Starts to ask over plain HTTP.
    pub(crate) fn start(ferrik: &Ferrik, host: &'static str) -> Self {
        let address = ferrik.http();
        Self::of(move || async move { get(address, host, "/").await })
    }

    /// Starts to ask as `ask` does it.
    pub(crate) fn of<F, A>(ask: F) -> Self
    where
        F: Fn() -> A + Clone + Send + 'static,
        A: Future<Output = anyhow::Result<Answer>> + Send,
    {
        let stop = Arc::new(AtomicBool::new(false));
        let (mut seen, mut tasks) = (Vec::new(), JoinSet::new());
        for _ in 0..CLIENTS {
            let mine: Arc<Mutex<Vec<String>>> = Arc::default();
            seen.push(mine.clone());
            let (stop, ask) = (stop.clone(), ask.clone());
            tasks.spawn(async move {
                while !stop.load(Relaxed) {
                    let answer = summary(ask().await);
                    let mut mine = mine.lock().expect("no panic");
                    if mine.last() != Some(&answer) {
                        mine.push(answer);
                    }
                }
            });
        }
        Self { stop, seen, tasks }
    }

    /// Waits until what every client got last is this.
    pub(crate) async fn shows(&self, last: &str) {
        eventually(&format!("all clients get {last}"), async || {
            self.seen
                .iter()
                .all(|seen| seen.lock().expect("no panic").last().is_some_and(|it| it == last))
        })
        .await;
    }

    /// Ends it; fails the test if a client got anything but this, in this order.
    pub(crate) async fn end(mut self, expected: &[&str]) {
        self.stop.store(true, Relaxed);
        while let Some(ended) = within("the clients end", self.tasks.join_next()).await {
            ended.expect("clients do not panic");
        }
        for seen in &self.seen {
            assert_eq!(*seen.lock().expect("no panic"), expected);
        }
    }
}

/// The name of the pod that answered, else the status, else what went wrong.
pub(crate) fn summary(answer: anyhow::Result<Answer>) -> String {
    match answer {
        Ok(answer) => answer.pod().unwrap_or_else(|| answer.status.to_string()),
        Err(error) => error.to_string(),
    }
}
