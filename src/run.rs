//! `ferrik run`: wires a source of objects to the proxy, prints where it listens, and ends in order.
//!
//! Two runtimes: the data plane's threads serve requests, a small one follows the objects and translates, so that a storm of
//! changes cannot stall a request.

use std::fs::DirBuilder;
use std::io::IsTerminal as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ferrik_config::settings::Settings;
use ferrik_config::translate::Output;
use ferrik_controller::acme;
use ferrik_controller::publish::{Published, follow_files};
use ferrik_proxy::{Addresses, Proxy, ProxySettings, TrustedProxies};
use nix::sys::resource::{Resource, setrlimit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::cli;
use crate::followed::Followed;

/// Serves the objects of files or of a cluster until SIGTERM or SIGINT.
pub(crate) fn run(arguments: &cli::Run) -> anyhow::Result<ExitCode> {
    init_log(arguments.log.log_format);
    // It would hold every private key.
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        tracing::warn!(%error, "core files cannot be switched off");
    }
    let drain_timeout = arguments.limit.drain_timeout;
    let settings = arguments.settings()?;
    let acme = settings
        .acme
        .is_some()
        .then(|| arguments.acme.options())
        .transpose()?;
    let source = if arguments.files.is_empty() {
        Source::Cluster(Box::new(arguments.cluster.clone()), acme)
    } else {
        let state = arguments.acme.acme_state.clone();
        Source::Files(arguments.files.clone(), state.zip(acme))
    };
    let Some(running) = Running::start(source, settings, &proxy_settings(arguments))? else {
        return Ok(ExitCode::SUCCESS);
    };
    let addresses = &running.addresses;
    crate::print(&format!(
        "ferrik: ready {}\n",
        serde_json::json!({"http": addresses.http, "https": addresses.https, "admin": addresses.admin})
    ))?;
    running.serve(drain_timeout);
    Ok(ExitCode::SUCCESS)
}

/// Where the objects come from.
pub(crate) enum Source {
    /// Files and folders; and where certificates are kept, if any are asked for.
    Files(Vec<PathBuf>, Option<(PathBuf, acme::Options)>),
    /// A Kubernetes API.
    Cluster(Box<cli::Cluster>, Option<acme::Options>),
}

/// The signals that ask the process to end. While the value lives they no longer end it at once.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// A proxy that serves.
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) addresses: Addresses,
    proxy: Arc<Proxy>,
    data: Runtime,
    control: Runtime,
    signals: Signals,
    followed: Option<Followed>,
}

impl Running {
    /// Starts both runtimes, waits for the first table, then binds the listeners. `None` if a signal came first.
    pub(crate) fn start(
        source: Source,
        settings: Settings,
        proxy: &ProxySettings,
    ) -> anyhow::Result<Option<Self>> {
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
        let mut followed = None;
        match source {
            Source::Files(files, acme) => follow_folder(&control, files, acme, settings, &proxy, publish),
            Source::Cluster(arguments, acme) => {
                followed = Some(Followed::start(
                    &control, &arguments, settings, acme, &proxy, publish,
                )?);
            }
        }
        let mut signals = {
            let _inside = control.enter();
            Signals::new()?
        };
        let addresses = data.block_on(async {
            tokio::select! {
                first = first.wait_for(|is_applied| *is_applied) => {
                    first.context("the objects could not be read")?;
                }
                name = signals.next() => {
                    tracing::info!("{name} before anything was served");
                    return Ok(None);
                }
            }
            proxy.listen().await.context("cannot listen").map(Some)
        })?;
        let Some(addresses) = addresses else {
            control.shutdown_background();
            data.shutdown_background();
            return Ok(None);
        };
        Ok(Some(Self {
            addresses,
            proxy,
            data,
            control,
            signals,
            followed,
        }))
    }

    /// Serves until a signal comes, then lets requests finish, for so long at most.
    pub(crate) fn serve(mut self, deadline: Duration) {
        let name = self.control.block_on(self.signals.next());
        tracing::info!("{name}: draining");
        self.drain(deadline);
    }

    fn drain(self, deadline: Duration) {
        let farewell = self.followed.map(|followed| self.control.spawn(followed.stop()));
        let open = self.data.block_on(self.proxy.drain(deadline));
        if let Some(farewell) = farewell
            && let Err(error) = self.control.block_on(farewell)
        {
            tracing::warn!(%error, "the end of the work for the cluster");
        }
        if open > 0 {
            tracing::warn!(open, "connections were still open at the deadline and are cut");
        } else {
            tracing::info!("drained");
        }
        self.control.shutdown_background();
        self.data.shutdown_background();
    }
}

/// Follows files. Certificates that are asked for are kept in a folder that is followed, too.
fn follow_folder(
    control: &Runtime,
    mut files: Vec<PathBuf>,
    acme: Option<(PathBuf, acme::Options)>,
    settings: Settings,
    proxy: &Arc<Proxy>,
    publish: impl Fn(&Output) + Send + Sync + 'static,
) {
    let Some((folder, options)) = acme else {
        control.spawn(follow_files(files, settings, publish));
        return;
    };
    // Whoever follows it needs it there; nobody else may look in.
    if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(&folder) {
        tracing::error!(folder = %folder.display(), %error, "the folder for certificates cannot be made");
    }
    files.push(folder.clone());
    let account = settings.acme.as_ref().map(|acme| acme.account.clone());
    let place = acme::Place::Folder(folder, account.unwrap_or_default());
    let (state, states) = watch::channel(Published::default());
    // Nobody else is there who could lead.
    let (leading, leads) = watch::channel(true);
    let leadership = crate::acme::Leadership {
        scope: None,
        leading: leads,
        holder: None,
    };
    crate::acme::start(control, place, options, states, leadership, proxy);
    control.spawn(async move {
        let publish = move |output: &Output| {
            publish(output);
            state.send_replace(output.clone().into());
        };
        follow_files(files, settings, publish).await;
        drop(leading);
    });
}

/// What the command line says of the proxy.
pub(crate) fn proxy_settings(arguments: &cli::Run) -> ProxySettings {
    let cli::Run {
        listen, limit, log, ..
    } = arguments;
    ProxySettings {
        http: listen.http.clone(),
        https: listen.https.clone(),
        reuse_port: listen.reuse_port,
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
        log_fields: ferrik_proxy::LogFields {
            headers: log.access_log_header.clone(),
            query: match log.access_log_query {
                cli::LogQuery::Keep => ferrik_proxy::LogQuery::Keep,
                cli::LogQuery::Drop => ferrik_proxy::LogQuery::Drop,
            },
        },
        header_timeout: limit.client_header_timeout,
        keepalive_timeout: limit.keepalive_timeout,
        max_connections: limit.max_connections.unwrap_or(0),
        threads: limit
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        http1_engine: match limit.http1_engine {
            cli::Http1Engine::Lane => ferrik_proxy::Http1Engine::Lane,
            cli::Http1Engine::Pingora => ferrik_proxy::Http1Engine::General,
        },
    }
}

/// Messages go to standard error. `RUST_LOG` selects them as usual.
pub(crate) fn init_log(format: cli::LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,kube_client=off,pingora=off,rustls=off"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _ = match format {
        cli::LogFormat::Json => builder.json().try_init(),
        cli::LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
}
