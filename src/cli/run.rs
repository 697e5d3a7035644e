//! Arguments of `run`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use ferrik_config::settings::Settings;
use http::HeaderName;
use ipnet::IpNet;

use super::value::{LogTarget, count, log_target, network, seconds};
use super::{Acme, Cluster, Selection};

/// What `run` serves, and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// Folder (or file) of objects, with its sub-folders; .yaml, .yml and .json count. May be given several times. Without
    /// it the objects of a cluster are served.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["kubeconfig", "watch_namespace"])]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) cluster: Cluster,

    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Take an Ingress whose class has one of the --ingress-class names even if there is no IngressClass of that name.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = "Which objects"
    )]
    pub(crate) ingress_class_by_name: bool,

    #[command(flatten)]
    pub(crate) acme: Acme,

    #[command(flatten)]
    pub(crate) listen: Listen,

    #[command(flatten)]
    pub(crate) limit: Limit,

    #[command(flatten)]
    pub(crate) log: Logs,
}

impl Run {
    /// What translation needs to know.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let mut selection = self.selection.clone();
        selection.acme |= self.acme.acme_state.is_some();
        let is_by_files = !self.files.is_empty();
        anyhow::ensure!(
            !selection.acme || !is_by_files || self.acme.acme_state.is_some(),
            "--acme with --files needs --acme-state DIR, where account and certificates are kept"
        );
        anyhow::ensure!(
            selection.acme || (!selection.acme_by_default && selection.acme_default_namespace.is_empty()),
            "--acme-by-default and --acme-default-namespace need --acme"
        );
        let mut settings = selection.settings(self.ingress_class_by_name);
        if let Some(acme) = &mut settings.acme {
            acme.account.1 = self.acme.acme_account.as_str().into();
        }
        Ok(settings)
    }
}

/// Addresses, and whom to believe.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Addresses")]
pub(crate) struct Listen {
    /// Where plain HTTP is served. May be given several times; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "[::]:80")]
    pub(crate) http: Vec<SocketAddr>,

    /// Where HTTPS is served. May be given several times; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "[::]:443")]
    pub(crate) https: Vec<SocketAddr>,

    /// Share --http and --https with another process of the same user that does so too: while one takes over from the other.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true
    )]
    pub(crate) reuse_port: bool,

    /// Where /healthz, /readyz, /metrics and /table are served. A taken address is tried again and never stops the rest.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:10254")]
    pub(crate) admin: SocketAddr,

    /// A Unix socket that serves the same as --admin.
    #[arg(long, value_name = "PATH")]
    pub(crate) admin_socket: Option<PathBuf>,

    /// Networks of proxies in front whose X-Forwarded headers are believed. Nobody's are by default.
    #[arg(long, value_name = "CIDR,…", value_delimiter = ',', value_parser = network)]
    pub(crate) trusted_proxies: Vec<IpNet>,

    /// Redirect all plain HTTP to https, except the challenges of certificate authorities.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true
    )]
    pub(crate) https_redirect: bool,
}

/// Limits of time and number.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limit {
    /// Seconds within which the head of a request must be complete.
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds)]
    pub(crate) client_header_timeout: Duration,

    /// Seconds that a connection may stay open without a request.
    #[arg(long, value_name = "S", default_value = "75", value_parser = seconds)]
    pub(crate) keepalive_timeout: Duration,

    /// Seconds that requests may take to finish after SIGTERM.
    #[arg(long, value_name = "S", default_value = "240", value_parser = seconds)]
    pub(crate) drain_timeout: Duration,

    /// Connections that may be open at one time; by default what the limit on open files leaves room for.
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) max_connections: Option<usize>,

    /// Who serves HTTP/1.1: the lane, which leaves to pingora what it does not serve, or pingora alone.
    #[arg(
        long,
        value_enum,
        value_name = "lane|pingora",
        default_value = "lane",
        hide_possible_values = true
    )]
    pub(crate) http1_engine: Http1Engine,

    /// Threads that serve; by default one for each CPU that the process may use.
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) threads: Option<usize>,
}

/// Who serves HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Http1Engine {
    /// The lane what it can.
    Lane,
    /// Pingora everything.
    Pingora,
}

/// What is written, and where.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs")]
pub(crate) struct Logs {
    /// Where one line per request goes: a file, - for standard output, or off.
    #[arg(long, value_name = "PATH|-|off", default_value = "-", value_parser = log_target)]
    pub(crate) access_log: LogTarget,

    /// Format of the access log (text is Apache's combined format) and of the messages on standard error.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,

    /// Request header fields that the access log shows besides, as the client sent them, up to 256 bytes each. Passwords and
    /// sessions are never shown: Authorization, Proxy-Authorization, Cookie and X-Api-Key are written as `(redacted)`.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) access_log_header: Vec<HeaderName>,

    /// Whether the access log shows queries, in which some clients send secrets: of the target, and of Referer.
    #[arg(
        long,
        value_enum,
        value_name = "keep|drop",
        default_value = "keep",
        hide_possible_values = true
    )]
    pub(crate) access_log_query: LogQuery,
}

/// Whether queries are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogQuery {
    /// As the client sent them.
    Keep,
    /// Never.
    Drop,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}
