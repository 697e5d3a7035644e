//! What every measurement stands on: a folder, the backend, and addresses for proxies.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::cpu::Cpus;
use super::process::Process;
use super::site::{self, Ask};
use super::tls;

/// The backend runs as long as this lives.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) cpus: Cpus,
    /// The backend's port, the same on all its addresses.
    pub(crate) backend: u16,
    _backend: Process,
    folder: TempDir,
}

impl Stage {
    /// Starts the backend on the CPU of the load.
    pub(crate) async fn set(cpus: Cpus) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let address = free_address()?;
        for ask in [Ask::Medium, Ask::Large] {
            fs::write(
                folder.path().join(ask.ending().trim_start_matches('/')),
                ask.body(),
            )?;
        }
        fs::write(certificate(folder.path()), tls::certificate()?)?;
        let config = folder.path().join("backend.conf");
        fs::write(&config, backend_config(folder.path(), address.port()))?;
        let line = ["nginx", "-p", text(folder.path())?, "-c", text(&config)?].map(str::to_owned);
        let mut backend = Process::start(&cpus.load.to_string(), folder.path(), "backend", &line)?;
        backend
            .accepts(address)
            .await
            .context("the backend (nginx) does not start")?;
        Ok(Self {
            cpus,
            backend: address.port(),
            _backend: backend,
            folder,
        })
    }

    /// Certificate and key of proxies that have none of their own, in one PEM file.
    pub(crate) fn certificate(&self) -> PathBuf {
        certificate(self.folder())
    }

    /// A folder that goes with the stage.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificate.pem")
}

/// A loopback address that nothing listens on at the moment.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}

/// The lines that every nginx here begins with: one process, in the foreground, all its files in the folder; `log` is the
/// value of `access_log`.
pub(crate) fn nginx_head(folder: &Path, name: &str, log: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\nmaster_process off;\nerror_log stderr error;\npid {folder}/{name}.pid;\n\
         events {{ worker_connections 8192; }}\n\
         http {{\n  access_log {log};\n  keepalive_requests 1000000000;\n  keepalive_timeout 75s;\n\
         client_body_temp_path {folder}/{name}-body;\n  proxy_temp_path {folder}/{name}-proxy;\n\
         fastcgi_temp_path {folder}/{name}-fastcgi;\n  uwsgi_temp_path {folder}/{name}-uwsgi;\n  scgi_temp_path {folder}/{name}-scgi;\n"
    )
}

fn backend_config(folder: &Path, port: u16) -> String {
    let listen = site::BACKENDS
        .map(|address| format!("    listen {address}:{port};\n"))
        .concat();
    let head = nginx_head(folder, "backend", "off");
    let body = site::body();
    let (form, root) = (Ask::Post.ending(), folder.display());
    // A mirrored request is read whole before it is answered. Files answer no POST, so what follows is the error's page.
    format!(
        "{head}  sendfile on;\n  open_file_cache max=8;\n  default_type text/plain;\n  server {{\n{listen}    \
         location / {{ return 200 {body}; }}\n    \
         location ~ /(64k|1m)$ {{ alias {root}/$1; }}\n    \
         location ~ {form}$ {{ mirror /read; alias {root}/64k; error_page 405 =200 @answer; }}\n    \
         location = /read {{ internal; return 204; }}\n    \
         location @answer {{ return 200 {body}; }}\n  }}\n}}\n"
    )
}
