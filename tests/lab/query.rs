//! Alerts and dashboard ask for what a real instance gives: every metric, every label of it, and every value of a label that
//! is asked for by name.

mod expression;

use std::collections::{BTreeMap, BTreeSet};

use ferrik_config::metric::MetricRow;
use ferrik_test_cluster::{eventually, run};
use serde_json::Value;

use crate::ferrik::{Ferrik, get};
use crate::tls::Authority;
use crate::yaml::annotated;
use expression::Expression;

const ALERTS: &str = include_str!("../../deploy/alerts/ferrik.yaml");
const DASHBOARD: &str = include_str!("../../deploy/dashboards/ferrik.json");
/// Labels that Prometheus puts on everything that it reads.
const OF_PROMETHEUS: [&str; 2] = ["job", "instance"];

/// One expression, and the texts that show labels of its result.
struct Query {
    name: String,
    text: String,
    /// Labels that the texts show.
    shown: Vec<String>,
}

/// What an instance gives: for each metric its series, each with its labels.
#[derive(Default)]
struct Exposed(BTreeMap<String, Vec<BTreeMap<String, String>>>);

impl Exposed {
    /// Reads the text format of Prometheus. Metrics without a series are there, too.
    fn parse(text: &str) -> Self {
        let mut result = Self::default();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (family, kind) = rest.split_once(' ').expect("a kind");
                let suffixes: &[&str] = match kind {
                    "counter" => &["_total"],
                    "histogram" => &["_bucket", "_sum", "_count"],
                    _ => &[""],
                };
                for suffix in suffixes {
                    result.0.entry(format!("{family}{suffix}")).or_default();
                }
            } else if !line.starts_with('#') {
                let (series, _) = line.rsplit_once(' ').expect("a value");
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                let labels = labels.trim_end_matches('}').split("\",");
                let labels = labels.filter_map(|label| label.split_once("=\""));
                let labels =
                    labels.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()));
                let series = result.0.get_mut(name).expect("its kind stands above it");
                series.push(labels.collect());
            }
        }
        result
    }

    /// The labels of a metric: those of its series, or of its row while it has none. `None` if there is no such metric.
    fn labels(&self, metric: &str) -> Option<BTreeSet<String>> {
        let series = self.0.get(metric)?;
        let mut labels: BTreeSet<String> = series.iter().flat_map(|labels| labels.keys().cloned()).collect();
        if series.is_empty() {
            let family = metric.trim_end_matches("_total").trim_end_matches("_bucket");
            let row = rows().find(|row| row.name == family)?;
            labels.extend(row.labels.iter().map(ToString::to_string));
        }
        labels.extend(OF_PROMETHEUS.map(str::to_owned));
        Some(labels)
    }

    /// What is wrong with a query.
    fn problems(&self, query: &Query) -> Vec<String> {
        let expression = match Expression::parse(&query.text) {
            Ok(expression) => expression,
            Err(error) => return vec![format!("{}: {error}: {}", query.name, query.text)],
        };
        let mut problems = Vec::new();
        let mut of_metrics = BTreeSet::new();
        for found in &expression.uses {
            let Some(labels) = self.labels(&found.metric) else {
                problems.push(format!("{}: there is no metric {}", query.name, found.metric));
                continue;
            };
            for label in found.labels.difference(&labels) {
                problems.push(format!("{}: {} has no label {label}", query.name, found.metric));
            }
            for (label, value) in &found.values {
                let mut series = self.0[&found.metric].iter();
                if !series.any(|labels| labels.get(label) == Some(value)) {
                    problems.push(format!("{}: no {} has {label}={value}", query.name, found.metric));
                }
            }
            of_metrics.extend(labels);
        }
        let result = expression.grouped_by.unwrap_or(of_metrics);
        for label in query.shown.iter().filter(|label| !result.contains(*label)) {
            problems.push(format!("{}: the result has no label {label}", query.name));
        }
        problems
    }
}

fn rows() -> impl Iterator<Item = &'static MetricRow> {
    ferrik_proxy::METRICS
        .iter()
        .chain(ferrik_controller::metric::METRICS)
        .chain(ferrik_controller::acme::METRICS)
}

/// The rules of the file of alerts, which are written with one key on each line.
fn alerts() -> Vec<Query> {
    let mut queries = Vec::new();
    for rule in ALERTS.split("- alert: ").skip(1) {
        let (name, rest) = rule.split_once('\n').expect("a rule has lines");
        let (_, rest) = rest.split_once("expr: ").expect("a rule has an expression");
        let (text, rest) = rest.split_once("\n        for: ").expect("a rule waits");
        queries.push(Query {
            name: name.to_owned(),
            text: text.trim_start_matches('|').trim().to_owned(),
            shown: names_behind(rest, "$labels."),
        });
    }
    queries
}

/// The queries of panels and variables.
fn dashboard() -> Vec<Query> {
    fn walk(value: &Value, title: &str, queries: &mut Vec<Query>) {
        let title = value["title"]
            .as_str()
            .or(value["name"].as_str())
            .unwrap_or(title);
        let legend = value["legendFormat"].as_str().unwrap_or_default();
        for key in ["expr", "query", "definition"] {
            let text = value[key].as_str().unwrap_or_default();
            if key == "expr" && !text.is_empty() || text.starts_with("label_values(") {
                queries.push(Query {
                    name: title.to_owned(),
                    text: text.to_owned(),
                    shown: names_behind(legend, "{{"),
                });
            }
        }
        let inside: Vec<&Value> = match value {
            Value::Array(list) => list.iter().collect(),
            Value::Object(map) => map.values().collect(),
            _ => Vec::new(),
        };
        for value in inside {
            walk(value, title, queries);
        }
    }
    let mut queries = Vec::new();
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("the dashboard is JSON");
    walk(&dashboard, "", &mut queries);
    queries
}

fn names_behind(text: &str, mark: &str) -> Vec<String> {
    let parts = text.split(mark).skip(1);
    let names = parts.map(|part| {
        part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
    });
    names.flatten().map(str::to_owned).collect()
}

/// An Ingress with TLS that asks an authority for another certificate, and one whose guard is missing.
fn site() -> String {
    let served = annotated("shop", "app", "a.example.org", "app", "{}")
        + "  tls: [{hosts: [a.example.org], secretName: app}]\n---\n";
    let asking = annotated(
        "shop",
        "asking",
        "b.example.org",
        "app",
        "{ferrik.dev/acme: 'true'}",
    ) + "  tls: [{hosts: [b.example.org], secretName: asking}]\n---\n";
    let guard =
        "{nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: missing}";
    served + &asking + &annotated("shop", "closed", "c.example.org", "app", guard)
}

#[test]
fn alerts_and_dashboard_ask_for_what_there_is() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        let authority = Authority::new("site");
        let host = "a.example.org";
        lab.cluster
            .apply(&authority.server_secret("shop", "app", &[host]))
            .await;
        lab.cluster.apply(&site()).await;
        // Nobody listens there, so orders fail.
        let arguments = [
            "--admin",
            "127.0.0.1:0",
            "--acme",
            "--acme-server",
            "https://127.0.0.1:9/",
        ];
        let ferrik = Ferrik::start(&lab, &arguments).await;
        let clients = authority.clients(None, ferrik.https(), host);
        let answer = clients.get("/").await.expect("it is served over TLS");
        assert_eq!(answer.status, 200);
        ferrik.answers("c.example.org", 503).await;
        ferrik.answers("unknown.example.org", 404).await;
        let queries: Vec<Query> = alerts().into_iter().chain(dashboard()).collect();
        assert_eq!(alerts().len(), ALERTS.matches("expr:").count());
        assert!(dashboard().len() >= DASHBOARD.matches("\"expr\"").count() + 3);
        // The leader tells of replicas and orders a moment later.
        let exposed = async || {
            let answer = get(ferrik.admin(), "admin", "/metrics").await;
            Exposed::parse(&answer.expect("the admin listener answers").body)
        };
        eventually("the leader tells of replicas and orders", async || {
            let exposed = exposed().await;
            let told = ["ferrik_ingress_replicas", "ferrik_acme_failures_in_a_row"];
            told.iter().all(|name| !exposed.0[*name].is_empty())
        })
        .await;
        let exposed = exposed().await;
        let problems: Vec<String> = queries.iter().flat_map(|query| exposed.problems(query)).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        // Each of our metrics is there, so that one without a series is not taken for one that does not exist.
        for row in rows() {
            assert!(
                exposed.0.keys().any(|name| name.starts_with(row.name)),
                "{}",
                row.name
            );
        }
    });
}

#[test]
fn wrong_names_are_found() {
    let exposed = Exposed::parse(
        "# HELP a Things.\n# TYPE a counter\na_total{x=\"1\",y=\"a, b\"} 5\na_total 1\n# TYPE b gauge\nb 0\n# EOF\n",
    );
    let problems = |text: &str, shown: &[&str]| {
        exposed.problems(&Query {
            name: "it".to_owned(),
            text: text.to_owned(),
            shown: shown.iter().map(ToString::to_string).collect(),
        })
    };
    assert_eq!(
        problems("sum by (x, job) (rate(a_total{x=\"1\"}[5m]))", &["x"]),
        [""; 0]
    );
    for (text, shown, problem) in [
        ("a", &[][..], "it: there is no metric a"),
        ("sum by (z) (a_total)", &[], "it: a_total has no label z"),
        ("a_total{z=~\"1\"}", &[], "it: a_total has no label z"),
        ("a_total / b{x!=\"\"}", &[], "it: b has no label x"),
        ("a_total{x=\"2\"}", &[], "it: no a_total has x=2"),
        ("sum by (x) (a_total)", &["y"], "it: the result has no label y"),
        ("b", &["y"], "it: the result has no label y"),
        (
            "sum(a_total",
            &[],
            "it: it ends too early, or asks for nothing: sum(a_total",
        ),
    ] {
        assert_eq!(problems(text, shown), [problem]);
    }
}
