//! Says each diagnostic once in the log, when it is new.

use std::sync::Arc;

use ferrik_config::report::{Diagnostic, Report, Severity};

/// What has been said.
#[derive(Debug, Default)]
pub(super) struct Log {
    said: Arc<Report>,
}

impl Log {
    /// Says what is new in this report.
    pub(super) fn note(&mut self, report: &Arc<Report>) {
        for (_, before, now) in self.said.changes(report) {
            for diagnostic in now.iter().filter(|diagnostic| !before.contains(diagnostic)) {
                say(diagnostic);
            }
        }
        self.said = report.clone();
    }
}

fn say(diagnostic: &Diagnostic) {
    let Diagnostic {
        object,
        field,
        reason,
        message,
        fix,
        ..
    } = diagnostic;
    let reason = reason.as_str();
    match diagnostic.severity {
        Severity::Error => tracing::error!(%object, field, reason, fix, "{message}"),
        Severity::Warning => tracing::warn!(%object, field, reason, fix, "{message}"),
    }
}
