//! `ferrik run`: wires the files source to the proxy, prints where it listens, and ends in order.
//!
//! Two runtimes: the data plane's threads serve requests, a small one follows files and translates, so that a storm of
//! changes cannot stall a request.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ferrik_config::settings::Settings;
use ferrik_config::translate::Output;
use ferrik_controller::publish::follow_files;
use ferrik_proxy::{Addresses, Proxy, ProxySettings, TrustedProxies};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::cli;

/// Serves the objects in files until SIGTERM or SIGINT.
pub(crate) fn run(arguments: &cli::Run) -> anyhow::Result<ExitCode> {
    init_log(arguments.log.log_format);
    let drain_timeout = arguments.limit.drain_timeout;
    let settings = arguments.selection.settings(arguments.ingress_class_by_name);
    let running = Running::start(arguments.files.clone(), settings, &proxy_settings(arguments))?;
    let signals = running.signals()?;
    let addresses = &running.addresses;
    crate::print(&format!(
        "ferrik: ready {}\n",
        serde_json::json!({"http": addresses.http, "https": addresses.https, "admin": addresses.admin})
    ))?;
    running.wait_for(signals);
    running.drain(drain_timeout);
    Ok(ExitCode::SUCCESS)
}

/// The signals that ask the process to end.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// A proxy that serves a folder.
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) addresses: Addresses,
    proxy: Arc<Proxy>,
    data: Runtime,
    control: Runtime,
}

impl Running {
    /// Starts both runtimes, waits for the first table, then binds the listeners.
    pub(crate) fn start(
        files: Vec<PathBuf>,
        settings: Settings,
        proxy: &ProxySettings,
    ) -> anyhow::Result<Self> {
        let data = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(proxy.threads.max(1))
            .thread_name("data")
            .enable_all()
            .build()
            .context("cannot start the data plane's threads")?;
        let control = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("control")
            .enable_all()
            .build()
            .context("cannot start the control plane's thread")?;
        let proxy =
            Arc::new(Proxy::start(proxy, data.handle(), control.handle()).context("cannot start the proxy")?);
        let (applied, mut first) = watch::channel(false);
        let sink = proxy.clone();
        let publish = move |output: &Output| {
            sink.publish(output.table.clone(), output.endpoints.clone());
            applied.send_replace(true);
        };
        control.spawn(follow_files(files, settings, publish));
        let addresses = data.block_on(async {
            first
                .wait_for(|is_applied| *is_applied)
                .await
                .context("the files could not be read")?;
            proxy.listen().await.context("cannot listen")
        })?;
        Ok(Self {
            addresses,
            proxy,
            data,
            control,
        })
    }

    /// Takes over SIGTERM and SIGINT. From here on they no longer end the process at once.
    pub(crate) fn signals(&self) -> anyhow::Result<Signals> {
        let _inside = self.control.enter();
        Ok(Signals {
            terminate: signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?,
        })
    }

    /// Waits for one of the two.
    pub(crate) fn wait_for(&self, mut signals: Signals) {
        self.control.block_on(async {
            tokio::select! {
                _ = signals.terminate.recv() => tracing::info!("SIGTERM: draining"),
                _ = signals.interrupt.recv() => tracing::info!("SIGINT: draining"),
            }
        });
    }

    /// Lets requests finish, for so long at most.
    pub(crate) fn drain(self, deadline: Duration) {
        let open = self.data.block_on(self.proxy.drain(deadline));
        if open > 0 {
            tracing::warn!(open, "connections were still open at the deadline and are cut");
        } else {
            tracing::info!("drained");
        }
        self.control.shutdown_background();
        self.data.shutdown_background();
    }
}

/// What the command line says of the proxy.
pub(crate) fn proxy_settings(arguments: &cli::Run) -> ProxySettings {
    let cli::Run {
        listen, limit, log, ..
    } = arguments;
    ProxySettings {
        http: listen.http.clone(),
        https: listen.https.clone(),
        admin: Some(listen.admin),
        admin_socket: listen.admin_socket.clone(),
        trusted_proxies: TrustedProxies(listen.trusted_proxies.clone()),
        https_redirect: listen.https_redirect,
        access_log: match &log.access_log {
            cli::LogTarget::Off => ferrik_proxy::LogTarget::Off,
            cli::LogTarget::Stdout => ferrik_proxy::LogTarget::Stdout,
            cli::LogTarget::File(path) => ferrik_proxy::LogTarget::File(path.clone()),
        },
        log_format: match log.log_format {
            cli::LogFormat::Json => ferrik_proxy::LogFormat::Json,
            cli::LogFormat::Text => ferrik_proxy::LogFormat::Text,
        },
        header_timeout: limit.client_header_timeout,
        keepalive_timeout: limit.keepalive_timeout,
        max_connections: limit.max_connections.unwrap_or(0),
        threads: limit
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

/// Messages go to standard error. `RUST_LOG` selects them as usual.
pub(crate) fn init_log(format: cli::LogFormat) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,pingora=off,rustls=off"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _ = match format {
        cli::LogFormat::Json => builder.json().try_init(),
        cli::LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
}
