//! Which route serves a request: exact host, then wildcard, then any host; within a host the first route in order.
//! Where the path can be read in several ways, none of them leads past a route that guards.
//!
//! Built by `compile.rs`, read by every request. A lookup hashes the host once and the path once for each of its
//! elements; it allocates nothing for plain paths. `explain` asks the same tables why routes did not match.

mod host;
mod trace;

use std::collections::HashMap;
use std::sync::Arc;

use ferrik_config::name::Host;
use ferrik_config::table::{Dialect, Entry, challenge_token};
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
    ///
    /// If the path can be read in several ways, a route that guards access under one of them must be passed: otherwise an
    /// encoding would lead around it.
    ///
    /// What an authority asks is answered by routes of the namespace that the host belongs to, and by no others: whoever
    /// answers can get a certificate for the host.
    pub(crate) fn find(&self, host: &str, path: &Path<'_>, scheme: Scheme) -> Result<&Arc<Route>, Reason> {
        let mut levels = self.levels(host);
        let Some(owner) = challenge_owner(&levels, path) else {
            return self.find_in(&levels, path, scheme);
        };
        for level in levels.iter_mut().flatten() {
            level.routes = level.routes.own();
        }
        let found = self.find_in(&levels, path, scheme)?;
        let is_own = found.source.object.namespace == *owner
            || self
                .default
                .as_ref()
                .is_some_and(|default| Arc::ptr_eq(default, found));
        is_own.then_some(found).ok_or(Reason::NoPath)
    }

    fn find_in<'a>(
        &'a self,
        levels: &Levels<'a>,
        path: &Path<'_>,
        scheme: Scheme,
    ) -> Result<&'a Arc<Route>, Reason> {
        let found = self.lookup(levels, &path.plain, &path.decoded, scheme);
        if !self.guards(levels) {
            return found;
        }
        let mut chosen = found;
        for reading in path.readings() {
            let Ok(other) = self.lookup(levels, &reading, &reading, scheme) else {
                continue;
            };
            match (other.guard, chosen.ok().and_then(|route| route.guard)) {
                (None, _) => {}
                (Some(_), None) => chosen = Ok(other),
                (Some(a), Some(b)) if a == b => {}
                (Some(_), Some(_)) => return Err(Reason::AmbiguousPath),
            }
        }
        chosen
    }

    /// The rules of one level after the other, then Traefik's defaults, which rank below every rule of every host there.
    /// A default of the other dialects belongs to its host: with it, no path of the host misses.
    fn lookup<'a>(
        &'a self,
        levels: &Levels<'a>,
        plain: &[u8],
        decoded: &[u8],
        scheme: Scheme,
    ) -> Result<&'a Arc<Route>, Reason> {
        let mut reason = Reason::NoHost;
        for level in levels.iter().flatten() {
            reason = Reason::NoPath;
            let own_default = || level.default(scheme).filter(|route| !ranks_last(route));
            if let Some(route) = level.rule(plain, decoded, scheme).or_else(own_default) {
                return Ok(route);
            }
        }
        let default = levels
            .iter()
            .flatten()
            .find_map(|level| level.default(scheme).filter(|route| ranks_last(route)));
        default.or(self.default.as_ref()).ok_or(reason)
    }

    fn guards(&self, levels: &Levels<'_>) -> bool {
        let default_guards = self.default.as_ref().is_some_and(|route| route.guard.is_some());
        default_guards || levels.iter().flatten().any(|level| level.routes.has_guards())
    }

    /// The tables that know the host, in order of precedence.
    fn levels(&self, host: &str) -> Levels<'_> {
        let wildcard = if self.wildcard.is_empty() {
            None
        } else {
            let dot = memchr::memchr(b'.', host.as_bytes());
            dot.and_then(|dot| self.wildcard.get(&host[dot + 1..]))
        };
        let mut asked = Asked::All;
        [self.exact.get(host), wildcard, self.any.as_ref()].map(|routes| {
            let level = routes.map(|routes| Level { routes, asked });
            if let Some(level) = &level {
                // Below the first host that is known, only routes may answer that know no host that misses.
                asked = match asked {
                    Asked::All | Asked::Traefik if level.routes.falls_through() => Asked::Traefik,
                    _ => Asked::Nothing,
                };
            }
            level
        })
    }
}

/// What may serve one host: its own table, the covering wildcard's, that of any host.
type Levels<'a> = [Option<Level<'a>>; 3];

/// One of the tables that know a host.
struct Level<'a> {
    routes: &'a HostRoutes,
    asked: Asked,
}

/// Which routes of a table are asked.
#[derive(Clone, Copy)]
enum Asked {
    All,
    /// Those of the Traefik dialect, because a more specific table falls through.
    Traefik,
    /// None, because a more specific table does not fall through.
    Nothing,
}

impl<'a> Level<'a> {
    fn rule(&self, plain: &[u8], decoded: &[u8], scheme: Scheme) -> Option<&'a Arc<Route>> {
        match self.asked {
            Asked::All => self.routes.first(plain, decoded, scheme),
            Asked::Traefik => self.routes.first_of_traefik(plain, scheme),
            Asked::Nothing => None,
        }
    }

    fn default(&self, scheme: Scheme) -> Option<&'a Arc<Route>> {
        let default = self.routes.default_route()?;
        (self.asks(default) && serves(default, scheme)).then_some(default)
    }

    fn asks(&self, route: &Route) -> bool {
        match self.asked {
            Asked::All => true,
            Asked::Traefik => route.dialect == Dialect::Traefik,
            Asked::Nothing => false,
        }
    }
}

/// The namespace that the host belongs to, if it is an authority that asks and the host is somebody's.
fn challenge_owner<'a>(levels: &Levels<'a>, path: &Path<'_>) -> Option<&'a Arc<str>> {
    challenge_token(&path.plain)?;
    let [exact, wildcard, _] = levels;
    let first = exact.as_ref().or(wildcard.as_ref())?;
    first.routes.owner()
}

/// True for a default that is tried after the rules of all levels.
fn ranks_last(default: &Route) -> bool {
    default.dialect == Dialect::Traefik
}

/// True if the route's entry points take requests of this scheme.
fn serves(route: &Route, scheme: Scheme) -> bool {
    match route.entry {
        Entry::Any => true,
        Entry::Http => scheme == Scheme::Http,
        Entry::Https => scheme == Scheme::Https,
    }
}
