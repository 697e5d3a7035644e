//! The network of one lab: a namespace that belongs to the test's thread and to everything that it starts.
//!
//! Any address of the pods' range and of the range for load balancers can be bound without being assigned first: a local
//! route covers the whole range. A bridge joins the namespaces of extra nodes.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use nix::sched::{CloneFlags, unshare};

/// The address of the test's namespace on the bridge; the API server is reached there from everywhere.
pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

const SETUP: &str = "\
link set lo up
route add local 10.244.0.0/16 dev lo
route add local 198.18.0.0/16 dev lo
link add lab0 type bridge
address add 10.0.0.1/24 dev lab0
link set lab0 up
";

/// The same ranges for a cluster with both families. IPv6 has no route that makes a whole range local for `bind`.
const SETUP_V6: &str = "\
route add local fd00:244::/64 dev lo
route add local fd00:198::/64 dev lo
";
const ANY_V6: &str = "/proc/sys/net/ipv6/ip_nonlocal_bind";

/// Takes the calling thread, and all that it starts from now on, out of the machine's network.
pub(crate) fn isolate(dual_stack: bool) {
    unshare_network();
    ip(SETUP, None);
    if dual_stack {
        std::fs::write(ANY_V6, "1").expect("the kernel has IPv6");
        ip(SETUP_V6, None);
    }
}

/// Gives the calling thread a network namespace of its own, in which everything is down.
pub(crate) fn unshare_network() {
    unshare(CloneFlags::CLONE_NEWNET).unwrap_or_else(|error| {
        panic!("a lab needs root, because every test has a network namespace of its own: {error}")
    });
}

/// Runs lines of `ip`, in the namespace of the calling thread or in the one at this path.
pub(crate) fn ip(lines: &str, namespace: Option<&Path>) {
    pipe("ip", &["-batch", "-"], lines, namespace);
}

/// Runs a program in a namespace with this text as its input.
pub(crate) fn pipe(program: &str, arguments: &[&str], input: &str, namespace: Option<&Path>) {
    let mut command = namespace.map_or_else(|| Command::new(program), |path| inside(path, program));
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not start: {error}; run `make lab`"));
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin
        .write_all(input.as_bytes())
        .expect("the program reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("the program is our child");
    assert!(
        output.status.success(),
        "{program} failed: {}\n{input}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A program in the namespace at this path.
fn inside(namespace: &Path, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net={}", namespace.display())).arg(program);
    command
}

/// Hands out addresses of pods, each once.
#[derive(Default)]
pub(crate) struct AddressPool(AtomicU16);

impl AddressPool {
    /// An IPv4 address, and an IPv6 one where the lab has both.
    pub(crate) fn next(&self, dual_stack: bool) -> Vec<IpAddr> {
        // Addresses start at 10.244.1.1.
        let number = 0x101 + self.0.fetch_add(1, Ordering::Relaxed);
        let [high, low] = number.to_be_bytes();
        let mut addresses = vec![IpAddr::from(Ipv4Addr::new(10, 244, high, low))];
        if dual_stack {
            addresses.push(Ipv6Addr::new(0xfd00, 0x244, 0, 0, 0, 0, 0, number).into());
        }
        addresses
    }
}
