//! What an expression of Prometheus asks for: metrics, and labels of each. It knows as much of the language as the alerts and
//! the dashboard use, and refuses the rest.

use std::collections::BTreeSet;

/// Names between operands.
const OPERATORS: [&str; 4] = ["and", "or", "unless", "bool"];
/// Names that would need more than this reads: `by` stands before what is grouped, and the rest is not used.
const REFUSED: [&str; 7] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "offset",
];
/// Functions whose result has no labels but those after `by`.
const AGGREGATIONS: [&str; 5] = ["sum", "min", "max", "avg", "count"];

/// One place where a metric is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Use {
    /// Name, as it is exposed.
    pub(crate) metric: String,
    /// Labels that it must have: those that select and those that it is grouped by.
    pub(crate) labels: BTreeSet<String>,
    /// Values that a label must be equal to.
    pub(crate) values: Vec<(String, String)>,
}

/// What an expression asks for.
#[derive(Debug, Default)]
pub(crate) struct Expression {
    /// Every metric, in the order of the text.
    pub(crate) uses: Vec<Use>,
    /// Labels of the result, if it is aggregated; else it has those of the metric.
    pub(crate) grouped_by: Option<BTreeSet<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

impl Expression {
    /// Reads it. The error says what is not understood.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut reader = Reader {
            tokens: &tokens,
            at: 0,
        };
        let mut result = Self::default();
        // One entry for each parenthesis that is open: the labels that what is inside is grouped by.
        let mut open: Vec<BTreeSet<String>> = Vec::new();
        let mut groups = BTreeSet::new();
        while let Some(token) = reader.next() {
            match token {
                Token::Sign('(') => open.push(std::mem::take(&mut groups)),
                Token::Sign(')') => {
                    open.pop().ok_or("a parenthesis is closed that is not open")?;
                }
                Token::Sign('{') => return Err("a selector without a metric".to_owned()),
                Token::Sign(_) | Token::Text(_) => {}
                Token::Name(name) if OPERATORS.contains(&&*name) => {}
                Token::Name(name) if REFUSED.contains(&&*name) => {
                    return Err(format!("`{name}` is not understood here"));
                }
                Token::Name(name) if name == "label_values" => result.uses.push(reader.label_values()?),
                Token::Name(name) => {
                    let is_aggregation = AGGREGATIONS.contains(&&*name);
                    if is_aggregation {
                        let all = result.grouped_by.get_or_insert_default();
                        if reader.takes(&Token::Name("by".to_owned())) {
                            groups = reader.names()?;
                            all.extend(groups.iter().cloned());
                        }
                    }
                    if reader.peek() == Some(&Token::Sign('(')) {
                        continue;
                    }
                    let mut found = reader.metric(name)?;
                    found.labels.extend(open.iter().flatten().cloned());
                    result.uses.push(found);
                }
            }
        }
        if open.is_empty() && !result.uses.is_empty() {
            Ok(result)
        } else {
            Err("it ends too early, or asks for nothing".to_owned())
        }
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_it = self.peek() == Some(token);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        match self.next() {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            other => Err(format!("{other:?} where `{sign}` is expected")),
        }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name),
            other => Err(format!("{other:?} where a name is expected")),
        }
    }

    /// `(a, b)`
    fn names(&mut self) -> Result<BTreeSet<String>, String> {
        self.expect('(')?;
        let mut names = BTreeSet::from([self.name()?]);
        while self.takes(&Token::Sign(',')) {
            names.insert(self.name()?);
        }
        self.expect(')').map(|()| names)
    }

    /// The selector behind a metric's name, if there is one: `{a="b", c=~"d"}`.
    fn metric(&mut self, metric: String) -> Result<Use, String> {
        let mut found = Use {
            metric,
            ..Use::default()
        };
        if !self.takes(&Token::Sign('{')) {
            return Ok(found);
        }
        loop {
            let label = self.name()?;
            let mut operator = String::new();
            while let Some(Token::Sign(sign)) = self.peek() {
                operator.push(*sign);
                self.at += 1;
            }
            let Some(Token::Text(value)) = self.next() else {
                return Err(format!("label `{label}` has no value"));
            };
            if operator == "=" {
                found.values.push((label.clone(), value));
            }
            found.labels.insert(label);
            if !self.takes(&Token::Sign(',')) {
                self.expect('}')?;
                return Ok(found);
            }
        }
    }

    /// Grafana's own function: `(metric{…}, label)`.
    fn label_values(&mut self) -> Result<Use, String> {
        self.expect('(')?;
        let metric = self.name()?;
        let mut found = self.metric(metric)?;
        self.expect(',')?;
        found.labels.insert(self.name()?);
        self.expect(')').map(|()| found)
    }
}

/// Without numbers and spans of time, which ask for nothing.
fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let mut length = first.len_utf8();
        match first {
            '"' => {
                let end = rest[1..].find('"').ok_or("a text has no end")?;
                tokens.push(Token::Text(rest[1..=end].to_owned()));
                length = end + 2;
            }
            '[' => length = rest.find(']').ok_or("a span has no end")? + 1,
            _ if first.is_ascii_digit() => {
                length = rest
                    .find(|c: char| !c.is_ascii_digit() && c != '.')
                    .unwrap_or(rest.len());
            }
            _ if is_name(first) => {
                length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                tokens.push(Token::Name(rest[..length].to_owned()));
            }
            _ if first.is_whitespace() => {}
            _ => tokens.push(Token::Sign(first)),
        }
        rest = &rest[length..];
    }
    Ok(tokens)
}

#[test]
fn metrics_and_their_labels_are_found() {
    let text = r#"histogram_quantile(0.9, sum by (le, x) (rate(a_bucket{job=~"$job", s="1"}[$__interval])))
        / (max by (y) (b) > 0.5) and c{d!=""} or vector(0)"#;
    let expression = Expression::parse(text).expect("it is understood");
    let names = |names: &[&str]| -> BTreeSet<String> { names.iter().map(ToString::to_string).collect() };
    let found: Vec<(&str, &BTreeSet<String>)> = expression
        .uses
        .iter()
        .map(|it| (&*it.metric, &it.labels))
        .collect();
    let expected = [
        ("a_bucket", &names(&["job", "le", "s", "x"])),
        ("b", &names(&["y"])),
        ("c", &names(&["d"])),
    ];
    assert_eq!(found, expected);
    assert_eq!(expression.uses[0].values, [("s".to_owned(), "1".to_owned())]);
    assert_eq!(expression.grouped_by, Some(names(&["le", "x", "y"])));
}

#[test]
fn what_is_not_understood_is_refused() {
    for text in [
        "",
        "sum(a) by (b)",
        "a * on (b) c",
        "sum(a",
        "a{b}",
        "{b=\"c\"}",
        "a offset 5m",
    ] {
        assert!(Expression::parse(text).is_err(), "{text}");
    }
}
