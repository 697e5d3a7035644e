//! Origins of three makes that count what they understood as requests: hyper, Go's standard library, nginx.

use std::net::SocketAddr;
use std::path::PathBuf;

use ferrik_test_process::{Process, bound_to_us, built};
use tempfile::TempDir;
use tokio::net::UnixStream;

use crate::support::{Backend, eventually};

/// What the server of Go is made of, in the order of `servers/build.sh`.
const PARTS: [&[u8]; 2] = [
    include_bytes!("servers/go.mod"),
    include_bytes!("servers/main.go"),
];

/// Who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Make {
    Hyper,
    Go,
    Nginx,
}

/// Where it listens.
#[derive(Clone)]
pub(super) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A running origin; it ends with the value.
pub(super) struct Origin {
    pub(super) place: Place,
    server: Server,
}

enum Server {
    Hyper(Backend),
    Process {
        _process: Process,
        _folder: TempDir,
        log: PathBuf,
        /// What stands before a request in the log.
        mark: &'static str,
    },
}

impl Origin {
    pub(super) async fn start(make: Make) -> Self {
        if make == Make::Hyper {
            let backend = Backend::echo().await;
            return Self {
                place: Place::Tcp(backend.address),
                server: Server::Hyper(backend),
            };
        }
        let folder = tempfile::tempdir().expect("the system has a place for temporary files");
        let socket = folder.path().join("socket");
        let (command, log, mark) = if make == Make::Go {
            let mut command = bound_to_us(built("origin", &PARTS).as_os_str());
            command.arg(&socket);
            (command, "origin.log", "request ")
        } else {
            let config = folder.path().join("nginx.conf");
            std::fs::write(&config, nginx(&folder)).expect("the folder is writable");
            let mut command = bound_to_us("nginx".as_ref());
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{path}:/usr/sbin"));
            command.arg("-p").arg(folder.path()).arg("-c").arg(config);
            (command, "access.log", "")
        };
        let log = folder.path().join(log);
        let process = Process::start(command, "origin", folder.path());
        eventually("the origin listens", async || {
            UnixStream::connect(&socket).await.is_ok()
        })
        .await;
        Self {
            place: Place::Unix(socket),
            server: Server::Process {
                _process: process,
                _folder: folder,
                log,
                mark,
            },
        }
    }

    /// Method and target of every request that it has seen.
    pub(super) fn requests(&self) -> Vec<(String, String)> {
        match &self.server {
            Server::Hyper(backend) => {
                let received = backend.received().into_iter();
                received.map(|request| (request.method, request.target)).collect()
            }
            Server::Process { log, mark, .. } => {
                let bytes = std::fs::read(log).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes);
                let lines = text.lines().filter_map(|line| line.strip_prefix(mark));
                let requests = lines.map(|line| {
                    let mut words = line.split(' ').map(str::to_owned);
                    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
                });
                requests.collect()
            }
        }
    }
}

fn nginx(folder: &TempDir) -> String {
    let folder = folder.path().display();
    format!(
        "daemon off;\nmaster_process off;\nerror_log stderr;\npid {folder}/pid;\nevents {{}}\nhttp {{\n\
         log_format plain escape=none '$request';\naccess_log {folder}/access.log plain;\nkeepalive_requests 1000000;\n\
         client_max_body_size 0;\nclient_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi;\nuwsgi_temp_path {folder}/uwsgi;\nscgi_temp_path {folder}/scgi;\n\
         server {{ listen unix:{folder}/socket; location / {{ return 200 ok; }} }}\n}}\n"
    )
}
