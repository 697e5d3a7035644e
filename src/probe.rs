//! `ferrik probe`: asks a running proxy on its Unix socket whether it is healthy or ready.
//!
//! For the probes of a Pod: processes that share a host's network share its TCP addresses too, and would answer for each
//! other; a socket in the Pod's own folder answers for one.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli;

/// A process that cannot answer a probe in this time is not healthy.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks, prints the answer, and ends with 0 if it is yes.
pub(crate) fn run(arguments: &cli::Probe) -> anyhow::Result<ExitCode> {
    let socket = &arguments.admin_socket;
    let mut stream =
        UnixStream::connect(socket).with_context(|| format!("nobody answers on {}", socket.display()))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let path = arguments.question.path();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .with_context(|| format!("no answer on {}", socket.display()))?;
    let is_yes = answer.split(' ').nth(1) == Some("200");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    crate::print(body)?;
    Ok(if is_yes {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
