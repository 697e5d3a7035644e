//! Looks on while the pipeline runs a request, and writes down what each step did.

use std::sync::Arc;

use http::HeaderMap;

use super::change::{self, Noted};
use super::{Candidate, Round, StepOutcome, StepTaken, text};
use crate::exchange::Exchange;
use crate::listen::Scheme;
use crate::pipeline::Watch;
use crate::reply::Reply;
use crate::request::Changes;
use crate::route::Route;
use crate::router::{Outcome, Router};
use crate::sanitize::Path;

/// What was seen so far.
pub(super) struct Watcher {
    rounds: Vec<Seen>,
    /// The head as the last step left it.
    head: HeaderMap,
}

/// One round while it runs.
struct Seen {
    round: Round,
    route: Option<Arc<Route>>,
    noted: Noted,
}

impl Watcher {
    pub(super) fn new(head: &HeaderMap) -> Self {
        Self {
            rounds: Vec::new(),
            head: head.clone(),
        }
    }

    /// The rounds, with what is known only at the end: which step answered, and what the response phases do.
    pub(super) fn finish(self, reply: Option<&Reply>, exchange: &Exchange) -> Vec<Round> {
        let mut rounds = self.rounds;
        let status = reply.map_or(200, |reply| reply.status);
        if let Some(seen) = rounds.last_mut() {
            let Seen { round, route, .. } = seen;
            if let (Some(reply), Some(last)) = (reply, round.steps.last_mut()) {
                last.outcome = StepOutcome::Answered(reply.line);
            }
            let steps = route.iter().flat_map(|route| &route.steps);
            for (at, (step, taken)) in steps.zip(&mut round.steps).enumerate() {
                taken
                    .changes
                    .extend(change::of_response(at, step, &exchange.changes.response, status));
            }
        }
        rounds.into_iter().map(Seen::complete).collect()
    }
}

impl Watch<HeaderMap> for Watcher {
    fn looks_up(&mut self, router: &Router, host: &str, path: &Path<'_>, scheme: Scheme) {
        if let Some(before) = self.rounds.last_mut()
            && let Some(last) = before.round.steps.last_mut()
        {
            last.outcome = StepOutcome::LookedUpAgain;
        }
        let mut route = None;
        let mut candidates = Vec::new();
        for candidate in router.trace(host, path, scheme) {
            if candidate.outcome == Outcome::Chosen {
                route = Some(candidate.route.clone());
            }
            candidates.push(Candidate {
                host: candidate.host,
                path: candidate.route.path.clone(),
                kind: candidate.route.kind,
                dialect: candidate.route.dialect,
                source: candidate.route.source.clone(),
                service: candidate.route.service().cloned(),
                engine: candidate.route.engine,
                outcome: candidate.outcome,
            });
        }
        let round = Round {
            host: host.to_owned(),
            path: text(&path.forward),
            candidates,
            steps: Vec::new(),
        };
        self.rounds.push(Seen {
            round,
            route,
            noted: Noted::default(),
        });
    }

    fn starts(&mut self, head: &HeaderMap) {
        self.head.clone_from(head);
    }

    fn stepped(&mut self, at: usize, head: &HeaderMap, changes: &Changes) {
        let Some(seen) = self.rounds.last_mut() else {
            return;
        };
        let Some(step) = seen.route.as_ref().and_then(|route| route.sources().get(at)) else {
            return;
        };
        let mut list = change::of_changes(&seen.noted, changes);
        list.extend(change::of_head(&self.head, head));
        seen.round.steps.push(StepTaken {
            word: step.policy.word(),
            source: step.source.clone(),
            outcome: StepOutcome::Passed,
            changes: list,
        });
        seen.noted = Noted::of(changes);
        self.head.clone_from(head);
    }
}

impl Seen {
    /// Adds the steps that were not reached.
    fn complete(self) -> Round {
        let Self { mut round, route, .. } = self;
        let reached = round.steps.len();
        let rest = route.iter().flat_map(|route| route.sources()).skip(reached);
        round.steps.extend(rest.map(|step| StepTaken {
            word: step.policy.word(),
            source: step.source.clone(),
            outcome: StepOutcome::NotReached,
            changes: Vec::new(),
        }));
        round
    }
}
