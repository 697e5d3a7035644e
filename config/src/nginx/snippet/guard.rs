//! What of a snippet guards access, so that losing it must close the route.
//!
//! A directive guards by its name or status, a block by what it holds. A `set` guards if its value may decide whether a
//! guarding `if` is true: `set $blocked $unknown; if ($blocked) { return 403; }` must not become an open door.

use std::collections::{BTreeMap, BTreeSet};

use super::directive;
use super::parser::Directive;

/// Directives that may refuse somebody.
const NAMES: &[&str] = &[
    "allow",
    "deny",
    "internal",
    "limit_except",
    "satisfy",
    "valid_referers",
];

/// Families of such directives, by how their names start.
const FAMILIES: &[&str] = &["access_by_lua", "auth_", "rewrite_by_lua", "secure_link"];

/// Which variables a snippet's guards depend on.
pub(super) struct Guarding {
    /// In lower case, without `$`; among them the nodes of conditions, which no variable is named like.
    variables: BTreeSet<String>,
}

impl Guarding {
    /// Follows the tested variables of guarding `if`s back through every `set`.
    pub(super) fn new(tree: &[Directive]) -> Self {
        let mut survey = Survey::default();
        survey.level(tree, None);
        let mut variables = BTreeSet::new();
        while let Some(name) = survey.open.pop() {
            if let Some(sources) = survey.sources.remove(&name) {
                survey.open.extend(sources);
            }
            variables.insert(name);
        }
        Self { variables }
    }

    /// True if something that guards goes with the directive when it cannot be used. A misspelt name counts as what it
    /// was meant to be.
    pub(super) fn is_lost_with(&self, directive: &Directive) -> bool {
        let sets_guard = match (meant(&directive.name), directive.arguments.first()) {
            ("set", Some(target)) => mentions(target).any(|name| self.variables.contains(&name)),
            _ => false,
        };
        sets_guard || guards(directive) || block(directive).iter().any(|inner| self.is_lost_with(inner))
    }
}

/// True if the text names a directive that guards, outside of lines that are comments; used where the text has no
/// structure to go by.
pub(super) fn is_mentioned(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_whitespace() || ";{}()'\"".contains(c);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines
        .flat_map(|line| line.split(is_end))
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        if is_guard(word) || (word == "return" && refuses(words.peek().copied())) {
            return true;
        }
    }
    false
}

/// What depends on what. Nodes are variables and conditions; a condition's node is `#` and a number.
#[derive(Default)]
struct Survey {
    /// By node, the nodes that it depends on.
    sources: BTreeMap<String, Vec<String>>,
    /// The nodes that guards depend on, not followed yet.
    open: Vec<String>,
}

impl Survey {
    /// Reads one level, which lies inside the block of that condition.
    fn level(&mut self, directives: &[Directive], condition: Option<&String>) {
        for directive in directives {
            match (meant(&directive.name), directive.arguments.as_slice()) {
                ("set", [target, value, ..]) => {
                    for name in mentions(target) {
                        self.sources
                            .entry(name)
                            .or_default()
                            .extend(mentions(value).chain(condition.cloned()));
                    }
                    self.level(block(directive), condition);
                }
                ("if", words) => {
                    let node = format!("#{}", self.sources.len());
                    let tested = words
                        .iter()
                        .flat_map(|word| mentions(word))
                        .chain(condition.cloned());
                    self.sources.insert(node.clone(), tested.collect());
                    if guards(directive) {
                        self.open.push(node.clone());
                    }
                    self.level(block(directive), Some(&node));
                }
                _ => self.level(block(directive), condition),
            }
        }
    }
}

/// True if the directive may refuse somebody, or something in its block may.
fn guards(directive: &Directive) -> bool {
    let refuses = match meant(&directive.name) {
        "return" => refuses(directive.arguments.first().map(String::as_str)),
        name => is_guard(name),
    };
    refuses || block(directive).iter().any(guards)
}

fn block(directive: &Directive) -> &[Directive] {
    directive.block.as_deref().unwrap_or_default()
}

/// The name, or the known one that it was probably meant to be.
fn meant(name: &str) -> &str {
    if directive::is_known(name) {
        name
    } else {
        directive::suggestion(name).unwrap_or(name)
    }
}

fn is_guard(name: &str) -> bool {
    NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// True unless the first argument of a `return` is plainly a success or a redirect.
fn refuses(first: Option<&str>) -> bool {
    let Some(first) = first else { return true };
    let passes = first
        .parse()
        .is_ok_and(|status: u16| (200..400).contains(&status));
    !passes && !super::rewrite::is_url(first)
}

/// The variables in a text, in lower case. All views of the query count as `args`, which `set` can change.
fn mentions(text: &str) -> impl Iterator<Item = String> {
    text.split('$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        let is_query = matches!(name.as_str(), "is_args" | "query_string") || name.starts_with("arg_");
        (!name.is_empty()).then(|| if is_query { "args".to_owned() } else { name })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_broken_text_are_weighed() {
        for (text, expected) in [
            ("deny all", true),
            ("  # deny all\nset $a", false),
            ("if ($a) { return 403", true),
            ("return 301 https://a", false),
            ("return https://a", false),
            ("return", true),
            ("return 200 'denys'", false),
            ("auth_basic \"x", true),
            ("more_set_headers 'X-Denied: a'", false),
            ("secure_link_md5 x", true),
        ] {
            assert_eq!(is_mentioned(text), expected, "{text}");
        }
    }

    #[test]
    fn variables_are_followed_back_to_where_they_are_set() {
        let text =
            "set $a $b; if ($c) { set $b 1; } set $D ${E}x; set $f $g; set $args ''; if ($a) { return 403; }
            if ($f) { return 301 https://x; } if ($arg_x) { retrun 404; } if ($d) { foo { deny all; } }";
        let guarding = Guarding::new(&super::super::parser::parse(text).directives);
        let names: Vec<&str> = guarding
            .variables
            .iter()
            .map(String::as_str)
            .filter(|n| !n.starts_with('#'))
            .collect();
        assert_eq!(names, ["a", "args", "b", "c", "d", "e"]);
    }
}
