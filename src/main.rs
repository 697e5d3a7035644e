//! The binary: parses the command line and hands over to one command. The only crate that knows both the controller and
//! the proxy.
//!
//! Reading order: [`cli`] → [`load`] (files → objects, with their lines) → [`stand_in`] (what is not among the files) →
//! the commands [`check`], [`translate`], [`explain`], [`demo`], [`probe`], [`status`], [`version`] → [`run`] → [`followed`].

mod acme;
mod admin;
mod certs;
mod check;
mod cli;
mod demo;
mod explain;
mod followed;
mod load;
mod probe;
mod problem;
mod run;
mod stand_in;
mod status;
mod translate;
mod version;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command};

/// Costs 12 % fewer instructions per request than the allocator of glibc.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything else can make a TLS configuration: it is the only provider with X25519MLKEM768.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .expect("nothing has installed one before");
    let result = match Cli::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Translate(arguments) => translate::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Probe(arguments) => probe::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Certs(arguments) => certs::run(&arguments),
        Command::Version => version::run(),
    };
    result.unwrap_or_else(|error| {
        // Without standard error there is nobody to tell.
        let _ = writeln!(io::stderr(), "ferrik: {error:#}");
        ExitCode::FAILURE
    })
}

/// Writes to standard output. A reader that has gone away (`ferrik check . | head`) has seen enough.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
