//! One certificate authority: what a test does with it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use nix::sys::signal::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::authority::Authority;
use crate::front::{Endpoint, Fault, Front, Request};
use crate::name_server::NameServer;
use crate::options::AcmeOptions;
use crate::pebble::Pebble;
use crate::renewal;

/// The front's port, on an address that is its own.
const PORT: u16 = 14000;

/// A running certificate authority. It lives in the network namespace of the thread that starts it, and ends with the value.
pub struct Acme {
    front: Front,
    pebble: Pebble,
    name_server: NameServer,
    authority: Authority,
    folder: TempDir,
}

impl Acme {
    /// Returns when it answers. The calling thread has to be the test's own or a worker of the runtime: pebble ends with it.
    pub async fn start(options: AcmeOptions) -> Self {
        let name_server = NameServer::start(&options.addresses).await;
        let own = name_server.address().ip();
        let listen = options.listen.unwrap_or_else(|| (own, PORT).into());
        let authority = Authority::new(&[own, listen.ip()]);
        let folder = tempfile::tempdir().expect("the folder for temporary files is writable");
        std::fs::write(folder.path().join("ca.crt"), authority.pem()).expect("the folder is ours");
        let pebble = Pebble::new(folder.path(), options, &authority, name_server.address());
        pebble.start().await;
        let front = Front::start(listen, authority.acceptor(), pebble.acme().clone()).await;
        Self {
            front,
            pebble,
            name_server,
            authority,
            folder,
        }
    }

    /// What a client is given. It stays the same.
    pub fn directory_url(&self) -> String {
        format!("https://{}/dir", self.front.address())
    }

    /// The authority of the listener, PEM: what a client has to trust. It stays the same.
    pub fn listener_ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// The same in a file.
    pub fn listener_ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// The root of the certificates that it issues, PEM. A restart makes a new one.
    pub async fn issuing_root_pem(&self) -> String {
        let answer = self.manage("/roots/0", None).await;
        String::from_utf8(answer.to_vec()).expect("PEM is ASCII")
    }

    /// Where every host is that got no address of its own, from now on.
    pub fn set_default_addresses(&self, addresses: impl IntoIterator<Item: AsRef<str>>) {
        self.name_server.set_others(parse(addresses));
    }

    /// Where a host is. Several addresses are taken in turn; IPv6 ones before IPv4 ones. None: it does not resolve.
    pub fn set_addresses(&self, host: &str, addresses: impl IntoIterator<Item: AsRef<str>>) {
        self.name_server.set(host, parse(addresses));
    }

    /// A host whose name servers fail (SERVFAIL), until it gets addresses.
    pub fn set_servfail(&self, host: &str) {
        self.name_server.set_failing(host);
    }

    /// Forgets accounts, orders and certificates, and has new roots. Records of names, faults and counts stay.
    pub async fn restart(&self) {
        self.stop();
        self.pebble.start().await;
        self.front.close(false);
    }

    /// Ends it, with its memory: connections are closed as soon as they come, until [`Acme::restart`].
    pub fn stop(&self) {
        self.front.close(true);
        self.pebble.stop();
    }

    /// It stands still, with its memory: what is asked waits.
    pub fn pause(&self) {
        self.pebble.signal(Signal::SIGSTOP);
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.pebble.signal(Signal::SIGCONT);
    }

    /// Sets when the certificate should be renewed, in whole seconds. The certificate, or its chain, is PEM, and of this
    /// authority since it was started last.
    pub async fn set_renewal_window(&self, certificate: &str, start: SystemTime, end: SystemTime) {
        self.set_renewal_answer(certificate, &renewal::window(start, end))
            .await;
    }

    /// The same with any text as the answer's body, such as one that is no JSON.
    pub async fn set_renewal_answer(&self, certificate: &str, body: &str) {
        let order = json!({"Certificate": certificate, "ARIResponse": body});
        self.manage("/set-renewal-info/", Some(order.to_string())).await;
    }

    /// `Retry-After` of all renewal information from now on, in whole seconds; without, it is six hours.
    pub fn set_renewal_retry_after(&self, after: Duration) {
        self.front.set_renewal_retry_after(after);
    }

    /// Requests for this, or for everything if it is `None`, meet this fault. The newest fault comes first.
    pub fn fail(&self, endpoint: impl Into<Option<Endpoint>>, fault: Fault) {
        self.front.fail(endpoint.into(), None, fault);
    }

    /// So many requests do; those after them no longer.
    pub fn fail_next(&self, times: usize, endpoint: impl Into<Option<Endpoint>>, fault: Fault) {
        self.front.fail(endpoint.into(), Some(times), fault);
    }

    /// Ends all faults. What was held goes on.
    pub fn pass(&self) {
        self.front.pass();
    }

    /// All requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.front.requests()
    }

    /// How many requests came so far for this, whatever became of them.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.count_where(|request| request.endpoint == endpoint)
    }

    /// How many orders were made. One whose answer was lost is not among them.
    pub fn orders(&self) -> usize {
        self.made(Endpoint::NewOrder)
    }

    /// How many accounts were made. One that was there already is not among them.
    pub fn accounts(&self) -> usize {
        self.made(Endpoint::NewAccount)
    }

    /// The end of pebble's log, for a test that fails.
    pub fn log(&self) -> String {
        self.pebble.tail()
    }

    fn made(&self, endpoint: Endpoint) -> usize {
        self.count_where(|request| request.endpoint == endpoint && request.status == Some(201))
    }

    fn count_where(&self, counts: impl Fn(&Request) -> bool) -> usize {
        self.requests().into_iter().filter(counts).count()
    }

    async fn manage(&self, path: &str, body: Option<String>) -> Bytes {
        let answer = self.pebble.management().path(path, body).await;
        let answer = answer.unwrap_or_else(|error| panic!("pebble runs: {error}"));
        let text = String::from_utf8_lossy(answer.body());
        assert!(
            answer.status().is_success(),
            "{path}: {}: {text}",
            answer.status()
        );
        answer.into_body()
    }
}

fn parse(addresses: impl IntoIterator<Item: AsRef<str>>) -> Vec<IpAddr> {
    let parse = |text: &str| text.parse().expect("an IP address");
    addresses
        .into_iter()
        .map(|address| parse(address.as_ref()))
        .collect()
}
