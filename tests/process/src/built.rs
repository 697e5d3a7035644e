//! Where `make lab` has put a program: the name says what it was made of, so that an old build is never used.

use std::ffi::OsString;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// The program of this name that was made of these files, in the order of its `build.sh`.
pub fn built(name: &str, parts: &[&[u8]]) -> PathBuf {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finalize();
    let digest = digest.first_chunk().expect("SHA-256 has 32 bytes");
    let path = cache().join(format!("{name}-{:016x}", u64::from_be_bytes(*digest)));
    assert!(
        path.is_file(),
        "{name} is not built: run `make lab` (looked for {})",
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
