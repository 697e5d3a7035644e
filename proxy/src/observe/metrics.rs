//! Metrics as rows, and their encoding for Prometheus.
//!
//! The values are read from where they are counted when somebody scrapes; nothing is counted here.

use std::sync::{Arc, Mutex, PoisonError};

use ferrik_config::metric::{MetricRow, MetricSource, Sample, Value, integer};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry as Prometheus;

use super::stats::Reading;
use crate::listen::{Cut, HandshakeFailure, Refusal, Registry};
use crate::tables::Tables;

const OWNER: &[&str] = &["namespace", "ingress", "service"];

/// Every metric of the data plane, in the order of the page and of the output.
pub const METRICS: &[MetricRow] = &[
    MetricRow::new(
        "ferrik_requests",
        "counter",
        &["namespace", "ingress", "service", "status"],
        "Requests by the status of their answer; without labels those that no route served.",
    ),
    MetricRow::new(
        "ferrik_requests_by_engine",
        "counter",
        &["engine"],
        "Requests by the engine that served them, named as in `--http1-engine`; the lane serves no HTTP/2.",
    ),
    MetricRow::new(
        "ferrik_request_duration_seconds",
        "histogram",
        OWNER,
        "From the request's head to the end of the answer.",
    ),
    MetricRow::new(
        "ferrik_request_body_bytes",
        "counter",
        OWNER,
        "Bytes of request bodies.",
    ),
    MetricRow::new(
        "ferrik_response_body_bytes",
        "counter",
        OWNER,
        "Bytes of response bodies.",
    ),
    MetricRow::new(
        "ferrik_upstream_retries",
        "counter",
        OWNER,
        "Further endpoints that were asked after one failed.",
    ),
    MetricRow::new(
        "ferrik_own_answers",
        "counter",
        &["reason"],
        "Requests that the proxy answered itself, by reason.",
    ),
    MetricRow::new(
        "ferrik_connections",
        "gauge",
        &[],
        "Connections from clients that are open.",
    ),
    MetricRow::new(
        "ferrik_connections_accepted",
        "counter",
        &[],
        "Connections from clients that were accepted.",
    ),
    MetricRow::new(
        "ferrik_connections_refused",
        "counter",
        &["reason"],
        "Connections that were closed at once because of a limit.",
    ),
    MetricRow::new(
        "ferrik_connections_cut",
        "counter",
        &["phase"],
        "Connections that a deadline ended, by what they were waiting for.",
    ),
    MetricRow::new(
        "ferrik_accept_errors",
        "counter",
        &[],
        "Failures to accept a connection, mostly for lack of file descriptors.",
    ),
    MetricRow::new(
        "ferrik_tls_handshake_failures",
        "counter",
        &["reason"],
        "TLS handshakes that failed.",
    ),
    MetricRow::new(
        "ferrik_config_generation",
        "gauge",
        &[],
        "Counts the tables that were put into service since the start.",
    ),
    MetricRow::new(
        "ferrik_config_applied_timestamp_seconds",
        "gauge",
        &[],
        "When the table that is served was put into service, in seconds since 1970.",
    ),
    MetricRow::new(
        "ferrik_config_hosts",
        "gauge",
        &[],
        "Hosts in the table that is served.",
    ),
    MetricRow::new(
        "ferrik_endpoints",
        "gauge",
        &["namespace", "service", "port"],
        "Endpoints of each service port that is routed to.",
    ),
    MetricRow::new(
        "ferrik_certificate_expiry_seconds",
        "gauge",
        &["namespace", "secret"],
        "When each certificate in use ends, in seconds since 1970.",
    ),
];

/// Where the values are.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) tables: Arc<Tables>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) others: Others,
}

/// Sources of further metrics, which know nothing of the proxy.
pub(crate) type Others = Arc<Mutex<Vec<Arc<dyn MetricSource>>>>;

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

impl Sources {
    /// The text that Prometheus reads.
    pub(crate) fn encode(&self) -> String {
        let mut prometheus = Prometheus::default();
        prometheus.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &prometheus).expect("writing to a String");
        text
    }

    fn samples(&self, name: &str) -> Vec<Sample> {
        let counters = self.registry.counters();
        let table = self.tables.load();
        let by_owner = |value: fn(&Reading) -> u64| -> Vec<Sample> {
            let readings = self.tables.stats.readings();
            readings
                .iter()
                .map(|(owner, reading)| Sample::counter(owner_labels(owner), value(reading)))
                .collect()
        };
        match name {
            "ferrik_requests" => self.requests(),
            "ferrik_requests_by_engine" => {
                let engines = self.tables.stats.by_engine();
                engines
                    .map(|(engine, count)| Sample::counter(vec![engine.as_str().to_owned()], count))
                    .collect()
            }
            "ferrik_request_duration_seconds" => {
                let readings = self.tables.stats.readings();
                readings
                    .into_iter()
                    .map(|(owner, reading)| Sample {
                        labels: owner_labels(&owner),
                        value: Value::Histogram(reading.latency),
                    })
                    .collect()
            }
            "ferrik_request_body_bytes" => by_owner(|reading| reading.received),
            "ferrik_response_body_bytes" => by_owner(|reading| reading.sent),
            "ferrik_upstream_retries" => by_owner(|reading| reading.retries),
            "ferrik_own_answers" => {
                let reasons = self.tables.stats.reasons();
                reasons
                    .map(|(reason, count)| Sample::counter(vec![reason.to_owned()], count))
                    .collect()
            }
            "ferrik_connections" => vec![Sample::gauge(vec![], integer(self.registry.active()))],
            "ferrik_connections_accepted" => vec![Sample::counter(vec![], counters.accepted())],
            "ferrik_connections_refused" => Refusal::ALL
                .map(|why| Sample::counter(vec![why.as_str().to_owned()], counters.refused(why)))
                .into(),
            "ferrik_connections_cut" => Cut::ALL
                .map(|what| Sample::counter(vec![what.as_str().to_owned()], counters.cut(what)))
                .into(),
            "ferrik_accept_errors" => vec![Sample::counter(vec![], counters.accept_errors())],
            "ferrik_tls_handshake_failures" => HandshakeFailure::ALL
                .map(|why| Sample::counter(vec![why.as_str().to_owned()], counters.failed_handshakes(why)))
                .into(),
            "ferrik_config_generation" => {
                vec![Sample::gauge(
                    vec![],
                    table.map_or(0, |it| i64::try_from(it.generation).unwrap_or(i64::MAX)),
                )]
            }
            "ferrik_config_applied_timestamp_seconds" => {
                let applied = self.tables.applied();
                applied
                    .map(|seconds| Sample::gauge(vec![], seconds))
                    .into_iter()
                    .collect()
            }
            "ferrik_config_hosts" => vec![Sample::gauge(
                vec![],
                table.map_or(0, |it| integer(it.table.hosts.len())),
            )],
            "ferrik_endpoints" => self.endpoints(),
            "ferrik_certificate_expiry_seconds" => self.certificates(),
            _ => Vec::new(),
        }
    }

    fn requests(&self) -> Vec<Sample> {
        let readings = self.tables.stats.readings();
        let of = |(owner, reading): &(super::stats::Owner, Reading)| {
            let labels = owner_labels(owner);
            let with = |status: u16| labels.iter().cloned().chain([status.to_string()]).collect();
            reading
                .statuses
                .iter()
                .map(|(status, count)| Sample::counter(with(*status), *count))
                .collect::<Vec<_>>()
        };
        readings.iter().flat_map(of).collect()
    }

    fn endpoints(&self) -> Vec<Sample> {
        let endpoints = self.tables.endpoints();
        let of = |(port, set): (
            &ferrik_config::name::ServicePort,
            &Arc<ferrik_config::table::EndpointSet>,
        )| {
            let labels = vec![
                port.namespace.to_string(),
                port.service.to_string(),
                port.port.to_string(),
            ];
            Sample::gauge(labels, integer(set.endpoints.len()))
        };
        endpoints.by_port.iter().map(of).collect()
    }

    fn certificates(&self) -> Vec<Sample> {
        let Some(compiled) = self.tables.load() else {
            return Vec::new();
        };
        let hosts = compiled.table.tls.values().chain([&compiled.table.default_tls]);
        let mut seen = std::collections::BTreeMap::new();
        for certificate in hosts.flat_map(|host| &host.certificates) {
            let source = &certificate.source;
            seen.insert(
                (source.namespace.to_string(), source.name.to_string()),
                certificate.not_after,
            );
        }
        seen.into_iter()
            .map(|((namespace, name), end)| Sample::gauge(vec![namespace, name], end))
            .collect()
    }
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for row in METRICS {
            write(&mut encoder, row, self.samples(row.name))?;
        }
        for other in self.others.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            for row in other.rows() {
                write(&mut encoder, row, other.samples(row))?;
            }
        }
        Ok(())
    }
}

fn write(encoder: &mut DescriptorEncoder<'_>, row: &MetricRow, samples: Vec<Sample>) -> std::fmt::Result {
    let kind = match row.kind {
        "counter" => MetricType::Counter,
        "histogram" => MetricType::Histogram,
        _ => MetricType::Gauge,
    };
    let mut metric = encoder.encode_descriptor(row.name, row.doc, None, kind)?;
    for sample in samples {
        let labels: Vec<(&str, &str)> = row
            .labels
            .iter()
            .copied()
            .zip(sample.labels.iter().map(String::as_str))
            .collect();
        let mut family = metric.encode_family(&labels)?;
        match sample.value {
            Value::Counter(value) => ConstCounter::new(value).encode(family)?,
            Value::Gauge(value) => ConstGauge::new(value).encode(family)?,
            Value::Histogram((sum, count, buckets)) => {
                family.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
            }
        }
    }
    Ok(())
}

fn owner_labels(owner: &super::stats::Owner) -> Vec<String> {
    vec![
        owner.namespace.clone(),
        owner.ingress.clone(),
        owner.service.clone(),
    ]
}
