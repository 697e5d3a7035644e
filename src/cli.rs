//! The command line: every command, flag and default, with its help text.
//!
//! `main` parses it and hands each command its own arguments. Where ingress-nginx has the same thing, the flag has its
//! name, and `--flag=true` is understood as it is there. Nothing is opened or checked against a file here.

mod acme;
mod cluster;
mod offline;
mod run;
mod selection;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use acme::Acme;
pub(crate) use cluster::{Cluster, Status};
pub(crate) use offline::{Check, Explain, Format, Translate};
pub(crate) use run::{Http1Engine, LogFormat, LogQuery, Run};
pub(crate) use selection::Selection;
pub(crate) use value::{Header, LogTarget};

/// An ingress proxy for Kubernetes that reads ingress-nginx's and Traefik's objects.
///
/// `check`, `translate` and `explain` need no cluster and no running proxy: they read objects from files with the code
/// that serves them.
#[derive(Debug, Parser)]
#[command(
    name = "ferrik",
    version,
    max_term_width = 110,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the objects of a cluster, or those in a folder.
    ///
    /// In a Pod the API is reached as its service account; elsewhere --kubeconfig says how. With --files no cluster is
    /// needed, and files may be added, changed and removed while it runs. Once everything is bound and the first objects are served,
    /// one line goes to standard output: `ferrik: ready {"http":[…],"https":[…],"admin":…}` with the bound addresses.
    /// SIGTERM and SIGINT end it: it stops accepting, lets requests finish, then leaves.
    Run(Box<Run>),
    /// Report what is wrong with objects in files, each problem with its line and a fix.
    ///
    /// Prints `file:line: error|warning object field: message; fix: …`, ordered by file and line, and a closing line with
    /// the counts. The exit status is 1 if there is an error, and 0 otherwise. A reference to an object that is not among
    /// the files is a warning, because Secrets and Services are often kept elsewhere.
    Check(Check),
    /// Print the routing table, the endpoints and the report that objects in files become, as JSON.
    ///
    /// Equal objects give equal output, byte for byte, so two versions of a folder can be compared with `diff`. Private
    /// keys and passwords are never part of it.
    Translate(Translate),
    /// Show how one request would be served: host, rule, steps and endpoints, and why other rules did not match.
    ///
    /// The request goes through the code that serves requests, and nothing is sent anywhere. Each step is shown with the
    /// file and line that asks for it.
    Explain(Explain),
    /// Serve three sample applications on this machine, from sample objects that may be edited.
    ///
    /// Needs no cluster and no root. Prints where the objects are and what to try; Ctrl-C ends it.
    Demo(Demo),
    /// Ask a running proxy on its Unix socket whether it is ready; the exit status is 0 if it is.
    Probe(Probe),
    /// Say which replicas serve an Ingress as it is in the cluster; the exit status is 0 if all of them do.
    Status(Status),
    /// List the certificates of a running proxy: hosts, Secret, issuer, expiry, and for those that it gets itself when it
    /// tries next and what stood in the way.
    ///
    /// In a cluster: `kubectl -n ferrik exec ds/ferrik -- /ferrik certs`. The leader alone knows of orders; the others say who
    /// that is.
    Certs(Certs),
    /// Print name and version.
    Version,
}

/// Arguments of `probe`.
#[derive(Args, Debug)]
pub(crate) struct Probe {
    /// The socket that `run --admin-socket` made.
    #[arg(long, value_name = "PATH")]
    pub(crate) admin_socket: PathBuf,

    /// What to ask.
    #[arg(value_enum, default_value = "readyz")]
    pub(crate) question: Question,
}

/// Arguments of `certs`.
#[derive(Args, Debug)]
pub(crate) struct Certs {
    /// The admin listener of the proxy.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:10254")]
    pub(crate) admin: SocketAddr,

    /// Its Unix socket instead.
    #[arg(long, value_name = "PATH", env = "FERRIK_ADMIN_SOCKET")]
    pub(crate) admin_socket: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Question {
    /// Does the process answer at all?
    Healthz,
    /// Is the first table served, and is the process not about to end?
    Readyz,
}

impl Question {
    /// The path of the admin listener that answers.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Healthz => "/healthz",
            Self::Readyz => "/readyz",
        }
    }
}

/// Arguments of `demo`.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Folder for the sample objects; a new temporary one if it is not named. Files in it are written anew.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Where plain HTTP is served.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) http: SocketAddr,

    /// Where HTTPS is served.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    pub(crate) https: SocketAddr,
}

#[cfg(test)]
mod tests;
