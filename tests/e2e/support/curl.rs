//! curl as a client that nobody here wrote.

use std::process::{Command, Output};

/// What curl printed and how it ended.
pub(crate) struct Curl {
    /// Zero, or curl's error number.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs curl quietly, with a limit on its time.
pub(crate) async fn curl(arguments: &[&str]) -> Curl {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let run = move || {
        Command::new("curl")
            .args(["-sS", "--max-time", "20"])
            .args(arguments)
            .output()
    };
    let output: Output = tokio::task::spawn_blocking(run)
        .await
        .expect("the thread does not panic")
        .expect("these tests need curl: install it, for example with apt-get install curl");
    Curl {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
