//! The binary under test, in a lab: started against a cluster, asked as clients ask it, and its load.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ferrik_test_cluster::{Identity, Lab, eventually, within};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::{JoinHandle, JoinSet};

use crate::tls::Clients;

/// A running process. It ends with the value; what it said on standard error is shown if the test fails.
pub(crate) struct Ferrik {
    child: Child,
    addresses: Arc<Mutex<Option<Value>>>,
    log: Arc<Mutex<String>>,
}

/// What a client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The name of the pod that answered, if one did.
    pub(crate) fn pod(&self) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        body["pod"].as_str().map(str::to_owned)
    }
}

impl Ferrik {
    /// Starts it with an administrator's rights and waits until it is ready.
    pub(crate) async fn start(lab: &Lab, arguments: &[&str]) -> Self {
        let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
        let ferrik = Self::spawn(&kubeconfig, arguments);
        ferrik.ready().await;
        ferrik
    }

    /// Starts it and waits for nothing.
    pub(crate) fn spawn(kubeconfig: &Path, arguments: &[&str]) -> Self {
        let log = "info,ferrik_controller=debug,kube_client=off,pingora=off,rustls=off";
        Self::spawn_with_log(kubeconfig, arguments, log)
    }

    /// The same with these messages (`RUST_LOG`).
    pub(crate) fn spawn_with_log(kubeconfig: &Path, arguments: &[&str], log: &str) -> Self {
        let default_http: &[&str] = if arguments.contains(&"--http") {
            &[]
        } else {
            &["--http", "127.0.0.1:0"]
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferrik"));
        command
            .args(["run", "--https", "127.0.0.1:0", "--access-log", "off"])
            .args(default_http)
            .args(["--ingress-class-by-name", "--kubeconfig"])
            .arg(kubeconfig)
            .args(arguments)
            .env("RUST_LOG", log);
        Self::follow(command)
    }

    /// Starts it with a folder instead of a cluster.
    pub(crate) fn spawn_with_files(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferrik"));
        command
            .args(["run", "--access-log", "off", "--ingress-class-by-name", "--files"])
            .arg(folder)
            .args(arguments);
        Self::follow(command)
    }

    /// Starts it with these arguments and nothing else.
    pub(crate) fn spawn_with_arguments(arguments: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferrik"));
        command.arg("run").args(arguments);
        Self::follow(command)
    }

    fn follow(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let addresses = Arc::new(Mutex::new(None));
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let found = addresses.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(json) = line.strip_prefix("ferrik: ready ") {
                    *found.lock().expect("nobody panics with it") = serde_json::from_str(json).ok();
                }
            }
        });
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let written = log.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mut log = written.lock().expect("nobody panics with it");
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self {
            child,
            addresses,
            log,
        }
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn ready(&self) {
        eventually("ferrik is ready", async || {
            self.addresses.lock().expect("no panic").is_some()
        })
        .await;
    }

    fn address(&self, pointer: &str) -> SocketAddr {
        let addresses = self.addresses.lock().expect("no panic");
        let addresses = addresses.as_ref().expect("it is ready");
        let address = addresses.pointer(pointer).and_then(Value::as_str);
        address.expect("it listens there").parse().expect("an address")
    }

    /// Where plain HTTP is served.
    pub(crate) fn http(&self) -> SocketAddr {
        self.address("/http/0")
    }

    /// Where TLS is served.
    pub(crate) fn https(&self) -> SocketAddr {
        self.address("/https/0")
    }

    /// The value of a metric, by its name with labels; `None` if it is not there.
    pub(crate) async fn metric(&self, name: &str) -> Option<i64> {
        let answer = get(self.address("/admin"), "admin", "/metrics").await;
        let text = answer.expect("the admin listener answers").body;
        let mut values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.strip_prefix("{}").unwrap_or(rest).strip_prefix(' ')
        });
        values.next()?.parse().ok()
    }

    /// Waits until a metric has this value.
    pub(crate) async fn measures(&self, name: &str, value: i64) {
        eventually(&format!("{name} {value}"), async || {
            self.metric(name).await == Some(value)
        })
        .await;
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(&self, host: &str, path: &str) -> Answer {
        get(self.http(), host, path).await.expect("the proxy answers")
    }

    /// Waits until a host answers with this status.
    pub(crate) async fn answers(&self, host: &str, status: u16) -> Answer {
        let what = format!("{host} answers {status}");
        let last = Mutex::new(None);
        eventually(&what, async || {
            let answer = self.get(host, "/").await;
            let is_it = answer.status == status;
            *last.lock().expect("no panic") = Some(answer);
            is_it
        })
        .await;
        last.into_inner().expect("no panic").expect("it was asked")
    }

    /// Where the admin listener is.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.address("/admin")
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        let id = self.child.id().expect("it runs").to_string();
        let status = Command::new("kill").arg(id).status().await.expect("kill starts");
        assert!(status.success());
        self.ended().await;
    }

    /// Waits until it has ended in order, by itself or by a signal that was sent.
    pub(crate) async fn ended(mut self) {
        let status = within("the end", self.child.wait())
            .await
            .expect("it can be waited for");
        assert!(status.success(), "{status}");
    }

    /// Ends it at once.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Stops and continues the process.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(status.expect("kill starts").success());
    }
}

impl Drop for Ferrik {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- ferrik wrote to stderr:\n{}", self.log());
        }
    }
}

/// One request on a connection of its own.
pub(crate) async fn get(address: SocketAddr, host: &str, path: &str) -> anyhow::Result<Answer> {
    let mut client = Client::connect(address).await?;
    client.get(host, path).await
}

/// The same with a user's name and password, as base64 of `NAME:PASSWORD`.
pub(crate) async fn get_as(address: SocketAddr, host: &str, user: &str) -> anyhow::Result<Answer> {
    let request = hyper::Request::get("/")
        .header("host", host)
        .header("authorization", format!("Basic {user}"));
    let mut client = Client::connect(address).await?;
    client.send(request.body(Empty::new())?).await
}

/// One connection.
pub(crate) struct Client {
    sender: http1::SendRequest<Empty<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Client {
    async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        Self::over(TcpStream::connect(address).await?).await
    }

    /// On a stream that is there.
    pub(crate) async fn over<S>(stream: S) -> anyhow::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self {
            sender,
            connection: tokio::spawn(connection),
        })
    }

    /// One request of several.
    pub(crate) async fn get(&mut self, host: &str, path: &str) -> anyhow::Result<Answer> {
        let request = hyper::Request::get(path).header("host", host);
        self.send(request.body(Empty::new())?).await
    }

    async fn send(&mut self, request: hyper::Request<Empty<Bytes>>) -> anyhow::Result<Answer> {
        self.sender.ready().await?;
        let answer = tokio::select! {
            biased;
            answer = self.sender.send_request(request) => answer?,
            // A request that is sent in the moment in which the connection ends is never answered and never fails.
            ended = &mut self.connection => {
                ended??;
                anyhow::bail!("the connection ended");
            }
        };
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// How a load connects.
#[derive(Clone)]
enum Way {
    Plain(SocketAddr),
    Tls(Clients),
}

/// Requests that go on while something happens, on a few connections, each waiting for its answer.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Starts asking for `/` of this host, and expects 200.
    pub(crate) fn start(ferrik: &Ferrik, host: &'static str) -> Self {
        Self::at(ferrik.http(), host)
    }

    /// The same at an address.
    pub(crate) fn at(address: SocketAddr, host: &'static str) -> Self {
        Self::by(&Way::Plain(address), host)
    }

    /// The same over TLS.
    pub(crate) fn over_tls(clients: Clients) -> Self {
        let host = clients.host();
        Self::by(&Way::Tls(clients), host)
    }

    fn by(way: &Way, host: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let sent = Arc::new(AtomicUsize::new(0));
        let failed: Arc<Mutex<Vec<String>>> = Arc::default();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (way, stop) = (way.clone(), stop.clone());
            let (sent, failed) = (sent.clone(), failed.clone());
            tasks.spawn(async move {
                while !stop.load(Relaxed) {
                    if let Err(error) = ask(&way, host, &stop, &sent).await {
                        failed.lock().expect("no panic").push(error.to_string());
                    }
                }
            });
        }
        Self {
            stop,
            sent,
            failed,
            tasks,
        }
    }

    /// Waits for this many more answers.
    pub(crate) async fn more(&self, requests: usize) {
        let goal = self.sent.load(Relaxed) + requests;
        eventually("the load goes on", async || self.sent.load(Relaxed) >= goal).await;
    }

    /// Ends it. Returns how many requests were answered; fails the test if one was not answered 200.
    pub(crate) async fn end(mut self) -> usize {
        self.stop.store(true, Relaxed);
        while self.tasks.join_next().await.is_some() {}
        let failed = self.failed.lock().expect("no panic");
        let sent = self.sent.load(Relaxed);
        assert!(
            failed.is_empty(),
            "{} of {sent} requests failed: {:?}",
            failed.len(),
            failed.first()
        );
        assert!(sent > 0);
        sent
    }
}

/// Asks on one connection, a few hundred times, so that new connections are part of the load.
async fn ask(way: &Way, host: &str, stop: &AtomicBool, sent: &AtomicUsize) -> anyhow::Result<()> {
    let mut client = match way {
        Way::Plain(address) => Client::connect(*address).await?,
        Way::Tls(clients) => clients.connect().await?,
    };
    for _ in 0..200 {
        // A connection that the last answer ended is no failure.
        if stop.load(Relaxed) || client.sender.ready().await.is_err() {
            break;
        }
        let answer = client.get(host, "/").await?;
        anyhow::ensure!(answer.status == 200, "status {}: {}", answer.status, answer.body);
        sent.fetch_add(1, Relaxed);
        tokio::task::yield_now().await;
    }
    Ok(())
}
