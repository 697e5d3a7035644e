//! Rules over the text of one file: the opening comment, the length, markers of unfinished work, machine paths.
//!
//! The strings searched for are put together from pieces, so that this file does not trip over itself.

use std::path::Path;

/// The longest a Rust file may be, in lines.
const MAX_LINES: usize = 600;

/// What stands in code only as long as something is unfinished or hidden.
const MARKERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
];

/// Lint switches that hide dead code, and the lint's name.
const SWITCHES: &[&str] = &[concat!("all", "ow("), concat!("exp", "ect(")];
const DEAD_CODE: &str = concat!("dead", "_code");

/// The two spellings of a test that does not run: the attribute, and the same behind `cfg_attr`.
const SKIPPED: &[&str] = &[
    concat!("#[", "ignore"),
    concat!(", ign", "ore)]"),
    concat!(", ign", "ore ="),
];

/// Folders that exist on one machine only.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/main"),
    concat!("/wo", "rk/shared"),
    concat!("/tm", "p/bash_jobs"),
];

/// Every Rust file says in its first line what it is.
pub(crate) fn opening(path: &str, text: &str) -> Vec<String> {
    if is_rust(path) && !text.starts_with("//!") {
        return vec![format!("{path}:1: the file does not open with `//!`")];
    }
    Vec::new()
}

/// A Rust file that is too long has more than one subject.
pub(crate) fn length(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if is_rust(path) && lines > MAX_LINES {
        return vec![format!(
            "{path}: {lines} lines, at most {MAX_LINES}: split it by subject"
        )];
    }
    Vec::new()
}

/// No marker of unfinished work, no skipped test, no hidden dead code.
pub(crate) fn marker(path: &str, text: &str) -> Vec<String> {
    if !is_code(path) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for found in MARKERS.iter().filter(|marker| has_word(line, marker)) {
            problems.push(format!("{path}:{number}: `{found}`: finish it or leave it out"));
        }
        if SKIPPED
            .iter()
            .any(|spelling| is_rust(path) && line.contains(spelling))
        {
            problems.push(format!(
                "{path}:{number}: a test that does not run proves nothing"
            ));
        }
    }
    if is_rust(path) {
        problems
            .extend(hidden(text).map(|number| format!("{path}:{number}: hides dead code: remove the code")));
    }
    problems
}

/// Nothing in the repository knows where it was written.
pub(crate) fn machine_path(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for found in MACHINE_PATHS.iter().filter(|found| line.contains(**found)) {
            problems.push(format!("{path}:{number}: `{found}` is a path of one machine"));
        }
    }
    problems
}

/// Whether a file holds Rust.
pub(crate) fn is_rust(path: &str) -> bool {
    has_extension(path, &["rs"])
}

/// Files written as code. Prose may name a marker, and much of the YAML stands for other people's objects.
fn is_code(path: &str) -> bool {
    let bare = Path::new(path).extension().is_none() && !path.ends_with("LICENSE");
    bare || has_extension(path, &["rs", "toml", "sh", "py", "mk"])
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension))
}

/// Whether `word` stands in `line` on its own, not as a part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let ends_as_name = word.ends_with(is_name);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !(before.is_some_and(is_name) || (ends_as_name && after.is_some_and(is_name)))
    })
}

/// The lines of lint switches whose list, which may span lines, names dead code.
fn hidden(text: &str) -> impl Iterator<Item = usize> {
    SWITCHES.iter().flat_map(move |switch| {
        text.match_indices(switch).filter_map(move |(at, _)| {
            let list = text[at..].split(')').next()?;
            has_word(list, DEAD_CODE).then(|| text[..at].lines().count().max(1))
        })
    })
}

#[test]
fn a_rust_file_opens_with_its_description() {
    assert_eq!(opening("proxy/src/a.rs", "//! What it is.\n").len(), 0);
    assert_eq!(opening("Makefile", "all:\n").len(), 0);
    for bad in [
        "",
        "use std::fs;\n",
        "// What it is.\n",
        "\n//! Late.\n",
        "#![no_main]\n//! Late.\n",
    ] {
        assert_eq!(opening("proxy/src/a.rs", bad).len(), 1, "{bad:?}");
    }
}

#[test]
fn a_rust_file_has_at_most_six_hundred_lines() {
    assert_eq!(length("config/src/a.rs", &"//!\n".repeat(MAX_LINES)).len(), 0);
    assert_eq!(length("config/src/a.rs", &"//!\n".repeat(MAX_LINES + 1)).len(), 1);
    assert_eq!(length("Cargo.lock", &"\n".repeat(MAX_LINES + 1)).len(), 0);
}

#[test]
fn unfinished_work_is_found_in_code() {
    for word in MARKERS {
        assert_eq!(
            marker("src/a.rs", &format!("fn a() {{}}\n// {word} later\n")).len(),
            1,
            "{word}"
        );
        assert_eq!(marker("Makefile", &format!("# {word}: later")).len(), 1, "{word}");
        assert_eq!(
            marker("docs/a.md", &format!("no {word} here")).len(),
            0,
            "{word} in prose"
        );
        assert_eq!(
            marker("src/a.rs", &format!("fn un{word}_x()")).len(),
            0,
            "{word} inside a name"
        );
    }
    let found = marker("src/a.rs", &format!("a\nb\n    {}()", MARKERS[3]));
    assert!(found[0].starts_with("src/a.rs:3: "), "{found:?}");
    assert_eq!(
        marker("Cargo.toml", "todo = \"warn\"\nunimplemented = \"warn\"\n").len(),
        0
    );
}

#[test]
fn skipped_tests_are_found() {
    let [attribute, behind_cfg, with_reason] = [SKIPPED[0], SKIPPED[1], SKIPPED[2]];
    for bad in [
        format!("{attribute}]"),
        format!("{attribute} = \"slow\"]"),
        format!("#[cfg_attr(unix{behind_cfg}"),
        format!("#[cfg_attr(unix{with_reason} \"slow\")]"),
    ] {
        assert_eq!(marker("src/a.rs", &bad).len(), 1, "{bad}");
    }
    assert_eq!(
        marker("src/a.rs", "fn ignores_what_it_does_not_know() {}").len(),
        0
    );
}

#[test]
fn hidden_dead_code_is_found() {
    for switch in SWITCHES {
        for list in [
            DEAD_CODE.to_owned(),
            format!("unused, {DEAD_CODE}"),
            format!("\n    {DEAD_CODE},\n"),
        ] {
            let bad = format!("//! A.\n#[{switch}{list})]\nfn a() {{}}\n");
            let found = marker("src/a.rs", &bad);
            assert_eq!(found.len(), 1, "{bad}");
            assert!(found[0].starts_with("src/a.rs:2: "), "{found:?}");
        }
    }
    assert_eq!(
        marker(
            "src/a.rs",
            "#[allow(clippy::float_cmp)]\nfn a() { b.expect(\"one\") }"
        )
        .len(),
        0
    );
}

#[test]
fn paths_of_one_machine_are_found_in_every_file() {
    for folder in MACHINE_PATHS {
        for path in ["src/a.rs", "docs/a.md", "deploy/a.yaml", "Makefile"] {
            assert_eq!(
                machine_path(path, &format!("see\n{folder}/src/a.rs\n")).len(),
                1,
                "{path} {folder}"
            );
        }
    }
    assert_eq!(
        machine_path("docs/a.md", "/etc/ferrik, /tmp and /work are everybody's").len(),
        0
    );
}
