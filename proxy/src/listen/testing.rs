//! Edges over real sockets, an engine that echoes lines, and listeners around it, for tests.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ferrik_config::name::Host;
use ferrik_config::table::{TlsAlpn, TlsHost};
use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, watch};

use super::connection::Arrival;
use super::downstream::Transport;
use super::socket::Socket;
use super::vitals::Vitals;
use super::{
    Connection, Downstream, Edge, Limits, ListenerSpec, Listeners, Registry, Serve, Timeouts, TlsLookup,
};
use crate::tls::{Answers, TlsOptions, TlsPolicy, TlsTable};

/// A request is a line, its response the same line. Each needs a permit, which a test may hold back.
pub(super) struct Echo {
    seen: mpsc::UnboundedSender<Arc<Connection>>,
    permits: Arc<Semaphore>,
}

impl Serve for Echo {
    async fn serve(&self, stream: Downstream, drain: watch::Receiver<bool>) {
        let connection = stream.connection().clone();
        // Without a receiver the test is over.
        let _ = self.seen.send(connection.clone());
        let mut stream = BufReader::new(Edge::new(stream));
        let mut line = String::new();
        while matches!(stream.read_line(&mut line).await, Ok(1..)) {
            connection.request_started();
            let permit = self.permits.acquire().await.expect("never closed");
            permit.forget();
            let written = stream.write_all(line.as_bytes()).await.is_ok() && stream.flush().await.is_ok();
            connection.request_ended();
            line.clear();
            if !written || *drain.borrow() {
                break;
            }
        }
        // The client may be gone.
        let _ = stream.shutdown().await;
    }
}

/// What listeners look up.
pub(super) struct Lookup {
    table: TlsTable,
    answers: Answers,
}

impl TlsLookup for Arc<Lookup> {
    fn lookup(&self, sni: Option<&Host>) -> Arc<TlsPolicy> {
        self.table.lookup(sni).clone()
    }

    fn answer(&self, host: &Host) -> Option<Arc<ServerConfig>> {
        self.answers.find(host)
    }
}

/// Listeners and what a test watches.
pub(super) struct Site {
    pub(super) listeners: Listeners<Echo, Arc<Lookup>>,
    pub(super) registry: Arc<Registry>,
    pub(super) connections: mpsc::UnboundedReceiver<Arc<Connection>>,
    pub(super) permits: Arc<Semaphore>,
}

/// Timeouts that no test reaches.
pub(super) fn patient() -> Timeouts {
    let long = Duration::from_secs(600);
    Timeouts {
        handshake: long,
        header: long,
        keepalive: long,
    }
}

pub(super) fn unlimited() -> Limits {
    Limits {
        total: 1000,
        per_client: 0,
    }
}

impl Site {
    pub(super) fn new(timeouts: &Timeouts, limits: Limits, default: TlsHost) -> Self {
        Self::with_challenges(timeouts, limits, default, &TlsAlpn::default())
    }

    /// One with open challenges.
    pub(super) fn with_challenges(
        timeouts: &Timeouts,
        limits: Limits,
        default: TlsHost,
        challenges: &TlsAlpn,
    ) -> Self {
        let runtime = Handle::current();
        let registry = Registry::new(timeouts, limits, Duration::from_millis(2), &runtime);
        let (seen, connections) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(1000));
        let echo = Echo {
            seen,
            permits: permits.clone(),
        };
        let lookup = Lookup {
            table: TlsTable::compile(None, [], &Arc::new(default), TlsOptions::default()),
            answers: Answers::compile(None, challenges),
        };
        let listeners = Listeners::new(echo, Arc::new(lookup), registry.clone(), runtime);
        Self {
            listeners,
            registry,
            connections,
            permits,
        }
    }

    /// Listens on one port and returns its address.
    pub(super) async fn listen(&self, tls: bool) -> SocketAddr {
        let status = self.listeners.apply(vec![spec("test", tls)]).await;
        status[0].bound.clone().expect("a free port")
    }

    /// The facts of the next connection that is served.
    pub(super) async fn served(&mut self) -> Arc<Connection> {
        self.connections.recv().await.expect("listeners are alive")
    }
}

/// A listener on any free local port.
pub(super) fn spec(name: &str, tls: bool) -> ListenerSpec {
    ListenerSpec {
        name: name.into(),
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        tls,
        reuse_port: false,
    }
}

/// Sends a line and waits for its echo.
pub(super) async fn exchange(client: &mut TcpStream, line: &str) {
    client.write_all(line.as_bytes()).await.expect("open");
    let mut echo = vec![0; line.len()];
    client.read_exact(&mut echo).await.expect("an echo");
    assert_eq!(echo, line.as_bytes());
}

/// Waits until the other side has closed.
pub(super) async fn closed(client: &mut TcpStream) {
    let mut rest = Vec::new();
    match client.read_to_end(&mut rest).await {
        Ok(0) => {}
        Ok(_) => panic!("unexpected bytes: {rest:?}"),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

/// Waits for a condition that other tasks bring about.
pub(super) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// A plain edge over a real socket, and its client.
pub(super) async fn edge(h2: bool, replay: &[u8]) -> (Edge, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (stream, peer) = accepted.expect("a connection");
    let vitals = vitals();
    let arrival = Arrival {
        peer,
        local: address,
        listener: "test".into(),
        tls: false,
    };
    let connection = Arc::new(Connection::new(arrival, None, h2, vitals.clone()));
    let transport = Transport::Plain(Socket::new(stream, vitals));
    let stream = Downstream::new(transport, connection, replay.to_vec());
    (Edge::new(stream), client.expect("a connection"))
}

fn vitals() -> Arc<Vitals> {
    let period = Duration::from_millis(5);
    let registry = Registry::new(&patient(), unlimited(), period, &Handle::current());
    registry
        .admit(Ipv4Addr::LOCALHOST.into(), 0, false)
        .expect("room")
        .vitals()
        .clone()
}
