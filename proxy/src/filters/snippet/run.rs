//! The rewrite phase: statements from top to bottom.

use bytes::Bytes;
use ferrik_config::policy::RewriteFlag;

use super::configure;
use super::program::{Answer, Block, Condition, Program, Statement, UriRewrite};
use crate::filters::Flow;
use crate::filters::rewrite::groups;
use crate::head::RequestHead;
use crate::reason::Reason;
use crate::reply::{Body, Reply};
use crate::request::Request;
use crate::sanitize::{decode, encode};
use crate::template::{CompiledTemplate, Scope, value};

/// How a level ended.
enum End {
    /// At its last statement.
    Done,
    /// At a `break`, or a rewrite with that flag.
    Break,
    /// At a rewrite that asks for another look-up.
    Last,
    /// With an answer, given on this line.
    Reply(Reply, usize),
}

/// One run of a program.
struct Run<'p> {
    scope: Scope,
    /// The body of the last `if` that was true: its configuration is in effect.
    branch: Option<&'p Block>,
    is_rewritten: bool,
}

pub(super) fn run<H: RequestHead>(program: &Program, request: &mut Request<'_, H>) -> Flow {
    let uri = request.changes.path.as_deref().map(decode);
    let scope = Scope { user: vec![Vec::new(); program.variables], captures: Vec::new(), uri };
    let mut run = Run { scope, branch: None, is_rewritten: false };
    let end = run.block(&program.top, request);
    let levels = || std::iter::once(&program.top).chain(run.branch);
    configure::response(levels().map(|block| &block.config), request, &run.scope);
    if let End::Reply(reply, line) = end {
        return Flow::Reply(reply.at_line(line));
    }
    if let Some(refusal) = configure::access(levels().map(|block| &block.config), request) {
        return Flow::Reply(refusal);
    }
    if let Some(uri) = run.scope.uri.as_ref().filter(|_| run.is_rewritten) {
        if uri.is_empty() {
            return Flow::Reply(Reply::page(500, Reason::Internal));
        }
        request.changes.path = Some(encode(uri));
        // Without `break`, nginx looks the location up again for the new path.
        if !matches!(end, End::Break) {
            return Flow::Reroute;
        }
    }
    configure::request(levels().map(|block| &block.config), request, &run.scope);
    Flow::Next
}

impl<'p> Run<'p> {
    fn block<H: RequestHead>(&mut self, block: &'p Block, request: &mut Request<'_, H>) -> End {
        for (line, statement) in &block.statements {
            match self.statement(statement, *line, request) {
                End::Done => {}
                end => return end,
            }
        }
        End::Done
    }

    fn statement<H: RequestHead>(&mut self, statement: &'p Statement, line: usize, request: &mut Request<'_, H>) -> End {
        match statement {
            Statement::Set { slot, value } => {
                let text = value.fill(request, &self.scope);
                if let Some(variable) = self.scope.user.get_mut(*slot) {
                    *variable = text;
                }
                End::Done
            }
            Statement::SetArguments(value) => {
                let text = value.fill(request, &self.scope);
                request.changes.query = Some(text);
                End::Done
            }
            Statement::If { condition, body } => {
                if !self.holds(condition, request) {
                    return End::Done;
                }
                self.branch = Some(body);
                self.block(body, request)
            }
            Statement::Rewrite(rewrite) => self.rewrite(rewrite, line, request),
            Statement::Return { status, answer } => End::Reply(self.answer(*status, answer, request), line),
            Statement::Break => End::Break,
        }
    }

    fn holds<H: RequestHead>(&mut self, condition: &Condition, request: &Request<'_, H>) -> bool {
        match condition {
            Condition::Truthy(variable) => {
                let text = value(variable, request, &self.scope);
                !text.is_empty() && text != b"0"
            }
            Condition::Equal { variable, value: wanted, negated } => {
                (value(variable, request, &self.scope) == wanted.fill(request, &self.scope)) != *negated
            }
            Condition::Match { variable, pattern, negated } => {
                let text = value(variable, request, &self.scope);
                let found = pattern.captures(&text);
                if let Some(captures) = &found {
                    self.scope.captures = groups(captures);
                }
                found.is_some() != *negated
            }
        }
    }

    fn rewrite<H: RequestHead>(&mut self, rewrite: &UriRewrite, line: usize, request: &mut Request<'_, H>) -> End {
        let uri = self.scope.uri.clone().unwrap_or_else(|| request.facts.path.decoded.to_vec());
        let Some(captures) = rewrite.pattern.captures(&uri) else { return End::Done };
        self.scope.captures = groups(&captures);
        let query = self.query(rewrite, request);
        if let RewriteFlag::Redirect(status) = rewrite.flag {
            let path = encode_path(&rewrite.replacement.fill(request, &self.scope));
            let target = with_query(path, query.as_deref());
            return End::Reply(redirect(status, target, request), line);
        }
        self.scope.uri = Some(rewrite.replacement.fill(request, &self.scope));
        self.is_rewritten = true;
        request.changes.query = Some(query.unwrap_or_default());
        match rewrite.flag {
            RewriteFlag::Continue | RewriteFlag::Redirect(_) => End::Done,
            RewriteFlag::Last => End::Last,
            RewriteFlag::Break => End::Break,
        }
    }

    fn query<H: RequestHead>(&self, rewrite: &UriRewrite, request: &Request<'_, H>) -> Option<Vec<u8>> {
        let own = rewrite.query.as_ref().map(|query| query.fill_escaped(request, &self.scope));
        let old = request.query().filter(|_| rewrite.keep_query).map(<[u8]>::to_vec);
        match (own.filter(|query| !query.is_empty()), old) {
            (Some(own), Some(old)) => Some([&*own, b"&", &*old].concat()),
            (own, old) => own.or(old),
        }
    }

    fn answer<H: RequestHead>(&self, status: u16, answer: &Answer, request: &Request<'_, H>) -> Reply {
        let fill = |template: &CompiledTemplate| template.fill_escaped(request, &self.scope);
        match answer {
            Answer::Default if status == 444 => Reply { body: Body::Close, ..Reply::empty(444, Reason::SnippetReturn) },
            Answer::Default if status < 400 => Reply::empty(status, Reason::SnippetReturn),
            Answer::Default => Reply::page(status, Reason::SnippetReturn),
            Answer::Location(template) => redirect(status, fill(template), request),
            Answer::Text(template) => {
                let text = Bytes::from(template.fill(request, &self.scope));
                Reply { body: Body::Text(text), ..Reply::empty(status, Reason::SnippetReturn) }
            }
        }
    }
}

/// nginx makes a `Location` that is only a path absolute (`absolute_redirect`).
fn redirect<H: RequestHead>(status: u16, target: Vec<u8>, request: &Request<'_, H>) -> Reply {
    let target = if target.starts_with(b"/") { [request.origin(), target].concat() } else { target };
    Reply::redirect(status, &target, Reason::SnippetReturn)
}

/// Escapes a path, but leaves a whole URL as it is.
fn encode_path(text: &[u8]) -> Vec<u8> {
    if text.starts_with(b"/") { encode(text) } else { text.to_vec() }
}

fn with_query(path: Vec<u8>, query: Option<&[u8]>) -> Vec<u8> {
    match query {
        Some(query) => [&*path, b"?", query].concat(),
        None => path,
    }
}
