//! Arguments of `run` that are about the cluster.

use std::path::PathBuf;

use clap::Args;
use ferrik_controller::source::kube::{self, Scope};

/// Which cluster, and who we are in it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct Cluster {
    /// How the Kubernetes API is reached, by the file's current context. Without it, as the service account of the Pod.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Serve the objects of these namespaces only. May be given several times; all by default.
    #[arg(long, value_name = "NS", value_delimiter = ',')]
    pub(crate) watch_namespace: Vec<String>,

    /// Name of the Lease that the leader holds. Instances that serve different classes need different names.
    #[arg(long, value_name = "NAME", default_value = "ferrik-leader")]
    pub(crate) election_id: String,

    /// Namespace of this process, where its Leases are.
    #[arg(long, value_name = "NS", env = "POD_NAMESPACE", hide = true)]
    pub(crate) pod_namespace: Option<String>,

    /// Name of this process among its like.
    #[arg(long, value_name = "NAME", env = "POD_NAME", hide = true)]
    pub(crate) pod_name: Option<String>,
}

impl Cluster {
    /// What is watched.
    pub(crate) fn scope(&self, cluster: &kube::Cluster) -> Scope {
        Scope {
            namespaces: self.watch_namespace.clone(),
            own_namespace: match &self.pod_namespace {
                Some(namespace) => namespace.as_str().into(),
                None => cluster.namespace().clone(),
            },
            lease: self.election_id.as_str().into(),
        }
    }
}
