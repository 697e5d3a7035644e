//! The proxies that are compared, each with one thread and doing what an ingress does.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::process::Process;
use super::site::Class;
use super::stage::{self, Stage};

mod haproxy;
mod nginx;

/// A proxy that can be started.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    /// Copies bytes and reads none of them.
    Relay,
    /// Sets the forwarded headers, routes nothing.
    HaproxyPlain,
    /// Does the same work as Ferrik.
    Haproxy,
    /// Sets the forwarded headers and the request id, routes nothing.
    Nginx,
    /// The product.
    Ferrik(Class),
    /// The product, which writes a line for every request.
    FerrikWithLog,
}

/// A proxy that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// Ferrik's only.
    pub(crate) admin: SocketAddr,
    /// The folder of its files; objects in the case of Ferrik.
    pub(crate) folder: PathBuf,
}

impl Peer {
    /// As the tables of results call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Relay => "bare relay, parses nothing",
            Self::HaproxyPlain => "HAProxy",
            Self::Haproxy => "HAProxy, same work",
            Self::Nginx => "nginx",
            Self::Ferrik(Class::Ferrik) => "Ferrik",
            Self::Ferrik(Class::Nginx) => "Ferrik, nginx dialect",
            Self::FerrikWithLog => "Ferrik, access log on",
        }
    }

    /// Starts it in a folder of its own and waits until it accepts connections.
    pub(crate) async fn start(self, stage: &Stage) -> Result<Running> {
        self.start_under(stage, &[]).await
    }

    /// The same with a command in front, such as valgrind.
    pub(crate) async fn start_under(self, stage: &Stage, front: &[String]) -> Result<Running> {
        let folder = tempfile::Builder::new()
            .prefix("proxy-")
            .tempdir_in(stage.folder())?
            .keep();
        let (address, admin) = (stage::free_address()?, stage::free_address()?);
        let mut line = front.to_vec();
        line.extend(self.command_line(stage, &folder, address, admin)?);
        let mut process = Process::start(stage.cpus.proxy, stage.folder(), "proxy", &line)?;
        process
            .accepts(address)
            .await
            .with_context(|| format!("{} does not start", self.name()))?;
        Ok(Running {
            process,
            address,
            admin,
            folder,
        })
    }

    fn command_line(
        self,
        stage: &Stage,
        folder: &std::path::Path,
        address: SocketAddr,
        admin: SocketAddr,
    ) -> Result<Vec<String>> {
        let listen = address.to_string();
        let config = folder.join("config");
        let owned = |line: &[&str]| line.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        Ok(match self {
            Self::Relay => {
                let bench = std::env::current_exe()?;
                owned(&[
                    stage::text(&bench)?,
                    "relay",
                    &listen,
                    &format!("127.0.0.1:{}", stage.backend),
                ])
            }
            Self::HaproxyPlain | Self::Haproxy => {
                let map = matches!(self, Self::Haproxy).then(|| folder.join("routes.map"));
                fs::write(&config, haproxy::config(address, stage.backend, map.as_deref())?)?;
                owned(&["haproxy", "-db", "-f", stage::text(&config)?])
            }
            Self::Nginx => {
                fs::write(&config, nginx::config(folder, address, stage.backend))?;
                owned(&["nginx", "-p", stage::text(folder)?, "-c", stage::text(&config)?])
            }
            Self::Ferrik(_) | Self::FerrikWithLog => {
                let class = if let Self::Ferrik(class) = self {
                    class
                } else {
                    Class::Ferrik
                };
                fs::write(
                    folder.join("site.yaml"),
                    super::site::objects(class, stage.backend),
                )?;
                let log = if matches!(self, Self::FerrikWithLog) {
                    folder.join("access.log")
                } else {
                    "off".into()
                };
                owned(&[
                    env!("CARGO_BIN_EXE_ferrik"),
                    "run",
                    "--files",
                    stage::text(folder)?,
                    "--http",
                    &listen,
                    "--https",
                    "127.0.0.1:0",
                    "--admin",
                    &admin.to_string(),
                    "--access-log",
                    stage::text(&log)?,
                    "--threads",
                    "1",
                ])
            }
        })
    }
}
