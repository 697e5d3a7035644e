//! How a ferrik is started: its folder, its command line, and the wait for the ready line.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::Context;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{Ferrik, Ready};
use crate::support::condition::PATIENCE;

pub(super) const STDERR: &str = "stderr.log";
pub(super) const ACCESS_LOG: &str = "access.log";
const READY: &str = "ferrik: ready ";
/// Has all tests run with this `--http1-engine` that choose none.
const ENGINE: &str = "FERRIK_HTTP1_ENGINE";

/// What to start.
#[derive(Default)]
pub(crate) struct Setup {
    files: Vec<(String, String)>,
    arguments: Vec<String>,
}

impl Setup {
    /// An object file in its folder.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// More of its command line.
    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(self) -> Ferrik {
        let home = tempfile::tempdir().expect("the system has a place for temporary files");
        let objects = objects(home.path());
        std::fs::create_dir(&objects).expect("the folder is new");
        for (name, text) in &self.files {
            std::fs::write(objects.join(name), text).expect("the folder is writable");
        }
        let mut child = self.spawn(&home);
        let stdout = child.stdout.take().expect("stdout is piped");
        match tokio::time::timeout(PATIENCE, ready(stdout)).await {
            Ok(Ok(ready)) => Ferrik { child, home, ready },
            failed => {
                // It may have left on its own: then there is nothing to kill.
                let _ = child.kill();
                let status = child.wait();
                let stderr = std::fs::read_to_string(home.path().join(STDERR)).unwrap_or_default();
                let why = match failed {
                    Ok(Err(error)) => format!("{error:#}"),
                    _ => format!("no ready line within {PATIENCE:?}"),
                };
                panic!(
                    "ferrik did not become ready: {why}; {status:?}; stderr:\n{}",
                    tail(&stderr)
                );
            }
        }
    }

    fn spawn(&self, home: &TempDir) -> Child {
        let stderr = std::fs::File::create(home.path().join(STDERR)).expect("the folder is writable");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferrik"));
        command.arg("run").arg("--files").arg(objects(home.path()));
        command.args([
            "--http",
            "127.0.0.1:0",
            "--https",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
        ]);
        command.arg("--access-log").arg(home.path().join(ACCESS_LOG));
        let is_chosen = self.arguments.iter().any(|argument| argument == "--http1-engine");
        if let Some(engine) = std::env::var_os(ENGINE).filter(|_| !is_chosen) {
            command.arg("--http1-engine").arg(engine);
        }
        command.args(&self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        command.spawn().expect("the binary is built")
    }
}

/// The folder that is served, inside the folder of one test.
pub(super) fn objects(home: &Path) -> PathBuf {
    home.join("objects")
}

/// The end of a long text.
pub(super) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

/// Reads stdout to its end on a thread, so that the process never waits for a reader.
async fn ready(stdout: ChildStdout) -> anyhow::Result<Ready> {
    let (send, receive) = oneshot::channel();
    std::thread::spawn(move || {
        let mut send = Some(send);
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(json) = line.strip_prefix(READY)
                && let Some(send) = send.take()
            {
                // Nobody listens any more if the test has given up.
                let _ = send.send(json.to_owned());
            }
        }
    });
    Ready::parse(&receive.await.context("stdout ended before the ready line")?)
}
