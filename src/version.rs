//! `ferrik version`.

use std::process::ExitCode;

/// Prints name and version.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    crate::print(concat!("ferrik ", env!("CARGO_PKG_VERSION"), "\n"))?;
    Ok(ExitCode::SUCCESS)
}
