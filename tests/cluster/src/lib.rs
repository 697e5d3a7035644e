//! A real Kubernetes API for tests: etcd, kube-apiserver and kube-controller-manager, each test in a network namespace of
//! its own, so that addresses and ports never collide and nothing is left on the machine.
//!
//! The tests in `tests/lab` use it. It asserts nothing about the product; a panic here is a stage that could not be set.
//! There are no containers and no scheduler: pods are tasks of the test's process that answer HTTP on an address of their
//! own.
//!
//! ```no_run
//! ferrik_test_cluster::run(async |lab| {
//!     let shop = lab.backend("default", "shop").await;
//!     lab.cluster.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}").await;
//! });
//! ```

mod application;
mod authority;
mod binary;
mod cluster;
mod identity;
mod lab;
mod names;
mod network;
mod node;
mod pod;
mod relay;
mod workload;

// The versions that the clients here are of: the root package itself may not depend on them.
pub use k8s_openapi;
pub use kube;

pub use cluster::{Cluster, Options, Snapshot};
pub use ferrik_test_process::{PATIENCE, eventually, within};
pub use identity::Identity;
pub use lab::{Lab, run, run_with};
pub use node::Node;
pub use relay::Relay;
pub use workload::Backend;
