//! Further machines: network namespaces on one bridge with the lab's own, from which pods and the API server are reached.
//!
//! A namespace has no name on the machine: an open file holds it, so that it goes with the test's process in any case.
//! Only the network is apart; files and processes are the test's.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::process::Command as Blocking;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use tokio::process::Command;

use crate::cluster::servers::PORT;
use crate::lab::Lab;
use crate::network::{HOST, ip, pipe, unshare_network};
use ferrik_test_process::bound_to_us;

/// Which address comes next on the bridge.
pub(crate) struct Places(AtomicU8);

impl Default for Places {
    fn default() -> Self {
        // The first one is the lab's own.
        Self(AtomicU8::new(2))
    }
}

/// A machine of the lab. It ends with the last clone, and when no process is left in it.
#[derive(Clone)]
pub struct Node {
    network: Arc<File>,
    name: String,
    address: Ipv4Addr,
    /// The end of its cable that is on the bridge.
    port: String,
}

impl Lab {
    /// Adds a machine.
    pub fn node(&self, name: &str) -> Node {
        let place = self.places.0.fetch_add(1, Relaxed);
        let node = Node {
            network: Arc::new(new_network()),
            name: name.to_owned(),
            address: Ipv4Addr::new(10, 0, 0, place),
            port: format!("port{place}"),
        };
        node.connect();
        node
    }
}

impl Node {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address; processes in it listen there, or on all.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// A command that runs on this machine, and ends when the test does. What it listens on and connects to is the
    /// machine's.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = bound_to_us("nsenter".as_ref());
        command
            .arg(format!("--net={}", self.path().display()))
            .arg(program);
        let mut command = Command::from(command);
        command.kill_on_drop(true);
        command
    }

    /// Cuts the network, both ways and silently: nothing is refused, nothing arrives.
    pub fn cut(&self) {
        self.set_port("disabled");
    }

    /// Silently drops what belongs to the connections that exist between this machine and the API server, as a firewall
    /// does that has forgotten them. New ones work.
    pub fn half_open(&self) {
        let ports = self.api_connections();
        assert!(
            !ports.is_empty(),
            "{} has no connection to the API server",
            self.name
        );
        let ports = ports.join(", ");
        let rules = format!(
            "table inet lab {{
                chain in {{
                    type filter hook input priority 0;
                    tcp sport {PORT} tcp dport {{ {ports} }} drop
                }}
                chain out {{
                    type filter hook output priority 0;
                    tcp dport {PORT} tcp sport {{ {ports} }} drop
                }}
            }}"
        );
        self.filter(&rules);
    }

    /// Undoes [`cut`](Self::cut) and [`half_open`](Self::half_open).
    pub fn heal(&self) {
        self.filter("flush ruleset");
        self.set_port("forwarding");
    }

    fn connect(&self) {
        let (port, place) = (&self.port, self.path().display().to_string());
        let bridge = format!(
            "link add {port} type veth peer name eth0 netns {place}\n\
             link set {port} master lab0 up\n"
        );
        ip(&bridge, None);
        let inside = format!(
            "link set lo up\n\
             address add {}/24 dev eth0\n\
             link set eth0 up\n\
             route add default via {HOST}\n",
            self.address
        );
        ip(&inside, Some(&self.path()));
    }

    /// The state of a bridge's port keeps the cable plugged in: on both sides the link stays up.
    fn set_port(&self, state: &str) {
        let line = format!("link set dev {} state {state}\n", self.port);
        pipe("bridge", &["-batch", "-"], &line, None);
    }

    fn filter(&self, rules: &str) {
        pipe("nft", &["-f", "-"], rules, Some(&self.path()));
    }

    /// The local ports of connections to the API server.
    fn api_connections(&self) -> Vec<String> {
        let output = Blocking::new("nsenter")
            .arg(format!("--net={}", self.path().display()))
            .args([
                "ss",
                "-Htn",
                "state",
                "established",
                "dport",
                "=",
                &PORT.to_string(),
            ])
            .output()
            .expect("ss (package iproute2) starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let local = text.lines().filter_map(|line| line.split_whitespace().nth(2));
        local
            .filter_map(|address| Some(address.rsplit_once(':')?.1.to_owned()))
            .collect()
    }

    /// A path of the namespace, for as long as the test's process runs.
    fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.network.as_raw_fd()).into()
    }
}

/// A network in which no process is. The thread that makes it ends at once; the open file remains.
fn new_network() -> File {
    let thread = std::thread::spawn(|| {
        unshare_network();
        File::open("/proc/thread-self/ns/net").expect("the kernel shows namespaces")
    });
    thread.join().expect("a network can be made")
}
