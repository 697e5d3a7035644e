//! Metrics as rows, for both sides: what there is to measure, and the values of a moment.
//!
//! The proxy encodes them and the reference page lists them. Nothing is counted here.

use std::fmt::Write as _;

/// One metric.
#[derive(Debug)]
pub struct MetricRow {
    /// Name; counters get `_total` behind it.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Names of the labels.
    pub labels: &'static [&'static str],
    /// What it counts.
    pub doc: &'static str,
}

impl MetricRow {
    /// One row.
    pub const fn new(
        name: &'static str,
        kind: &'static str,
        labels: &'static [&'static str],
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            labels,
            doc,
        }
    }
}

/// One value, with the values of the row's labels in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Values of the labels.
    pub labels: Vec<String>,
    /// The value.
    pub value: Value,
}

/// A value of each kind of metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Only grows.
    Counter(u64),
    /// Goes up and down.
    Gauge(i64),
    /// Sum, count, and how many were up to each bound.
    Histogram((f64, u64, Vec<(f64, u64)>)),
}

impl Sample {
    /// A value that only grows.
    pub fn counter(labels: Vec<String>, value: u64) -> Self {
        Self {
            labels,
            value: Value::Counter(value),
        }
    }

    /// A value that goes up and down.
    pub fn gauge(labels: Vec<String>, value: i64) -> Self {
        Self {
            labels,
            value: Value::Gauge(value),
        }
    }
}

/// Whoever has values to give.
pub trait MetricSource: Send + Sync {
    /// Its metrics, in the order of the output.
    fn rows(&self) -> &'static [MetricRow];

    /// The values of one of them at this moment.
    fn samples(&self, row: &MetricRow) -> Vec<Sample>;
}

/// A number of things as a gauge has it.
pub fn integer(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The rows as a table of the reference page.
pub fn markdown(rows: &[MetricRow]) -> String {
    let mut table = String::from("| metric | kind | labels | meaning |\n|---|---|---|---|\n");
    for row in rows {
        let suffix = if row.kind == "counter" { "_total" } else { "" };
        let labels = row.labels.join("`, `");
        let labels = if labels.is_empty() {
            String::from("–")
        } else {
            format!("`{labels}`")
        };
        writeln!(
            table,
            "| `{}{suffix}` | {} | {labels} | {} |",
            row.name, row.kind, row.doc
        )
        .expect("writing to a String");
    }
    table
}
