//! Which route serves a request: exact host, then wildcard, then any host; within a host the first route in order.
//!
//! Built by `compile.rs`, read by every request. A lookup hashes the host once and the path once for each of its
//! elements; it allocates nothing for plain paths. `explain` asks the same tables why routes did not match.

mod host;
mod trace;

use std::collections::HashMap;
use std::sync::Arc;

use ferrik_config::name::Host;
use foldhash::fast::RandomState;

pub(crate) use host::HostRoutes;
pub use trace::Outcome;

use crate::listen::Scheme;
use crate::reason::Reason;
use crate::route::Route;
use crate::sanitize::Path;

/// All hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Router {
    exact: HashMap<Host, Arc<HostRoutes>, RandomState>,
    wildcard: HashMap<Host, Arc<HostRoutes>, RandomState>,
    any: Option<Arc<HostRoutes>>,
    default: Option<Arc<Route>>,
}

impl Router {
    pub(crate) fn set(&mut self, key: &ferrik_config::name::HostKey, routes: Option<Arc<HostRoutes>>) {
        use ferrik_config::name::HostKey;
        let (map, host) = match key {
            HostKey::Any => {
                self.any = routes;
                return;
            }
            HostKey::Exact(host) => (&mut self.exact, host),
            HostKey::Wildcard(host) => (&mut self.wildcard, host),
        };
        match routes {
            Some(routes) => drop(map.insert(host.clone(), routes)),
            None => drop(map.remove(host)),
        }
    }

    pub(crate) fn set_default(&mut self, route: Option<Arc<Route>>) {
        self.default = route;
    }

    /// Finds the route, or says why there is none. The host is canonical.
    pub(crate) fn find(&self, host: &str, path: &Path<'_>, scheme: Scheme) -> Result<&Arc<Route>, Reason> {
        let levels = self.levels(host);
        let mut reason = Reason::NoHost;
        for (at, level) in levels.into_iter().enumerate() {
            let Some(routes) = level else { continue };
            let is_first = reason == Reason::NoHost;
            reason = Reason::NoPath;
            // Below the first host that is known, only routes may answer that know no host that misses.
            if let Some(route) = routes.find(path, scheme, !is_first)? {
                return Ok(route);
            }
            if at < 2 && !routes.falls_through() {
                break;
            }
        }
        self.default.as_ref().ok_or(reason)
    }

    /// The tables that may serve the host, in order of precedence.
    fn levels(&self, host: &str) -> [Option<&HostRoutes>; 3] {
        let wildcard = host
            .split_once('.')
            .and_then(|(_, parent)| self.wildcard.get(parent));
        [
            self.exact.get(host).map(|it| &**it),
            wildcard.map(|it| &**it),
            self.any.as_deref(),
        ]
    }
}
