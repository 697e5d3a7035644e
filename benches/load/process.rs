//! A process that is measured: pinned to its CPU, ended by its own id, its cost read from `/proc`.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// `USER_HZ`: the unit of times in `/proc`, the same on every architecture that matters here.
const TICKS_PER_SECOND: f64 = 100.0;
/// Until it accepts connections, or has ended; valgrind is slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    said: PathBuf,
}

/// CPU time in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuTime {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl CpuTime {
    /// In user space and in the kernel.
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }

    /// What was used since an earlier reading.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
        }
    }
}

impl Process {
    /// Starts a command line on a list of CPUs, with what it says in `folder`.
    pub(crate) fn start(cpus: &str, folder: &Path, name: &str, line: &[String]) -> Result<Self> {
        let said = folder.join(format!("{name}.out"));
        // Who appends can be cut short while it runs.
        let log = File::options().create(true).append(true).open(&said)?;
        // The kernel ends it with this process, should this one be killed.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "taskset", "-c", cpus])
            .args(line)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot run setpriv (package util-linux)")?;
        Ok(Self { child, said })
    }

    /// Waits until the process accepts connections at the address.
    pub(crate) async fn accepts(&mut self, address: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).await.is_err() {
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let said = fs::read_to_string(&self.said).unwrap_or_default();
                bail!("nothing listens on {address}; the process said: {said}");
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The file that holds what it has written to standard output and standard error.
    pub(crate) fn said(&self) -> &Path {
        &self.said
    }

    /// What all its threads have used so far.
    pub(crate) fn cpu_time(&self) -> Result<CpuTime> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field is the name in parentheses, which may hold anything.
        let (_, rest) = stat.rsplit_once(')').context("/proc/PID/stat has another form")?;
        let mut fields = rest.split_whitespace().skip(11);
        let mut seconds = || -> Result<f64> {
            let ticks: u32 = fields.next().context("/proc/PID/stat ends early")?.parse()?;
            Ok(f64::from(ticks) / TICKS_PER_SECOND)
        };
        Ok(CpuTime {
            user: seconds()?,
            system: seconds()?,
        })
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("no VmRSS")?;
        Ok(f64::from(line.trim().trim_end_matches(" kB").parse::<u32>()?))
    }

    /// Asks the process to end, and waits until it has.
    pub(crate) async fn interrupt(mut self) -> Result<()> {
        Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status()?;
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                bail!("it did not end after SIGINT");
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if the process has ended already: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
