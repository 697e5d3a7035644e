//! Objects from a Kubernetes API: one watch for each kind, folded into the latest state of each object.
//!
//! The publish loop takes changes from [`Source::mailbox`] and says which single objects it needs. Nothing is judged here.

mod depth;
mod failure;
mod health;
mod mailbox;
mod named;
mod observed;
mod progress;
mod pulse;
mod resource;
mod watch;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use k8s_openapi::api::coordination::v1::Lease;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

pub(crate) use failure::chain;
pub use health::Health;
pub(crate) use mailbox::{Changes, Mailbox};
pub(crate) use named::Named;
pub(crate) use observed::{Facts, Parsed};
pub(crate) use progress::Progress;

use resource::ROWS;
use watch::{Shared, Watch};

/// Why there is no way to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The file cannot be used.
    #[error("the kubeconfig {path}: {why}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// There is no service account.
    #[error("not running in a cluster: {0}; name a folder with --files or a file with --kubeconfig")]
    Outside(String),
    /// The certificates or the key cannot be used.
    #[error("the connection to the API: {0}")]
    Client(String),
}

/// A way to a cluster.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    /// Where objects of our own live if nobody says otherwise.
    pub(crate) namespace: Arc<str>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster({})", self.namespace)
    }
}

impl Cluster {
    /// The namespace of the kubeconfig's context, or of the Pod.
    pub fn namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    /// By this kubeconfig's current context, or as the service account of the Pod. Nothing is asked yet. Needs a tokio
    /// runtime.
    pub async fn connect(kubeconfig: Option<&Path>) -> Result<Self, ConnectError> {
        let mut config = match kubeconfig {
            Some(path) => {
                let wrong = |error: &dyn std::error::Error| ConnectError::Kubeconfig {
                    path: path.display().to_string(),
                    why: chain(error),
                };
                let file = Kubeconfig::read_from(path).map_err(|error| wrong(&error))?;
                let options = KubeConfigOptions::default();
                Config::from_custom_kubeconfig(file, &options)
                    .await
                    .map_err(|error| wrong(&error))?
            }
            None => Config::incluster().map_err(|error| ConnectError::Outside(chain(&error)))?,
        };
        // A refusal that is waited out inside the client is one that nobody sees.
        config.default_retry = false;
        let namespace = config.default_namespace.as_str().into();
        let client = Client::try_from(config).map_err(|error| ConnectError::Client(chain(&error)))?;
        Ok(Self { client, namespace })
    }
}

/// What is watched, who we are, and the name of the Lease of the leader, whose list also tells how the cluster is.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Only these namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// Namespace of our own objects.
    pub own_namespace: Arc<str>,
    /// Name of the Lease of the leader.
    pub lease: Arc<str>,
    /// Name of this process, different from that of every other one.
    pub identity: Arc<str>,
}

/// Running watches; they end with the value.
pub(crate) struct Source {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) named: Named,
    tasks: tokio::task::JoinSet<()>,
}

impl Source {
    /// Starts every watch.
    pub(crate) fn start(
        cluster: &Cluster,
        scope: &Scope,
        seen: tokio::sync::watch::Sender<Option<Lease>>,
        health: &Arc<Health>,
    ) -> Self {
        let (beats, beat) = tokio::sync::watch::channel(0);
        let shared = Shared {
            mailbox: Arc::default(),
            progress: Arc::default(),
            beat,
        };
        health.follow(&shared.progress);
        let client = &cluster.client;
        let mut tasks = tokio::task::JoinSet::new();
        for row in ROWS {
            if scope.namespaces.is_empty() || row.is_cluster_scoped() {
                let name = match row.fields {
                    Some(fields) => format!("{} ({fields})", row.resource()),
                    None => row.resource(),
                };
                let api = Api::all_with(client.clone(), row);
                let fields = row.fields.map(str::to_owned);
                tasks.spawn(Watch::new(api, row, name, fields, shared.clone(), BTreeSet::new()).run());
                continue;
            }
            for namespace in &scope.namespaces {
                let name = format!("{} in namespace {namespace}", row.resource());
                let api = Api::namespaced_with(client.clone(), namespace, row);
                let fields = row.fields.map(str::to_owned);
                tasks.spawn(Watch::new(api, row, name, fields, shared.clone(), BTreeSet::new()).run());
            }
        }
        let (namespace, lease) = (scope.own_namespace.clone(), scope.lease.clone());
        tasks.spawn(pulse::run(
            client.clone(),
            namespace,
            lease,
            beats,
            seen,
            health.clone(),
        ));
        Self {
            named: Named::new(client.clone(), shared.clone()),
            mailbox: shared.mailbox,
            progress: shared.progress,
            tasks,
        }
    }

    /// Waits until a task ends, which only a panic makes it do.
    pub(crate) async fn ended(&mut self) {
        while let Some(result) = self.tasks.join_next().await {
            if let Err(error) = result
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }
}
