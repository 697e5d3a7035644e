//! From the tree of directives to typed statements, collecting problems on the way.
//!
//! Every directive is looked up in the rows of [`directive`]; a row's function makes the action, with the services here:
//! templates, patterns and header values whose errors carry a fix. What fails is reported, the rest goes on.

use std::collections::BTreeSet;

use crate::policy::{Action, Pattern, Statement, Template, Variable, is_header_value};
use crate::value::Invalid;

use super::directive;
use super::guard::Guarding;
use super::parser::Directive;
use super::{SnippetProblem, excerpt, rewrite, unsupported};

/// How many regular expressions one snippet may have: compiling is the only costly part of reading it.
const MAX_PATTERNS: usize = 200;

/// Why a directive cannot be used, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) fix: String,
}

impl Trouble {
    pub(super) fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            fix: fix.into(),
        }
    }

    /// The crate's value error, with a fix; a long value is cut.
    pub(super) fn invalid(invalid: Invalid, fix: impl Into<String>) -> Self {
        Self::new(
            Invalid::new(invalid.expected, excerpt(&invalid.got)).to_string(),
            fix,
        )
    }
}

/// What a row's function gives: no action if all that the directive asks for was reported as a problem.
pub(super) type Built = Result<Option<Action>, Trouble>;

/// Builds the statements of one snippet.
pub(super) struct Builder {
    variables: Vec<String>,
    guarding: Guarding,
    patterns: usize,
    inside_if: bool,
    problems: Vec<SnippetProblem>,
}

impl Builder {
    /// Looks the whole tree over: a variable may be used above the line that sets it, as in nginx.
    pub(super) fn new(tree: &[Directive]) -> Self {
        let mut variables = Vec::new();
        collect_variables(tree, &mut variables, &mut BTreeSet::new());
        Self {
            variables,
            guarding: Guarding::new(tree),
            patterns: 0,
            inside_if: false,
            problems: Vec::new(),
        }
    }

    /// The names of the variables by slot, and what is wrong.
    pub(super) fn finish(self) -> (Vec<String>, Vec<SnippetProblem>) {
        (self.variables, self.problems)
    }

    /// The statements of one level.
    pub(super) fn statements(&mut self, directives: &[Directive]) -> Vec<Statement> {
        let mut statements = Vec::new();
        for directive in directives {
            match self.action(directive) {
                Ok(Some(action)) => statements.push(Statement {
                    line: directive.line,
                    action,
                }),
                Ok(None) => {}
                Err(trouble) => {
                    let guards = self.guarding.is_lost_with(directive);
                    self.report(directive, trouble, guards);
                }
            }
        }
        statements
    }

    /// The statements of an `if`'s body.
    pub(super) fn body(&mut self, directives: &[Directive]) -> Vec<Statement> {
        let outside = std::mem::replace(&mut self.inside_if, true);
        let statements = self.statements(directives);
        self.inside_if = outside;
        statements
    }

    fn action(&mut self, directive: &Directive) -> Built {
        let name = directive.name.as_str();
        let Some(row) = directive::row(name) else {
            return Err(unsupported::trouble(name));
        };
        if self.inside_if && !row.inside_if {
            return Err(Trouble::new(
                format!("nginx does not allow `{name}` inside `if`"),
                row.instead_of_if,
            ));
        }
        if directive.block.is_some() != row.has_block {
            let message = if row.has_block {
                "needs a block in braces"
            } else {
                "takes no block in braces"
            };
            return Err(Trouble::new(
                format!("`{name}` {message}"),
                format!("write `{}`", row.usage),
            ));
        }
        let count = directive.arguments.len();
        if !row.arguments.contains(&count) {
            let message = format!(
                "`{name}` cannot have {count} argument{}",
                if count == 1 { "" } else { "s" }
            );
            return Err(Trouble::new(
                message,
                format!("write `{}`; perhaps a quote or `;` is missing", row.usage),
            ));
        }
        (row.build)(self, directive)
    }

    /// Adds a problem.
    pub(super) fn report(&mut self, directive: &Directive, trouble: Trouble, guards: bool) {
        self.problems.push(SnippetProblem {
            line: directive.line,
            directive: excerpt(&directive.name),
            message: trouble.message,
            fix: trouble.fix,
            guards,
        });
    }

    /// The names that `set` defines.
    pub(super) fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Reads a text with variables.
    pub(super) fn template(&self, text: &str) -> Result<Template, Trouble> {
        Template::parse(text, &self.variables).map_err(|invalid| Trouble::invalid(invalid, VARIABLE_FIX))
    }

    /// Reads a variable by its name without `$`.
    pub(super) fn variable(&self, name: &str) -> Result<Variable, Trouble> {
        Variable::parse(name, &self.variables).map_err(|invalid| Trouble::invalid(invalid, VARIABLE_FIX))
    }

    /// Reads a text with variables that is to stand in a header field.
    pub(super) fn header_value(&self, text: &str) -> Result<Template, Trouble> {
        let template = self.template(text)?;
        if template.texts().all(is_header_value) {
            Ok(template)
        } else {
            let invalid = Invalid::new(
                "a header value without control characters",
                text.escape_debug().to_string(),
            );
            Err(Trouble::invalid(invalid, "keep the value on one line"))
        }
    }

    /// Reads a regular expression.
    pub(super) fn pattern(&mut self, text: &str, case_insensitive: bool) -> Result<Pattern, Trouble> {
        self.patterns += 1;
        if self.patterns > MAX_PATTERNS {
            let message = format!("more than {MAX_PATTERNS} regular expressions in one snippet");
            return Err(Trouble::new(message, "join them with `|`"));
        }
        Pattern::parse(text, case_insensitive).map_err(|invalid| {
            Trouble::invalid(
                invalid,
                "correct it; what needs backtracking, such as look-around, is not there",
            )
        })
    }
}

/// What to do about a variable that is not known.
const VARIABLE_FIX: &str = "use a variable that the snippet sets, or one that the snippet reference lists";

/// Adds the names that `set` defines anywhere below, in order of appearance.
fn collect_variables(directives: &[Directive], names: &mut Vec<String>, seen: &mut BTreeSet<String>) {
    for directive in directives {
        if let ("set", Some(target)) = (directive.name.as_str(), directive.arguments.first())
            && let Some(name) = rewrite::user_variable(target)
            && seen.insert(name.clone())
        {
            names.push(name);
        }
        collect_variables(directive.block.as_deref().unwrap_or_default(), names, seen);
    }
}
