//! One compiled route: what a request needs once the router has found it.

use std::hash::BuildHasher;
use std::sync::Arc;

use ferrik_config::policy;
use ferrik_config::table::{self, Dialect, Entry, PathKind};
use regex::bytes::Regex;

use crate::compile::Context;
use crate::engine::Engine;
use crate::filters::Step;
use crate::observe::RouteStats;
use crate::upstream::Backend;

/// One compiled route.
#[derive(Debug)]
pub(crate) struct Route {
    /// The rule's path.
    pub(crate) path: String,
    /// How it is compared.
    pub(crate) kind: PathKind,
    pub(crate) pattern: Option<Regex>,
    /// Whose conventions hold.
    pub(crate) dialect: Dialect,
    /// Which schemes it serves.
    pub(crate) entry: Entry,
    /// The rule that it comes from.
    pub(crate) source: policy::Source,
    pub(crate) steps: Box<[Step]>,
    /// What it was compiled from.
    model: Arc<table::Route>,
    pub(crate) backend: Option<Arc<Backend>>,
    /// Equal for routes that keep out the same clients; `None` if the route lets everybody in.
    pub(crate) guard: Option<u64>,
    /// One path of an ACME challenge, served by a solver in the cluster.
    pub(crate) is_challenge: bool,
    /// Who serves its HTTP/1.1 requests.
    pub(crate) engine: Engine,
    pub(crate) stats: Arc<RouteStats>,
}

impl Route {
    pub(crate) fn compile(route: &Arc<table::Route>, context: &mut Context<'_>) -> Self {
        let stats = context.stats.of(route);
        Self {
            path: route.path.text.clone(),
            kind: route.path.kind,
            pattern: route.path.pattern.as_ref().map(policy::Pattern::compile),
            dialect: route.dialect,
            entry: route.entry,
            source: route.source.clone(),
            steps: route
                .steps
                .iter()
                .map(|step| Step::compile(&step.policy, context))
                .collect(),
            model: route.clone(),
            backend: route.backend.as_ref().map(|backend| context.backend(backend)),
            guard: guard(route),
            is_challenge: route.is_challenge(),
            engine: Engine::of(route),
            stats,
        }
    }

    /// Where each step comes from, in the same order.
    pub(crate) fn sources(&self) -> &[policy::Step] {
        &self.model.steps
    }

    /// Namespace and name of the Ingress, and the Service, for logs and metrics.
    pub(crate) fn labels(&self) -> (&str, &str, &str) {
        let service = self
            .backend
            .as_ref()
            .map_or("", |backend| &*backend.service.service);
        (&self.source.object.namespace, &self.source.object.name, service)
    }

    /// True if a step judges the client's certificate.
    pub(crate) fn judges_clients(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::ClientCertificate(_)))
    }

    /// The service port that requests go to.
    pub(crate) fn service(&self) -> Option<&ferrik_config::name::ServicePort> {
        self.backend.as_ref().map(|backend| &backend.service)
    }
}

fn guard(route: &table::Route) -> Option<u64> {
    let guards: Vec<&policy::Policy> = route
        .steps
        .iter()
        .map(|step| &step.policy)
        .filter(|policy| policy.guards())
        .collect();
    if guards.is_empty() {
        return None;
    }
    Some(foldhash::fast::FixedState::default().hash_one(format!("{guards:?}")))
}
