//! `ferrik probe`: asks a running proxy on its Unix socket whether it is healthy or ready.
//!
//! For the probes of a Pod: processes that share a host's network share its TCP addresses too, and would answer for each
//! other; a socket in the Pod's own folder answers for one.

use std::process::ExitCode;

use crate::{admin, cli};

/// Asks, prints the answer, and ends with 0 if it is yes.
pub(crate) fn run(arguments: &cli::Probe) -> anyhow::Result<ExitCode> {
    let answer = admin::ask_socket(&arguments.admin_socket, arguments.question.path())?;
    crate::print(&answer.body)?;
    Ok(if answer.is_ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
