//! One server process: its output goes to a file, it can be paused, and it ends with this value or with the test's process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::condition::LOOK;

/// How many lines of a log are shown when something went wrong.
const TAIL: usize = 25;

/// A running server.
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command of [`bound_to_us`], whose output is added to `folder/name.log`.
    pub fn start(mut command: Command, name: &'static str, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("the test's folder is writable");
        let errors = output.try_clone().expect("a file can be opened twice");
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("setpriv (package util-linux) does not start: {error}"));
        Self { name, child, log }
    }

    /// Fails with the end of the log if the process is gone.
    pub fn assert_alive(&mut self) {
        let status = self.child.try_wait().expect("the process is our child");
        if let Some(status) = status {
            panic!("{} has ended with {status}:\n{}", self.name, self.tail());
        }
    }

    /// Returns once it has ended.
    pub async fn wait_exit(&mut self) {
        while self.child.try_wait().expect("the process is our child").is_none() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("process ids fit");
        kill(Pid::from_raw(pid), signal).unwrap_or_else(|error| panic!("{} runs: {error}", self.name));
    }

    /// The last lines of its output.
    pub fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if the process has been waited for: then there is nothing to do. A paused process ends as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that ends when we do, even when we are killed.
///
/// The kernel sends the signal when the *thread* that started the command ends: it has to be the test's own or a worker of
/// the runtime, and not one of the pool for blocking calls, which ends when it is idle.
pub fn bound_to_us(program: &std::ffi::OsStr) -> Command {
    let mut command = Command::new("setpriv");
    // A proxy that the environment names is not reachable from a network namespace.
    command.env("NO_PROXY", "*");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}
