//! Watches of single objects: Secrets that are no server certificates, and configuration maps, each only while something refers to
//! it.
//!
//! Listing all of them would need a role that reads every password of the cluster, and memory for every chart's release.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ferrik_config::name::{Kind, ObjectRef};
use kube::Api;
use tokio::task::AbortHandle;

use super::resource::{CONFIG_MAPS, Row, SECRETS};
use super::watch::{Shared, Watch};

/// How many are watched at the same time; each is a connection to the API server.
const MOST: usize = 256;
/// A watch goes on for so long after another one shows the same object, so that the last word is not an old one.
const LINGER: Duration = Duration::from_secs(2);

/// The running watches.
pub(crate) struct Named {
    client: kube::Client,
    shared: Shared,
    running: BTreeMap<ObjectRef, Running>,
    is_over: bool,
}

struct Running {
    task: AbortHandle,
    unwanted_since: Option<Instant>,
}

impl Named {
    pub(super) fn new(client: kube::Client, shared: Shared) -> Self {
        Self {
            client,
            shared,
            running: BTreeMap::new(),
            is_over: false,
        }
    }

    /// Watches these objects and no others. True if one is new.
    pub(crate) fn follow(&mut self, wanted: &BTreeSet<ObjectRef>) -> bool {
        let mut is_one_new = false;
        let now = Instant::now();
        self.running.retain(|object, running| {
            if wanted.contains(object) {
                running.unwanted_since = None;
                return true;
            }
            let since = *running.unwanted_since.get_or_insert(now);
            if now - since < LINGER {
                return true;
            }
            running.task.abort();
            tracing::debug!(%object, "no longer followed by name");
            false
        });
        for object in wanted.iter().filter(|object| is_name(&object.name)) {
            if self.running.len() >= MOST {
                if !std::mem::replace(&mut self.is_over, true) {
                    tracing::error!(
                        most = MOST,
                        %object,
                        "more single Secrets and ConfigMaps are referred to than can be followed; the rest counts as missing"
                    );
                }
                return is_one_new;
            }
            if !self.running.contains_key(object) {
                let task = tokio::spawn(self.watch(object).run());
                let running = Running {
                    task: task.abort_handle(),
                    unwanted_since: None,
                };
                self.running.insert(object.clone(), running);
                is_one_new = true;
            }
        }
        is_one_new
    }

    fn watch(&self, object: &ObjectRef) -> Watch {
        let row: &'static Row = if object.kind == Kind::ConfigMap {
            &CONFIG_MAPS
        } else {
            &SECRETS
        };
        let api = Api::namespaced_with(self.client.clone(), &object.namespace, row);
        let name = format!("{} {} in namespace {}", row.plural, object.name, object.namespace);
        let fields = format!("metadata.name={}", object.name);
        // What an earlier watch of it has left in the snapshot goes, should it be gone by now.
        let known = BTreeSet::from([object.clone()]);
        Watch::new(api, row, name, Some(fields), self.shared.clone(), known)
    }
}

/// What an annotation refers to may be any text; nothing that is no name is there (RFC 1123 subdomain).
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    (1..=253).contains(&text.len()) && text.bytes().all(fits)
}

impl Drop for Named {
    fn drop(&mut self) {
        for running in self.running.values() {
            running.task.abort();
        }
    }
}
