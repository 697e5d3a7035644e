//! Regular expressions that are known to compile.
//!
//! Every dialect makes them; the proxy turns them into matchers with [`Pattern::compile`]. They run per request on bytes
//! that strangers choose, so the engine is a linear-time one: what needs backtracking is refused, never emulated.

use regex::bytes::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

use crate::value::Invalid;

/// Upper bound for one compiled expression, in bytes; `(x{1000}){1000}` must not cost a gigabyte.
const SIZE_LIMIT: usize = 256 << 10;

/// A regular expression, matched anywhere in the subject unless it is anchored.
///
/// It works on bytes, as nginx's PCRE does without `(*UTF8)`: `.` matches any byte but a line feed, `\w` and `\d` are
/// ASCII, the case of ASCII letters alone can be ignored. An expression that this mode cannot hold (`\p{L}`, `[é]`) is
/// compiled in Unicode mode instead.
///
/// # Invariants
/// [`Pattern::compile`] succeeds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    text: String,
    case_insensitive: bool,
    unicode: bool,
    captures: usize,
}

impl Pattern {
    /// Checks that the expression compiles. What backtracking engines have and this one lacks is refused by name:
    /// look-around, back-references, atomic and possessive groups, recursion.
    pub fn parse(text: &str, case_insensitive: bool) -> Result<Self, Invalid> {
        if let Some(what) = foreign(text) {
            return Err(Invalid::new(format!("a regular expression without {what}"), text));
        }
        let (regex, unicode) = match build(text, case_insensitive, false) {
            Ok(regex) => (regex, false),
            Err(regex::Error::Syntax(_)) => (
                build(text, case_insensitive, true).map_err(|error| invalid(&error, text))?,
                true,
            ),
            Err(error) => return Err(invalid(&error, text)),
        };
        Ok(Self {
            text: text.to_owned(),
            case_insensitive,
            unicode,
            captures: regex.captures_len() - 1,
        })
    }

    /// The expression as it was written, without the flag for case.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// True if upper and lower case are the same.
    pub fn is_case_insensitive(&self) -> bool {
        self.case_insensitive
    }

    /// How many groups capture, the whole match not counted.
    pub fn captures(&self) -> usize {
        self.captures
    }

    /// The matcher, with exactly the options that the expression was checked with.
    pub fn compile(&self) -> Regex {
        build(&self.text, self.case_insensitive, self.unicode)
            .expect("`parse` compiled it with these options")
    }
}

impl Serialize for Pattern {
    /// The text; `(?i)` in front says that case is ignored.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.case_insensitive {
            serializer.collect_str(&format_args!("(?i){}", self.text))
        } else {
            serializer.serialize_str(&self.text)
        }
    }
}

fn build(text: &str, case_insensitive: bool, unicode: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .case_insensitive(case_insensitive)
        .unicode(unicode)
        .size_limit(SIZE_LIMIT)
        .nest_limit(64)
        .build()
}

/// The engine's reason without its drawing of the expression, which takes several lines.
fn invalid(error: &regex::Error, text: &str) -> Invalid {
    let expected = match error {
        regex::Error::CompiledTooBig(_) => "a smaller regular expression".to_owned(),
        other => {
            let shown = other.to_string();
            let reason = shown
                .lines()
                .last()
                .unwrap_or_default()
                .trim()
                .trim_start_matches("error: ");
            format!("a regular expression ({reason})")
        }
    };
    Invalid::new(expected, text)
}

/// Names what PCRE would read in another way than the engine, or not at all.
///
/// The engine refuses some of it itself, with its own words; the rest it accepts with another meaning: `a++` as a
/// repeated repetition, `[a&&b]` as an intersection, `\<` as a word boundary.
fn foreign(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut quantified = false;
    while let Some(&byte) = bytes.get(at) {
        let after_quantifier = std::mem::take(&mut quantified);
        match byte {
            b'\\' => {
                match bytes.get(at + 1) {
                    Some(b'1'..=b'9' | b'k' | b'g') => return Some("back-references"),
                    Some(b'<' | b'>') => return Some("a backslash before `<` or `>`"),
                    _ => {}
                }
                at += 1;
            }
            b'[' => match class_end(bytes, at) {
                Ok(end) => at = end,
                Err(what) => return Some(what),
            },
            b'(' if bytes.get(at + 1) == Some(&b'?') => {
                if let Some(what) = foreign_group(&bytes[at + 2..]) {
                    return Some(what);
                }
                at += 1;
            }
            b'+' if after_quantifier => return Some("possessive quantifiers"),
            // The second `?` of `a*?` makes the first one lazy.
            b'?' if after_quantifier => {}
            b'+' | b'*' | b'?' => quantified = true,
            b'{' => {
                if let Some(length) = bytes[at..].iter().position(|&b| b == b'}') {
                    at += length;
                    quantified = true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Names a group that only a backtracking engine has; `rest` is what follows `(?`.
fn foreign_group(rest: &[u8]) -> Option<&'static str> {
    match rest {
        [b'=' | b'!', ..] | [b'<', b'=' | b'!', ..] => Some("look-around"),
        [b'P', b'=', ..] => Some("back-references"),
        [b'>', ..] => Some("atomic groups"),
        [b'(', ..] => Some("conditional groups"),
        [b'R' | b'&' | b'0'..=b'9', ..] | [b'P', b'>', ..] | [b'+' | b'-', b'0'..=b'9', ..] => {
            Some("recursion")
        }
        [b'|', ..] => Some("branch reset groups"),
        [b'#', ..] => Some("comments"),
        _ => None,
    }
}

/// The index of the `]` that closes the bracket at `start`, or the text's end; or what PCRE reads otherwise in it.
fn class_end(bytes: &[u8], start: usize) -> Result<usize, &'static str> {
    let mut at = start + 1;
    if bytes.get(at) == Some(&b'^') {
        at += 1;
    }
    // A `]` in the first place stands for itself.
    if bytes.get(at) == Some(&b']') {
        at += 1;
    }
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        match byte {
            b']' => return Ok(at),
            b'\\' => at += 1,
            b'[' if next == Some(b':') => {
                at += bytes[at..]
                    .windows(2)
                    .position(|pair| pair == b":]")
                    .map_or(1, |length| length + 1);
            }
            b'[' => return Err("a bare `[` inside brackets"),
            b'&' | b'-' | b'~' if next == Some(byte) => return Err("`&&`, `--` or `~~` inside brackets"),
            _ => {}
        }
        at += 1;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_nginx_snippets_compile() {
        for (text, captures) in [
            ("^/(sitemap.+)", 1),
            (r"^/api/v\d{1,3}/(.*)$", 1),
            (r"\.(?:png|jpe?g)$", 0),
            (r"(?<name>a)(?P<other>b)", 2),
            (r"[^\]/]+?[]a]\/\-[[:alpha:]]", 0),
            (r"(?i)x{2}?", 0),
            ("^/documents/é", 0),
        ] {
            let pattern = Pattern::parse(text, false).expect(text);
            assert_eq!((pattern.as_str(), pattern.captures()), (text, captures));
            assert!(!pattern.is_case_insensitive());
        }
    }

    #[test]
    fn what_needs_backtracking_or_reads_otherwise_is_refused_by_name() {
        for (text, expected) in [
            ("^/(?!admin)", "without look-around"),
            ("(?<=a)b", "without look-around"),
            (r"(a)\1", "without back-references"),
            (r"(?P<a>x)(?P=a)", "without back-references"),
            ("(?>a)", "without atomic groups"),
            (r"\d++", "without possessive quantifiers"),
            ("a{2}+", "without possessive quantifiers"),
            ("(?R)", "without recursion"),
            ("[a&&b]", "without `&&`, `--` or `~~` inside brackets"),
            ("[[a]", "without a bare `[` inside brackets"),
            (r"\<a", "without a backslash before"),
            ("(", "(unclosed group)"),
            ("*a", "(repetition operator missing expression)"),
            (r"(\w{500}){500}", "a smaller regular expression"),
        ] {
            let invalid = Pattern::parse(text, false).expect_err(text);
            assert!(invalid.expected.contains(expected), "{text}: {invalid}");
            assert_eq!(invalid.got, text);
        }
    }

    #[test]
    fn lazy_quantifiers_and_flags_are_not_possessive() {
        for text in ["a+?", "a*?b+", r"\++", "[+*]+", "(?-i)a", "(a?)+", r"\{a}+"] {
            assert!(Pattern::parse(text, true).is_ok(), "{text}");
        }
    }

    #[test]
    fn matching_is_bytewise_and_case_follows_the_flag() {
        let pattern = Pattern::parse("^/admin.secret", true).expect("valid");
        assert!(pattern.is_case_insensitive());
        assert!(pattern.compile().is_match(b"/ADMIN\xffsecret"));
        let pattern = Pattern::parse("^/ÉT[é]", true).expect("valid in Unicode mode");
        assert!(pattern.compile().is_match("/étÉ".as_bytes()));
    }

    #[test]
    fn the_serialized_form_is_the_text() {
        let text =
            |flag| serde_json::to_string(&Pattern::parse("a.", flag).expect("valid")).expect("a string");
        assert_eq!(
            (text(false), text(true)),
            (r#""a.""#.to_owned(), r#""(?i)a.""#.to_owned())
        );
    }
}
