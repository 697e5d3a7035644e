//! Load through sockets: Ferrik beside HAProxy, nginx and a bare relay, all on the same CPU in turn.
//!
//! `benches/run.sh` runs it. Proxies have the first CPU for themselves, load and backend the second. With `QUICK` set
//! everything is shorter. It exits with 1 if a request failed while tables were swapped, with 2 if it could not measure;
//! missed marks are only printed.

use std::env;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

#[path = "report/page.rs"]
mod page;
#[path = "report/spread.rs"]
mod spread;
mod load {
    pub(crate) mod callgrind;
    pub(crate) mod client;
    pub(crate) mod cpu;
    pub(crate) mod idle;
    pub(crate) mod instruction;
    pub(crate) mod owner;
    pub(crate) mod peer;
    pub(crate) mod process;
    pub(crate) mod relay;
    pub(crate) mod rotation;
    pub(crate) mod scenario;
    pub(crate) mod site;
    pub(crate) mod stage;
    pub(crate) mod swap;
    pub(crate) mod syscall;
    pub(crate) mod tls;
    pub(crate) mod wrk;
}

use load::cpu::Cpus;
use load::stage::Stage;
use load::{idle, instruction, relay, rotation, swap, syscall};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("the load benchmark failed: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["relay", listen, backend] => {
            runtime.block_on(relay::run(listen.parse()?, backend.parse()?))?;
            Ok(ExitCode::SUCCESS)
        }
        ["pinned", cpus] => runtime.block_on(measure(cpus.parse()?)),
        _ => pin(),
    }
}

/// Starts itself again on the CPU of load and backend, whatever it was started on.
fn pin() -> Result<ExitCode> {
    let cpus = Cpus::allowed()?;
    let status = Command::new("taskset")
        .args(["-c", &cpus.load.to_string()])
        .arg(env::current_exe()?)
        .args(["pinned", &cpus.to_string()])
        .status()
        .context("cannot run taskset (package util-linux)")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map(ExitCode::from)
        .context("the measuring process was killed")
}

async fn measure(cpus: Cpus) -> Result<ExitCode> {
    for program in ["haproxy", "nginx", "wrk", "setpriv"] {
        let found = Command::new(program).arg("-v").output();
        found.with_context(|| format!("{program} is not installed, or not in PATH"))?;
    }
    let is_quick = env::var_os("QUICK").is_some_and(|value| !value.is_empty());
    let stage = Stage::set(cpus).await?;
    rotation::run(&stage, is_quick).await?;
    instruction::run(&stage).await?;
    syscall::run(&stage).await?;
    idle::run(&stage).await?;
    let failed = swap::run(&stage, if is_quick { (60, 10_000) } else { (600, 100_000) }).await?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Says on standard error how far it is; results alone go to standard output.
fn tell(text: &str) {
    eprintln!("{text}");
}
