//! The snippet of a location, parsed into a typed policy and never evaluated as text.

use super::{Options as All, closed, snippet};
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::{
    Action, Condition, HeaderName, HeaderOp, Part, Policy, Snippet, Statement, Template, Variable,
};
use crate::report::{Diagnostic, Reason};
use crate::translate::Stage;
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Snippets",
    doc: "A subset of nginx's directives, read into a typed policy; no text is ever evaluated. A directive that is not known \
          is reported with its line, and the rest works. One that guards access and cannot be understood closes the routes.",
    annotations: &[Annotation {
        name: "configuration-snippet",
        aliases: &[],
        field: &At::<All, Text>(|o| &mut o.configuration_snippet.text),
        default: None,
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Route,
        support: Support::Full,
        doc: "`set`, `if`, `return`, `rewrite`, `break`, `more_set_headers`, `more_clear_headers`, `more_set_input_headers`, \
              `more_clear_input_headers`, `add_header`, `proxy_set_header`, `proxy_hide_header`, `allow` and `deny`.",
        accepts: &["more_set_headers 'X-Frame-Options: DENY';"],
        rejects: &[""],
    }],
};

/// What the annotation says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    text: Option<Text>,
}

/// The snippet as written, white space included, so that its lines keep their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text(String);

impl Value for Text {
    const KIND: &'static str = "nginx directives, one or more";

    fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            Err(Invalid::new(Self::KIND, text))
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

/// The policy; problems go to the report with their line.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<Policy> {
    let Text(text) = written.options.configuration_snippet.text.as_ref()?;
    let source = written.source("configuration-snippet");
    let parsed = snippet::parse(text);
    for problem in &parsed.problems {
        let (reason, effect) = if problem.guards {
            (
                Reason::RouteClosed,
                "; it guards access, so the routes are closed",
            )
        } else {
            (Reason::SnippetUnsupported, "")
        };
        let message = format!("`{}`: {}{effect}", problem.directive, problem.message);
        let diagnostic = Diagnostic::new(stage.object, source.field.clone(), reason, message);
        stage
            .report
            .push(diagnostic.fix(problem.fix.clone()).line(problem.line));
    }
    if parsed.problems.iter().any(|problem| problem.guards) {
        return Some(closed(source).policy);
    }
    for line in wide_open(&parsed.snippet) {
        let message = "the visitor's own origin (`$http_origin`) is allowed, whatever it is, and credentials are too: any web \
                       site can read answers with its visitors' cookies and certificates";
        let fix = "list the origins that need credentials in `cors-allow-origin`, or compare `$http_origin` with them first";
        let diagnostic = Diagnostic::new(stage.object, source.field.clone(), Reason::CorsWideOpen, message);
        stage.report.push(diagnostic.fix(fix).line(line));
    }
    Some(Policy::Snippet(parsed.snippet))
}

/// The lines that allow whatever origin asks, in blocks that allow credentials too. A snippet that compares the origin
/// somewhere is taken to choose whom it allows.
fn wide_open(snippet: &Snippet) -> Vec<usize> {
    let bodies = snippet
        .statements
        .iter()
        .filter_map(|statement| match &statement.action {
            Action::If { condition, body } => Some((condition, body)),
            _ => None,
        });
    if bodies.clone().any(|(condition, _)| compares_origin(condition)) {
        return Vec::new();
    }
    let blocks = std::iter::once(&snippet.statements).chain(bodies.map(|(_, body)| body));
    blocks.flat_map(|block| wide_open_block(block)).collect()
}

fn wide_open_block(block: &[Statement]) -> Vec<usize> {
    let fields: Vec<(usize, &HeaderName, &Template)> = block.iter().flat_map(response_fields).collect();
    let allows_credentials = fields.iter().any(|(_, name, value)| {
        name.as_str() == "access-control-allow-credentials"
            && value.as_literal().is_some_and(|text| text.trim() == "true")
    });
    let repeats_origin = |(_, name, value): &&(usize, &HeaderName, &Template)| {
        name.as_str() == "access-control-allow-origin"
            && matches!(value.parts.as_slice(), [Part::Variable(it)] if is_origin(it))
    };
    if !allows_credentials {
        return Vec::new();
    }
    fields
        .iter()
        .filter(repeats_origin)
        .map(|(line, ..)| *line)
        .collect()
}

/// The response fields that a statement sets or adds.
fn response_fields(statement: &Statement) -> Vec<(usize, &HeaderName, &Template)> {
    match &statement.action {
        Action::ResponseHeaders(headers) => {
            let set = headers.ops.iter().filter_map(|op| match op {
                HeaderOp::Set { name, value } => Some((statement.line, name, value)),
                _ => None,
            });
            set.collect()
        }
        Action::Add(field) => vec![(statement.line, &field.name, &field.value)],
        _ => Vec::new(),
    }
}

fn compares_origin(condition: &Condition) -> bool {
    match condition {
        Condition::Truthy(_) => false,
        Condition::Equal { variable, .. } | Condition::Match { variable, .. } => is_origin(variable),
    }
}

fn is_origin(variable: &Variable) -> bool {
    matches!(variable, Variable::Header(name) if name.as_str() == "origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        wide_open(&snippet::parse(text).snippet)
    }

    #[test]
    fn a_repeated_origin_with_credentials_is_found_in_every_block() {
        let open = "more_set_headers 'Access-Control-Allow-Origin: $http_origin';\n\
                    more_set_headers 'Access-Control-Allow-Credentials: true';\n";
        assert_eq!(lines(open), [1]);
        assert_eq!(
            lines(&format!(
                "if ($request_method = GET) {{\n{open}}}\nif ($arg_x) {{\n{open}}}\n"
            )),
            [2, 6]
        );
        assert_eq!(
            lines(
                "add_header Access-Control-Allow-Credentials true;\nadd_header Access-Control-Allow-Origin $http_origin;"
            ),
            [2]
        );
    }

    #[test]
    fn one_of_the_two_or_a_chosen_origin_is_none() {
        for text in [
            "more_set_headers 'Access-Control-Allow-Origin: $http_origin';",
            "more_set_headers 'Access-Control-Allow-Origin: https://a.example.org' 'Access-Control-Allow-Credentials: true';",
            "more_set_headers 'Access-Control-Allow-Origin: $http_origin' 'Access-Control-Allow-Credentials: false';",
            "set $allow '';\nif ($http_origin ~ 'example.org$') {\nset $allow 1;\n}\nif ($allow) {\n\
             more_set_headers 'Access-Control-Allow-Origin: $http_origin' 'Access-Control-Allow-Credentials: true';\n}",
        ] {
            assert_eq!(lines(text), Vec::<usize>::new(), "{text}");
        }
    }
}
