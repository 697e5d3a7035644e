//! The compiled form of a snippet.

use ferrik_config::policy::{self, Action, Expires, RewriteFlag, Variable};
use http::HeaderName;
use ipnet::IpNet;
use regex::bytes::Regex;

use crate::template::{CompiledTemplate, header_name};

/// A snippet, ready to run.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) variables: usize,
    pub(super) top: Block,
}

/// The statements of one level: what runs, and what is configuration.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) statements: Vec<(usize, Statement)>,
    pub(super) config: Config,
}

/// What runs in the rewrite phase.
#[derive(Debug)]
pub(super) enum Statement {
    Set { slot: usize, value: CompiledTemplate },
    SetArguments(CompiledTemplate),
    If { condition: Condition, body: Block },
    Rewrite(UriRewrite),
    Return { status: u16, answer: Answer },
    Break,
}

#[derive(Debug)]
pub(super) struct UriRewrite {
    pub(super) pattern: Regex,
    pub(super) replacement: CompiledTemplate,
    pub(super) query: Option<CompiledTemplate>,
    pub(super) keep_query: bool,
    pub(super) flag: RewriteFlag,
}

#[derive(Debug)]
pub(super) enum Answer {
    Default,
    Location(CompiledTemplate),
    Text(CompiledTemplate),
}

#[derive(Debug)]
pub(super) enum Condition {
    Truthy(Variable),
    Equal { variable: Variable, value: CompiledTemplate, negated: bool },
    Match { variable: Variable, pattern: Regex, negated: bool },
}

/// What nginx keeps in the configuration of a location.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) access: Vec<(bool, Option<IpNet>)>,
    pub(super) response: Vec<ResponseOp>,
    pub(super) request: Vec<(Vec<String>, HeaderOp)>,
    pub(super) add: Vec<(HeaderName, CompiledTemplate, bool)>,
    pub(super) hide: Vec<HeaderName>,
    pub(super) proxy: Vec<(HeaderName, CompiledTemplate)>,
    pub(super) expires: Option<Expires>,
}

#[derive(Debug)]
pub(super) struct ResponseOp {
    pub(super) statuses: Vec<u16>,
    pub(super) types: Vec<String>,
    pub(super) op: HeaderOp,
}

#[derive(Debug)]
pub(super) enum HeaderOp {
    Set(HeaderName, CompiledTemplate),
    Replace(HeaderName, CompiledTemplate),
    Clear(HeaderName),
    ClearPrefix(String),
}

impl Program {
    pub(super) fn compile(snippet: &policy::Snippet) -> Self {
        Self { variables: snippet.variables.len(), top: Block::compile(&snippet.statements) }
    }
}

impl Block {
    fn compile(statements: &[policy::Statement]) -> Self {
        let mut block = Self::default();
        for statement in statements {
            if let Some(compiled) = block.config.take(&statement.action) {
                block.statements.push((statement.line, compiled));
            }
        }
        block
    }
}

impl Config {
    /// Adds what is configuration; returns what runs.
    fn take(&mut self, action: &Action) -> Option<Statement> {
        let template = CompiledTemplate::compile;
        match action {
            Action::Set { slot, value } => return Some(Statement::Set { slot: *slot, value: template(value) }),
            Action::SetArguments { value } => return Some(Statement::SetArguments(template(value))),
            Action::If { condition: when, body } => {
                return Some(Statement::If { condition: condition(when), body: Block::compile(body) });
            }
            Action::Rewrite(rewrite) => {
                return Some(Statement::Rewrite(UriRewrite {
                    pattern: rewrite.pattern.compile(),
                    replacement: template(&rewrite.replacement),
                    query: rewrite.query.as_ref().map(template),
                    keep_query: rewrite.keep_query,
                    flag: rewrite.flag,
                }));
            }
            Action::Return(answer) => {
                let status = answer.status;
                let answer = match &answer.answer {
                    policy::Answer::Default => Answer::Default,
                    policy::Answer::Location(text) => Answer::Location(template(text)),
                    policy::Answer::Text(text) => Answer::Text(template(text)),
                };
                return Some(Statement::Return { status, answer });
            }
            Action::Break => return Some(Statement::Break),
            Action::Access(rule) => self.access.push((rule.allow, rule.network)),
            Action::ResponseHeaders(headers) => self.response.extend(headers.ops.iter().map(|op| ResponseOp {
                statuses: headers.statuses.clone(),
                types: headers.types.clone(),
                op: header_op(op),
            })),
            Action::RequestHeaders(headers) => {
                self.request.extend(headers.ops.iter().map(|op| (headers.types.clone(), header_op(op))));
            }
            Action::Add(add) => self.add.push((header_name(&add.name), template(&add.value), add.always)),
            Action::Hide(name) => self.hide.push(header_name(name)),
            Action::Proxy { name, value } => self.proxy.push((header_name(name), template(value))),
            Action::Expires(expires) => self.expires = Some(*expires),
        }
        None
    }
}

fn condition(condition: &policy::Condition) -> Condition {
    match condition {
        policy::Condition::Truthy(variable) => Condition::Truthy(variable.clone()),
        policy::Condition::Equal { variable, value, negated } => Condition::Equal {
            variable: variable.clone(),
            value: CompiledTemplate::compile(value),
            negated: *negated,
        },
        policy::Condition::Match { variable, pattern, negated } => {
            Condition::Match { variable: variable.clone(), pattern: pattern.compile(), negated: *negated }
        }
    }
}

fn header_op(op: &policy::HeaderOp) -> HeaderOp {
    match op {
        policy::HeaderOp::Set { name, value } => HeaderOp::Set(header_name(name), CompiledTemplate::compile(value)),
        policy::HeaderOp::Replace { name, value } => {
            HeaderOp::Replace(header_name(name), CompiledTemplate::compile(value))
        }
        policy::HeaderOp::Clear(name) => HeaderOp::Clear(header_name(name)),
        policy::HeaderOp::ClearPrefix(prefix) => HeaderOp::ClearPrefix(prefix.clone()),
    }
}
