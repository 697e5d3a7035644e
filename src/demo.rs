//! `ferrik demo`: three sample applications behind the proxy, from sample objects in a folder that may be edited.
//!
//! The proxy is `run`'s, started with a command line of its own; only the applications and the objects are made here.

mod application;
mod sample;
mod script;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;

use crate::cli::{self, Cli, Command};
use crate::run::{self, Running};
use application::Applications;

/// Requests of the demo are short.
const DRAIN: Duration = Duration::from_secs(2);

/// Serves the samples until Ctrl-C.
pub(crate) fn run(arguments: cli::Demo) -> anyhow::Result<ExitCode> {
    let folder = Folder::new(arguments.dir)?;
    let applications = Applications::start()?;
    sample::write(&folder.path, &applications.addresses)?;
    let arguments = as_run(&folder.path, arguments.http, arguments.https)?;
    run::init_log(arguments.log.log_format);
    let settings = arguments.selection.settings(arguments.ingress_class_by_name);
    let running = Running::start(
        run::Source::Files(arguments.files.clone(), None),
        settings,
        &run::proxy_settings(&arguments),
    )
    .context("is another program there? --http and --https choose other addresses")?;
    let Some(running) = running else {
        return Ok(ExitCode::SUCCESS);
    };
    crate::print(&script::text(
        &folder.path,
        folder.is_temporary,
        &running.addresses,
    ))?;
    running.serve(DRAIN);
    Ok(ExitCode::SUCCESS)
}

/// The arguments of the `run` that serves the samples.
fn as_run(folder: &Path, http: SocketAddr, https: SocketAddr) -> anyhow::Result<cli::Run> {
    let (http, https) = (http.to_string(), https.to_string());
    let words = [
        "ferrik",
        "run",
        "--admin",
        "127.0.0.1:0",
        "--http",
        &http,
        "--https",
        &https,
        "--files",
    ];
    let words = words
        .iter()
        .map(Into::into)
        .chain([folder.as_os_str().to_owned()]);
    match Cli::try_parse_from(words)?.command {
        Command::Run(arguments) => Ok(*arguments),
        other => anyhow::bail!("`run` was understood as {other:?}"),
    }
}

/// Where the objects are. A temporary folder goes with the value.
struct Folder {
    path: PathBuf,
    is_temporary: bool,
}

impl Folder {
    fn new(chosen: Option<PathBuf>) -> anyhow::Result<Self> {
        let is_temporary = chosen.is_none();
        let path = chosen
            .unwrap_or_else(|| std::env::temp_dir().join(format!("ferrik-demo-{}", std::process::id())));
        let made = if is_temporary {
            std::fs::create_dir(&path)
        } else {
            std::fs::create_dir_all(&path)
        };
        made.with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self { path, is_temporary })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            // What cannot be removed is the system's to clean up, as everything there is.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
