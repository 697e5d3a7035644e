//! Load from wrk: a closed loop over keep-alive connections that asks every host in turn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::site::{self, Ask};

/// What one run did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
}

/// Writes the script that makes the requests.
pub(crate) fn script(folder: &Path, ask: Ask) -> Result<PathBuf> {
    let (method, body) = match ask {
        Ask::Post => ("POST", format!(", \"{}\"", site::body())),
        Ask::Small | Ask::Medium | Ask::Large => ("GET", String::new()),
    };
    let requests: Vec<String> = site::requests(ask)
        .iter()
        .map(|(host, target)| {
            format!("  wrk.format(\"{method}\", \"{target}\", {{ Host = \"{host}\" }}{body}),\n")
        })
        .collect();
    let requests = requests.concat();
    let text = format!(
        "local made, at = nil, 0\n\
         init = function() made = {{\n{requests}}} end\n\
         request = function() at = at % #made + 1; return made[at] end\n\
         done = function(summary)\n  local e = summary.errors\n  \
         print(\"tally\", summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout)\nend\n"
    );
    let path = folder.join("requests.lua");
    fs::write(&path, text)?;
    Ok(path)
}

/// Runs it on the caller's CPU. Any error voids the run.
pub(crate) fn run(script: &Path, url: &str, connections: usize, seconds: usize) -> Result<Tally> {
    let output = Command::new("timeout")
        .args(["-k", "1", &(seconds + 20).to_string(), "wrk", "-t1"])
        .args([
            format!("-c{connections}"),
            format!("-d{seconds}s"),
            "-s".to_owned(),
        ])
        .arg(script)
        .arg(url)
        .output()
        .context("cannot run wrk")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let tally = said.lines().find_map(|line| line.strip_prefix("tally\t"));
    let numbers: Vec<f64> = tally
        .into_iter()
        .flat_map(|it| it.split('\t'))
        .filter_map(|it| it.parse().ok())
        .collect();
    match numbers[..] {
        [requests, micros, errors] if errors == 0.0 && requests > 0.0 => Ok(Tally {
            requests,
            seconds: micros / 1e6,
        }),
        _ => bail!("wrk failed: {said}{}", String::from_utf8_lossy(&output.stderr)),
    }
}
