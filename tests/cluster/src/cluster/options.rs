//! How the servers of a cluster are started.

use std::time::Duration;

/// What a test may change. The default is a cluster as users have it, but for speed: nothing is synced to disk.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether every request is written to the audit log.
    pub audit: bool,
    /// The server ends each watch after once to twice this time; its own default is half an hour to an hour. A watch that
    /// names its own `timeoutSeconds` lives that long, and kube names 290.
    pub min_request_timeout: Option<Duration>,
    /// How long a request that is no watch may take. A graceful stop takes this long while watches are open.
    pub request_timeout: Duration,
    /// Whether lists and watches are served from memory. Without it, compaction ends watches with 410 at once.
    pub watch_cache: bool,
    /// Whether Services and pods have IPv6 addresses as well.
    pub dual_stack: bool,
    /// More flags for kube-apiserver.
    pub api_flags: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            audit: false,
            min_request_timeout: None,
            request_timeout: Duration::from_secs(5),
            watch_cache: true,
            dual_stack: false,
            api_flags: Vec::new(),
        }
    }
}
