//! `configuration-snippet`: nginx configuration text, read into typed statements and never evaluated as text.
//!
//! The nginx annotation rows call [`parse`]. It does what can be understood, reports the rest with its line, and says of
//! each problem whether something that guards access was lost, so that the caller can close the route.
//!
//! The way of the text: `lexer` (words) → `parser` (tree of directives) → `builder` (statements), which looks every
//! directive up in the rows of `directive`, and what it cannot do in those of `unsupported` and `guard`.

mod access;
mod builder;
mod condition;
mod directive;
mod expires;
mod guard;
mod header;
mod lexer;
mod parser;
mod rewrite;
#[cfg(test)]
mod tests;
mod unsupported;

use crate::policy::Snippet;

use builder::Builder;

/// Longest text that is read, in bytes. Real snippets have one or two kilobytes; the bound keeps a hostile object from
/// costing more than a moment.
const MAX_TEXT: usize = 64 << 10;

/// What a snippet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// All that was understood.
    pub(crate) snippet: Snippet,
    /// All that was not, by line.
    pub(crate) problems: Vec<SnippetProblem>,
}

/// Something that the owner of the snippet can fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnippetProblem {
    /// Line inside the snippet, from 1.
    pub(crate) line: usize,
    /// The directive's name as it was written, at most a few words long.
    pub(crate) directive: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) fix: String,
    /// True if something was lost that may keep clients out: the route must be closed.
    pub(crate) guards: bool,
}

/// Reads a snippet. Any text gives a result; the work is bounded by the text's length.
pub(crate) fn parse(text: &str) -> Parsed {
    if text.len() > MAX_TEXT {
        let problem = SnippetProblem {
            line: 1,
            directive: "configuration-snippet".to_owned(),
            message: format!("the snippet has {} bytes, more than {MAX_TEXT}", text.len()),
            fix: "split it over several Ingresses".to_owned(),
            guards: guard::is_mentioned(text),
        };
        return Parsed {
            snippet: Snippet::default(),
            problems: vec![problem],
        };
    }
    let tree = parser::parse(text);
    let mut builder = Builder::new(&tree.directives);
    let statements = builder.statements(&tree.directives);
    let (variables, mut problems) = builder.finish();
    if let Some(error) = tree.error {
        problems.push(SnippetProblem {
            line: error.line,
            directive: excerpt(&error.directive),
            message: error.message,
            fix: error.fix,
            guards: guard::is_mentioned(text),
        });
    }
    problems.sort_by_key(|problem| problem.line);
    Parsed {
        snippet: Snippet {
            variables,
            statements,
        },
        problems,
    }
}

/// The start of a text that may be long, for messages.
fn excerpt(text: &str) -> String {
    const LENGTH: usize = 80;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
