//! Who asks the API server, and the kubeconfigs that say so.
//!
//! Identities are client certificates: the API server takes user and groups from the subject, also those that a
//! `ServiceAccount`'s token would give. Only behind a relay, which ends TLS, they are tokens.

use std::path::{Path, PathBuf};

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use crate::authority::Issued;
use crate::cluster::Cluster;

/// What the administrator's token is, in the file that the API server reads.
pub(crate) const ADMIN_TOKEN: &str = "admin-token";

/// Someone who uses the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// May do everything.
    Admin,
    /// A part of the lab, such as its controllers: may do everything.
    Lab(&'static str),
    /// A program in the cluster, with the rights that it was granted.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// People who may edit one namespace, with Kubernetes's own role `edit`.
    Team {
        /// The namespace.
        namespace: String,
    },
}

impl Identity {
    /// A program in the cluster.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::ServiceAccount {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The people of a namespace.
    pub fn team(namespace: &str) -> Self {
        Self::Team {
            namespace: namespace.to_owned(),
        }
    }

    /// The user's name, as RBAC and the audit log have it.
    pub fn user(&self) -> String {
        match self {
            Self::Admin => "admin".to_owned(),
            Self::Lab(part) => format!("lab-{part}"),
            Self::ServiceAccount { namespace, name } => format!("system:serviceaccount:{namespace}:{name}"),
            Self::Team { namespace } => format!("team-{namespace}"),
        }
    }

    pub(crate) fn groups(&self) -> Vec<String> {
        match self {
            Self::Admin | Self::Lab(_) => vec!["system:masters".to_owned()],
            Self::ServiceAccount { namespace, .. } => vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
            ],
            Self::Team { .. } => Vec::new(),
        }
    }

    /// The namespace that kubectl means when none is named.
    fn namespace(&self) -> &str {
        match self {
            Self::Admin | Self::Lab(_) => "default",
            Self::ServiceAccount { namespace, .. } | Self::Team { namespace } => namespace,
        }
    }

    pub(crate) fn file(&self) -> String {
        self.user().replace(':', "-")
    }
}

impl Cluster {
    /// A kubeconfig of this identity. A team is bound to its namespace; an account need not exist.
    pub async fn kubeconfig(&self, identity: &Identity) -> PathBuf {
        let path = self.file(&identity.file());
        if path.exists() {
            return path;
        }
        if let Identity::Team { namespace } = identity {
            self.bind_team(namespace, &identity.user()).await;
        }
        let issued = self.parts.authority.client(&identity.user(), &identity.groups());
        write_with_certificate(self.parts.home.path(), identity, &self.server_address(), &issued)
    }

    /// A kubeconfig with a token, for another server than the API server.
    pub(crate) async fn kubeconfig_with_token(
        &self,
        identity: &Identity,
        file: &str,
        server: &str,
    ) -> PathBuf {
        let token = match identity {
            Identity::Admin => ADMIN_TOKEN.to_owned(),
            Identity::ServiceAccount { namespace, name } => self.token(namespace, name).await,
            Identity::Team { .. } | Identity::Lab(_) => panic!("{} has no token", identity.user()),
        };
        let user = json!({"token": token});
        write(self.parts.home.path(), file, server, identity.namespace(), &user)
    }

    async fn token(&self, namespace: &str, name: &str) -> String {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let request = accounts
            .create_token_request(name, &PostParams::default(), &TokenRequest::default())
            .await;
        let request = request.expect("the ServiceAccount exists");
        let token = request.status.and_then(|status| status.token);
        token.expect("the API server issues tokens")
    }

    /// A client of this identity.
    pub async fn client_as(&self, identity: &Identity) -> Client {
        client(&self.kubeconfig(identity).await).await
    }
}

/// A client for a kubeconfig.
pub(crate) async fn client(kubeconfig: &Path) -> Client {
    let parsed = Kubeconfig::read_from(kubeconfig).expect("the kubeconfig is one");
    let mut config = Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default())
        .await
        .expect("the kubeconfig is complete");
    // One that the environment names is not reachable from the lab.
    config.proxy_url = None;
    // By default kube repeats what got 429, 503 or 504 for minutes, out of sight: here faults are to be seen.
    config.default_retry = false;
    Client::try_from(config).expect("the kubeconfig makes a client")
}

/// A kubeconfig with a client certificate, in the file that is called like the user.
pub(crate) fn write_with_certificate(
    folder: &Path,
    identity: &Identity,
    server: &str,
    issued: &Issued,
) -> PathBuf {
    let file = identity.file();
    let (certificate, key) = (
        folder.join(format!("{file}.crt")),
        folder.join(format!("{file}.key")),
    );
    for (path, text) in [(&certificate, &issued.certificate), (&key, &issued.key)] {
        std::fs::write(path, text).expect("the folder is writable");
    }
    let user = json!({"client-certificate": certificate, "client-key": key});
    write(folder, &file, server, identity.namespace(), &user)
}

/// A kubeconfig. JSON is YAML.
pub(crate) fn write(folder: &Path, file: &str, server: &str, namespace: &str, user: &Value) -> PathBuf {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": {"server": server, "certificate-authority": folder.join("ca.crt")}}],
        "users": [{"name": "lab", "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab", "namespace": namespace}}],
        "current-context": "lab",
    });
    let path = folder.join(file);
    std::fs::write(&path, config.to_string()).expect("the folder is writable");
    path
}
