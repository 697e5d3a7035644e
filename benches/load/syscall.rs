//! System calls per request, counted by strace.
//!
//! Two runs with different numbers of requests are compared, so that what starting and ending costs falls out. A proxy that
//! is traced is slow, hence always busy: it finds as much as it can each time it asks what is ready.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep};

use super::client;
use super::peer::Peer;
use super::stage::{self, Stage};
use crate::page;
use crate::tell;

const PEERS: [Peer; 4] = [Peer::Haproxy, Peer::Nginx, Peer::Ferrik, Peer::FerrikByPingora];
/// For Ferrik.
const MARK: f64 = 4.3;
const CONNECTIONS: usize = 32;
/// Requests of the two runs; both can be dealt out evenly.
const REQUESTS: [u16; 2] = [2_048, 8_192];
/// Calls below this number per request are not listed.
const LISTED: f64 = 0.01;
/// Until strace has written what it counted.
const PATIENCE: Duration = Duration::from_secs(10);

/// Calls by name.
type Counts = BTreeMap<String, u32>;

/// Prints the table, or a line that says why there is none.
pub(crate) async fn run(stage: &Stage) -> Result<()> {
    page::line("## System calls per request")?;
    let trial = Command::new("strace")
        .args(["-c", "-o", "/dev/null", "true"])
        .output();
    if !trial.is_ok_and(|output| output.status.success()) {
        page::line("Left out: strace is not installed (`apt-get install strace`), or may not trace here.")?;
        return Ok(());
    }
    let [few, many] = REQUESTS;
    page::line(&format!(
        "Of all threads, as strace counts them: small requests over {CONNECTIONS} connections, {many} requests less {few}."
    ))?;
    let mut rows = vec![
        ["", "calls/request", "of them", "mark"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for peer in PEERS {
        tell(&format!("system calls: {}", peer.name()));
        let counts = measure(peer, stage)
            .await
            .with_context(|| peer.name().to_owned())?;
        let total = counts.iter().map(|(_, count)| count).sum();
        let named = |(name, count): &(String, f64)| format!("{name} {count:.2}");
        let listed = counts.iter().filter(|(_, count)| *count >= LISTED).map(named);
        rows.push(vec![
            peer.name().to_owned(),
            format!("{total:.2}"),
            listed.collect::<Vec<_>>().join(", "),
            if peer == Peer::Ferrik {
                page::against(total, MARK, "")
            } else {
                String::new()
            },
        ]);
    }
    page::table(&rows)?;
    Ok(())
}

/// Calls of one request on average, the most frequent first.
async fn measure(peer: Peer, stage: &Stage) -> Result<Vec<(String, f64)>> {
    let few = count(peer, stage, REQUESTS[0]).await?;
    let many = count(peer, stage, REQUESTS[1]).await?;
    let between = f64::from(REQUESTS[1] - REQUESTS[0]);
    let mut counts: Vec<(String, f64)> = many
        .into_iter()
        .map(|(name, count)| {
            let start = few.get(&name).copied().unwrap_or(0);
            let each = (f64::from(count) - f64::from(start)) / between;
            (name, each)
        })
        .collect();
    counts.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(counts)
}

async fn count(peer: Peer, stage: &Stage, requests: u16) -> Result<Counts> {
    let file = stage.folder().join("strace.out");
    fs::write(&file, "")?;
    // With -D the proxy is our own child, and the one that a signal reaches.
    let front = ["strace", "-D", "-f", "-c", "-o", stage::text(&file)?].map(str::to_owned);
    let running = peer.start_under(stage, &front).await?;
    client::burst(running.plain, CONNECTIONS, usize::from(requests)).await?;
    running.process.interrupt().await?;
    read(&file).await
}

/// Waits until the file is whole: strace outlives what it traces.
async fn read(file: &Path) -> Result<Counts> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(file)?;
        if let Some(counts) = parse(&text) {
            return Ok(counts);
        }
        if Instant::now() > deadline {
            bail!("strace wrote no summary: {text}");
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The table that ends with a total: share, seconds, microseconds per call, calls, errors if there were any, name.
fn parse(text: &str) -> Option<Counts> {
    let mut counts = Counts::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(calls), Some(name)) = (words.get(3), words.last()) else {
            continue;
        };
        match calls.parse() {
            Ok(_) if *name == "total" => return Some(counts),
            Ok(calls) => {
                counts.insert((*name).to_owned(), calls);
            }
            Err(_) => {}
        }
    }
    None
}
