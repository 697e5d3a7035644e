//! `ferrik explain`: how one request would be served, with the file and line of everything that decides.
//!
//! The data plane's own code runs the request (`ferrik_proxy::explain`); here its results get their places in the files
//! (`view.rs`) and a form for people (`text.rs`) or programs (the serial form of the view).

mod text;
mod view;

use std::process::ExitCode;

use anyhow::Context as _;
use ferrik_proxy::Tables;
use ferrik_proxy::explain::{Question, explain};
use http::{HeaderMap, HeaderValue};

use crate::cli::{self, Format};
use crate::{load, stand_in};
use view::View;

/// Prints the explanation. Fails if an object could not be read: the explanation may lack it.
pub(crate) fn run(arguments: &cli::Explain) -> anyhow::Result<ExitCode> {
    let loaded = load::load(&arguments.offline.paths);
    let is_whole = loaded.is_whole()?;
    // What is not among the files is taken to be there: otherwise a missing Secret would hide all that follows it.
    let translated = stand_in::translate(&loaded.snapshot, arguments.offline.settings())?;
    let tables = Tables::default();
    tables.publish(
        translated.assumed.table.clone(),
        translated.assumed.endpoints.clone(),
    );
    let question = question(arguments)?;
    // Some steps wait, for a slow hash of a password.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let explanation = runtime.block_on(explain(&tables, &question));
    let view = View::new(arguments, &explanation, &loaded.places, &translated);
    crate::print(&match arguments.format {
        Format::Text => text::render(&view),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&view)?),
    })?;
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn question(arguments: &cli::Explain) -> anyhow::Result<Question> {
    let mut fields = HeaderMap::new();
    let mut authority = arguments
        .url
        .authority
        .as_str()
        .parse::<HeaderValue>()
        .context("the host of the URL")?;
    for cli::Header { name, value } in &arguments.header {
        // As with curl, the field that is given counts, and the URL says where to connect.
        if name == http::header::HOST {
            authority = value.clone();
        } else {
            fields.append(name.clone(), value.clone());
        }
    }
    Ok(Question {
        https: arguments.url.https,
        authority,
        target: arguments.url.target.clone(),
        method: arguments.method.clone(),
        fields,
        from: arguments.from,
    })
}
