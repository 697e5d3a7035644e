//! The program that `make lab` has built of the servers.

use std::path::PathBuf;

/// What the servers are made of, in the order of `servers/build.sh`.
const PARTS: [&[u8]; 3] = [
    include_bytes!("../servers/go.mod"),
    include_bytes!("../servers/go.sum"),
    include_bytes!("../servers/main.go"),
];

/// The program that holds all servers; its first argument is a role.
pub(crate) fn path() -> PathBuf {
    ferrik_test_process::built("kubelab", &PARTS)
}
