//! Endpoints that keep changing: one slice of a Service that is routed to, a hundred times in a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use ferrik_test_cluster::Lab;
use ferrik_test_cluster::k8s_openapi::api::discovery::v1::EndpointSlice;
use ferrik_test_cluster::kube::Api;
use ferrik_test_cluster::kube::api::{Patch, PatchParams};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::process::Ferrik;

/// Between two changes.
const PACE: Duration = Duration::from_millis(10);
/// For how long it is looked what churn costs.
const LOOK: Duration = Duration::from_secs(5);

/// Changes that go on until they are ended.
pub(crate) struct Churn {
    stop: Arc<AtomicBool>,
    task: JoinHandle<anyhow::Result<usize>>,
}

impl Churn {
    /// Adds and removes a second endpoint, which nobody asks for anything.
    pub(crate) fn start(lab: &Lab, namespace: &str, slice: &'static str, home: &str) -> Self {
        let api: Api<EndpointSlice> = Api::namespaced(lab.cluster.client(), namespace);
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, home) = (stop.clone(), home.to_owned());
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PACE);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut changes = 0;
            while !ended.load(Relaxed) {
                ticks.tick().await;
                let mut endpoints = vec![json!({"addresses": [&home], "conditions": {"ready": true}})];
                if changes % 2 == 0 {
                    endpoints.push(json!({"addresses": ["10.244.250.1"], "conditions": {"ready": true}}));
                }
                let patch = Patch::Merge(json!({"endpoints": endpoints}));
                api.patch(slice, &PatchParams::default(), &patch).await?;
                changes += 1;
            }
            Ok(changes)
        });
        Self { stop, task }
    }

    /// The share of a processor that the process uses for it.
    pub(crate) async fn cost(&self, ferrik: &Ferrik) -> anyhow::Result<f64> {
        let (start, before) = (Instant::now(), ferrik.processor()?);
        tokio::time::sleep(LOOK).await;
        let used = ferrik.processor()?.saturating_sub(before);
        Ok(used.as_secs_f64() / start.elapsed().as_secs_f64())
    }

    /// Ends it. An error if the changes did not keep their pace.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.stop.store(true, Relaxed);
        let changes = self.task.await??;
        anyhow::ensure!(changes > 0, "nothing changed");
        Ok(())
    }
}
