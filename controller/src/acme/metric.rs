//! Metrics of certificates that are asked for: told by the leader, who alone asks.

use ferrik_config::metric::{MetricRow, MetricSource, Sample};
use tokio::sync::watch;

use super::told::State;

/// Every metric of the work with an authority, in the order of the page and of the output.
pub const METRICS: &[MetricRow] = &[
    MetricRow::new(
        "ferrik_acme_issued",
        "counter",
        &[],
        "Certificates that an authority issued since this replica leads.",
    ),
    MetricRow::new(
        "ferrik_acme_failures",
        "counter",
        &["reason"],
        "Orders that failed since this replica leads: `preflight` (the host does not lead here), `answer` (a \
         replica does not have the answer for the authority), `refused`, `rate_limited`, \
         `unreachable`, `slow`, `budget` (our own), `account` or `store`.",
    ),
    MetricRow::new(
        "ferrik_acme_failures_in_a_row",
        "gauge",
        &["namespace", "secret"],
        "Failed orders of each certificate since the last one that succeeded; told by the leader only.",
    ),
    MetricRow::new(
        "ferrik_acme_next_order_timestamp_seconds",
        "gauge",
        &["namespace", "secret"],
        "When each certificate is ordered or renewed next, in seconds since 1970; told by the leader only.",
    ),
];

/// Where the values are.
#[derive(Debug)]
pub struct Gauges(
    /// How the certificates stand.
    pub watch::Receiver<State>,
);

impl MetricSource for Gauges {
    fn rows(&self) -> &'static [MetricRow] {
        METRICS
    }

    fn samples(&self, row: &MetricRow) -> Vec<Sample> {
        let state = self.0.borrow();
        let each = |value: fn(&super::Standing) -> i64| -> Vec<Sample> {
            let of = |standing: &super::Standing| {
                let secret = &standing.secret;
                let labels = vec![secret.namespace.to_string(), secret.name.to_string()];
                Sample::gauge(labels, value(standing))
            };
            state.standings.iter().map(of).collect()
        };
        match row.name {
            "ferrik_acme_issued" => vec![Sample::counter(vec![], state.issued)],
            "ferrik_acme_failures" => {
                let counts = state.failed.iter();
                counts
                    .map(|(reason, count)| Sample::counter(vec![(*reason).to_owned()], *count))
                    .collect()
            }
            "ferrik_acme_failures_in_a_row" => each(|standing| standing.failures.into()),
            "ferrik_acme_next_order_timestamp_seconds" => each(|standing| standing.next),
            _ => Vec::new(),
        }
    }
}
