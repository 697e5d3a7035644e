//! `ferrik certs`: the certificates of a running proxy, one line each, those that end first at the top.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use serde::Deserialize;

use crate::{admin, cli};

/// One certificate, or one that is asked for, as the admin listener tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    secret: String,
    hosts: Vec<String>,
    issuer: Option<String>,
    not_after: Option<i64>,
    order: Option<Order>,
}

/// How an order stands, or who knows.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Order {
    Here {
        ordering: bool,
        next: i64,
        failures: u32,
        error: Option<String>,
    },
    /// This replica does not lead.
    Elsewhere { leader: Option<String> },
}

/// Asks and prints.
pub(crate) fn run(arguments: &cli::Certs) -> anyhow::Result<ExitCode> {
    let answer = match &arguments.admin_socket {
        Some(socket) => admin::ask_socket(socket, "/certs")?,
        None => admin::ask_address(arguments.admin, "/certs")?,
    };
    anyhow::ensure!(answer.is_ok, "{}", answer.body.trim());
    if arguments.json {
        crate::print(&answer.body)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Row> = serde_json::from_str(&answer.body).context("the answer is not understood")?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    crate::print(&table(rows, i64::try_from(since.as_secs())?))?;
    Ok(ExitCode::SUCCESS)
}

fn table(mut rows: Vec<Row>, now: i64) -> String {
    if rows.is_empty() {
        return "no certificates: every host is served with the self-signed default\n".to_owned();
    }
    rows.sort_by_key(|row| (row.not_after, row.secret.clone()));
    let lines: Vec<[String; 5]> = rows.iter().map(|row| line(row, now)).collect();
    let head = ["HOSTS", "SECRET", "ISSUER", "EXPIRES", "NEXT"].map(str::to_owned);
    let mut widths = [0; 4];
    for line in std::iter::once(&head).chain(&lines) {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in std::iter::once(&head).chain(&lines) {
        for (width, cell) in widths.iter().zip(line) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line[4]);
    }
    if let Some(sentence) = elsewhere(&rows) {
        let _ = writeln!(text, "\n{sentence}");
    }
    text
}

fn line(row: &Row, now: i64) -> [String; 5] {
    let expires = match row.not_after {
        None => "-".to_owned(),
        Some(end) if end <= now => format!("expired {} ago", span(now - end)),
        Some(end) => format!("in {}", span(end - now)),
    };
    let next = row.order.as_ref();
    let next = next.map_or_else(
        || "-".to_owned(),
        |order| next_of(order, row.not_after.is_some(), now),
    );
    let issuer = row.issuer.clone().unwrap_or_else(|| "-".to_owned());
    [row.hosts.join(","), row.secret.clone(), issuer, expires, next]
}

fn next_of(order: &Order, is_there: bool, now: i64) -> String {
    match order {
        Order::Here { ordering: true, .. } => "being ordered".to_owned(),
        Order::Here {
            next,
            failures: failures @ 1..,
            error,
            ..
        } => format!(
            "tried again in {} after {failures} failures: {}",
            span(next - now),
            error.as_deref().unwrap_or("no reason")
        ),
        Order::Here { next, .. } if is_there => format!("renewed in {}", span(next - now)),
        Order::Here { next, .. } => format!("ordered in {}", span(next - now)),
        Order::Elsewhere { leader: Some(leader) } => format!("known to {leader}"),
        Order::Elsewhere { leader: None } => "known to nobody".to_owned(),
    }
}

/// Where to ask if this replica does not lead.
fn elsewhere(rows: &[Row]) -> Option<String> {
    let leader = rows.iter().find_map(|row| match &row.order {
        Some(Order::Elsewhere { leader }) => Some(leader),
        _ => None,
    })?;
    Some(match leader {
        Some(leader) => format!("this replica does not lead; {leader} does: ask there for the next attempts"),
        None => "this replica does not lead, and no other one that it knows of; nothing is ordered meanwhile"
            .to_owned(),
    })
}

/// A number of seconds, in the largest unit that leaves two.
fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_missing_or_end_first_stand_at_the_top() {
        let rows = serde_json::json!([
            {"secret": "shop/a", "hosts": ["a.example.org"], "issuer": "R11", "notAfter": 90 * 86_400, "order":
                {"ordering": false, "next": 60 * 86_400, "failures": 0, "error": null}},
            {"secret": "shop/b", "hosts": ["b.example.org", "c.example.org"], "order":
                {"ordering": false, "next": 240, "failures": 2, "error": "the name has no address"}},
            {"secret": "own/c", "hosts": ["(default)"], "issuer": "in-house", "notAfter": -100, "order": null},
        ]);
        let rows: Vec<Row> = serde_json::from_value(rows).expect("rows");
        let text = table(rows, 0);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| {
                line.split("  ")
                    .map(str::trim)
                    .filter(|cell| !cell.is_empty())
                    .collect()
            })
            .collect();
        assert_eq!(lines[0], ["HOSTS", "SECRET", "ISSUER", "EXPIRES", "NEXT"]);
        let error = "tried again in 4 min after 2 failures: the name has no address";
        assert_eq!(
            lines[1],
            ["b.example.org,c.example.org", "shop/b", "-", "-", error]
        );
        assert_eq!(
            lines[2],
            ["(default)", "own/c", "in-house", "expired 100 s ago", "-"]
        );
        assert_eq!(
            lines[3],
            ["a.example.org", "shop/a", "R11", "in 90 d", "renewed in 60 d"]
        );
    }

    #[test]
    fn a_replica_that_does_not_lead_says_who_does() {
        let rows = |leader: Option<&str>| {
            let rows = serde_json::json!([
                {"secret": "shop/a", "hosts": ["a.example.org"], "issuer": "R11", "notAfter": 86_400,
                    "order": {"secret": "shop/a", "hosts": ["a.example.org"], "leader": leader}},
                {"secret": "own/c", "hosts": ["c.example.org"], "issuer": "in-house", "notAfter": 86_400, "order": null},
            ]);
            serde_json::from_value(rows).expect("rows")
        };
        let text = table(rows(Some("ferrik-2")), 0);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].starts_with("c.example.org") && lines[1].ends_with("  -"),
            "{text}"
        );
        assert!(lines[2].ends_with("  known to ferrik-2"), "{text}");
        assert_eq!(
            lines[4],
            "this replica does not lead; ferrik-2 does: ask there for the next attempts"
        );
        let text = table(rows(None), 0);
        assert!(text.contains("  known to nobody\n"), "{text}");
        assert!(text.contains("no other one that it knows of"), "{text}");
    }
}
