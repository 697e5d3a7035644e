//! Faults of the servers: crashes, frozen processes, storage that forgets, history that is gone.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::Ordering::Relaxed;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::ListParams;
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::process::Command;

use super::Cluster;
use ferrik_test_process::within;
use ferrik_test_process::{Process, bound_to_us};

/// What etcd held at a moment.
pub struct Snapshot {
    folder: PathBuf,
}

impl Cluster {
    /// Ends the API server as a crash does. Clients see closed and refused connections.
    pub async fn kill_api(&self) {
        self.parts.servers.lock().await.api = None;
    }

    /// Asks the API server to stop, and waits until it has; it lets open watches go on until its request timeout.
    pub async fn stop_api(&self) {
        let mut servers = self.parts.servers.lock().await;
        let mut api = servers.api.take().expect("the API server runs");
        api.signal(Signal::SIGTERM);
        within("the API server stops", api.wait_exit()).await;
    }

    /// Starts the API server again, and waits until it is ready.
    pub async fn start_api(&self) {
        let mut servers = self.parts.servers.lock().await;
        assert!(servers.api.is_none(), "the API server runs already");
        servers.start_api();
        self.wait_ready(&mut servers).await;
    }

    /// Freezes the API server: connections stay open and nothing is answered.
    pub async fn pause_api(&self) {
        signal(self.parts.servers.lock().await.api.as_ref(), Signal::SIGSTOP);
    }

    /// Lets the API server go on.
    pub async fn resume_api(&self) {
        signal(self.parts.servers.lock().await.api.as_ref(), Signal::SIGCONT);
    }

    /// Freezes storage: what the API server has in memory is served, all else hangs.
    pub async fn pause_etcd(&self) {
        signal(self.parts.servers.lock().await.etcd.as_ref(), Signal::SIGSTOP);
    }

    /// Lets storage go on.
    pub async fn resume_etcd(&self) {
        signal(self.parts.servers.lock().await.etcd.as_ref(), Signal::SIGCONT);
    }

    /// The revision of storage, which is the resourceVersion of a list.
    pub async fn revision(&self) -> u64 {
        let namespaces: Api<Namespace> = Api::all(self.client());
        let list = namespaces.list(&ListParams::default().limit(1)).await;
        let version = list.expect("the API server answers").metadata.resource_version;
        let version = version.expect("a list has a version");
        version.parse().expect("Kubernetes counts revisions")
    }

    /// Forgets all history, and restarts the API server, whose memory holds some of it: watches from earlier get 410.
    pub async fn compact(&self) {
        let revision = self.revision().await.to_string();
        self.kill_api().await;
        let servers = self.parts.servers.lock().await;
        let status = Command::from(bound_to_us(servers.binary().as_os_str()))
            .args([
                "etcdctl",
                "--endpoints",
                &servers.etcd_url(),
                "compact",
                &revision,
            ])
            .stdout(Stdio::null())
            .status()
            .await;
        drop(servers);
        assert!(
            status.is_ok_and(|status| status.success()),
            "etcd forgets what was before {revision}"
        );
        self.start_api().await;
    }

    /// Keeps what etcd holds.
    pub async fn snapshot(&self) -> Snapshot {
        let servers = self.parts.servers.lock().await;
        let number = self.parts.snapshots.fetch_add(1, Relaxed);
        let folder = self.file(&format!("snapshot-{number}"));
        let etcd = servers.etcd.as_ref();
        signal(etcd, Signal::SIGSTOP);
        copy(&servers.data(), &folder).await;
        signal(etcd, Signal::SIGCONT);
        Snapshot { folder }
    }

    /// Puts storage back to what it was, as after a disaster: revisions go backwards. All servers are started again, because
    /// the API server's memory and the informers of controllers would go on with what no longer is.
    pub async fn restore(&self, snapshot: &Snapshot) {
        let mut servers = self.parts.servers.lock().await;
        servers.controllers = None;
        servers.api = None;
        servers.etcd = None;
        std::fs::remove_dir_all(servers.data()).expect("etcd has left its data");
        copy(&snapshot.folder, &servers.data()).await;
        servers.start_etcd();
        servers.start_api();
        self.wait_ready(&mut servers).await;
        servers.start_controllers();
        self.parts.restored.notify_waiters();
    }

    /// Every request so far, oldest first; a watch has two lines. Needs [`Options::audit`](super::Options::audit).
    pub fn audit_log(&self) -> Vec<Value> {
        assert!(self.parts.options.audit, "the audit log is off in the options");
        let text = std::fs::read_to_string(self.file("audit.log")).unwrap_or_default();
        // The last line may be half written.
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        lines
            .map(|line| serde_json::from_str(line).expect("a line of the audit log is JSON"))
            .collect()
    }
}

fn signal(server: Option<&Process>, signal: Signal) {
    server.expect("the server runs").signal(signal);
}

/// Files that etcd reserves are mostly holes: 120 MB of half a megabyte.
async fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp")
        .args(["-a", "--sparse=always"])
        .args([from, to])
        .status()
        .await;
    assert!(
        status.is_ok_and(|status| status.success()),
        "etcd's data can be copied"
    );
}
