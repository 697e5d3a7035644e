//! Any text gives a result: no panic, no endless loop, and everything has a line that the text has.

use proptest::prelude::*;

use super::parse;
use crate::nginx::snippet::SnippetProblem;
use crate::policy::{Action, Statement};

/// Pieces that reach further into the parser than random characters do.
const PIECES: &[&str] = &[
    "set",
    "if",
    "return",
    "rewrite",
    "deny",
    "allow",
    "more_set_headers",
    "add_header",
    "proxy_set_header",
    "expires",
    "break",
    "location",
    "limit_except",
    "$a",
    "${a}",
    "$1",
    "$",
    "${",
    "(",
    ")",
    "($a",
    "=",
    "~*",
    "{",
    "}",
    ";",
    "\n",
    " ",
    "'",
    "\"",
    "\\",
    "#",
    "403",
    "301",
    "all",
    "10.0.0.0/8",
    "X-A: b",
    "-s",
    "^/(.*)",
    "?",
    "*",
    "é",
    "1h",
];

fn check(text: &str) {
    let parsed = parse(text);
    let lines = text.split('\n').count();
    check_lines(&parsed.snippet.statements, lines);
    assert!(
        parsed
            .problems
            .iter()
            .all(|SnippetProblem { line, .. }| (1..=lines).contains(line))
    );
    assert!(parsed.problems.is_sorted_by_key(|problem| problem.line));
    assert_eq!(parsed, parse(text));
}

fn check_lines(statements: &[Statement], lines: usize) {
    for Statement { line, action } in statements {
        assert!((1..=lines).contains(line));
        if let Action::If { body, .. } = action {
            check_lines(body, lines);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_characters_are_survived(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn arbitrary_pieces_are_survived(
        pieces in proptest::collection::vec((proptest::sample::select(PIECES), any::<bool>()), 0..60)
    ) {
        let text: String =
            pieces.iter().flat_map(|(piece, spaced)| [*piece, if *spaced { " " } else { "" }]).collect();
        check(&text);
    }

    #[test]
    fn a_guard_behind_any_text_is_never_lost_silently(
        pieces in proptest::collection::vec((proptest::sample::select(PIECES), any::<bool>()), 0..20)
    ) {
        let text: String =
            pieces.iter().flat_map(|(piece, spaced)| [*piece, if *spaced { " " } else { "" }]).collect();
        let parsed = parse(&format!("{text}\n;deny all;"));
        prop_assert!(parsed.snippet.guards() || parsed.problems.iter().any(|problem| problem.guards), "{text}");
    }
}
