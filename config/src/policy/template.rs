//! Texts with variables, in nginx's notation: `$name`, `${name}`, and `$1` to `$9` for captures.
//!
//! The dialects parse them, the proxy fills them in per request. A template names only variables that can be served, and
//! is never parsed again: what a variable holds is data, whatever characters it has.

mod variable;

use std::fmt;

use serde::{Serialize, Serializer};

pub use variable::Variable;

use crate::value::Invalid;

/// A text with variables.
///
/// Serialized as text, with every variable in braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// In order; no two texts in a row, no empty text.
    pub parts: Vec<Part>,
}

/// One piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(String),
    /// The value of a variable.
    Variable(Variable),
    /// What group 1 to 9 held in the last regular expression that matched; nothing if there is no such group.
    Capture(u8),
}

impl Template {
    /// A template without variables: every `$` stands for itself.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            parts: if text.is_empty() {
                Vec::new()
            } else {
                vec![Part::Text(text)]
            },
        }
    }

    /// Reads a text with variables. `user_variables` are the names that `set` defines, in lower case; a name's index is
    /// its slot, and it hides a variable of the same name whose kind is open (`$arg_...`), as in nginx.
    ///
    /// A `$` that starts no name is a plain character, where nginx refuses the configuration. `${1}` is no capture.
    pub fn parse(text: &str, user_variables: &[String]) -> Result<Self, Invalid> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            literal.push_str(before);
            let (part, length) = match after.as_bytes().first() {
                Some(digit @ b'1'..=b'9') => (Part::Capture(digit - b'0'), 1),
                Some(b'{') => {
                    let length = word_length(&after[1..]);
                    if after.as_bytes().get(1 + length) != Some(&b'}') {
                        return Err(Invalid::new("`}` after the name of a variable", text));
                    }
                    (named(&after[1..=length], user_variables)?, length + 2)
                }
                Some(_) if word_length(after) > 0 => {
                    let length = word_length(after);
                    (named(&after[..length], user_variables)?, length)
                }
                _ => {
                    literal.push('$');
                    rest = after;
                    continue;
                }
            };
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(part);
            rest = &after[length..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// True if it is the empty text.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The text, if there is nothing to fill in.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The pieces that are plain text.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| {
            if let Part::Text(text) = part {
                Some(text.as_str())
            } else {
                None
            }
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Variable(variable) => write!(f, "${{{variable}}}"),
            Part::Capture(group) => write!(f, "${group}"),
        })
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How many bytes at the start can be part of a variable's name.
fn word_length(text: &str) -> usize {
    text.bytes()
        .take_while(|&b| b.is_ascii_alphanumeric() || b == b'_')
        .count()
}

fn named(name: &str, user_variables: &[String]) -> Result<Part, Invalid> {
    Variable::parse(name, user_variables).map(Part::Variable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::HeaderName;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    #[test]
    fn variables_captures_and_text_are_told_apart() {
        let users = ["cors".to_owned(), "arg_x".to_owned()];
        let cors = || {
            Part::Variable(Variable::User {
                slot: 0,
                name: "cors".to_owned(),
            })
        };
        for (written, parts) in [
            ("", vec![]),
            ("plain", vec![text("plain")]),
            ("${cors}options", vec![cors(), text("options")]),
            ("$CORS-", vec![cors(), text("-")]),
            (
                "/a/$1$2b",
                vec![text("/a/"), Part::Capture(1), Part::Capture(2), text("b")],
            ),
            ("$10", vec![Part::Capture(1), text("0")]),
            (
                "https://x$request_uri",
                vec![text("https://x"), Part::Variable(Variable::RequestUri)],
            ),
            (
                "$http_x_a",
                vec![Part::Variable(Variable::Header(
                    HeaderName::parse("x-a").expect("valid"),
                ))],
            ),
            (
                "$arg_x",
                vec![Part::Variable(Variable::User {
                    slot: 1,
                    name: "arg_x".to_owned(),
                })],
            ),
            (
                "$arg_Page",
                vec![Part::Variable(Variable::Arg("page".to_owned()))],
            ),
            ("5 $ $$ $-", vec![text("5 $ $$ $-")]),
        ] {
            assert_eq!(
                Template::parse(written, &users),
                Ok(Template { parts }),
                "{written}"
            );
        }
    }

    #[test]
    fn unknown_names_and_open_braces_are_refused() {
        for (written, expected) in [
            ("$nothing", "a known variable, got `$nothing`"),
            ("a ${cors", "`}` after the name of a variable"),
            ("${cors-}", "`}` after the name of a variable"),
            ("${}", "a known variable"),
            ("${1}", "a known variable"),
            ("$0", "a known variable"),
            ("$http_", "a known variable"),
        ] {
            let invalid = Template::parse(written, &["cors".to_owned()]).expect_err(written);
            assert!(invalid.to_string().contains(expected), "{written}: {invalid}");
        }
    }

    #[test]
    fn the_serialized_form_reads_like_nginx() {
        let template = Template::parse("/a$1?$args&h=$http_x_y", &[]).expect("valid");
        assert_eq!(
            serde_json::to_string(&template).expect("a string"),
            r#""/a$1?${args}&h=${http_x_y}""#
        );
        assert_eq!((template.as_literal(), template.texts().count()), (None, 3));
    }

    #[test]
    fn a_literal_has_no_variables() {
        assert_eq!(Template::literal("$host").as_literal(), Some("$host"));
        assert!(Template::literal("").is_empty());
        assert_eq!(Template::default().as_literal(), Some(""));
    }
}
