//! Names that processes of one lab can look up: its own `/etc/hosts`, in a mount namespace of the test's thread.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use tempfile::TempDir;

const HOSTS: &str = "/etc/hosts";

/// The names of one lab.
pub(crate) struct Names {
    folder: TempDir,
    known: Mutex<BTreeMap<String, Vec<IpAddr>>>,
}

impl Names {
    /// Gives the calling thread, and all that it starts from now on, a list of names of its own, with `localhost` alone.
    pub(crate) fn isolate() -> Self {
        unshare(CloneFlags::CLONE_NEWNS)
            .expect("who may have a network namespace may have a mount namespace");
        let nothing: Option<&str> = None;
        mount(
            nothing,
            "/",
            nothing,
            MsFlags::MS_REC | MsFlags::MS_PRIVATE,
            nothing,
        )
        .expect("the namespace is ours");
        let names = Self {
            folder: tempfile::tempdir().expect("the folder for temporary files is writable"),
            known: Mutex::default(),
        };
        names.set("localhost", vec![IpAddr::from([127, 0, 0, 1])]);
        mount(Some(&names.file()), HOSTS, nothing, MsFlags::MS_BIND, nothing).expect("the namespace is ours");
        names
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("hosts")
    }

    /// Where a host is from now on.
    pub(crate) fn set(&self, host: &str, addresses: Vec<IpAddr>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(host.to_owned(), addresses);
        let mut text = String::new();
        for (host, addresses) in &*known {
            for address in addresses {
                writeln!(text, "{address} {host}").expect("writing to a String");
            }
        }
        // In place: what is mounted is the file, not its name.
        std::fs::write(self.file(), text).expect("the folder is ours");
    }
}
