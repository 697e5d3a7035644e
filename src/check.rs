//! `ferrik check`: everything that is wrong with the objects in files, by file and line.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use ferrik_config::name::{Kind, ObjectRef};
use ferrik_config::report::{Diagnostic, Severity};
use ferrik_config::translate::Output;
use serde::Serialize;

use crate::cli::{self, Format};
use crate::load::{self, Loaded, Places};
use crate::problem::{self, Problem};
use crate::stand_in::{self, Translated};

/// Prints the problems. Fails if there is an error, or with `--strict` a warning.
pub(crate) fn run(arguments: &cli::Check) -> anyhow::Result<ExitCode> {
    let loaded = load::load(&arguments.offline.paths);
    let translated = stand_in::translate(&loaded.snapshot, arguments.offline.settings())?;
    let result = Findings::new(loaded, &translated);
    match arguments.format {
        Format::Text => {
            crate::print(&result.text())?;
            // Beside the result, which holds problems and nothing else.
            io::stderr().write_all(result.notes().as_bytes())?;
        }
        Format::Json => crate::print(&format!("{}\n", serde_json::to_string_pretty(&result)?))?,
    }
    let failed = result.errors > 0 || (arguments.strict && result.warnings > 0);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// What `check` finds; its serial form is what `--format json` prints.
#[derive(Debug, Serialize)]
struct Findings {
    problems: Vec<Problem>,
    errors: usize,
    warnings: usize,
    files: usize,
    /// Ingresses of classes that are not ours.
    skipped: Vec<ObjectRef>,
}

impl Findings {
    fn new(loaded: Loaded, translated: &Translated) -> Self {
        let skipped = skipped(&loaded, &translated.exact);
        let mut problems = loaded.problems;
        let report = translated.exact.report.iter();
        problems.extend(report.map(|diagnostic| located(diagnostic, translated, &loaded.places)));
        problems.sort();
        problems.dedup();
        let (errors, warnings) = problem::count(&problems);
        Self {
            problems,
            errors,
            warnings,
            files: loaded.files,
            skipped,
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            writeln!(text, "{problem}").expect("writing to a String");
        }
        let errors = problem::number(self.errors, "error");
        let warnings = problem::number(self.warnings, "warning");
        let files = problem::number(self.files, "file");
        writeln!(text, "{errors}, {warnings} in {files}").expect("writing to a String");
        text
    }

    fn notes(&self) -> String {
        let mut text = String::new();
        for object in &self.skipped {
            writeln!(
                text,
                "note: {object} is of a class that is not served here, so it was not examined"
            )
            .expect("writing to a String");
        }
        text
    }
}

/// The problem with its line. What is an error only because an object is not among the files becomes a warning: it is
/// not known to be wrong.
fn located(diagnostic: &Diagnostic, translated: &Translated, places: &Places) -> Problem {
    let is_softened = diagnostic.severity == Severity::Error && translated.is_only_absence(diagnostic);
    Problem {
        place: places.find(&diagnostic.object, &diagnostic.field, diagnostic.line),
        severity: if is_softened {
            Severity::Warning
        } else {
            diagnostic.severity
        },
        object: Some(diagnostic.object.to_string()),
        field: diagnostic.field.clone(),
        reason: diagnostic.reason.as_str(),
        message: diagnostic.message.clone(),
        fix: diagnostic.fix.clone(),
    }
}

/// The Ingresses that left no trace: neither a route nor a report, which is what becomes of those of other classes.
fn skipped(loaded: &Loaded, output: &Output) -> Vec<ObjectRef> {
    let routes = output
        .table
        .hosts
        .values()
        .flat_map(|host| host.routes.iter().chain(&host.default));
    let served: BTreeSet<&ObjectRef> = routes.map(|route| &route.source.object).collect();
    let ingresses = loaded
        .snapshot
        .ingresses
        .iter()
        .filter(|(_, ingress)| !ingress.spec.rules.is_empty() || ingress.spec.default_backend.is_some());
    ingresses
        .map(|((namespace, name), _)| ObjectRef::new(Kind::Ingress, namespace.clone(), name.clone()))
        .filter(|object| !served.contains(object) && output.report.of(object).is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
