//! A Kubernetes cluster without machines: etcd, kube-apiserver and kube-controller-manager, started and watched over.
//!
//! Tests reach it through a client, through kubectl, and through kubeconfigs for what they start.

mod fault;
mod kubectl;
mod object;
mod options;
pub(crate) mod servers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, Client};
use tempfile::TempDir;
use tokio::sync::{Mutex, Notify};

use crate::authority::{self, Authority, Issued};
use crate::identity::{self, ADMIN_TOKEN, Identity};
use crate::network::HOST;
use ferrik_test_process::{LOOK, PATIENCE, eventually};

pub use fault::Snapshot;
pub use options::Options;
use servers::{PORT, Servers};

const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: [\"/readyz*\", \"/livez*\", \"/healthz*\", \"/openapi*\", \"/version\"]}
- {level: Metadata}
";

/// A running cluster. Clones are the same cluster.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) parts: Arc<Parts>,
}

pub(crate) struct Parts {
    // The servers end before their folder goes: fields are dropped in this order.
    pub(crate) servers: Mutex<Servers>,
    pub(crate) home: TempDir,
    pub(crate) authority: Authority,
    pub(crate) options: Options,
    /// Wakes those who have to forget what they know.
    pub(crate) restored: Notify,
    snapshots: AtomicUsize,
    client: Client,
}

impl Cluster {
    /// Starts the servers and waits until the API is ready and controllers work.
    pub(crate) async fn start(options: Options) -> Self {
        // Short, because the path of a socket has at most 107 bytes.
        let home = tempfile::Builder::new()
            .prefix("ferrik-lab-")
            .tempdir()
            .expect("the folder for temporary files is writable");
        let authority = Authority::new();
        write_files(home.path(), &authority);
        let mut servers = Servers::new(home.path(), options.clone());
        servers.start_etcd();
        servers.start_api();
        let client = identity::client(&home.path().join("admin")).await;
        let cluster = Self {
            parts: Arc::new(Parts {
                servers: Mutex::new(servers),
                home,
                authority,
                options,
                restored: Notify::new(),
                snapshots: AtomicUsize::new(0),
                client,
            }),
        };
        let mut servers = cluster.parts.servers.lock().await;
        cluster.wait_ready(&mut servers).await;
        servers.start_controllers();
        drop(servers);
        cluster.wait_service_account("default").await;
        cluster
    }

    /// A client with all rights.
    pub fn client(&self) -> Client {
        self.parts.client.clone()
    }

    /// The URL of the API server; the same from the test and from every node.
    pub fn server_address(&self) -> String {
        address()
    }

    /// A file of the lab.
    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.parts.home.path().join(name)
    }

    /// Returns once the API server says that it is ready; fails as soon as a server has ended.
    pub(crate) async fn wait_ready(&self, servers: &mut Servers) {
        let start = Instant::now();
        while !self.is_ready().await {
            servers.assert_alive();
            assert!(
                start.elapsed() < PATIENCE,
                "the API server is not ready within {PATIENCE:?}:\n{}",
                servers.tails()
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn is_ready(&self) -> bool {
        let request = hyper::Request::get("/readyz")
            .body(Vec::new())
            .expect("the path is one");
        let answer = tokio::time::timeout(Duration::from_secs(2), self.parts.client.request_text(request));
        answer.await.is_ok_and(|answer| answer.is_ok())
    }

    /// Returns once pods can be made in a namespace: admission asks for its default account.
    pub(crate) async fn wait_service_account(&self, namespace: &str) {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        eventually("controllers make the default ServiceAccount", async || {
            self.parts.servers.lock().await.assert_alive();
            matches!(accounts.get_opt("default").await, Ok(Some(_)))
        })
        .await;
    }
}

fn address() -> String {
    format!("https://{HOST}:{PORT}")
}

/// Keys, certificates, and configuration that is read from files.
fn write_files(folder: &Path, authority: &Authority) {
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).expect("the folder is writable");
    };
    let names = [
        "127.0.0.1",
        "10.96.0.1",
        "localhost",
        "kubernetes",
        "kubernetes.default.svc",
    ];
    let mut names: Vec<String> = names.map(str::to_owned).into();
    names.push(HOST.to_string());
    let Issued { certificate, key } = authority.server(&names);
    write("ca.crt", authority.pem());
    write("api.crt", &certificate);
    write("api.key", &key);
    let tokens = authority::key();
    write("sa.key", &tokens.serialize_pem());
    write("sa.pub", &tokens.public_key_pem());
    write(
        "tokens.csv",
        &format!("{ADMIN_TOKEN},admin,admin,\"system:masters\"\n"),
    );
    write("audit.yaml", AUDIT_POLICY);
    // What the lab itself does has a name that stands out in the audit log.
    for identity in [
        Identity::Admin,
        Identity::Lab("controllers"),
        Identity::Lab("kubelet"),
    ] {
        let issued = authority.client(&identity.user(), &identity.groups());
        identity::write_with_certificate(folder, &identity, &address(), &issued);
    }
}
