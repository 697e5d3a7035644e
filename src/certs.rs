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

/// How an order stands.
#[derive(Debug, Deserialize)]
struct Order {
    ordering: bool,
    next: i64,
    failures: u32,
    error: Option<String>,
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
    text
}

fn line(row: &Row, now: i64) -> [String; 5] {
    let expires = match row.not_after {
        None => "-".to_owned(),
        Some(end) if end <= now => format!("expired {} ago", span(now - end)),
        Some(end) => format!("in {}", span(end - now)),
    };
    let next = match &row.order {
        None => "-".to_owned(),
        Some(order) if order.ordering => "being ordered".to_owned(),
        Some(order) if order.failures > 0 => format!(
            "tried again in {} after {} failures: {}",
            span(order.next - now),
            order.failures,
            order.error.as_deref().unwrap_or("no reason")
        ),
        Some(order) if row.not_after.is_none() => format!("ordered in {}", span(order.next - now)),
        Some(order) => format!("renewed in {}", span(order.next - now)),
    };
    let issuer = row.issuer.clone().unwrap_or_else(|| "-".to_owned());
    [row.hosts.join(","), row.secret.clone(), issuer, expires, next]
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
}
