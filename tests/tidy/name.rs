//! Rules over names: `foo.rs` + `foo/` instead of `mod.rs`, and no name that could hold anything.
//!
//! A helper lives with the concept it serves, and is named after it. Only Rust files are judged: folders of other
//! files follow the customs of their tools.

use super::text::is_rust;

/// Names that say nothing about what is inside.
const VAGUE: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "types", "misc", "manager", "core",
];

/// The same words at the end of a longer name. `types`, `core` and `manager` have honest uses there: `media_types`.
const VAGUE_ENDINGS: &[&str] = &["_util", "_utils", "_helper", "_helpers", "_misc"];

/// No Rust file or folder of Rust files has a vague name, and none is called `mod.rs`.
pub(crate) fn file(path: &str, _text: &str) -> Vec<String> {
    let Some(path_without_extension) = path.strip_suffix(".rs") else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for part in path_without_extension.split('/') {
        if is_vague(part) {
            problems.push(format!(
                "{path}: `{part}` says nothing: name it after the concept it serves"
            ));
        }
    }
    if path_without_extension.rsplit('/').next() == Some("mod") {
        problems.push(format!("{path}: `foo.rs` + `foo/`, never `mod.rs`"));
    }
    problems
}

/// No module has a vague name, not even one inside a file.
pub(crate) fn module(path: &str, text: &str) -> Vec<String> {
    if !is_rust(path) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(name) = declared(line).filter(|name| is_vague(name)) {
            problems.push(format!(
                "{path}:{number}: module `{name}` says nothing about what is inside"
            ));
        }
    }
    problems
}

fn is_vague(name: &str) -> bool {
    VAGUE.contains(&name) || VAGUE_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The name of the module that a line declares: `mod a;`, `pub mod a {`, `pub(crate) mod a;`.
fn declared(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    let rest = line.trim_start().strip_prefix("mod ")?;
    rest.split([';', '{']).next().map(str::trim)
}

#[test]
fn vague_files_and_folders_are_found() {
    for name in VAGUE {
        assert_eq!(file(&format!("proxy/src/{name}.rs"), "").len(), 1, "{name}");
        assert_eq!(file(&format!("{name}/src/lib.rs"), "").len(), 1, "{name}");
    }
    assert_eq!(file("tests/e2e/http_utils.rs", "").len(), 1);
    for good in [
        "proxy/src/listen/accept.rs",
        "config/src/media_types.rs",
        "deploy/common/values.yaml",
    ] {
        assert_eq!(file(good, "").len(), 0, "{good}");
    }
}

#[test]
fn mod_rs_is_found() {
    assert_eq!(file("proxy/src/listen/mod.rs", "").len(), 1);
    assert_eq!(file("mod.rs", "").len(), 1);
    assert_eq!(file("proxy/src/model.rs", "").len(), 0);
}

#[test]
fn vague_modules_are_found() {
    for bad in [
        "mod utils;",
        "pub mod types {",
        "pub(crate) mod helpers;",
        "    pub(in a::b) mod misc ;",
    ] {
        assert_eq!(module("src/a.rs", &format!("//! A.\n{bad}\n")).len(), 1, "{bad}");
    }
    for good in [
        "mod tests;",
        "pub mod router {",
        "// mod utils is not one of ours",
        "modest utils",
    ] {
        assert_eq!(module("src/a.rs", good).len(), 0, "{good}");
    }
    assert_eq!(module("docs/a.md", "mod utils;").len(), 0);
}
