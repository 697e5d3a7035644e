//! The house rules that neither rustc nor clippy can see, applied to every file of the repository.
//!
//! Each rule is a pure function in `tests/tidy/`, with its own proof beside it that it fires on a bad input and
//! stays silent on a good one. This file only fetches the material: the files git knows or would add, and the
//! manifests as cargo reads them. Formatting is rustfmt's business, code is clippy's.

use std::path::Path;
use std::process::Command;

mod tidy {
    pub(crate) mod feature;
    pub(crate) mod manifest;
    pub(crate) mod name;
    pub(crate) mod text;
    pub(crate) mod wall;
}

use tidy::{feature, manifest, name, text, wall};

/// A rule over one file: its path from the root of the repository and its text in, problems out.
type Rule = fn(&str, &str) -> Vec<String>;

#[test]
fn every_file_keeps_the_rules_of_text() {
    apply(&[text::opening, text::length, text::marker, text::machine_path]);
}

#[test]
fn every_file_and_module_has_a_name_that_says_something() {
    apply(&[name::file, name::module]);
}

#[test]
fn the_engine_stays_behind_its_wall() {
    apply(&[wall::engine, wall::filter]);
}

#[test]
fn a_feature_is_one_word_everywhere() {
    assert_none(&feature::one_word(&paths()));
}

#[test]
fn every_crate_depends_only_on_what_its_side_may_know() {
    let json = output(Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--format-version", "1"]));
    let metadata = serde_json::from_slice(&json).expect("cargo metadata prints JSON");
    let packages = manifest::packages(&metadata);
    assert!(!packages.is_empty(), "cargo metadata named no package");
    let problems: Vec<String> = packages
        .iter()
        .flat_map(|(package, needs)| manifest::problems(package, needs))
        .collect();
    assert_none(&problems);
}

fn apply(rules: &[Rule]) {
    let mut problems = Vec::new();
    for path in paths() {
        let Some(text) = read(&path) else { continue };
        problems.extend(rules.iter().flat_map(|rule| rule(&path, &text)));
    }
    assert_none(&problems);
}

/// The files of the repository: tracked ones, and new ones that are not ignored. Sorted, relative to the root.
fn paths() -> Vec<String> {
    let listed = output(Command::new("git").args(["ls-files", "-z", "-co", "--exclude-standard"]));
    let listed = String::from_utf8(listed).expect("paths in the repository are UTF-8");
    let mut paths: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    // A file that is tracked but deleted in the working tree is still listed.
    paths.retain(|path| root().join(path).is_file());
    paths.sort();
    paths.dedup();
    assert!(
        paths.iter().any(|path| path == "Cargo.toml"),
        "git listed no Cargo.toml: {paths:?}"
    );
    paths
}

/// The text of a file; nothing for a binary one.
fn read(path: &str) -> Option<String> {
    let bytes = std::fs::read(root().join(path)).ok()?;
    (!bytes.contains(&0)).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn output(command: &mut Command) -> Vec<u8> {
    let output = command
        .current_dir(root())
        .output()
        .expect("git and cargo are on the path");
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn assert_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} problem(s):\n  {}",
        problems.len(),
        problems.join("\n  ")
    );
}
