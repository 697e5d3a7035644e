//! The pebble process: its configuration, its ports, its management interface.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ferrik_test_process::{Process, bound_to_us, built, eventually};
use nix::sys::signal::Signal;
use serde_json::{Map, Value, json};

use crate::authority::Authority;
use crate::options::AcmeOptions;
use crate::upstream::Upstream;

/// What pebble is made of, in the order of `servers/build.sh`.
const PARTS: [&[u8]; 2] = [
    include_bytes!("../servers/go.mod"),
    include_bytes!("../servers/go.sum"),
];

/// Its ports, on an address that is its own.
const ACME: u16 = 14001;
const MANAGEMENT: u16 = 15000;

/// Pebble, which may be stopped at the moment.
pub(crate) struct Pebble {
    folder: PathBuf,
    options: AcmeOptions,
    name_server: SocketAddr,
    acme: Upstream,
    management: Upstream,
    process: Mutex<Option<Process>>,
}

impl Pebble {
    /// Writes what it reads. The folder has to outlive it.
    pub(crate) fn new(
        folder: &Path,
        options: AcmeOptions,
        authority: &Authority,
        name_server: SocketAddr,
    ) -> Self {
        let upstream = |port: u16| Upstream {
            address: (name_server.ip(), port).into(),
            connector: authority.connector(),
        };
        let (certificate, key) = authority.listener();
        let config = config(&options, folder, name_server.ip()).to_string();
        for (name, text) in [
            ("listener.crt", certificate),
            ("listener.key", key),
            ("pebble.json", config),
        ] {
            std::fs::write(folder.join(name), text).expect("the test's folder is writable");
        }
        Self {
            folder: folder.to_owned(),
            acme: upstream(ACME),
            management: upstream(MANAGEMENT),
            options,
            name_server,
            process: Mutex::default(),
        }
    }

    /// Its ACME listener.
    pub(crate) fn acme(&self) -> &Upstream {
        &self.acme
    }

    /// Its management interface.
    pub(crate) fn management(&self) -> &Upstream {
        &self.management
    }

    /// Starts it with an empty memory and returns when it answers.
    pub(crate) async fn start(&self) {
        let options = &self.options;
        let mut command = bound_to_us(built("pebble", &PARTS).as_os_str());
        command.arg("-config").arg(self.folder.join("pebble.json"));
        command.args(["-dnsserver", &self.name_server.to_string()]);
        command.arg(format!("-strict={}", options.strict));
        command.env("PEBBLE_WFE_NONCEREJECT", options.bad_nonces.to_string());
        command.env("PEBBLE_AUTHZREUSE", options.authorization_reuse.to_string());
        let delay = options.validation_delay.as_secs();
        if delay == 0 {
            command.env("PEBBLE_VA_NOSLEEP", "1");
        } else {
            // The number is the first that is not chosen.
            command.env("PEBBLE_VA_SLEEPTIME", (delay + 1).to_string());
        }
        *self.process() = Some(Process::start(command, "pebble", &self.folder));
        eventually("pebble answers", async || {
            if let Some(process) = self.process().as_mut() {
                process.assert_alive();
            }
            let answers = async |upstream: &Upstream, path| {
                upstream
                    .path(path, None)
                    .await
                    .is_ok_and(|answer| answer.status().is_success())
            };
            answers(&self.acme, "/dir").await && answers(&self.management, "/roots/0").await
        })
        .await;
    }

    /// Ends it, with its memory.
    pub(crate) fn stop(&self) {
        *self.process() = None;
    }

    /// Sends it a signal, if it runs.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(process) = self.process().as_ref() {
            process.signal(signal);
        }
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        self.process().as_ref().map(Process::tail).unwrap_or_default()
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn config(options: &AcmeOptions, folder: &Path, address: IpAddr) -> Value {
    let keys = options.external_accounts.iter();
    let keys: Map<String, Value> = keys
        .map(|account| (account.id.clone(), json!(account.key)))
        .collect();
    let retry_after = options.retry_after.as_secs();
    let lifetime = options.lifetime.as_secs();
    // Pebble takes zero for its own default.
    assert!(lifetime > 0, "a certificate is valid for a second at least");
    json!({"pebble": {
        "listenAddress": SocketAddr::from((address, ACME)),
        "managementListenAddress": SocketAddr::from((address, MANAGEMENT)),
        "certificate": folder.join("listener.crt"),
        "privateKey": folder.join("listener.key"),
        "httpPort": options.http_port,
        "tlsPort": options.tls_port,
        "externalAccountBindingRequired": !keys.is_empty(),
        "externalAccountMACKeys": keys,
        "domainBlocklist": options.blocked,
        "retryAfter": {"authz": retry_after, "order": retry_after},
        "keyAlgorithm": "ecdsa",
        "profiles": {"default": {"description": "The only one", "validityPeriod": lifetime}},
    }})
}
