//! The proxy as one thing: started with settings, given tables, drained at the end.
//!
//! The binary wires it to a source of tables. Requests are served on one runtime, the admin listener on another.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ferrik_config::metric::MetricSource;
use ferrik_config::name::Host;
use ferrik_config::policy::{HttpsRedirect, RedirectStatus};
use ferrik_config::{Endpoints, Table};
use pingora::apps::{HttpServerOptions, ServerApp};
use pingora::connectors::ConnectorOptions;
use pingora::connectors::http::Connector;
use pingora::protocols::http::v2::server::default_h2_options;
use pingora::proxy::HttpProxy;
use pingora::server::configuration::ServerConf;
use rustls::ServerConfig;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::admin::Admin;
use crate::forwarded::TrustedProxies;
use crate::hooks::Hooks;
use crate::lane::Lane;
use crate::listen::{
    Downstream, DrainLimits, Edge, Limits, ListenerSpec, ListenerStatus, Listeners, Registry, Serve,
    Timeouts, TlsLookup, held,
};
use crate::observe::{AccessLog, LogFields, LogFormat, LogTarget, Others, Sources};
use crate::pipeline::HttpSettings;
use crate::tables::Tables;
use crate::tls::TlsPolicy;

/// How often deadlines are looked at.
const SWEEP: Duration = Duration::from_millis(250);
/// Unused connections to backends that are kept, in all.
const POOL: usize = 4096;

/// Settings of the data plane.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// Plain HTTP listeners.
    pub http: Vec<SocketAddr>,
    /// TLS listeners.
    pub https: Vec<SocketAddr>,
    /// Share the addresses of both with other processes of this user that ask for the same.
    pub reuse_port: bool,
    /// The admin listener.
    pub admin: Option<SocketAddr>,
    /// The admin listener's Unix socket.
    pub admin_socket: Option<PathBuf>,
    /// Proxies whose forwarded headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// Send everything that comes over plain HTTP to https.
    pub https_redirect: bool,
    /// Where the access log goes.
    pub access_log: LogTarget,
    /// How its lines look.
    pub log_format: LogFormat,
    /// What its lines show of requests.
    pub log_fields: LogFields,
    /// A request's head must be complete after this.
    pub header_timeout: Duration,
    /// A connection without requests ends after this.
    pub keepalive_timeout: Duration,
    /// Open connections from clients; 0 for half of the file descriptors.
    pub max_connections: usize,
    /// Threads of the runtime, for the engine's sharding.
    pub threads: usize,
    /// Who serves HTTP/1.1.
    pub http1_engine: Http1Engine,
}

/// Who serves HTTP/1.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Http1Engine {
    /// The lane what it can, the general engine the rest.
    #[default]
    Lane,
    /// The general engine everything.
    General,
}

/// Where the proxy listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Plain HTTP.
    pub http: Vec<SocketAddr>,
    /// TLS.
    pub https: Vec<SocketAddr>,
    /// Admin, if it is bound.
    pub admin: Option<SocketAddr>,
}

/// A running proxy.
pub struct Proxy {
    tables: Arc<Tables>,
    listeners: Arc<Listeners<Engine, Arc<Tables>>>,
    engine: Engine,
    admin: Arc<Admin>,
    others: Others,
    specs: Vec<ListenerSpec>,
    has_admin: bool,
}

impl Proxy {
    /// Starts everything but the listeners, which wait for the first table. Requests are served on `runtime`; the admin
    /// listener has a place beside it, so that a scrape takes no thread from them.
    pub fn start(settings: &ProxySettings, runtime: &Handle, beside: &Handle) -> io::Result<Self> {
        let _inside = runtime.enter();
        let tables = Arc::new(Tables::default());
        let timeouts = Timeouts {
            header: settings.header_timeout,
            keepalive: settings.keepalive_timeout,
            ..Timeouts::default()
        };
        let mut limits = Limits::default();
        if settings.max_connections > 0 {
            limits.total = settings.max_connections;
        }
        let registry = Registry::new(&timeouts, limits, SWEEP, runtime);
        let engine = Engine::new(settings, tables.clone(), runtime)?;
        let listeners = Arc::new(Listeners::new(
            engine.clone(),
            tables.clone(),
            registry.clone(),
            runtime.clone(),
        ));
        let others = Others::default();
        let admin = Admin::new(Sources {
            tables: tables.clone(),
            registry,
            others: others.clone(),
        });
        if let Some(address) = settings.admin {
            beside.spawn(admin.clone().listen_tcp(address));
        }
        if let Some(path) = settings.admin_socket.clone() {
            beside.spawn(admin.clone().listen_unix(path));
        }
        let specs = specs(settings);
        Ok(Self {
            tables,
            listeners,
            engine,
            admin,
            others,
            specs,
            has_admin: settings.admin.is_some(),
        })
    }

    /// What is served.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Serves a new table; no connection is dropped.
    pub fn publish(&self, table: Arc<Table>, endpoints: Arc<Endpoints>) {
        self.tables.publish(table, endpoints);
    }

    /// Says on the admin listener what the first table waits for, one line each.
    pub fn set_waiting(&self, lines: Vec<String>) {
        self.admin.set_waiting(lines);
    }

    /// Says on the admin listener how the certificates stand that are asked for, as a list of objects, each with the
    /// `secret` that it goes into.
    pub fn set_orders(&self, orders: serde_json::Value) {
        self.admin.set_orders(orders);
    }

    /// Shows further metrics on the admin listener, for as long as the proxy lives.
    pub fn add_metrics(&self, source: Arc<dyn MetricSource>) {
        self.others
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(source);
    }

    /// Binds the listeners. Fails if one of them cannot be bound now.
    pub async fn listen(&self) -> io::Result<Addresses> {
        let mut addresses = Addresses::default();
        for ListenerStatus { spec, bound } in self.listeners.apply(self.specs.clone()).await {
            let address = bound.map_err(|error| {
                io::Error::new(
                    io::ErrorKind::AddrInUse,
                    format!("{} {}: {error}", spec.name, spec.address),
                )
            })?;
            let list = if spec.tls {
                &mut addresses.https
            } else {
                &mut addresses.http
            };
            list.push(address);
        }
        self.admin.set_ready();
        if self.has_admin {
            let mut bound = self.admin.bound();
            let waited =
                tokio::time::timeout(Duration::from_millis(500), bound.wait_for(Option::is_some)).await;
            addresses.admin = waited.ok().and_then(Result::ok).and_then(|address| *address);
        }
        Ok(addresses)
    }

    /// Ends in order: readiness fails, what sits in the accept queues is served, idle connections close, requests in
    /// flight finish. Returns how many connections were still open at the deadline.
    pub async fn drain(&self, deadline: Duration) -> usize {
        self.admin.set_draining();
        let limits = DrainLimits {
            grace: deadline.min(Duration::from_secs(1)),
            deadline,
        };
        let open = self.listeners.drain(limits, || self.engine.end_idle()).await;
        let log = self.engine.log.clone();
        // It waits for the disk.
        if let Err(error) = tokio::task::spawn_blocking(move || log.flush()).await {
            tracing::warn!(%error, "the last lines of the access log");
        }
        open
    }
}

fn specs(settings: &ProxySettings) -> Vec<ListenerSpec> {
    let reuse_port = settings.reuse_port;
    let spec = |kind: &str, tls: bool| {
        let kind = kind.to_owned();
        move |(at, address): (usize, &SocketAddr)| {
            let name = if at == 0 {
                kind.clone()
            } else {
                format!("{kind}-{at}")
            };
            ListenerSpec {
                name: name.into(),
                address: *address,
                tls,
                reuse_port,
            }
        }
    };
    let http = settings.http.iter().enumerate().map(spec("http", false));
    http.chain(settings.https.iter().enumerate().map(spec("https", true)))
        .collect()
}

/// The general engine behind the edge.
#[derive(Clone)]
struct Engine {
    proxy: Arc<HttpProxy<Hooks>>,
    lane: Option<Lane>,
    log: AccessLog,
}

impl Engine {
    fn new(settings: &ProxySettings, tables: Arc<Tables>, runtime: &Handle) -> io::Result<Self> {
        let log = AccessLog::open(&settings.access_log, settings.log_format, &settings.log_fields)?;
        let conf = ServerConf {
            threads: settings.threads,
            upstream_keepalive_pool_size: POOL,
            ..ServerConf::default()
        };
        let http = Arc::new(HttpSettings {
            trusted: settings.trusted_proxies.clone(),
            https_redirect: settings.https_redirect.then(|| entry_redirect(&settings.https)),
            server_name: host_name(),
        });
        let lane = (settings.http1_engine == Http1Engine::Lane).then(|| Lane {
            tables: tables.clone(),
            settings: http.clone(),
            log: log.clone(),
        });
        if let Some(lane) = &lane {
            lane.start(runtime);
        }
        let hooks = Hooks {
            tables,
            pages: Connector::new(Some(ConnectorOptions::from_server_conf(&conf))),
            settings: http,
            log: log.clone(),
        };
        let mut proxy = pingora::proxy::http_proxy(&Arc::new(conf), hooks);
        proxy.server_options = Some({
            let mut options = HttpServerOptions::default();
            options.h2_idle_timeout = Some(settings.keepalive_timeout);
            options
        });
        let mut h2 = default_h2_options();
        h2.max_concurrent_streams(128);
        proxy.h2_options = Some(h2);
        Ok(Self {
            proxy: Arc::new(proxy),
            lane,
            log,
        })
    }

    /// Ends connections that wait for a request.
    async fn end_idle(&self) {
        self.proxy.cleanup().await;
    }
}

impl Serve for Engine {
    async fn serve(&self, stream: Downstream, drain: watch::Receiver<bool>) {
        let is_http1 = !stream.connection().h2;
        let left = match self.lane.as_ref().filter(|_| is_http1) {
            Some(lane) => lane.serve(stream, &drain).await,
            None => Some(stream),
        };
        if let Some(stream) = left {
            // Boxed apart: connections of the lane take no memory for it.
            let edge = Edge::new(stream);
            if is_http1 {
                Box::pin(self.proxy.process_new(Box::new(edge), &drain)).await;
            } else {
                let engine = |edge: held::HeldEdge| self.proxy.process_new(Box::new(edge), &drain);
                Box::pin(held::serve(edge, engine)).await;
            }
        }
    }
}

impl TlsLookup for Arc<Tables> {
    fn lookup(&self, sni: Option<&Host>) -> Arc<TlsPolicy> {
        let compiled = self.load().expect("listeners are bound after the first table");
        compiled.tls.lookup(sni).clone()
    }

    fn answer(&self, host: &Host) -> Option<Arc<ServerConfig>> {
        self.load()?.answers.find(host)
    }
}

/// Traefik's redirect of an entry point: permanent, and to the port of the TLS listener if that is not the usual one.
fn entry_redirect(https: &[SocketAddr]) -> HttpsRedirect {
    let port = https
        .first()
        .map(SocketAddr::port)
        .filter(|port| !matches!(port, 0 | 443));
    HttpsRedirect {
        status: RedirectStatus::Permanent,
        strip_trailing_slash: false,
        port,
    }
}

/// The name of this machine, as the kernel has it.
fn host_name() -> Option<http::HeaderValue> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    http::HeaderValue::from_str(name.trim()).ok()
}
