//! What the kubelet says of a pod.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use crate::network::HOST;

/// The ports on which a pod listens.
pub(super) fn ports(pod: &Pod) -> Vec<u16> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    let mut ports: Vec<u16> = ports
        .filter_map(|port| u16::try_from(port.container_port).ok())
        .collect();
    if ports.is_empty() {
        ports.push(crate::workload::PORT);
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The status of a running pod, as a patch.
pub(super) fn running(pod: &Pod, addresses: &[IpAddr], ready: bool) -> Value {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let names = pod.spec.iter().flat_map(|spec| &spec.containers);
    let containers: Vec<Value> = names
        .map(|container| {
            json!({
                "name": container.name,
                "image": container.image,
                "imageID": "",
                "ready": ready,
                "started": true,
                "restartCount": 0,
                "state": {"running": {"startedAt": now}},
            })
        })
        .collect();
    let condition = |name: &str, is: bool| json!({"type": name, "status": if is { "True" } else { "False" }, "lastTransitionTime": now});
    json!({"status": {
        "phase": "Running",
        "conditions": [
            condition("PodScheduled", true),
            condition("Initialized", true),
            condition("ContainersReady", ready),
            condition("Ready", ready),
        ],
        "hostIP": HOST,
        "podIP": addresses.first(),
        "podIPs": addresses.iter().map(|address| json!({"ip": address})).collect::<Vec<_>>(),
        "startTime": now,
        "containerStatuses": containers,
    }})
}
