//! The kubelet of the lab: one node, `lab-node`, on which every pod runs as soon as it is made.
//!
//! A pod is an application in this process, with an address of its own; images and commands are not looked at. There are
//! no probes, no volumes and no logs.

mod life;
mod status;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cluster::Cluster;
use crate::identity::Identity;
use crate::network::{AddressPool, HOST};
use ferrik_test_process::LOOK;

/// The only node.
pub(crate) const NODE: &str = "lab-node";

/// The server ends a watch after so many seconds: what a fault made us miss is seen at the latest then.
const WATCH_SECONDS: u32 = 20;

/// Runs pods for as long as it is polled.
pub(crate) async fn run(cluster: Cluster, addresses: Arc<AddressPool>) {
    let client = cluster.client_as(&Identity::Lab("kubelet")).await;
    let mut kubelet = Kubelet {
        client,
        addresses,
        dual_stack: cluster.parts.options.dual_stack,
        pods: HashMap::new(),
        lives: JoinSet::new(),
    };
    loop {
        // After a restore, revisions that we have seen lie in the future, and a watch from there is silent.
        let restored = cluster.parts.restored.notified();
        tokio::select! {
            // The end of a watch, or a fault of the API server, which passes.
            _ = kubelet.follow() => {}
            () = restored => {}
        }
        tokio::time::sleep(LOOK).await;
    }
}

struct Kubelet {
    client: Client,
    addresses: Arc<AddressPool>,
    dual_stack: bool,
    /// By uid: where the tasks of pods learn what became of them.
    pods: HashMap<String, watch::Sender<Pod>>,
    lives: JoinSet<()>,
}

impl Kubelet {
    /// Sees to all pods, and to all changes until the watch ends.
    async fn follow(&mut self) -> Result<(), kube::Error> {
        register(&self.client).await?;
        let pods: Api<Pod> = Api::all(self.client.clone());
        let list = pods.list(&ListParams::default()).await?;
        let version = list.metadata.resource_version.unwrap_or_default();
        let there: Vec<String> = list.items.iter().filter_map(ResourceExt::uid).collect();
        // The sender's end tells the pod's task that the pod is gone.
        self.pods.retain(|uid, _| there.contains(uid));
        for pod in list.items {
            self.see(pod);
        }
        let params = WatchParams::default().timeout(WATCH_SECONDS);
        let mut events = std::pin::pin!(pods.watch(&params, &version).await?);
        while let Some(event) = events.try_next().await? {
            match event {
                WatchEvent::Added(pod) | WatchEvent::Modified(pod) => self.see(pod),
                WatchEvent::Deleted(pod) => {
                    self.pods.remove(&pod.uid().unwrap_or_default());
                }
                WatchEvent::Bookmark(_) => {}
                // The history is gone: what is true now is listed anew.
                WatchEvent::Error(_) => break,
            }
        }
        Ok(())
    }

    fn see(&mut self, pod: Pod) {
        let Some(uid) = pod.uid() else { return };
        if let Some(known) = self.pods.get(&uid) {
            known.send_replace(pod);
            return;
        }
        let (sender, receiver) = watch::channel(pod);
        self.pods.insert(uid, sender);
        let addresses = self.addresses.next(self.dual_stack);
        self.lives
            .spawn(life::live(self.client.clone(), receiver, addresses));
    }
}

/// Makes the node, and says that it is ready: nobody else would.
async fn register(client: &Client) -> Result<(), kube::Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let as_kubelet = PatchParams::apply("lab-kubelet").force();
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}},
    });
    let status = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE},
        "status": {
            "addresses": [{"type": "InternalIP", "address": HOST}, {"type": "Hostname", "address": NODE}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "capacity": {"pods": "1000"},
            "allocatable": {"pods": "1000"},
        },
    });
    nodes.patch(NODE, &as_kubelet, &Patch::Apply(&node)).await?;
    nodes
        .patch_status(NODE, &as_kubelet, &Patch::Apply(&status))
        .await?;
    Ok(())
}
