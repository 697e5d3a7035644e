//! CPU per request of every proxy, in turn within each round: what disturbs the machine disturbs them alike.
//!
//! Single numbers of a busy machine mean little, ratios within a round are steady. The proxy's CPU is not saturated by
//! all of them: the other one carries load and backend.

use anyhow::{Context as _, Result};

use super::peer::{Peer, Running};
use super::site::Class;
use super::stage::Stage;
use super::wrk;
use crate::page;
use crate::spread::Spread;
use crate::tell;

/// Who takes part; ratios are to the second.
const PEERS: [Peer; 7] = [
    Peer::Relay,
    Peer::HaproxyPlain,
    Peer::Haproxy,
    Peer::Nginx,
    Peer::Ferrik(Class::Ferrik),
    Peer::Ferrik(Class::Nginx),
    Peer::FerrikWithLog,
];
const REFERENCE: usize = 1;
/// The mark, for the product with everything on but the access log.
const MARK: f64 = 2.0;
const CONNECTIONS: usize = 32;
/// A quarter-to-quarter distance above this part of the median is called noise.
const NOISE: f64 = 0.15;

/// One proxy in one round.
#[derive(Clone, Copy, Debug)]
struct Sample {
    micros: f64,
    user_micros: f64,
    per_second: f64,
}

/// Runs so many rounds of so many seconds each, and prints the table.
pub(crate) async fn run(stage: &Stage, (rounds, seconds): (usize, usize)) -> Result<()> {
    let script = wrk::script(stage.folder())?;
    let mut running = Vec::new();
    for peer in PEERS {
        running.push(peer.start(stage).await?);
    }
    for it in &running {
        wrk::run(&script, it.address, CONNECTIONS, 1)?;
    }
    let mut samples = vec![Vec::new(); PEERS.len()];
    for round in 0..rounds {
        tell(&format!("load: round {} of {rounds}", round + 1));
        for turn in 0..PEERS.len() {
            // Nobody always comes after the same one.
            let at = (turn + round) % PEERS.len();
            let sample = measure(&running[at], &script, seconds);
            samples[at].push(sample.with_context(|| PEERS[at].name())?);
        }
    }
    print(&samples, rounds, seconds)
}

fn measure(running: &Running, script: &std::path::Path, seconds: usize) -> Result<Sample> {
    let before = running.process.cpu_time()?;
    let tally = wrk::run(script, running.address, CONNECTIONS, seconds)?;
    let used = running.process.cpu_time()?.since(before);
    Ok(Sample {
        micros: used.total() * 1e6 / tally.requests,
        user_micros: used.user * 1e6 / tally.requests,
        per_second: tally.requests / tally.seconds,
    })
}

fn print(samples: &[Vec<Sample>], rounds: usize, seconds: usize) -> Result<()> {
    page::line("## CPU per request")?;
    page::line(&format!(
        "Small HTTP/1.1 keep-alive requests over {CONNECTIONS} connections to 1 000 hosts in turn, 1 KiB answers, one data \
         thread on a CPU of its own, all proxies in turn: {rounds} rounds of {seconds} s. CPU is user and system time of the \
         proxy's process; ratios are taken within each round. Median [quartiles]. HAProxy sets the forwarded headers and \
         routes nothing; \"same work\" adds a map of host and path, port, request id and the second backend. Ferrik routes \
         1 000 hosts with five paths each, sets forwarded headers and request id, and counts."
    ))?;
    let head = [
        "",
        "CPU µs/request",
        "of it user",
        "÷ HAProxy",
        "requests/s",
        "mark",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (at, own) in samples.iter().enumerate() {
        let ratio = Spread::of(
            own.iter()
                .zip(&samples[REFERENCE])
                .map(|(own, other)| own.micros / other.micros),
        );
        let mut remarks = Vec::new();
        if matches!(PEERS[at], Peer::Ferrik(Class::Ferrik)) {
            remarks.push(page::against(ratio.median, MARK, ""));
        }
        if ratio.high - ratio.low > NOISE * ratio.median {
            remarks.push("noisy".to_owned());
        }
        rows.push(vec![
            PEERS[at].name().to_owned(),
            format!("{:.1}", Spread::of(own.iter().map(|it| it.micros))),
            format!("{:.1}", Spread::of(own.iter().map(|it| it.user_micros)).median),
            format!("{ratio:.2}"),
            format!("{:.0}", Spread::of(own.iter().map(|it| it.per_second)).median),
            remarks.join("; "),
        ]);
    }
    page::table(&rows)?;
    Ok(())
}
