//! What a connection costs that has been used once and is kept open.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use super::client::{self, Client};
use super::peer::Peer;
use super::site;
use super::stage::Stage;
use crate::page;
use crate::tell;

const CONNECTIONS: u16 = 2_000;
/// Who is asked, whether over TLS, and the mark in KiB.
const ROWS: [(Peer, bool, Option<f64>); 7] = [
    (Peer::Haproxy, false, None),
    (Peer::Nginx, false, None),
    (Peer::Ferrik, false, Some(3.0)),
    (Peer::FerrikByPingora, false, None),
    (Peer::Haproxy, true, None),
    (Peer::Nginx, true, None),
    (Peer::Ferrik, true, Some(18.0)),
];

/// Prints the table.
pub(crate) async fn run(stage: &Stage) -> Result<()> {
    page::line("## Idle connections")?;
    page::line(&format!(
        "Resident memory of a fresh process (after 640 requests), and its growth over {CONNECTIONS} HTTP/1.1 connections, plain \
         or over TLS 1.3, that have made one request each. One run."
    ))?;
    let mut rows = vec![
        ["", "connections", "before, MiB", "per connection, KiB", "mark"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (peer, is_tls, mark) in ROWS {
        let way = if is_tls { "TLS" } else { "plain" };
        tell(&format!("idle connections: {}, {way}", peer.name()));
        let (before, growth) = measure(peer, is_tls, stage)
            .await
            .with_context(|| format!("{}, {way}", peer.name()))?;
        rows.push(vec![
            peer.name().to_owned(),
            way.to_owned(),
            format!("{:.1}", before / 1024.0),
            format!("{growth:.1}"),
            mark.map_or_else(String::new, |mark| page::against(growth, mark, " KiB")),
        ]);
    }
    page::table(&rows)?;
    Ok(())
}

async fn measure(peer: Peer, is_tls: bool, stage: &Stage) -> Result<(f64, f64)> {
    let running = peer.start(stage).await?;
    client::burst(running.plain, 32, 640).await?;
    settle().await;
    let before = running.process.resident_kib()?;
    let mut clients = Vec::new();
    let body = site::body();
    for _ in 0..CONNECTIONS {
        let mut client = if is_tls {
            Client::connect_tls(running.tls).await?
        } else {
            Client::connect(running.plain).await?
        };
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
