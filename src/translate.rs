//! `ferrik translate`: the table, the endpoints and the report that files become, as JSON.

use std::process::ExitCode;

use ferrik_config::translate::Translator;
use ferrik_config::{Endpoints, Report, Table};
use serde::Serialize;

use crate::{cli, load};

/// What is printed, in this order.
#[derive(Serialize)]
struct Translation<'a> {
    table: &'a Table,
    endpoints: &'a Endpoints,
    report: &'a Report,
}

/// Prints the translation. What could not be read is told on standard error; it fails if an object is lost by that.
pub(crate) fn run(arguments: &cli::Translate) -> anyhow::Result<ExitCode> {
    let loaded = load::load(&arguments.offline.paths);
    let output = Translator::full(arguments.offline.settings(), &loaded.snapshot);
    let translation = Translation {
        table: &output.table,
        endpoints: &output.endpoints,
        report: &output.report,
    };
    let json = if arguments.pretty {
        serde_json::to_string_pretty(&translation)
    } else {
        serde_json::to_string(&translation)
    };
    crate::print(&format!("{}\n", json?))?;
    let is_whole = loaded.is_whole()?;
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
