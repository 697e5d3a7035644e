//! A piece of nginx configuration as typed statements: what `configuration-snippet` becomes.
//!
//! The nginx dialect writes it, a filter of the proxy runs it. Nothing is left to parse: names, patterns, networks and
//! status codes are checked. The types say how nginx runs each statement, because the order in the text is not always
//! the order of effect.

mod expires;
mod header;

use ipnet::IpNet;
use serde::Serialize;

pub use expires::Expires;
pub use header::{AddHeader, HeaderOp, RequestHeaders, ResponseHeaders};

use super::{HeaderName, Pattern, Template, Variable};

/// The statements of one snippet.
///
/// # How nginx runs it
/// Three kinds of statement share the text (`ngx_http_rewrite_module.c`, headers-more-nginx-module):
///
/// 1. [`Set`](Action::Set), [`SetArguments`](Action::SetArguments), [`If`](Action::If), [`Rewrite`](Action::Rewrite),
///    [`Return`](Action::Return) and [`Break`](Action::Break) run per request, from top to bottom, before access control.
/// 2. [`Access`](Action::Access) rules are judged afterwards, together with the other access controls of the route; the
///    first rule that covers the client decides, and without one the client may pass.
/// 3. All others are configuration. At the top level they always apply. Inside an `If` they apply only if that `If` is
///    the *last* one that was true: each true `If` replaces the configuration that the one before it brought. Of the two
///    levels, header operations of headers-more run both, outer level first; of [`Add`](Action::Add) and
///    [`Expires`](Action::Expires) the inner level replaces the outer one, if it has any.
///
/// Templates of configuration are filled in when it takes effect, so they see the final values of variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// Names that `set` defines, in lower case, in order of appearance; the index is the slot. All start empty.
    pub variables: Vec<String>,
    /// In the order of the text.
    pub statements: Vec<Statement>,
}

impl Snippet {
    /// True if it may refuse somebody: an access rule, or a `return` with an error status, at any depth.
    pub fn guards(&self) -> bool {
        guards(&self.statements)
    }
}

fn guards(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.action {
        Action::Access(_) => true,
        Action::Return(answer) => answer.status >= 400,
        Action::If { body, .. } => guards(body),
        _ => false,
    })
}

/// One statement and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Line of its first word in the snippet, from 1.
    pub line: usize,
    /// What it does.
    pub action: Action,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Action {
    /// `set $name value`: gives a variable of the snippet a value.
    Set {
        /// Index into [`Snippet::variables`].
        slot: usize,
        /// The new value.
        value: Template,
    },
    /// `set $args value`: replaces the query that the backend receives.
    SetArguments {
        /// Without `?`.
        value: Template,
    },
    /// `if (condition) { ... }`: runs the body if the condition is true. Bodies hold no further `If`.
    If {
        /// When.
        condition: Condition,
        /// What.
        body: Vec<Statement>,
    },
    /// `rewrite`: changes the path, or redirects.
    Rewrite(UriRewrite),
    /// `return`: answers here; nothing further runs.
    Return(Return),
    /// `break`: no further statement of the first kind runs.
    Break,
    /// `allow`, `deny`.
    Access(AccessRule),
    /// `more_set_headers`, `more_clear_headers`.
    ResponseHeaders(ResponseHeaders),
    /// `more_set_input_headers`, `more_clear_input_headers`: run after all statements of the first kind, unless one of
    /// them answered.
    RequestHeaders(RequestHeaders),
    /// `add_header`.
    Add(AddHeader),
    /// `proxy_hide_header`: the backend's field is not passed on; what other statements add stays.
    Hide(HeaderName),
    /// `proxy_set_header`: what the backend gets in place of the client's field; an empty value sends none. Filled in
    /// last, after [`RequestHeaders`](Action::RequestHeaders).
    Proxy {
        /// Which field.
        name: HeaderName,
        /// The value.
        value: Template,
    },
    /// `expires`: sets `Expires` and `Cache-Control`.
    Expires(Expires),
}

/// The condition of an `If`. Values are compared as bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Condition {
    /// `($v)`: true unless the value is empty or exactly `0`.
    Truthy(Variable),
    /// `($v = text)`, `($v != text)`.
    Equal {
        /// The left side.
        variable: Variable,
        /// The right side.
        value: Template,
        /// `!=`.
        negated: bool,
    },
    /// `($v ~ pattern)` and `~*`, `!~`, `!~*`. A match sets the captures of all later templates, until the next match.
    Match {
        /// The subject.
        variable: Variable,
        /// The expression; it knows whether case matters.
        pattern: Pattern,
        /// `!~`, `!~*`.
        negated: bool,
    },
}

/// `rewrite pattern replacement [flag]`.
///
/// The pattern is searched in the decoded path ([`Variable::Uri`]). If it matches, the whole path becomes `replacement`
/// and the query becomes `query`, followed by the query so far if `keep_query` (joined with `&` if both are there). A
/// captured text is percent-encoded again where it enters a query or a redirect. A path that becomes empty answers 500.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UriRewrite {
    /// What the path must match.
    pub pattern: Pattern,
    /// The new path; in a redirect a path or a whole URL.
    pub replacement: Template,
    /// What stands behind the first `?` of the replacement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Template>,
    /// False if the replacement ends in `?`.
    pub keep_query: bool,
    /// What happens then.
    pub flag: RewriteFlag,
}

/// What follows a rewrite that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RewriteFlag {
    /// No flag: the next statement runs; after the last one the route is looked up again with the new path.
    Continue,
    /// `last`: no further statement of the first kind runs, and the route is looked up again. After ten rounds: 500.
    Last,
    /// `break`: no further statement of the first kind runs, and this route serves the new path.
    Break,
    /// Answers with this status, 301 or 302, and the result as `Location`. A path alone is made absolute with the scheme
    /// and host of the request (nginx `absolute_redirect`).
    Redirect(u16),
}

/// `return`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Return {
    /// 200 to 599. 444 closes the connection without an answer.
    pub status: u16,
    /// What goes with it.
    pub answer: Answer,
}

/// What a `return` sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Answer {
    /// The error page of the status from 400 on; an empty body below.
    Default,
    /// With 301, 302, 303, 307 and 308: the `Location`. A path alone is made absolute, as in [`RewriteFlag::Redirect`].
    Location(Template),
    /// The body. Its `Content-Type` follows the path's extension, else it is `text/html` (ingress-nginx `default-type`).
    Text(Template),
}

/// `allow` or `deny`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AccessRule {
    /// `allow`; else the client gets 403.
    pub allow: bool,
    /// Whom; `None` is `all`.
    pub network: Option<IpNet>,
}
