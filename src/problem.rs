//! One problem as the offline commands print it: where, how bad, what, and what to do about it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ferrik_config::report::Severity;
use serde::Serialize;

/// Something that is wrong in a file. The order is by file and line; what belongs to no file comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Problem {
    #[serde(flatten)]
    pub(crate) place: Option<Place>,
    pub(crate) severity: Severity,
    /// The object, as `Ingress knb/metacatknb`; `None` where the text is no object.
    pub(crate) object: Option<String>,
    /// The field, as a path inside the object; empty for the object as a whole.
    pub(crate) field: String,
    /// One of a closed set: those of the report, and those of [`crate::load`].
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) fix: String,
}

/// A line of a file, or a file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Place {
    pub(crate) file: Arc<Path>,
    /// From 1.
    pub(crate) line: Option<usize>,
}

/// `file:line`, the line where there is one.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// `file:line: error|warning object field: message; fix: …`, on one line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(word(self.severity))?;
        let subject = [self.object.as_deref().unwrap_or_default(), &self.field];
        for text in subject.into_iter().filter(|text| !text.is_empty()) {
            write!(f, " {}", one_line(text))?;
        }
        write!(f, ": {}", one_line(&self.message))?;
        if self.fix.is_empty() {
            Ok(())
        } else {
            write!(f, "; fix: {}", one_line(&self.fix))
        }
    }
}

/// The word that lines and JSON have for a severity.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Values that messages quote may hold line breaks, and worse things for a terminal.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// How many problems there are: `2 errors, 5 warnings`.
pub(crate) fn count(problems: &[Problem]) -> (usize, usize) {
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    (errors, problems.len() - errors)
}

/// `1 error`, `2 errors`.
pub(crate) fn number(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, line: usize) -> Problem {
        Problem {
            place: Some(Place {
                file: Path::new(file).into(),
                line: Some(line),
            }),
            severity: Severity::Warning,
            object: Some("Ingress shop/web".to_owned()),
            field: "spec.rules[0].host".to_owned(),
            reason: "HostInvalid",
            message: "a message".to_owned(),
            fix: "do this".to_owned(),
        }
    }

    #[test]
    fn a_problem_is_one_line() {
        let whole = problem("a.yaml", 7);
        assert_eq!(
            whole.to_string(),
            "a.yaml:7: warning Ingress shop/web spec.rules[0].host: a message; fix: do this"
        );
        let without_object = Problem {
            place: Some(Place {
                file: Path::new("a.yaml").into(),
                line: None,
            }),
            severity: Severity::Error,
            object: None,
            field: String::new(),
            message: "two\nlines \u{1b}[31m".to_owned(),
            fix: String::new(),
            ..whole
        };
        assert_eq!(without_object.to_string(), "a.yaml: error: two lines  [31m");
        assert_eq!(
            Problem {
                place: None,
                ..without_object
            }
            .to_string(),
            "error: two lines  [31m"
        );
    }

    #[test]
    fn problems_are_ordered_by_file_and_line_as_numbers() {
        let mut list = [problem("b.yaml", 1), problem("a.yaml", 10), problem("a.yaml", 9)];
        list.sort();
        let places: Vec<String> = list
            .iter()
            .filter_map(|it| it.place.as_ref())
            .map(ToString::to_string)
            .collect();
        assert_eq!(places, ["a.yaml:9", "a.yaml:10", "b.yaml:1"]);
    }
}
