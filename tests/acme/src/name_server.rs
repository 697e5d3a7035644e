//! The name server that pebble asks where a host is. It runs in the test's process and speaks DNS over TCP, as pebble does.
//!
//! A name with several addresses gets them in turn, because pebble takes the first of an answer: so its validations reach
//! one replica after the other. It has no records but addresses.

mod message;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use message::{Kind, Question};

/// Below the range from which the kernel chooses ports.
const PORT: u16 = 8053;

/// How many addresses of loopback there are to choose from: 127.64.0.0/10 without its last one, which is broadcast.
const PLACES: u32 = (1 << 22) - 1;

/// A running name server; it ends with the value.
pub(crate) struct NameServer {
    address: SocketAddr,
    hosts: Arc<Mutex<Hosts>>,
    accept: AbortHandle,
}

/// What it knows.
struct Hosts {
    others: Host,
    named: BTreeMap<String, Host>,
}

/// One name.
enum Host {
    Known { addresses: Vec<IpAddr>, next: usize },
    Failing,
}

impl NameServer {
    /// Takes an address of loopback that nobody else has: it may be used for more listeners.
    pub(crate) async fn start(addresses: &[Ipv4Addr]) -> Self {
        let listener = claim().await;
        let address = listener.local_addr().expect("it is bound");
        let others = Host::known(addresses.iter().copied().map(IpAddr::from));
        let hosts = Arc::new(Mutex::new(Hosts {
            others,
            named: BTreeMap::new(),
        }));
        let accept = tokio::spawn(accept(listener, hosts.clone())).abort_handle();
        Self {
            address,
            hosts,
            accept,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every name without addresses of its own has these.
    pub(crate) fn set_others(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        lock(&self.hosts).others = Host::known(addresses);
    }

    /// This name has these addresses.
    pub(crate) fn set(&self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        let known = Host::known(addresses);
        lock(&self.hosts).named.insert(host.to_ascii_lowercase(), known);
    }

    /// Questions for this name get SERVFAIL.
    pub(crate) fn set_failing(&self, host: &str) {
        lock(&self.hosts)
            .named
            .insert(host.to_ascii_lowercase(), Host::Failing);
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

impl Hosts {
    /// The answer to a question; nothing if it is a failure.
    fn answer(&mut self, question: &Question) -> Option<Vec<IpAddr>> {
        let host = self.named.get_mut(question.name()).unwrap_or(&mut self.others);
        let Host::Known { addresses, next } = host else {
            return None;
        };
        let of_kind = |address: &&IpAddr| match question.kind() {
            Kind::A => address.is_ipv4(),
            Kind::Aaaa => address.is_ipv6(),
            Kind::Other => false,
        };
        let mut found: Vec<IpAddr> = addresses.iter().filter(of_kind).copied().collect();
        if !found.is_empty() {
            let first = *next % found.len();
            found.rotate_left(first);
            *next += 1;
        }
        Some(found)
    }
}

impl Host {
    fn known(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self::Known {
            addresses: addresses.into_iter().collect(),
            next: 0,
        }
    }
}

fn lock(hosts: &Mutex<Hosts>) -> MutexGuard<'_, Hosts> {
    hosts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens on an address of its own. The socket is the claim, so that pebble's ports, which cannot be handed over, are free
/// there.
async fn claim() -> TcpListener {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..1000 {
        // Processes begin far from each other, and every certificate authority of a process goes on from there.
        let number = std::process::id()
            .wrapping_mul(61)
            .wrapping_add(NEXT.fetch_add(1, Relaxed));
        let address = Ipv4Addr::from_bits(Ipv4Addr::new(127, 64, 0, 0).to_bits() + number % PLACES);
        if let Ok(listener) = TcpListener::bind((address, PORT)).await {
            return listener;
        }
    }
    panic!("no address of loopback is free")
}

async fn accept(listener: TcpListener, hosts: Arc<Mutex<Hosts>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, hosts.clone()));
    }
}

/// Answers one connection's questions, until the other side ends it or asks what is no question.
async fn serve(mut stream: TcpStream, hosts: Arc<Mutex<Hosts>>) {
    while let Ok(length) = stream.read_u16().await {
        let mut query = vec![0; length.into()];
        if stream.read_exact(&mut query).await.is_err() {
            return;
        }
        let Some(question) = Question::read(&query) else {
            return;
        };
        let addresses = lock(&hosts).answer(&question);
        let reply = question.reply(addresses.as_deref());
        let length = u16::try_from(reply.len()).expect("a test's answers are short");
        let framed = [&length.to_be_bytes(), reply.as_slice()].concat();
        if stream.write_all(&framed).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn addresses_of_a_name_come_in_turn() {
    let server = NameServer::start(&[Ipv4Addr::LOCALHOST]).await;
    let ask = async |name: &str, kind: u16| {
        let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
        let query = message::query(name, kind);
        let length = u16::try_from(query.len()).expect("short");
        stream.write_u16(length).await.expect("it reads");
        stream.write_all(&query).await.expect("it reads");
        let length = stream.read_u16().await.expect("it answers");
        let mut reply = vec![0; length.into()];
        stream.read_exact(&mut reply).await.expect("it answers");
        reply
    };
    let last = |reply: &[u8]| reply.last().copied();
    let (one, two) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    server.set("Shop.test", [one.into(), two.into()]);
    for first in [1, 2, 1] {
        let reply = ask("shop.test", 1).await;
        assert_eq!(reply[7], 2, "two answers");
        assert_eq!(reply[reply.len() - 17], first, "the first of them");
    }
    assert_eq!(ask("shop.test", 28).await[7], 0, "no IPv6 address");
    assert_eq!(
        last(&ask("other.test", 1).await),
        Some(1),
        "the default is loopback"
    );
    server.set_failing("shop.test");
    assert_eq!(ask("shop.test", 1).await[3] & 0xf, 2, "SERVFAIL");
}
