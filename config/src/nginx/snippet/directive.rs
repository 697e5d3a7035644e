//! The directives that a snippet may use: one row each, with its shape and the function that reads it.
//!
//! The builder looks directives up here; the parser asks whether a word is the name of one.

use std::ops::RangeInclusive;

use super::builder::{Builder, Built};
use super::parser::Directive;
use super::{access, condition, expires, header, rewrite, unsupported};

/// One directive that is understood.
pub(super) struct Row {
    /// Its name.
    pub(super) name: &'static str,
    /// How it is written.
    pub(super) usage: &'static str,
    /// How many arguments it may have.
    pub(super) arguments: RangeInclusive<usize>,
    /// True if a block in braces follows.
    pub(super) has_block: bool,
    /// True if nginx allows it inside `if`.
    pub(super) inside_if: bool,
    /// What to write instead where it is not allowed.
    pub(super) instead_of_if: &'static str,
    /// Reads it; the shape has been checked.
    pub(super) build: fn(&mut Builder, &Directive) -> Built,
}

/// A directive that stands anywhere and has no block.
const fn anywhere(
    name: &'static str,
    usage: &'static str,
    arguments: RangeInclusive<usize>,
    build: fn(&mut Builder, &Directive) -> Built,
) -> Row {
    Row {
        name,
        usage,
        arguments,
        has_block: false,
        inside_if: true,
        instead_of_if: "",
        build,
    }
}

/// All of them.
pub(super) const ROWS: &[Row] = &[
    anywhere(
        "add_header",
        "add_header Name 'value' [always];",
        2..=3,
        header::add,
    ),
    Row {
        inside_if: false,
        instead_of_if: "write it outside; to refuse by a condition, `return 403;` inside the `if`",
        ..anywhere("allow", "allow 10.0.0.0/8;", 1..=1, access::allow)
    },
    anywhere("break", "break;", 0..=0, rewrite::stop),
    Row {
        inside_if: false,
        instead_of_if: "write it outside; to refuse by a condition, `return 403;` inside the `if`",
        ..anywhere("deny", "deny all;", 1..=1, access::deny)
    },
    anywhere("expires", "expires [modified] 1h;", 1..=2, expires::build),
    Row {
        has_block: true,
        inside_if: false,
        instead_of_if: "set a variable in the first `if` and test it in a second one behind it",
        ..anywhere(
            "if",
            "if ($variable = 'text') { ... }",
            1..=usize::MAX,
            condition::build,
        )
    },
    anywhere(
        "more_clear_headers",
        "more_clear_headers 'Name';",
        1..=usize::MAX,
        header::clear_response,
    ),
    anywhere(
        "more_clear_input_headers",
        "more_clear_input_headers 'Name';",
        1..=usize::MAX,
        header::clear_request,
    ),
    anywhere(
        "more_set_headers",
        "more_set_headers 'Name: value';",
        1..=usize::MAX,
        header::set_response,
    ),
    anywhere(
        "more_set_input_headers",
        "more_set_input_headers 'Name: value';",
        1..=usize::MAX,
        header::set_request,
    ),
    Row {
        inside_if: false,
        instead_of_if: "write it outside; `more_clear_headers` works inside",
        ..anywhere(
            "proxy_hide_header",
            "proxy_hide_header Name;",
            1..=1,
            header::hide,
        )
    },
    Row {
        inside_if: false,
        instead_of_if: "use `more_set_input_headers`, or set a variable inside the `if` and write this outside with it",
        ..anywhere(
            "proxy_set_header",
            "proxy_set_header Name 'value';",
            2..=2,
            header::proxy,
        )
    },
    anywhere("return", "return 403;", 1..=2, rewrite::answer),
    anywhere(
        "rewrite",
        "rewrite ^/old(.*) /new$1 [last|break|redirect|permanent];",
        2..=3,
        rewrite::rewrite,
    ),
    anywhere("set", "set $name 'value';", 2..=2, rewrite::set),
];

/// The row of a directive that is understood.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// True for every directive that has a row, here or among those that are not supported.
pub(super) fn is_known(name: &str) -> bool {
    row(name).is_some() || unsupported::row(name).is_some()
}

/// The known directive that an unknown name may have been meant to be: at most two typing errors away, one for names of
/// up to four letters.
pub(super) fn suggestion(name: &str) -> Option<&'static str> {
    if name.starts_with("if(") {
        return Some("if");
    }
    let lower = name.to_ascii_lowercase();
    let most = if name.len() > 4 { 2 } else { 1 };
    let names = || {
        let all = ROWS
            .iter()
            .map(|row| row.name)
            .chain(unsupported::ROWS.iter().map(|row| row.name));
        all.filter(|known| known.len().abs_diff(name.len()) <= most)
    };
    (0..=most).find_map(|errors| names().find(|known| is_near(lower.as_bytes(), known.as_bytes(), errors)))
}

/// True if at most so many typing errors lie between the two: a letter too many, too few, another one, or two swapped.
fn is_near(written: &[u8], meant: &[u8], errors: usize) -> bool {
    let same = written.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let (written, meant) = (&written[same..], &meant[same..]);
    match (written, meant) {
        ([], []) => true,
        _ if errors == 0 || written.len().abs_diff(meant.len()) > errors => false,
        ([a, b, written_rest @ ..], [c, d, meant_rest @ ..])
            if a == d && b == c && is_near(written_rest, meant_rest, errors - 1) =>
        {
            true
        }
        _ => {
            let (written_rest, meant_rest) = (written.get(1..), meant.get(1..));
            [
                (written_rest, Some(meant)),
                (Some(written), meant_rest),
                (written_rest, meant_rest),
            ]
            .into_iter()
            .any(|pair| matches!(pair, (Some(a), Some(b)) if is_near(a, b, errors - 1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sorted() {
        assert!(ROWS.is_sorted_by_key(|row| row.name));
        assert!(ROWS.iter().all(|row| unsupported::row(row.name).is_none()));
        assert!(
            ROWS.iter()
                .all(|row| row.inside_if || !row.instead_of_if.is_empty())
        );
    }

    #[test]
    fn typing_errors_are_recognized() {
        for (name, meant) in [
            ("dney", Some("deny")),
            ("Deny", Some("deny")),
            ("retrun", Some("return")),
            ("more_set_header", Some("more_set_headers")),
            ("proxy_set_headers", Some("proxy_set_header")),
            ("add-header", Some("add_header")),
            ("if($a", Some("if")),
            ("deyn", Some("deny")),
            ("dey", Some("deny")),
            ("lua", None),
            ("sub_filtering", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(suggestion(name), meant, "{name}");
        }
    }
}
