//! Pages of another backend in place of error answers.

use serde::Serialize;

use crate::table::Backend;

/// Answers with one of these statuses are replaced by what a backend says to them (nginx `error_page`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorPage {
    /// The statuses, ascending.
    pub statuses: Vec<u16>,
    /// Leave the application's own answers as they are, and replace only those of the proxy itself.
    pub only_own: bool,
    /// Where the pages come from.
    pub backend: Backend,
}
