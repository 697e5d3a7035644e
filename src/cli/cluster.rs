//! Arguments of `run` that are about the cluster.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};
use ferrik_controller::replica::{Owner, Place};
use ferrik_controller::source::kube::{self, Scope};
use ferrik_controller::status::{Address, Addresses, StatusOptions};

use super::value::{Name, name, seconds};

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

    /// Service whose load balancer addresses are told in the status of every Ingress.
    #[arg(long, value_name = "NS/NAME", value_parser = name, conflicts_with = "publish_status_address")]
    pub(crate) publish_service: Option<Name>,

    /// Addresses or host names that are told in the status of every Ingress.
    #[arg(long, value_name = "ADDR,…", value_delimiter = ',')]
    pub(crate) publish_status_address: Vec<String>,

    /// Addresses of the node that this replica runs on: the status of every Ingress tells those of all live replicas.
    #[arg(
        long,
        value_name = "ADDR,…",
        value_delimiter = ',',
        conflicts_with_all = ["publish_service", "publish_status_address"]
    )]
    pub(crate) publish_node_address: Vec<String>,

    /// Write the status of Ingresses at all. Turned off while another controller still does.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        hide_possible_values = true
    )]
    pub(crate) update_status: bool,

    /// Take the addresses back when the leader ends: for the last one before it is uninstalled.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true
    )]
    pub(crate) update_status_on_shutdown: bool,

    /// Namespace of this process, where its Leases are.
    #[arg(long, value_name = "NS", env = "POD_NAMESPACE", hide = true)]
    pub(crate) pod_namespace: Option<String>,

    /// Name of this process among its like.
    #[arg(long, value_name = "NAME", env = "POD_NAME", hide = true)]
    pub(crate) pod_name: Option<String>,

    /// The Pod's uid: what is told of this process goes with it.
    #[arg(long, value_name = "UID", env = "POD_UID", hide = true)]
    pub(crate) pod_uid: Option<String>,
}

impl Cluster {
    /// The Pod's name, or what tells processes of one machine apart.
    fn identity(&self) -> String {
        if let Some(name) = &self.pod_name {
            return name.clone();
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{}-{}", host.trim(), std::process::id())
    }

    /// Where we are, as far as we are told.
    pub(crate) fn place(&self) -> Place {
        let owner = self.pod_name.clone().zip(self.pod_uid.clone());
        Place {
            owner: owner.map(|(name, uid)| Owner { name, uid }),
            addresses: addresses(&self.publish_node_address),
        }
    }

    /// What is written to the status of Ingresses; nothing if there is nothing to tell.
    pub(crate) fn status(&self) -> Option<StatusOptions> {
        let addresses = if let Some(service) = &self.publish_service {
            Addresses::Service(service.namespace.clone(), service.name.clone())
        } else if !self.publish_node_address.is_empty() {
            Addresses::Nodes(addresses(&self.publish_node_address))
        } else if !self.publish_status_address.is_empty() {
            Addresses::Fixed(addresses(&self.publish_status_address))
        } else {
            return None;
        };
        self.update_status.then_some(StatusOptions {
            addresses,
            clear_on_stop: self.update_status_on_shutdown,
        })
    }

    /// What is watched.
    pub(crate) fn scope(&self, cluster: &kube::Cluster) -> Scope {
        Scope {
            namespaces: self.watch_namespace.clone(),
            own_namespace: match &self.pod_namespace {
                Some(namespace) => namespace.as_str().into(),
                None => cluster.namespace().clone(),
            },
            lease: self.election_id.as_str().into(),
            identity: self.identity().into(),
        }
    }
}

fn addresses(texts: &[String]) -> Vec<Address> {
    texts.iter().map(|text| Address::parse(text.trim())).collect()
}

/// Arguments of `status`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Status {
    /// The Ingress.
    #[arg(value_name = "NS/INGRESS", value_parser = name)]
    pub(crate) ingress: Name,

    /// How the Kubernetes API is reached, by the file's current context. Without it, as the service account of the Pod.
    #[arg(long, value_name = "FILE", env = "KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Namespace of the replicas; by default that of the context.
    #[arg(long, short, value_name = "NS", env = "POD_NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Name of the Lease that the leader holds.
    #[arg(long, value_name = "NAME", default_value = "ferrik-leader")]
    pub(crate) election_id: String,

    /// Wait until every replica serves it.
    #[arg(long)]
    pub(crate) wait: bool,

    /// Seconds to wait at most.
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds, requires = "wait")]
    pub(crate) timeout: Duration,
}
