//! Metrics of the work for a cluster: the API, the watches, leadership, replicas, and what is wrong with objects.
//!
//! The binary gives them to the admin listener. The values are read from where they are known when somebody scrapes.

use std::sync::Arc;

use ferrik_config::metric::{MetricRow, MetricSource, Sample, integer};
use ferrik_config::report::Severity;
use tokio::sync::watch;

use crate::publish::Published;
use crate::replica::Roll;
use crate::source::kube::Health;

/// Every metric of the work for a cluster, in the order of the page and of the output.
pub const METRICS: &[MetricRow] = &[
    MetricRow::new(
        "ferrik_api_up",
        "gauge",
        &[],
        "1 if the Kubernetes API answered the last question, which it is asked every two seconds; else 0.",
    ),
    MetricRow::new(
        "ferrik_api_last_answer_timestamp_seconds",
        "gauge",
        &[],
        "When the Kubernetes API answered last, in seconds since 1970.",
    ),
    MetricRow::new(
        "ferrik_watches",
        "gauge",
        &["state"],
        "Watches of the Kubernetes API: `synced`, `hindered` by a failure, or `listing` for the first time.",
    ),
    MetricRow::new(
        "ferrik_leader",
        "gauge",
        &[],
        "1 if this replica leads: it writes status and Events; else 0.",
    ),
    MetricRow::new(
        "ferrik_ingress_replicas",
        "gauge",
        &["namespace", "ingress", "state"],
        "Replicas that are `serving` each Ingress as the leader knows it, and those that are `behind` or have been silent for up to two minutes; told by the leader only.",
    ),
    MetricRow::new(
        "ferrik_problems",
        "gauge",
        &["severity"],
        "Problems of the objects that are served, as `ferrik check` reports them: `error` or `warning`.",
    ),
];

/// Where the values are.
#[derive(Debug)]
pub struct Gauges {
    /// The API and the watches.
    pub health: Arc<Health>,
    /// Whether this replica leads.
    pub leading: watch::Receiver<bool>,
    /// The replicas, while this one leads.
    pub roll: watch::Receiver<Option<Roll>>,
    /// What is served.
    pub published: watch::Receiver<Published>,
}

impl MetricSource for Gauges {
    fn rows(&self) -> &'static [MetricRow] {
        METRICS
    }

    fn samples(&self, row: &MetricRow) -> Vec<Sample> {
        let of = |label: &str, number: usize| Sample::gauge(vec![label.to_owned()], integer(number));
        match row.name {
            "ferrik_api_up" => vec![Sample::gauge(vec![], self.health.is_up().into())],
            "ferrik_api_last_answer_timestamp_seconds" => {
                let answered = self.health.answered();
                answered
                    .map(|seconds| Sample::gauge(vec![], seconds))
                    .into_iter()
                    .collect()
            }
            "ferrik_watches" => {
                let counts = self.health.watches();
                vec![
                    of("synced", counts.synced),
                    of("hindered", counts.hindered),
                    of("listing", counts.listing),
                ]
            }
            "ferrik_leader" => vec![Sample::gauge(vec![], (*self.leading.borrow()).into())],
            "ferrik_ingress_replicas" => self.replicas(),
            "ferrik_problems" => {
                let report = self
                    .published
                    .borrow()
                    .output
                    .as_ref()
                    .map(|output| output.report.clone());
                let report = report.unwrap_or_default();
                let errors = report.iter().filter(|it| it.severity == Severity::Error).count();
                vec![of("error", errors), of("warning", report.iter().count() - errors)]
            }
            _ => Vec::new(),
        }
    }
}

impl Gauges {
    fn replicas(&self) -> Vec<Sample> {
        let Some(roll) = self.roll.borrow().clone().filter(|_| *self.leading.borrow()) else {
            return Vec::new();
        };
        let mut samples = Vec::new();
        for (object, serving, behind) in roll.by_ingress() {
            for (state, number) in [("serving", serving), ("behind", behind)] {
                let labels = [&*object.namespace, &*object.name, state].map(str::to_owned);
                samples.push(Sample::gauge(labels.into(), integer(number)));
            }
        }
        samples
    }
}
