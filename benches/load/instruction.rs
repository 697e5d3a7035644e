//! Instructions and allocations per request, counted under valgrind: the one meter that a busy machine does not move.
//!
//! Two runs with different numbers of requests are compared, so that what starting and ending costs falls out.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::callgrind::Profile;
use super::client;
use super::owner;
use super::peer::Peer;
use super::stage::{self, Stage};
use crate::page;
use crate::tell;

/// Who takes part, and whether it is ours. Of the first of ours the details are shown.
const PEERS: [(Peer, bool); 5] = [
    (Peer::Haproxy, false),
    (Peer::HaproxySameWork, false),
    (Peer::Ferrik, true),
    (Peer::FerrikNginxDialect, true),
    (Peer::FerrikByPingora, true),
];
/// The marks for Ferrik as it comes.
const MARK: f64 = 16_000.0;
const ALLOCATION_MARK: f64 = 1.0;
const CONNECTIONS: usize = 32;
/// Requests of the two runs; both can be dealt out evenly.
const REQUESTS: [u16; 2] = [2_048, 8_192];
/// Functions that are listed.
const LISTED: usize = 25;

/// What one request costs on average.
struct Cost {
    total: f64,
    own: BTreeMap<String, f64>,
    allocations: BTreeMap<String, f64>,
}

/// Prints the tables, or a line that says why there are none.
pub(crate) async fn run(stage: &Stage) -> Result<()> {
    page::line("## Instructions per request")?;
    if Command::new("valgrind").arg("--version").output().is_err() {
        page::line("Left out: valgrind is not installed (`apt-get install valgrind`).")?;
        return Ok(());
    }
    let [few, many] = REQUESTS;
    page::line(&format!(
        "User instructions as callgrind counts them, {CONNECTIONS} connections, {many} requests less {few}. Allocations are \
         calls that ask for memory, growing what is there included."
    ))?;
    let head = ["", "instructions/request", "allocations/request", "mark"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut costs = Vec::new();
    for (peer, is_ours) in PEERS {
        tell(&format!("instructions: {}", peer.name()));
        let cost = measure(peer, stage)
            .await
            .with_context(|| peer.name().to_owned())?;
        let asked: f64 = cost.allocations.values().sum();
        let marks = if peer == Peer::Ferrik {
            [
                page::against(cost.total, MARK, " instructions"),
                page::against(asked, ALLOCATION_MARK, " allocation"),
            ]
            .join("; ")
        } else {
            String::new()
        };
        let allocations = if is_ours {
            format!("{asked:.1}")
        } else {
            String::new()
        };
        rows.push(vec![
            peer.name().to_owned(),
            format!("{:.0}", cost.total),
            allocations,
            marks,
        ]);
        if is_ours {
            costs.push((peer, cost));
        }
    }
    page::table(&rows)?;
    if let Some((peer, cost)) = costs.first() {
        print(*peer, cost)?;
    }
    Ok(())
}

async fn measure(peer: Peer, stage: &Stage) -> Result<Cost> {
    let few = profile(peer, stage, REQUESTS[0]).await?;
    let many = profile(peer, stage, REQUESTS[1]).await?;
    let between = f64::from(REQUESTS[1] - REQUESTS[0]);
    let per_request = |many: u64, few: u64| (number(many) - number(few)) / between;
    let each = |many: &BTreeMap<String, u64>, few: &BTreeMap<String, u64>| {
        let cost = |(name, count): (&String, &u64)| {
            (
                name.clone(),
                per_request(*count, few.get(name).copied().unwrap_or(0)),
            )
        };
        many.iter().map(cost).collect()
    };
    Ok(Cost {
        total: per_request(many.total(), few.total()),
        own: each(&many.own, &few.own),
        allocations: each(&many.allocations, &few.allocations),
    })
}

async fn profile(peer: Peer, stage: &Stage, requests: u16) -> Result<Profile> {
    let file = stage.folder().join("callgrind.out");
    let out = format!("--callgrind-out-file={}", stage::text(&file)?);
    // A busy thread would keep the others from running, and with them the clock that deadlines are measured by.
    let front = ["valgrind", "--fair-sched=try", "--tool=callgrind", &out].map(str::to_owned);
    let running = peer.start_under(stage, &front).await?;
    client::burst(running.plain, CONNECTIONS, usize::from(requests)).await?;
    running.process.interrupt().await?;
    let text = fs::read_to_string(&file).context("callgrind wrote nothing")?;
    Ok(Profile::parse(&text))
}

fn print(peer: Peer, cost: &Cost) -> Result<()> {
    page::line(&format!("Where they are spent, {}:", peer.name()))?;
    page::table(&table(
        ["owner of the function", "instructions/request"],
        &by_owner(&cost.own),
        usize::MAX,
    ))?;
    page::table(&table(
        ["function alone", "instructions/request"],
        &cost.own,
        LISTED,
    ))?;
    let allocations = table(
        ["owner of the caller", "allocations/request"],
        &by_owner(&cost.allocations),
        usize::MAX,
    );
    if allocations.len() == 1 {
        page::line("Nobody allocates.")?;
    } else {
        page::line("Who allocates (inlined callers count as the function around them):")?;
        page::table(&allocations)?;
    }
    Ok(())
}

fn by_owner(functions: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let mut owners = BTreeMap::new();
    for (function, count) in functions {
        *owners.entry(owner::of(function).to_owned()).or_default() += count;
    }
    owners
}

/// The largest first; what is less than one in twenty requests is left out.
fn table(head: [&str; 2], counts: &BTreeMap<String, f64>, most: usize) -> Vec<Vec<String>> {
    let mut counts: Vec<_> = counts.iter().filter(|(_, count)| **count >= 0.05).collect();
    counts.sort_by(|a, b| b.1.total_cmp(a.1));
    let row = |(name, count): (&String, &f64)| {
        let name: String = name.chars().take(120).collect();
        vec![
            format!("`{name}`"),
            if *count < 100.0 {
                format!("{count:.1}")
            } else {
                format!("{count:.0}")
            },
        ]
    };
    [head.map(str::to_owned).to_vec()]
        .into_iter()
        .chain(counts.into_iter().take(most).map(row))
        .collect()
}

/// Counts stay far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "less than 2^52")]
fn number(count: u64) -> f64 {
    count as f64
}
