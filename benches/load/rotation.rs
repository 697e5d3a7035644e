//! CPU per request of every proxy, in turn within each round: what disturbs the machine disturbs them alike.
//!
//! Single numbers of a busy machine mean little, ratios within a round are steady. The proxy's CPU is not saturated by
//! all of them: the other one carries load and backend.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::client::Client;
use super::peer::{Peer, Running};
use super::scenario::{self, Scenario};
use super::site::{self, Ask};
use super::stage::Stage;
use super::wrk;
use crate::page;
use crate::spread::Spread;
use crate::tell;

/// A quarter-to-quarter distance above this part of the median is called noise.
const NOISE: f64 = 0.15;
/// Rounds and seconds of a short run.
const QUICK: (usize, usize) = (3, 1);

/// One proxy in one round.
#[derive(Clone, Copy, Debug)]
struct Sample {
    micros: f64,
    user_micros: f64,
    per_second: f64,
}

/// Runs every scenario and prints its table.
pub(crate) async fn run(stage: &Stage, is_quick: bool) -> Result<()> {
    page::line("## CPU per request")?;
    page::line(
        "HTTP/1.1 keep-alive requests to 1 000 hosts in turn, one data thread on a CPU of its own, load and backend on the other, \
         all proxies of a table in turn within each round. CPU is user and system time of the proxy's process; ratios are taken \
         within each round. Median [quartiles]. HAProxy sets the forwarded headers and routes nothing; \"same work\" adds a map \
         of host and path, port, request id and the second backend. nginx sets forwarded headers and request id. Ferrik routes \
         1 000 hosts with five paths each, sets forwarded headers and request id, and counts; \"by pingora\" is its other engine.",
    )?;
    for mut scenario in scenario::ALL {
        if is_quick {
            (scenario.rounds, scenario.seconds) = QUICK;
        }
        let samples = rotate(&scenario, stage)
            .await
            .with_context(|| scenario.title.to_owned())?;
        print(&scenario, &samples)?;
    }
    Ok(())
}

/// The samples of every proxy, by round.
async fn rotate(scenario: &Scenario, stage: &Stage) -> Result<Vec<Vec<Sample>>> {
    let script = wrk::script(stage.folder(), scenario.ask)?;
    let peers = scenario.peers;
    let mut running = Vec::new();
    for peer in peers {
        let started = peer.start(stage).await?;
        check(&started, scenario)
            .await
            .with_context(|| peer.name().to_owned())?;
        running.push(started);
    }
    for it in &running {
        load(it, scenario, &script, 1)?;
        it.cut_log()?;
    }
    let mut samples = vec![Vec::new(); peers.len()];
    for round in 0..scenario.rounds {
        tell(&format!(
            "{}: round {} of {}",
            scenario.title,
            round + 1,
            scenario.rounds
        ));
        for turn in 0..peers.len() {
            // Nobody always comes after the same one.
            let at = (turn + round) % peers.len();
            let sample = measure(&running[at], scenario, &script);
            samples[at].push(sample.with_context(|| peers[at].name())?);
        }
    }
    Ok(samples)
}

/// Fails unless a request is answered as the load expects it: wrk looks at the status alone.
async fn check(running: &Running, scenario: &Scenario) -> Result<()> {
    let mut client = if scenario.is_tls {
        Client::connect_tls(running.tls).await?
    } else {
        Client::connect(running.plain).await?
    };
    for (host, target) in site::requests(scenario.ask).iter().take(5) {
        let answer = match scenario.ask {
            Ask::Post => client.post(host, target).await?,
            Ask::Small | Ask::Medium | Ask::Large => client.get(host, target).await?,
        };
        answer.check(&scenario.ask.body())?;
    }
    Ok(())
}

fn load(running: &Running, scenario: &Scenario, script: &Path, seconds: usize) -> Result<wrk::Tally> {
    let url = if scenario.is_tls {
        format!("https://{}/", running.tls)
    } else {
        format!("http://{}/", running.plain)
    };
    wrk::run(script, &url, scenario.connections, seconds)
}

fn measure(running: &Running, scenario: &Scenario, script: &Path) -> Result<Sample> {
    let before = running.process.cpu_time()?;
    let tally = load(running, scenario, script, scenario.seconds)?;
    let used = running.process.cpu_time()?.since(before);
    ensure!(used.total() > 0.0, "it used no CPU time");
    running.cut_log()?;
    Ok(Sample {
        micros: used.total() * 1e6 / tally.requests,
        user_micros: used.user * 1e6 / tally.requests,
        per_second: tally.requests / tally.seconds,
    })
}

fn print(scenario: &Scenario, samples: &[Vec<Sample>]) -> Result<()> {
    page::line(&format!("### {}", scenario.title))?;
    page::line(&format!(
        "{} {} connections, {} rounds of {} s.",
        scenario.text, scenario.connections, scenario.rounds, scenario.seconds
    ))?;
    let ratio_head = format!("÷ {}", scenario.reference.name());
    let head = [
        "",
        "CPU µs/request",
        "of it user",
        &ratio_head,
        "requests/s",
        "mark",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut each = scenario.peers.iter().zip(samples);
    let (_, reference) = each
        .find(|(peer, _)| **peer == scenario.reference)
        .context("the reference takes no part")?;
    for (peer, own) in scenario.peers.iter().zip(samples) {
        rows.push(row(scenario, *peer, own, reference));
    }
    page::table(&rows)?;
    Ok(())
}

fn row(scenario: &Scenario, peer: Peer, own: &[Sample], reference: &[Sample]) -> Vec<String> {
    let ratios = own.iter().zip(reference);
    let ratio = Spread::of(ratios.map(|(own, other)| own.micros / other.micros));
    let mut remarks = Vec::new();
    if let Some((_, mark)) = scenario.mark.filter(|(whose, _)| *whose == peer) {
        remarks.push(page::against(ratio.median, mark, ""));
    }
    if ratio.high - ratio.low > NOISE * ratio.median {
        remarks.push("noisy".to_owned());
    }
    vec![
        peer.name().to_owned(),
        format!("{:.1}", Spread::of(own.iter().map(|it| it.micros))),
        format!("{:.1}", Spread::of(own.iter().map(|it| it.user_micros)).median),
        format!("{ratio:.2}"),
        format!("{:.0}", Spread::of(own.iter().map(|it| it.per_second)).median),
        remarks.join("; "),
    ]
}
