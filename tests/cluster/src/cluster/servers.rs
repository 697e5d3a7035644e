//! The three server processes and their flags.

use std::path::{Path, PathBuf};

use super::options::Options;
use crate::binary;
use crate::identity::Identity;
use crate::network::HOST;
use ferrik_test_process::{Process, bound_to_us};

/// Where the API server listens, in the test's namespace.
pub(crate) const PORT: u16 = 6443;

/// What runs in the controller manager: the controllers that Services and workloads need, no node lifecycle, no volumes.
const CONTROLLERS: &str = "clusterrole-aggregation-controller,daemonset-controller,deployment-controller,\
    endpoints-controller,endpointslice-controller,garbage-collector-controller,namespace-controller,\
    replicaset-controller,root-ca-certificate-publisher-controller,serviceaccount-controller,\
    serviceaccount-token-controller";

/// The servers; one that is not there has been stopped.
pub(crate) struct Servers {
    binary: PathBuf,
    folder: PathBuf,
    options: Options,
    pub(crate) etcd: Option<Process>,
    pub(crate) api: Option<Process>,
    pub(crate) controllers: Option<Process>,
}

impl Servers {
    pub(crate) fn new(folder: &Path, options: Options) -> Self {
        Self {
            binary: binary::path(),
            folder: folder.to_owned(),
            options,
            etcd: None,
            api: None,
            controllers: None,
        }
    }

    /// The program of all roles, which is kubectl and etcdctl too.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// Where etcd keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("etcd")
    }

    /// The URL of etcd's socket.
    pub(crate) fn etcd_url(&self) -> String {
        format!("unix://{}", self.folder.join("e.sock").display())
    }

    pub(crate) fn start_etcd(&mut self) {
        // They are left behind by a kill.
        for socket in ["e.sock", "p.sock"] {
            let _ = std::fs::remove_file(self.folder.join(socket));
        }
        let (clients, peers) = (
            self.etcd_url(),
            format!("unix://{}", self.folder.join("p.sock").display()),
        );
        let flags = [
            format!("--data-dir={}", self.data().display()),
            "--unsafe-no-fsync".to_owned(),
            "--log-level=error".to_owned(),
            format!("--listen-client-urls={clients}"),
            format!("--advertise-client-urls={clients}"),
            format!("--listen-peer-urls={peers}"),
            format!("--initial-advertise-peer-urls={peers}"),
            format!("--initial-cluster=default={peers}"),
        ];
        self.etcd = Some(self.start("etcd", &flags));
    }

    pub(crate) fn start_api(&mut self) {
        let flags = self.api_flags();
        self.api = Some(self.start("kube-apiserver", &flags));
    }

    fn api_flags(&self) -> Vec<String> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let options = &self.options;
        let mut flags = vec![
            format!("--etcd-servers={}", self.etcd_url()),
            // Compaction is a fault that tests ask for.
            "--etcd-compaction-interval=0".to_owned(),
            "--bind-address=0.0.0.0".to_owned(),
            format!("--secure-port={PORT}"),
            format!("--advertise-address={HOST}"),
            "--endpoint-reconciler-type=none".to_owned(),
            format!("--tls-cert-file={}", file("api.crt")),
            format!("--tls-private-key-file={}", file("api.key")),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-key-file={}", file("sa.pub")),
            format!("--service-account-signing-key-file={}", file("sa.key")),
            format!("--service-cluster-ip-range={}", self.service_range()),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            format!("--request-timeout={}ms", options.request_timeout.as_millis()),
            format!("--watch-cache={}", options.watch_cache),
        ];
        if let Some(timeout) = options.min_request_timeout {
            flags.push(format!("--min-request-timeout={}", timeout.as_secs().max(1)));
        }
        if options.audit {
            flags.push(format!("--audit-policy-file={}", file("audit.yaml")));
            flags.push(format!("--audit-log-path={}", file("audit.log")));
        }
        flags.extend_from_slice(&options.api_flags);
        flags
    }

    pub(crate) fn start_controllers(&mut self) {
        let config = self
            .folder
            .join(Identity::Lab("controllers").file())
            .display()
            .to_string();
        let flags = [
            format!("--kubeconfig={config}"),
            format!("--authentication-kubeconfig={config}"),
            format!("--authorization-kubeconfig={config}"),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
            format!("--controllers={CONTROLLERS}"),
            format!(
                "--service-account-private-key-file={}",
                self.folder.join("sa.key").display()
            ),
            format!("--root-ca-file={}", self.folder.join("ca.crt").display()),
            "--kube-api-qps=500".to_owned(),
            "--kube-api-burst=1000".to_owned(),
        ];
        self.controllers = Some(self.start("kube-controller-manager", &flags));
    }

    fn start(&self, role: &'static str, flags: &[String]) -> Process {
        let mut command = bound_to_us(self.binary.as_os_str());
        command.arg(role).args(flags);
        Process::start(command, role, &self.folder)
    }

    /// Fails with the end of the log of a server that should run and does not.
    pub(crate) fn assert_alive(&mut self) {
        let all = [&mut self.etcd, &mut self.api, &mut self.controllers];
        all.into_iter().flatten().for_each(Process::assert_alive);
    }

    /// The ends of all logs.
    pub(crate) fn tails(&self) -> String {
        let all = [&self.etcd, &self.api, &self.controllers];
        let tails: Vec<String> = all.into_iter().flatten().map(Process::tail).collect();
        tails.join("\n----\n")
    }

    fn service_range(&self) -> &'static str {
        if self.options.dual_stack {
            "10.96.0.0/16,fd00:96::/112"
        } else {
            "10.96.0.0/16"
        }
    }
}
