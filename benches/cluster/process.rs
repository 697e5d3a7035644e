//! The binary with full optimisation, against the cluster of the lab.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running process; it ends with the value.
pub(crate) struct Ferrik {
    child: Child,
    pub(crate) http: SocketAddr,
    /// From its start to ready.
    pub(crate) took: Duration,
}

impl Ferrik {
    pub(crate) async fn start(kubeconfig: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let start = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_ferrik"))
            .args([
                "run",
                "--http",
                "127.0.0.1:0",
                "--https",
                "127.0.0.1:0",
                "--admin",
                "127.0.0.1:0",
            ])
            .args(["--access-log", "off", "--ingress-class-by-name", "--kubeconfig"])
            .arg(kubeconfig)
            .args(arguments)
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("it is piped")?).lines();
        let line = lines.next_line().await?.context("it ended before it was ready")?;
        let took = start.elapsed();
        let json: Value = serde_json::from_str(line.trim_start_matches("ferrik: ready "))?;
        let http = json["http"][0].as_str().context("it listens")?.parse()?;
        Ok(Self { child, http, took })
    }

    /// Resident memory, MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let id = self.child.id().context("it runs")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("it has memory")?;
        let kib: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
        Ok(kib / 1024.0)
    }

    /// Processor time used so far, in user and system mode.
    pub(crate) fn processor(&self) -> anyhow::Result<Duration> {
        /// Clock ticks in a second, the same on every Linux that Rust knows.
        const TICKS: u64 = 100;
        let id = self.child.id().context("it runs")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name of the program, which may hold spaces, ends with the last parenthesis.
        let rest = stat.rsplit(')').next().context("a name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 = fields.get(11).context("utime")?.parse::<u64>()?
            + fields.get(12).context("stime")?.parse::<u64>()?;
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    }

    /// Ends it in order.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("it runs")?.to_string();
        Command::new("kill").arg(id).status().await?;
        self.child.wait().await?;
        Ok(())
    }
}
