//! What a failed call to the API means, and how people are told.

use kube::Error;
use kube::core::Status;

use super::resource::Row;

/// One failed call.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    detail: String,
}

/// What it means for what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The version is too old: everything must be listed anew.
    Expired,
    /// The role does not allow it.
    Forbidden,
    /// The cluster does not know the kind.
    Absent,
    /// The connection: who is met behind it next may not be who was met before.
    Broken,
    /// Anything else; it is tried again.
    Other,
}

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Api(status) => Self::of_status(status),
            other => Self {
                cause: Cause::Broken,
                detail: chain(other),
            },
        }
    }

    pub(crate) fn of_status(status: &Status) -> Self {
        let cause = match status.code {
            410 => Cause::Expired,
            403 => Cause::Forbidden,
            404 => Cause::Absent,
            _ => Cause::Other,
        };
        Self {
            cause,
            detail: status.message.clone(),
        }
    }

    pub(crate) fn silence() -> Self {
        Self {
            cause: Cause::Broken,
            detail: "no answer in time".to_owned(),
        }
    }

    pub(crate) fn early_end() -> Self {
        Self {
            cause: Cause::Broken,
            detail: "the server ended the watch before its time".to_owned(),
        }
    }

    /// What the server or the client library says.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// One sentence without a full stop. `name` says which objects.
    pub(crate) fn sentence(&self, row: &Row, name: &str) -> String {
        match self.cause {
            Cause::Forbidden => format!(
                "cannot list {name}: forbidden; the role needs the verbs list and watch on {}",
                row.resource()
            ),
            Cause::Absent => format!("cannot list {name}: the cluster does not know {}", row.resource()),
            Cause::Expired | Cause::Broken | Cause::Other => format!("cannot follow {name}: {}", self.detail),
        }
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
