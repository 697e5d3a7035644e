//! Services with something behind them.

use std::net::SocketAddr;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::application::Application;
use crate::lab::Lab;
use ferrik_test_process::eventually;

/// The port on which applications listen.
pub(crate) const PORT: u16 = 8080;

/// The label that ties a slice to its Service.
const SERVICE: &str = "kubernetes.io/service-name";

/// An application with a Service and a handwritten EndpointSlice, without pods. It ends with the value.
pub struct Backend {
    application: Application,
    address: SocketAddr,
}

impl Backend {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests have come so far.
    pub fn requests(&self) -> usize {
        self.application.requests()
    }
}

impl Lab {
    /// A Service with port 80, named `http`, and one endpoint that answers; its pod is called like the Service.
    pub async fn backend(&self, namespace: &str, name: &str) -> Backend {
        let ip = self.addresses.next(false)[0];
        let address = SocketAddr::new(ip, PORT);
        let application = Application::start(namespace, name, &[address]).await;
        self.cluster.namespace(namespace).await;
        self.service(namespace, name, &Value::Null).await;
        let slice = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": name, "labels": {SERVICE: name}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [ip], "conditions": {"ready": true, "serving": true, "terminating": false}}],
            "ports": [{"name": "http", "port": PORT, "protocol": "TCP"}],
        });
        self.cluster
            .put_in::<EndpointSlice>(namespace, name, &slice)
            .await;
        Backend { application, address }
    }

    /// A Deployment with a Service with port 80, named `http`. Returns once that many endpoints are ready. Called again, it
    /// scales.
    pub async fn deployment(&self, namespace: &str, name: &str, replicas: usize) {
        self.cluster.namespace(namespace).await;
        let labels = json!({"app": name});
        self.service(namespace, name, &labels).await;
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{
                        "name": "app", "image": "lab", "ports": [{"name": "http", "containerPort": PORT}],
                    }]},
                },
            },
        });
        self.cluster
            .put_in::<Deployment>(namespace, name, &deployment)
            .await;
        eventually("the Deployment's endpoints are ready", async || {
            self.endpoints(namespace, name).await.len() == replicas
        })
        .await;
    }

    /// Replaces all pods of a Deployment, as a new image does. Returns once only new ones are ready.
    pub async fn rollout(&self, namespace: &str, name: &str) {
        let deployments: Api<Deployment> = Api::namespaced(self.cluster.client(), namespace);
        let before = self.endpoints(namespace, name).await;
        // What `kubectl rollout restart` writes has seconds, and two within one change nothing.
        let now = Timestamp::now().to_string();
        let template = json!({"metadata": {"annotations": {"lab/rollout": now}}});
        let patch = Patch::Merge(json!({"spec": {"template": template}}));
        let patched = deployments.patch(name, &PatchParams::default(), &patch).await;
        patched.expect("there is such a Deployment");
        eventually("the rollout is done", async || {
            let deployment = deployments.get(name).await;
            let now = self.endpoints(namespace, name).await;
            deployment.is_ok_and(|deployment| is_complete(&deployment, now.len()))
                && now.iter().all(|address| !before.contains(address))
        })
        .await;
    }

    /// The addresses of a Service that are ready, in order; none while the API does not answer.
    pub async fn endpoints(&self, namespace: &str, service: &str) -> Vec<SocketAddr> {
        let slices: Api<EndpointSlice> = Api::namespaced(self.cluster.client(), namespace);
        let of_service = ListParams::default().labels(&format!("{SERVICE}={service}"));
        let slices = slices.list(&of_service).await;
        let slices = slices.map(|list| list.items).unwrap_or_default();
        let mut ready: Vec<SocketAddr> = slices.iter().flat_map(ready).collect();
        ready.sort_unstable();
        ready
    }

    async fn service(&self, namespace: &str, name: &str, selector: &Value) {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": PORT}]},
        });
        self.cluster.put_in::<Service>(namespace, name, &service).await;
    }
}

/// Whether the controller has seen the newest template, and all pods are of it.
fn is_complete(deployment: &Deployment, ready: usize) -> bool {
    let Some(status) = &deployment.status else {
        return false;
    };
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    status.observed_generation == deployment.metadata.generation
        && [
            status.replicas,
            status.updated_replicas,
            status.available_replicas,
            i32::try_from(ready).ok(),
        ]
        .iter()
        .all(|count| count.unwrap_or(0) == wanted.unwrap_or(1))
}

/// The ready addresses of one slice, with its first port.
fn ready(slice: &EndpointSlice) -> impl Iterator<Item = SocketAddr> {
    let mut ports = slice.ports.iter().flatten();
    let port = ports.find_map(|port| u16::try_from(port.port?).ok());
    let port = port.unwrap_or(PORT);
    let endpoints = slice.endpoints.iter().flatten();
    endpoints
        .filter(|endpoint| {
            let conditions = endpoint.conditions.as_ref();
            conditions.and_then(|conditions| conditions.ready) != Some(false)
        })
        .flat_map(|endpoint| &endpoint.addresses)
        .filter_map(move |address| Some(SocketAddr::new(address.parse().ok()?, port)))
}
