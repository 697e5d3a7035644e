//! `EndpointSlices` that change, as clients notice it: not at all, unless nothing is left that could answer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ferrik_test_cluster::k8s_openapi::api::discovery::v1::EndpointSlice;
use ferrik_test_cluster::kube::api::{Api, DeleteParams, Patch, PatchParams};
use ferrik_test_cluster::{Backend, Lab, eventually, run};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::ferrik::{Ferrik, Load};
use crate::history::{History, summary};
use crate::yaml::ingress;

const HOST: &str = "a.example.org";
/// How soon the last of many changes is served.
const CAUGHT_UP: Duration = Duration::from_secs(5);

/// A Service `app` without selector, served on `HOST`, whose slices the test writes.
struct Slices {
    api: Api<EndpointSlice>,
}

impl Slices {
    async fn new(lab: &Lab) -> Self {
        lab.cluster.namespace("shop").await;
        let service = "{apiVersion: v1, kind: Service, metadata: {name: app, namespace: shop}, spec: {ports: [{name: http, port: 80}]}}";
        lab.cluster.apply(service).await;
        lab.cluster.apply(&ingress("shop", "app", HOST, "app")).await;
        Self {
            api: Api::namespaced(lab.cluster.client(), "shop"),
        }
    }

    async fn write(&self, name: &str, endpoints: &[Value]) {
        let slice = json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": name, "labels": {"kubernetes.io/service-name": "app"}},
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        });
        let (params, patch) = (PatchParams::apply("test").force(), Patch::Apply(&slice));
        self.api
            .patch(name, &params, &patch)
            .await
            .expect("the slice is accepted");
    }

    async fn delete(&self, name: &str) {
        let deleted = self.api.delete(name, &DeleteParams::default()).await;
        deleted.expect("there is such a slice");
    }
}

fn ready(backend: &Backend) -> Value {
    endpoint(backend, true, true, false)
}

fn endpoint(backend: &Backend, ready: bool, serving: bool, terminating: bool) -> Value {
    json!({
        "addresses": [backend.address().ip()],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
    })
}

/// Waits until only these pods answer, and each of them does.
async fn answered_by(ferrik: &Ferrik, pods: &[&str]) {
    let pods: BTreeSet<String> = pods.iter().map(ToString::to_string).collect();
    eventually(&format!("{pods:?} answer"), async || {
        let mut seen = BTreeSet::new();
        for _ in 0..12 {
            seen.insert(summary(Ok(ferrik.get(HOST, "/").await)));
        }
        seen == pods
    })
    .await;
}

#[test]
fn a_hundred_changes_a_second_fail_no_request_and_the_last_counts() {
    run(async |lab| {
        let mut backends = Vec::new();
        for name in ["one", "two", "three"] {
            backends.push(lab.backend("shop", name).await);
        }
        let slices = Slices::new(&lab).await;
        let names = ["app-0", "app-1", "app-2", "app-3"];
        slices.write(names[0], &[ready(&backends[0])]).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, HOST);
        let writers = names.map(async |name| {
            let mut pace = tokio::time::interval(Duration::from_millis(40));
            for round in 0..125 {
                pace.tick().await;
                // Every change takes an endpoint away and brings another, and what is there answers.
                let (one, other) = (&backends[round % 3], &backends[(round + 1) % 3]);
                slices.write(name, &[ready(one), ready(other)]).await;
            }
            slices.write(name, &[ready(&backends[1])]).await;
        });
        join_all(writers).await;
        let start = Instant::now();
        answered_by(&ferrik, &["two"]).await;
        assert!(start.elapsed() < CAUGHT_UP, "{:?}", start.elapsed());
        let sent = load.end().await;
        assert!(sent > 500, "{sent}");
    });
}

#[test]
fn a_service_of_several_slices_is_served_while_one_of_them_is_emptied_refilled_and_deleted() {
    run(async |lab| {
        let (one, two) = (lab.backend("shop", "one").await, lab.backend("shop", "two").await);
        let slices = Slices::new(&lab).await;
        slices.write("app-1", &[ready(&one)]).await;
        slices.write("app-2", &[ready(&two)]).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, HOST);
        answered_by(&ferrik, &["one", "two"]).await;
        slices.write("app-1", &[]).await;
        answered_by(&ferrik, &["two"]).await;
        slices.write("app-1", &[ready(&one)]).await;
        answered_by(&ferrik, &["one", "two"]).await;
        slices.delete("app-2").await;
        answered_by(&ferrik, &["one"]).await;
        // An endpoint that moves stands in both slices for a while, as the controller in Kubernetes does it.
        slices.write("app-3", &[ready(&one), ready(&two)]).await;
        slices.delete("app-1").await;
        answered_by(&ferrik, &["one", "two"]).await;
        load.end().await;
    });
}

#[test]
fn without_endpoints_503_is_answered_and_never_before_or_after() {
    run(async |lab| {
        let one = lab.backend("shop", "one").await;
        let slices = Slices::new(&lab).await;
        slices.write("app", &[ready(&one)]).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let history = History::start(&ferrik, HOST);
        for _ in 0..3 {
            history.shows("one").await;
            slices.write("app", &[]).await;
            history.shows("503").await;
            slices.write("app", &[ready(&one)]).await;
        }
        history.shows("one").await;
        history
            .end(&["one", "503", "one", "503", "one", "503", "one"])
            .await;
    });
}

#[test]
fn endpoints_that_terminate_are_used_only_while_none_is_ready() {
    run(async |lab| {
        let (old, new) = (lab.backend("shop", "old").await, lab.backend("shop", "new").await);
        let slices = Slices::new(&lab).await;
        let leaving = || endpoint(&old, false, true, true);
        slices.write("app", &[ready(&old)]).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let history = History::start(&ferrik, HOST);
        history.shows("old").await;
        slices.write("app", &[leaving(), ready(&new)]).await;
        history.shows("new").await;
        // The new one fails: the old one still serves, although it is about to go.
        slices
            .write("app", &[leaving(), endpoint(&new, false, false, false)])
            .await;
        history.shows("old").await;
        slices.write("app", &[leaving(), ready(&new)]).await;
        history.shows("new").await;
        // What terminates and no longer serves is of no use.
        slices.write("app", &[endpoint(&old, false, false, true)]).await;
        history.shows("503").await;
        history.end(&["old", "new", "old", "new", "503"]).await;
    });
}
