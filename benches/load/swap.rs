//! New tables under load: every request must be answered by the backend, whatever is swapped meanwhile.
//!
//! An object file is replaced by rename, and the next change waits until the last one is served. Each change touches a
//! host that the load asks for.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::client::Client;
use super::peer::Peer;
use super::site::{self, Ask, Class};
use super::stage::Stage;
use crate::page;
use crate::spread::Spread;
use crate::tell;

const CONNECTIONS: usize = 16;
/// Until a change is served.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the load has seen.
#[derive(Debug, Default)]
struct Tally {
    answered: AtomicUsize,
    failed: AtomicUsize,
    done: AtomicBool,
}

/// Swaps so many tables under at least so many requests, and prints the table. Returns how many requests failed.
pub(crate) async fn run(stage: &Stage, (swaps, least): (usize, usize)) -> Result<usize> {
    tell(&format!("swaps: {swaps} tables"));
    let running = Peer::Ferrik.start(stage).await?;
    let first = generation(running.admin).await?;
    let before = running.process.resident_kib()?;
    let tally = Arc::new(Tally::default());
    let mut load = JoinSet::new();
    for number in 0..CONNECTIONS {
        load.spawn(ask(running.plain, number, tally.clone()));
    }
    let mut times = Vec::new();
    let mut watcher = Client::connect(running.plain).await?;
    for number in 0..swaps {
        times.push(swap(&running.objects, &mut watcher, number).await?.as_secs_f64() * 1e3);
    }
    let growth = running.process.resident_kib()? - before;
    while tally.answered.load(Relaxed) + tally.failed.load(Relaxed) < least {
        sleep(Duration::from_millis(20)).await;
    }
    tally.done.store(true, Relaxed);
    while let Some(result) = load.join_next().await {
        result?;
    }
    let generations = generation(running.admin).await? - first;
    let (answered, failed) = (tally.answered.load(Relaxed), tally.failed.load(Relaxed));
    print(swaps, generations, answered, failed, Spread::of(times), growth)?;
    Ok(failed)
}

/// One client of the load, until it is told to end.
async fn ask(address: SocketAddr, number: usize, tally: Arc<Tally>) {
    let body = site::body();
    let requests = site::requests(Ask::Small);
    let mut requests = requests.iter().cycle().skip(number * 61);
    let mut client = None;
    while !tally.done.load(Relaxed) {
        let Some((host, target)) = requests.next() else {
            return;
        };
        match once(&mut client, address, host, target, &body).await {
            Ok(()) => tally.answered.fetch_add(1, Relaxed),
            Err(error) => {
                client = None;
                if tally.failed.load(Relaxed) == 0 {
                    tell(&format!("a request failed: {host}{target}: {error:#}"));
                }
                tally.failed.fetch_add(1, Relaxed)
            }
        };
    }
}

async fn once(
    client: &mut Option<Client>,
    address: SocketAddr,
    host: &str,
    target: &str,
    body: &str,
) -> Result<()> {
    let client = match client {
        Some(client) => client,
        None => client.insert(Client::connect(address).await?),
    };
    client.get(host, target).await?.check(body)
}

/// Replaces the object and waits until its new path is answered. Returns how long that took.
async fn swap(folder: &Path, watcher: &mut Client, number: usize) -> Result<Duration> {
    let moving = format!("moving.{}", site::DOMAIN);
    let path = format!("/swap-{number}");
    let object = site::ingress(
        Class::Ferrik,
        "moving",
        &[(&moving, &path), (&site::host(0), &path)],
    );
    // Hidden names are not read.
    let staged = folder.join(".staged");
    fs::write(&staged, object)?;
    let start = Instant::now();
    fs::rename(&staged, folder.join("moving.yaml"))?;
    loop {
        match watcher.get(&moving, &path).await?.status {
            200 => return Ok(start.elapsed()),
            404 if start.elapsed() < PATIENCE => sleep(Duration::from_millis(1)).await,
            404 => bail!("change {number} is not served after {PATIENCE:?}"),
            status => bail!("status {status} while change {number} was awaited"),
        }
    }
}

/// How many tables have been put into service.
async fn generation(admin: SocketAddr) -> Result<usize> {
    let metrics = Client::connect(admin).await?.get("localhost", "/metrics").await?;
    let text = String::from_utf8(metrics.body)?;
    // Without labels there may be empty braces behind the name.
    let mut lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("ferrik_config_generation"));
    let line = lines
        .next()
        .context("no ferrik_config_generation among the metrics")?;
    Ok(line.trim_start_matches("{}").trim().parse()?)
}

fn print(
    swaps: usize,
    generations: usize,
    answered: usize,
    failed: usize,
    times: Spread,
    growth: f64,
) -> Result<()> {
    page::line("## Swaps under load")?;
    page::line(&format!(
        "{swaps} changes of an object file by rename under {CONNECTIONS} busy connections, each waited for until it is served; \
         1 000 hosts, and each change touches one that the load asks for. The time includes the 20 ms that files are given to \
         come to rest."
    ))?;
    let verdict = if failed == 0 {
        "0 failed: met"
    } else {
        "0 failed: **missed**"
    };
    page::table(&[
        [
            "tables swapped",
            "requests",
            "failed",
            "file to service, ms",
            "memory grew, MiB",
            "mark",
        ]
        .map(str::to_owned)
        .to_vec(),
        vec![
            generations.to_string(),
            (answered + failed).to_string(),
            failed.to_string(),
            format!("{times:.0}"),
            format!("{:.1}", growth / 1024.0),
            verdict.to_owned(),
        ],
    ])?;
    Ok(())
}
