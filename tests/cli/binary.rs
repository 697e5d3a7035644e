//! Runs the binary over a folder of its own.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A folder with a sub-folder `objects`, which the binary is told to read by that relative name.
pub(crate) struct Folder(TempDir);

/// What the binary printed, and how it ended.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    /// With these files in `objects`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("the system has a place for temporary files");
        let objects = folder.path().join("objects");
        std::fs::create_dir(&objects).expect("the folder is new");
        for (name, text) in files {
            std::fs::write(objects.join(name), text).expect("the folder is writable");
        }
        Self(folder)
    }

    /// Runs a command in the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        run(self.0.path(), arguments)
    }
}

/// Runs a command where no file matters.
pub(crate) fn ferrik(arguments: &[&str]) -> Outcome {
    run(Path::new("."), arguments)
}

fn run(folder: &Path, arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_ferrik"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary is built");
    let text = |bytes| String::from_utf8(bytes).expect("the binary prints UTF-8");
    Outcome {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
