//! Where account, steps and certificates are kept: in Secrets of a cluster, or in a folder of files.
//!
//! Both keep the same objects, which every replica sees through its source of objects as any other Secret. A Secret that
//! somebody else made is never written.

mod cluster;
mod folder;
mod newer;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ferrik_config::acme::{ACME, ANSWERS, Answers, SERVER};
use ferrik_config::name::ObjectRef;
use serde_json::{Value, json};

use super::entry::{Entries, Entry};
use super::order::{Failure, Kind};
use crate::source::kube::Cluster;
use cluster::Secrets;
use folder::Folder;

/// A Secret holds a megabyte; from here on, in bytes, errors are not kept.
const FULL: usize = 700_000;
/// Keys of the account's Secret, beside the thumbprint that translation reads.
const ACCOUNT: &str = "account.json";
const STATE: &str = "state.json";

/// Where everything is kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the cluster, with the account in this Secret.
    Cluster(Cluster, (Arc<str>, Arc<str>)),
    /// In a folder of this machine, with the account's object under this name.
    Folder(PathBuf, (Arc<str>, Arc<str>)),
}

/// The account as it is kept.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// Directory of the authority that it is with.
    pub(super) server: String,
    /// As the protocol library writes it; it holds the account's key.
    pub(super) credentials: String,
    /// Of the account's key.
    pub(super) thumbprint: String,
}

/// Everything that is in the account's Secret.
#[derive(Clone, Default)]
pub(super) struct Kept {
    pub(super) account: Option<Account>,
    pub(super) entries: Entries,
    /// What every replica answers in handshakes.
    pub(super) answers: Answers,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept(..)")
    }
}

/// An open store.
pub(super) enum Store {
    Cluster(Box<Secrets>),
    Folder(Folder),
}

impl Store {
    /// Opens it and reads what is there.
    pub(super) async fn open(place: &Place) -> Result<(Self, Kept), Failure> {
        match place {
            Place::Cluster(cluster, account) => {
                let mut secrets = Secrets::new(cluster.client.clone(), account.clone());
                let kept = secrets.load().await?;
                Ok((Self::Cluster(secrets.into()), kept))
            }
            Place::Folder(path, account) => {
                let folder = Folder::open(path, account.clone())?;
                let kept = folder.load()?;
                Ok((Self::Folder(folder), kept))
            }
        }
    }

    /// Keeps account and entries. Fails if another process has written since this one has read.
    pub(super) async fn save(&mut self, kept: &Kept) -> Result<(), Failure> {
        let data = kept.data();
        match self {
            Self::Cluster(secrets) => secrets.save(data).await,
            Self::Folder(folder) => folder.save(&data),
        }
    }

    /// Whether a certificate could be kept under this name.
    pub(super) async fn check(
        &self,
        secret: &ObjectRef,
        owners: &[(ObjectRef, Arc<str>)],
    ) -> Result<(), Failure> {
        match self {
            Self::Cluster(secrets) => secrets.check(secret, owners).await,
            Self::Folder(_) => Ok(()),
        }
    }

    /// Adds these Ingresses to the owners of a certificate that is kept, beside those that it has.
    pub(super) async fn add_owners(
        &self,
        secret: &ObjectRef,
        owners: &[(ObjectRef, Arc<str>)],
    ) -> Result<(), Failure> {
        match self {
            Self::Cluster(secrets) => secrets.add_owners(secret, owners).await,
            Self::Folder(_) => Ok(()),
        }
    }

    /// Keeps a certificate. `owners` are the Ingresses that it goes with, by uid.
    pub(super) async fn store(
        &self,
        secret: &ObjectRef,
        owners: &[(ObjectRef, Arc<str>)],
        server: &str,
        chain: &str,
        key: &str,
    ) -> Result<(), Failure> {
        let object = object(secret, server, chain, key);
        match self {
            Self::Cluster(secrets) => secrets.store(secret, owners, object).await,
            Self::Folder(folder) => folder.write(&secret.namespace, &secret.name, &object),
        }
    }
}

impl Kept {
    fn data(&self) -> BTreeMap<&'static str, String> {
        let account = self.account.clone().unwrap_or_default();
        let mut data = BTreeMap::from([
            (ACCOUNT, account.credentials),
            ("server", account.server),
            (ferrik_config::acme::THUMBPRINT, account.thumbprint),
            (STATE, self.state()),
        ]);
        if self.answers != Answers::default() {
            data.insert(ANSWERS, serde_json::to_string(&self.answers).unwrap_or_default());
        }
        data
    }

    fn state(&self) -> String {
        let write = |entries: &Entries| serde_json::to_string(entries).unwrap_or_default();
        let whole = write(&self.entries);
        if whole.len() < FULL {
            return whole;
        }
        let mut entries = self.entries.clone();
        for entry in entries.values_mut() {
            entry.error = None;
        }
        write(&entries)
    }

    /// Reads it back. What cannot be read counts as if it were not there: an account can be made again.
    fn read(text: impl Fn(&str) -> Option<String>) -> Self {
        let field = |name| text(name).unwrap_or_default();
        let account = Account {
            server: field("server"),
            credentials: field(ACCOUNT),
            thumbprint: field(ferrik_config::acme::THUMBPRINT),
        };
        let entries = serde_json::from_str::<BTreeMap<String, Entry>>(&field(STATE));
        Self {
            account: Some(account).filter(|account| !account.credentials.is_empty()),
            entries: entries.unwrap_or_default(),
            answers: Answers::read(field(ANSWERS).as_bytes()),
        }
    }
}

fn object(secret: &ObjectRef, server: &str, chain: &str, key: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "namespace": &*secret.namespace,
            "name": &*secret.name,
            "labels": {ACME: "true", "app.kubernetes.io/managed-by": "ferrik"},
            "annotations": {SERVER: server},
        },
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": chain, "tls.key": key},
    })
}

fn failure(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Store, message)
}
