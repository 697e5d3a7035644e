//! What a connection costs that has been used once and is kept open.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::client::{self, Client};
use super::peer::Peer;
use super::site::{self, Class};
use super::stage::Stage;
use crate::page;
use crate::tell;

const CONNECTIONS: u16 = 2_000;
const PEERS: [Peer; 3] = [Peer::HaproxyPlain, Peer::Nginx, Peer::Ferrik(Class::Ferrik)];

/// Prints the table.
pub(crate) async fn run(stage: &Stage) -> Result<()> {
    page::line("## Idle connections")?;
    page::line(&format!(
        "Resident memory of a fresh process (after 640 requests), and its growth over {CONNECTIONS} plain HTTP/1.1 connections \
         that have made one request each. One run."
    ))?;
    let mut rows = vec![
        ["", "before, MiB", "per connection, KiB"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for peer in PEERS {
        tell(&format!("idle connections: {}", peer.name()));
        let (before, growth) = measure(peer, stage).await?;
        rows.push(vec![
            peer.name().to_owned(),
            format!("{:.1}", before / 1024.0),
            format!("{growth:.1}"),
        ]);
    }
    page::table(&rows)?;
    Ok(())
}

async fn measure(peer: Peer, stage: &Stage) -> Result<(f64, f64)> {
    let running = peer.start(stage).await?;
    client::burst(running.address, 32, 640).await?;
    settle().await;
    let before = running.process.resident_kib()?;
    let mut clients = Vec::new();
    let body = site::body();
    for _ in 0..CONNECTIONS {
        let mut client = Client::connect(running.address).await?;
        client.get(&site::host(0), "/").await?.check(&body)?;
        clients.push(client);
    }
    settle().await;
    let growth = running.process.resident_kib()? - before;
    Ok((before, growth / f64::from(CONNECTIONS)))
}

/// Long enough for what a proxy does after the last answer.
async fn settle() {
    sleep(Duration::from_millis(500)).await;
}
