//! The way from references through chains to steps, bounded in depth and number.

use super::chain::Member;
use super::kind::{Effect, Parsed, parse};
use crate::name::{Kind, ObjectRef};
use crate::policy::{Source, Step};
use crate::report::{Diagnostic, Reason};
use crate::traefik::field::Problems;
use crate::traefik::reference::{self, Failure};
use crate::translate::{Stage, grant};

/// Chains deeper than this are refused.
const MAX_DEPTH: usize = 16;
/// More names than this are refused: chains that name each other twice would grow without bound.
const MAX_COUNT: usize = 256;
const MEND: &str = "mend the reference, or create the object";

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
            let ingress = self.stage.object;
            let result = self
                .find(text, ingress)
                .and_then(|object| self.middleware(&object));
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

    /// Finds the Middleware that a text with a provider means in this object.
    fn find(&mut self, text: &str, from: &ObjectRef) -> Result<ObjectRef, Refusal> {
        let found = reference::resolve(text, Kind::Middleware, from, &mut self.stage.reader);
        let (reason, message, fix) = match found {
            Ok(object) => return Ok(object),
            Err(Failure::Missing { message, fix }) => (Reason::MiddlewareMissing, message, fix),
            Err(Failure::Refused { message, fix }) => (Reason::ReferenceRefused, message, fix),
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
                Err(why) => Err(self.report(&source, "secret", Reason::SecretMissing, &why, MEND)),
            },
            Effect::Chain(members) => self.chain(&source, &members),
        }
    }

    /// Adds the steps of all members; one that cannot be used spoils the chain.
    fn chain(&mut self, source: &Source, members: &[Member]) -> Result<(), Refusal> {
        if self.above.contains(&source.object) || self.above.len() >= MAX_DEPTH {
            let why = "the chain leads back to itself, or is too deep";
            return Err(self.report(source, "middlewares", Reason::MiddlewareInvalid, why, MEND));
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
        let chain = &source.object;
        let is_here = member
            .namespace
            .as_deref()
            .is_none_or(|it| it == &*chain.namespace);
        let result = if is_here && member.name.contains('@') {
            self.find(&member.name, chain)
                .map_err(|refusal| (refusal.reason, refusal.message, refusal.fix))
        } else {
            self.named(chain, member)
        };
        result.map_err(|(reason, why, fix)| {
            self.count += 1;
            let field = format!("middlewares[{}].name", member.at);
            self.report(source, &field, reason, &why, &fix)
        })
    }

    /// The Middleware that a member names by namespace and name.
    fn named(&mut self, chain: &ObjectRef, member: &Member) -> Result<ObjectRef, (Reason, String, String)> {
        let namespace = member.namespace.as_deref().unwrap_or(&chain.namespace);
        let object = ObjectRef::new(Kind::Middleware, namespace, member.name.as_str());
        grant::check(&mut self.stage.reader, chain, &object)
            .map_err(|refused| (Reason::ReferenceRefused, refused.message, refused.fix))?;
        if self.stage.reader.is_there(&object) {
            return Ok(object);
        }
        let why = format!("there is no {object}");
        Err((Reason::MiddlewareMissing, why, MEND.to_owned()))
    }

    /// Reports a problem that shows only beside other objects, on the Middleware that has it.
    fn report(&mut self, source: &Source, field: &str, reason: Reason, why: &str, fix: &str) -> Refusal {
        let field = format!("{}.{field}", source.field);
        let problem = Diagnostic::new(&source.object, field.clone(), reason, why);
        self.stage.report.push(problem.fix(fix));
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
