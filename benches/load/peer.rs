//! The proxies that are compared, doing what an ingress does; each listens for plain HTTP and, the relay aside, for TLS.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::process::Process;
use super::stage::{self, Stage};

mod ferrik;
mod haproxy;
mod nginx;

/// A proxy that can be started. All have one thread, unless their name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Copies bytes and reads none of them.
    Relay,
    /// Sets the forwarded headers, routes nothing.
    Haproxy,
    /// Does the same work as Ferrik.
    HaproxySameWork,
    /// Writes a line for every request.
    HaproxyWithLog,
    /// Sets the forwarded headers and the request id, routes nothing.
    Nginx,
    /// Writes a line for every request.
    NginxWithLog,
    /// The product as it comes, but for the access log.
    Ferrik,
    /// Objects of the class `nginx`.
    FerrikNginxDialect,
    /// Writes a line for every request.
    FerrikWithLog,
    /// The other engine.
    FerrikByPingora,
    /// Two threads, on the proxy's CPU and on the load's.
    FerrikTwoThreads,
}

/// Where a proxy listens, and its files.
#[derive(Debug)]
struct Place<'a> {
    stage: &'a Stage,
    folder: &'a Path,
    plain: SocketAddr,
    tls: SocketAddr,
    admin: SocketAddr,
}

/// A proxy that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) process: Process,
    pub(crate) plain: SocketAddr,
    /// Not the relay's.
    pub(crate) tls: SocketAddr,
    /// Ferrik's only.
    pub(crate) admin: SocketAddr,
    /// The folder of Ferrik's objects.
    pub(crate) objects: PathBuf,
    log: Option<PathBuf>,
}

impl Peer {
    /// As the tables of results call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Relay => "bare relay, parses nothing",
            Self::Haproxy => "HAProxy",
            Self::HaproxySameWork => "HAProxy, same work",
            Self::HaproxyWithLog => "HAProxy, access log on",
            Self::Nginx => "nginx",
            Self::NginxWithLog => "nginx, access log on",
            Self::Ferrik => "Ferrik",
            Self::FerrikNginxDialect => "Ferrik, nginx dialect",
            Self::FerrikWithLog => "Ferrik, access log on",
            Self::FerrikByPingora => "Ferrik by pingora",
            Self::FerrikTwoThreads => "Ferrik, two threads",
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
        let place = Place {
            stage,
            folder: &folder,
            plain: stage::free_address()?,
            tls: stage::free_address()?,
            admin: stage::free_address()?,
        };
        let (plain, tls, admin) = (place.plain, place.tls, place.admin);
        let mut line = front.to_vec();
        line.extend(self.command_line(&place)?);
        let cpus = if self == Self::FerrikTwoThreads {
            stage.cpus.to_string()
        } else {
            stage.cpus.proxy.to_string()
        };
        let mut process = Process::start(&cpus, &folder, "process", &line)?;
        process
            .accepts(plain)
            .await
            .with_context(|| format!("{} does not start", self.name()))?;
        let log = match self {
            Self::HaproxyWithLog => Some(process.said().to_owned()),
            Self::NginxWithLog | Self::FerrikWithLog => Some(access_log(&folder)),
            _ => None,
        };
        Ok(Running {
            process,
            plain,
            tls,
            admin,
            objects: objects(&folder),
            log,
        })
    }

    fn command_line(self, place: &Place<'_>) -> Result<Vec<String>> {
        let config = place.folder.join("config");
        let owned = |line: &[&str]| line.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        Ok(match self {
            Self::Relay => {
                let bench = std::env::current_exe()?;
                let backend = format!("127.0.0.1:{}", place.stage.backend);
                owned(&[stage::text(&bench)?, "relay", &place.plain.to_string(), &backend])
            }
            Self::Haproxy | Self::HaproxySameWork | Self::HaproxyWithLog => {
                fs::write(&config, haproxy::config(self, place)?)?;
                owned(&["haproxy", "-db", "-f", stage::text(&config)?])
            }
            Self::Nginx | Self::NginxWithLog => {
                fs::write(&config, nginx::config(self, place))?;
                let folder = stage::text(place.folder)?;
                owned(&["nginx", "-p", folder, "-c", stage::text(&config)?])
            }
            Self::Ferrik
            | Self::FerrikNginxDialect
            | Self::FerrikWithLog
            | Self::FerrikByPingora
            | Self::FerrikTwoThreads => ferrik::command_line(self, place)?,
        })
    }
}

impl Running {
    /// Empties the access log, if it is one that should have been written. Fails if nothing was.
    pub(crate) fn cut_log(&self) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        let log = fs::File::options().write(true).open(log)?;
        ensure!(log.metadata()?.len() > 0, "the access log is empty");
        Ok(log.set_len(0)?)
    }
}

/// Apart from everything else: the folder is watched.
fn objects(folder: &Path) -> PathBuf {
    folder.join("objects")
}

fn access_log(folder: &Path) -> PathBuf {
    folder.join("access.log")
}
