//! The way from references through chains to steps, bounded in depth and number.

use super::chain::Member;
use super::kind::{Effect, Parsed, parse};
use crate::name::{Kind, ObjectRef};
use crate::policy::{Source, Step};
use crate::report::{Diagnostic, Reason};
use crate::traefik::field::Problems;
use crate::traefik::reference::{self, Failure};
use crate::translate::Stage;

/// Chains deeper than this are refused.
const MAX_DEPTH: usize = 16;
/// More names than this are refused: chains that name each other twice would grow without bound.
const MAX_COUNT: usize = 256;

/// Why a middleware cannot be used, in the words of the Ingress.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) message: String,
    pub(super) fix: String,
    /// What is to be mended.
    pub(super) source: Source,
}

/// The way through the middlewares of one Ingress.
pub(super) struct Walk<'x, 'a, 's> {
    stage: &'x mut Stage<'a, 's>,
    /// The annotation.
    source: &'x Source,
    steps: Vec<Step>,
    /// The chains that lead to where the walk is.
    above: Vec<ObjectRef>,
    count: usize,
}

impl<'x, 'a, 's> Walk<'x, 'a, 's> {
    /// Starts at an annotation.
    pub(super) fn of(stage: &'x mut Stage<'a, 's>, source: &'x Source) -> Self {
        Self {
            stage,
            source,
            steps: Vec::new(),
            above: Vec::new(),
            count: 0,
        }
    }

    /// The steps of all references, and what cannot be used of them.
    pub(super) fn through<'t>(
        mut self,
        references: impl Iterator<Item = &'t String>,
    ) -> (Vec<Step>, Vec<Refusal>) {
        let mut refusals = Vec::new();
        for text in references {
            let result = self.find(text).and_then(|object| self.middleware(&object));
            if let Err(refusal) = result {
                self.count += 1;
                refusals.push(refusal);
            }
            if self.is_exhausted() {
                break;
            }
        }
        (self.steps, refusals)
    }

    /// Finds the Middleware that a text with a provider means.
    fn find(&mut self, text: &str) -> Result<ObjectRef, Refusal> {
        let own = self.stage.object.namespace.clone();
        let exists = |namespace: &str, name: &str| self.stage.reader.middleware(namespace, name).is_some();
        let (reason, message, fix) = match reference::resolve(text, "Middleware", &own, exists) {
            Ok(name) => return Ok(ObjectRef::new(Kind::Middleware, own, name)),
            Err(Failure::Missing { message, fix }) => (Reason::MiddlewareMissing, message, fix),
            Err(Failure::Foreign { namespace, name }) => {
                let fix = format!("copy it into the namespace {own}");
                (Reason::ReferenceRefused, foreign(&namespace, &name), fix)
            }
        };
        Err(Refusal {
            reason,
            message,
            fix,
            source: self.source.clone(),
        })
    }

    /// Adds the steps of a Middleware.
    fn middleware(&mut self, object: &ObjectRef) -> Result<(), Refusal> {
        self.count += 1;
        if self.is_exhausted() {
            let why = format!("more than {MAX_COUNT} middlewares are named");
            return Err(unusable(object, "spec", &why));
        }
        let Some(middleware) = self.stage.reader.middleware(&object.namespace, &object.name) else {
            return Err(unusable(object, "spec", "it is not there"));
        };
        let mut problems = Problems::of(object);
        let parsed = parse(&middleware.spec, &mut problems);
        let Parsed { effect, field } = match (parsed, problems.refusal()) {
            (Some(parsed), None) => parsed,
            (_, why) => return Err(unusable(object, "spec", why.unwrap_or("it says nothing"))),
        };
        let source = Source {
            object: object.clone(),
            field,
        };
        match effect {
            Effect::Steps(policies) => {
                self.steps.extend(policies.into_iter().map(|policy| Step {
                    policy,
                    source: source.clone(),
                }));
                Ok(())
            }
            Effect::BasicAuth(draft) => match draft.resolve(object, &mut self.stage.reader) {
                Ok(policy) => {
                    self.steps.push(Step { policy, source });
                    Ok(())
                }
                Err(why) => Err(self.report(&source, "secret", Reason::SecretMissing, &why)),
            },
            Effect::Chain(members) => self.chain(&source, &members),
        }
    }

    /// Adds the steps of all members; one that cannot be used spoils the chain.
    fn chain(&mut self, source: &Source, members: &[Member]) -> Result<(), Refusal> {
        if self.above.contains(&source.object) || self.above.len() >= MAX_DEPTH {
            let why = "the chain leads back to itself, or is too deep";
            return Err(self.report(source, "middlewares", Reason::MiddlewareInvalid, why));
        }
        self.above.push(source.object.clone());
        let mut first = None;
        for member in members {
            let result = self
                .member(source, member)
                .and_then(|object| self.middleware(&object));
            if let Err(refusal) = result {
                first.get_or_insert(refusal);
            }
            if self.is_exhausted() {
                break;
            }
        }
        self.above.pop();
        first.map_or(Ok(()), Err)
    }

    /// The Middleware that a member of a chain means.
    fn member(&mut self, source: &Source, member: &Member) -> Result<ObjectRef, Refusal> {
        let own = source.object.namespace.clone();
        let (reason, why) = match &member.namespace {
            Some(namespace) if **namespace != *own => {
                (Reason::ReferenceRefused, foreign(namespace, &member.name))
            }
            _ if member.name.contains('@') => match self.find(&member.name) {
                Ok(object) => return Ok(object),
                Err(refusal) => (refusal.reason, refusal.message),
            },
            _ if self.stage.reader.middleware(&own, &member.name).is_some() => {
                return Ok(ObjectRef::new(Kind::Middleware, own, member.name.as_str()));
            }
            _ => (
                Reason::MiddlewareMissing,
                format!("there is no Middleware {own}/{}", member.name),
            ),
        };
        self.count += 1;
        Err(self.report(source, &format!("middlewares[{}].name", member.at), reason, &why))
    }

    /// Reports a problem that shows only beside other objects, on the Middleware that has it.
    fn report(&mut self, source: &Source, field: &str, reason: Reason, why: &str) -> Refusal {
        let field = format!("{}.{field}", source.field);
        let problem = Diagnostic::new(&source.object, field.clone(), reason, why);
        self.stage
            .report
            .push(problem.fix("mend the reference, or create the object"));
        unusable(&source.object, &field, &format!("{field}: {why}"))
    }

    fn is_exhausted(&self) -> bool {
        self.count > MAX_COUNT
    }
}

fn unusable(object: &ObjectRef, field: &str, why: &str) -> Refusal {
    Refusal {
        reason: Reason::MiddlewareInvalid,
        message: format!("{object} cannot be used ({why})"),
        fix: format!("mend {object}, or take it out"),
        source: Source {
            object: object.clone(),
            field: field.to_owned(),
        },
    }
}

fn foreign(namespace: &str, name: &str) -> String {
    format!("Middleware {namespace}/{name} is in another namespace, which is not allowed")
}
