//! Where `make lab` has put the servers: the name says what they were made of, so that an old build is never used.

use std::ffi::OsString;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// What the servers are made of, in the order of `servers/build.sh`.
const PARTS: [&[u8]; 3] = [
    include_bytes!("../servers/go.mod"),
    include_bytes!("../servers/go.sum"),
    include_bytes!("../servers/main.go"),
];

/// The program that holds all servers; its first argument is a role.
pub(crate) fn path() -> PathBuf {
    let mut hash = Sha256::new();
    for part in PARTS {
        hash.update(part);
    }
    let digest = hash.finalize();
    let digest = digest.first_chunk().expect("SHA-256 has 32 bytes");
    let name = format!("kubelab-{:016x}", u64::from_be_bytes(*digest));
    let path = cache().join(name);
    assert!(
        path.is_file(),
        "the servers of the lab are not built: run `make lab` (looked for {})",
        path.display()
    );
    path
}

fn cache() -> PathBuf {
    let variable =
        |name: &str| -> Option<OsString> { std::env::var_os(name).filter(|value| !value.is_empty()) };
    if let Some(folder) = variable("FERRIK_LAB_CACHE") {
        return folder.into();
    }
    let user = variable("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(variable("HOME").expect("HOME is set")).join(".cache"),
        PathBuf::from,
    );
    user.join("ferrik")
}
