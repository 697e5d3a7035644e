//! The routes of one host, indexed by path.

use std::collections::HashMap;
use std::sync::Arc;

use ferrik_config::table::{Dialect, Entry, PathKind};
use foldhash::fast::RandomState;
use regex::bytes::Regex;

use super::serves;
use crate::listen::Scheme;
use crate::route::Route;

/// Routes in the order of precedence, with indexes from path to place in that order.
#[derive(Debug, Default)]
pub(crate) struct HostRoutes {
    routes: Box<[Arc<Route>]>,
    default: Option<Arc<Route>>,
    /// By scheme, http first; one and the same unless a route is for one scheme only.
    indexes: [Arc<Indexes>; 2],
    falls_through: bool,
    has_guards: bool,
    /// The namespace that the host belongs to.
    owner: Option<Arc<str>>,
    /// The routes of that namespace alone, if there are others.
    own: Option<Box<HostRoutes>>,
}

type Rank = u32;

/// The ways from path to rank.
#[derive(Debug, Default)]
struct Indexes {
    /// Kubernetes routes, which are matched against the plain key.
    plain: Index,
    /// nginx routes, which are matched against the decoded key.
    decoded: Index,
    /// Traefik routes, which are matched against the plain key and may be asked alone.
    traefik: Index,
}

#[derive(Debug, Default)]
struct Index {
    exact: HashMap<Box<[u8]>, Rank, RandomState>,
    prefix: HashMap<Box<[u8]>, Rank, RandomState>,
    starts_with: Vec<(Rank, Box<[u8]>)>,
    patterns: Vec<(Rank, Regex)>,
}

impl HostRoutes {
    pub(crate) fn new(routes: Vec<Arc<Route>>, default: Option<Arc<Route>>, falls_through: bool) -> Self {
        let mut host = Self {
            has_guards: routes.iter().chain(&default).any(|route| route.guard.is_some()),
            falls_through,
            default,
            ..Self::default()
        };
        let http = Arc::new(Indexes::new(&routes, Scheme::Http));
        let is_restricted = routes.iter().any(|route| route.entry != Entry::Any);
        let https = if is_restricted {
            Arc::new(Indexes::new(&routes, Scheme::Https))
        } else {
            http.clone()
        };
        host.indexes = [http, https];
        host.routes = routes.into();
        host
    }

    /// The same for a host that belongs to this namespace. `is_shared` says that not all routes are of it.
    pub(crate) fn of(mut self, owner: Option<&Arc<str>>, is_shared: bool) -> Self {
        self.owner = owner.cloned();
        if let Some(owner) = owner.filter(|_| is_shared) {
            let is_own = |route: &&Arc<Route>| route.source.object.namespace == *owner;
            let routes = self.routes.iter().filter(is_own).cloned().collect();
            let default = self.default.as_ref().filter(is_own).cloned();
            self.own = Some(Self::new(routes, default, self.falls_through).into());
        }
        self
    }

    pub(super) fn owner(&self) -> Option<&Arc<str>> {
        self.owner.as_ref()
    }

    /// What stands here without the routes of other namespaces.
    pub(super) fn own(&self) -> &Self {
        self.own.as_deref().unwrap_or(self)
    }

    pub(super) fn falls_through(&self) -> bool {
        self.falls_through
    }

    pub(super) fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// Serves what no rule of the host matches.
    pub(super) fn default_route(&self) -> Option<&Arc<Route>> {
        self.default.as_ref()
    }

    /// True if some route keeps somebody out.
    pub(super) fn has_guards(&self) -> bool {
        self.has_guards
    }

    /// The first rule that matches.
    pub(super) fn first(&self, plain: &[u8], decoded: &[u8], scheme: Scheme) -> Option<&Arc<Route>> {
        let indexes = self.indexes(scheme);
        let best = indexes.decoded.best(decoded, None);
        let best = indexes.plain.best(plain, best);
        self.at(indexes.traefik.best(plain, best))
    }

    /// The first rule of the Traefik dialect that matches, for hosts that have a table of their own.
    pub(super) fn first_of_traefik(&self, plain: &[u8], scheme: Scheme) -> Option<&Arc<Route>> {
        self.at(self.indexes(scheme).traefik.best(plain, None))
    }

    fn indexes(&self, scheme: Scheme) -> &Indexes {
        let [http, https] = &self.indexes;
        if scheme == Scheme::Https { https } else { http }
    }

    fn at(&self, rank: Option<Rank>) -> Option<&Arc<Route>> {
        self.routes.get(usize::try_from(rank?).ok()?)
    }
}

impl Indexes {
    fn new(routes: &[Arc<Route>], scheme: Scheme) -> Self {
        let mut indexes = Self::default();
        for (rank, route) in (0..).zip(routes).filter(|(_, route)| serves(route, scheme)) {
            let index = match route.dialect {
                Dialect::Kubernetes => &mut indexes.plain,
                Dialect::Nginx => &mut indexes.decoded,
                Dialect::Traefik => &mut indexes.traefik,
            };
            index.add(rank, route);
        }
        indexes
    }
}

impl Index {
    fn add(&mut self, rank: Rank, route: &Route) {
        let text: Box<[u8]> = route.path.as_bytes().into();
        match route.kind {
            PathKind::Exact => drop(self.exact.entry(text).or_insert(rank)),
            PathKind::Prefix => drop(self.prefix.entry(text).or_insert(rank)),
            PathKind::StartsWith => self.starts_with.push((rank, text)),
            PathKind::Pattern => self
                .patterns
                .extend(route.pattern.clone().map(|pattern| (rank, pattern))),
        }
    }

    /// The lowest rank that matches, if lower than what is known already.
    fn best(&self, path: &[u8], known: Option<Rank>) -> Option<Rank> {
        let mut best = known.unwrap_or(Rank::MAX);
        if let Some(rank) = self.exact.get(path) {
            best = best.min(*rank);
        }
        if !self.prefix.is_empty() {
            let mut rest = path;
            loop {
                if let Some(rank) = self.prefix.get(rest) {
                    best = best.min(*rank);
                }
                match rest.iter().rposition(|byte| *byte == b'/') {
                    Some(0) if rest.len() > 1 => rest = b"/",
                    Some(at) if at > 0 => rest = &rest[..at],
                    _ => break,
                }
            }
        }
        for (rank, start) in &self.starts_with {
            if *rank < best && path.starts_with(start) {
                best = *rank;
            }
        }
        for (rank, pattern) in &self.patterns {
            if *rank >= best {
                break;
            }
            if pattern.is_match(path) {
                best = *rank;
            }
        }
        (best != Rank::MAX).then_some(best)
    }
}
