//! The binary under test: started over a folder of YAML with every port chosen by the system, killed by pid on drop.
//!
//! A test that panics prints the end of what the binary wrote to stderr.

mod setup;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};

use anyhow::{Context, anyhow};
use serde_json::Value;
use tempfile::TempDir;

use super::{Answer, Ask, Connection, Tls, eventually, get};

pub(crate) use setup::Setup;

/// A running ferrik.
pub(crate) struct Ferrik {
    child: Child,
    home: TempDir,
    ready: Ready,
}

/// What the ready line says.
struct Ready {
    http: Vec<SocketAddr>,
    https: Vec<SocketAddr>,
    admin: SocketAddr,
}

impl Ferrik {
    /// Started over one file with these objects.
    pub(crate) async fn start(objects: &str) -> Self {
        Self::setup().file("objects.yaml", objects).start().await
    }

    /// To say more before it starts.
    pub(crate) fn setup() -> Setup {
        Setup::default()
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.ready.http[0]
    }

    pub(crate) fn https(&self) -> SocketAddr {
        self.ready.https[0]
    }

    /// The answer to one request on a plain connection of its own.
    pub(crate) async fn plain(&self, ask: Ask) -> Answer {
        let mut connection = Connection::plain(self.http()).await;
        connection.send(ask).await.expect("the plain port answers")
    }

    /// The answer to one request on a TLS connection of its own, with the request's host as server name.
    pub(crate) async fn secure(&self, ask: Ask) -> Answer {
        let tls = Tls::to(ask.host_name());
        self.with(&tls, ask).await.expect("the TLS port answers")
    }

    /// The same with a handshake of the test's choice, which may fail.
    pub(crate) async fn with(&self, tls: &Tls, ask: Ask) -> anyhow::Result<Answer> {
        Connection::tls(self.https(), tls).await?.send(ask).await
    }

    pub(crate) async fn get_admin(&self, path: &str) -> Answer {
        self.try_admin(path).await.expect("the admin port answers")
    }

    /// Fails once the process is gone.
    pub(crate) async fn try_admin(&self, path: &str) -> anyhow::Result<Answer> {
        Connection::try_plain(self.ready.admin)
            .await?
            .send(get("localhost", path))
            .await
    }

    /// Writes an object file in place.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.objects().join(name), text).expect("the folder is writable");
    }

    /// Puts an object file into place in one step, as careful editors and mounted volumes do.
    pub(crate) fn write_by_rename(&self, name: &str, text: &str) {
        let staged = self.home.path().join("staged");
        std::fs::write(&staged, text).expect("the folder is writable");
        std::fs::rename(&staged, self.objects().join(name)).expect("both are in one file system");
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.objects().join(from), self.objects().join(to)).expect("the file is there");
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.objects().join(name)).expect("the file is there");
    }

    /// Asks the process to drain and leave.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "kill finds the process"
        );
    }

    /// The exit status, once there is one.
    pub(crate) async fn wait_exit(&mut self) -> ExitStatus {
        let mut status = None;
        let child = &mut self.child;
        eventually("the process exits", async || {
            status = child.try_wait().expect("the process is our child");
            status.is_some()
        })
        .await;
        status.expect("the wait ends with a status")
    }

    /// Resident memory in bytes.
    pub(crate) fn rss(&self) -> u64 {
        self.status_kib("VmRSS:") * 1024
    }

    /// The most resident memory it ever had, in bytes.
    pub(crate) fn peak_rss(&self) -> u64 {
        self.status_kib("VmHWM:") * 1024
    }

    fn status_kib(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).expect("the process runs");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .expect("the kernel reports memory");
        line.trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("memory is a number of kB")
    }

    /// Everything the process has written to stderr.
    pub(crate) fn stderr(&self) -> String {
        let bytes = std::fs::read(self.home.path().join(setup::STDERR)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything in the access log.
    pub(crate) fn access_log(&self) -> String {
        std::fs::read_to_string(self.home.path().join(setup::ACCESS_LOG)).unwrap_or_default()
    }

    fn objects(&self) -> PathBuf {
        setup::objects(self.home.path())
    }
}

impl Drop for Ferrik {
    fn drop(&mut self) {
        // Both fail if the process has been waited for: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- ferrik wrote to stderr:\n{}", setup::tail(&self.stderr()));
            eprintln!("---- and to its access log:\n{}", setup::tail(&self.access_log()));
        }
    }
}

impl Ready {
    fn parse(line: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(line).context("the ready line holds JSON")?;
        let list = |name: &str| -> anyhow::Result<Vec<SocketAddr>> {
            let list = value[name]
                .as_array()
                .ok_or_else(|| anyhow!("no list `{name}` in {line}"))?;
            list.iter().map(address).collect()
        };
        Ok(Self {
            http: list("http")?,
            https: list("https")?,
            admin: address(&value["admin"])?,
        })
    }
}

fn address(value: &Value) -> anyhow::Result<SocketAddr> {
    let text = value
        .as_str()
        .ok_or_else(|| anyhow!("an address is not a text: {value}"))?;
    text.parse()
        .with_context(|| format!("`{text}` is not an address"))
}
