//! The life of one pod: bound, started, ready, told to leave, gone.
//!
//! Annotations of a pod change how it leaves: `lab/linger-ms` is how long nothing may come before it goes (1000), and
//! `lab/terminating: serving` keeps it ready while it leaves, as a readiness probe that still succeeds does.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::watch::{self, error::RecvError};

use super::{NODE, status};
use crate::application::Application;
use ferrik_test_process::LOOK;

const LINGER: &str = "lab/linger-ms";
const TERMINATING: &str = "lab/terminating";

/// Lives a pod until it has left or is gone.
pub(super) async fn live(client: Client, mut seen: watch::Receiver<Pod>, addresses: Vec<IpAddr>) {
    let pod = seen.borrow().clone();
    let (name, namespace) = (pod.name_any(), pod.namespace().unwrap_or_default());
    let body = Body {
        pods: Api::namespaced(client, &namespace),
        pod,
        addresses,
    };
    if body.foreign() {
        return;
    }
    let ports = status::ports(&body.pod);
    let sockets = body.addresses.iter();
    let sockets: Vec<SocketAddr> = sockets
        .flat_map(|ip| ports.iter().map(|port| SocketAddr::new(*ip, *port)))
        .collect();
    let application = Application::start(&namespace, &name, &sockets).await;
    body.bind().await;
    if body.stay(&mut seen).await.is_err() {
        return;
    }
    let serving = annotation(&body.pod, TERMINATING).is_some_and(|value| value == "serving");
    body.report(serving).await;
    body.drain(&application).await;
    drop(application);
    body.delete().await;
}

struct Body {
    pods: Api<Pod>,
    pod: Pod,
    addresses: Vec<IpAddr>,
}

impl Body {
    /// Whether the pod belongs to another node.
    fn foreign(&self) -> bool {
        let node = self.pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
        node.is_some_and(|node| node != NODE)
    }

    async fn bind(&self) {
        if self
            .pod
            .spec
            .as_ref()
            .is_some_and(|spec| spec.node_name.is_some())
        {
            return;
        }
        let name = self.pod.name_any();
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
            "target": {"kind": "Node", "name": NODE},
        });
        let params = PostParams::default();
        persist(async || {
            let bound = self.pods.create_subresource("binding", &name, &params, &binding);
            bound.await.map(|_: Value| ())
        })
        .await;
    }

    async fn report(&self, ready: bool) {
        let name = self.pod.name_any();
        let params = PatchParams::default();
        let patch = Patch::Strategic(status::running(&self.pod, &self.addresses, ready));
        persist(async || self.pods.patch_status(&name, &params, &patch).await.map(drop)).await;
    }

    /// Returns once the pod is being deleted; fails if it is gone. A report that storage has forgotten is repeated.
    async fn stay(&self, seen: &mut watch::Receiver<Pod>) -> Result<(), RecvError> {
        loop {
            let pod = seen.borrow_and_update().clone();
            if pod.metadata.deletion_timestamp.is_some() {
                return Ok(());
            }
            let reported = pod.status.and_then(|status| status.pod_ip);
            if reported != self.addresses.first().map(ToString::to_string) {
                self.report(true).await;
            }
            seen.changed().await?;
        }
    }

    /// Serves what still comes, until nothing has come for a while, and no longer than the grace period.
    async fn drain(&self, application: &Application) {
        application.leave();
        let grace = self.pod.metadata.deletion_grace_period_seconds;
        let spec = self.pod.spec.as_ref();
        let grace = grace
            .or(spec.and_then(|spec| spec.termination_grace_period_seconds))
            .unwrap_or(30);
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
        let linger = annotation(&self.pod, LINGER).and_then(|value| value.parse().ok());
        let linger = Duration::from_millis(linger.unwrap_or(1000));
        let start = Instant::now();
        while start.elapsed() < grace && (start.elapsed() < linger || application.idle() < linger) {
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn delete(&self) {
        let name = self.pod.name_any();
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: self.pod.uid(),
                resource_version: None,
            }),
            ..DeleteParams::default().grace_period(0)
        };
        persist(async || self.pods.delete(&name, &params).await.map(drop)).await;
    }
}

/// Repeats a request while the API server has a fault; that the pod is gone or has changed is no fault.
async fn persist<F: Future<Output = Result<(), kube::Error>>>(mut request: impl FnMut() -> F) {
    loop {
        match request().await {
            Ok(()) => return,
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409 | 422) => return,
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

fn annotation(pod: &Pod, name: &str) -> Option<String> {
    pod.annotations().get(name).cloned()
}
