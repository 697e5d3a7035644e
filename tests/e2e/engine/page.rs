//! The list of differences in `docs/engines.md` is the list that the comparison allows. `UPDATE=1` writes it anew.

use std::path::PathBuf;

use super::difference::ALLOWED;

const TITLE: &str = "## Differences\n";

#[test]
fn the_page_lists_the_differences_that_are_allowed() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/engines.md");
    let found = std::fs::read_to_string(&path).expect("the page is there");
    let (start, list) = found.split_once(TITLE).expect("the page has the chapter");
    let rows = ALLOWED
        .iter()
        .map(|row| format!("| {} | {} |\n", row.name, row.reason));
    let rows: String = rows.collect();
    let expected = format!(
        "\n<!-- Written by `make docs` from `tests/e2e/engine/difference.rs`. -->\n\n| what | why |\n|---|---|\n{rows}"
    );
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{start}{TITLE}{expected}")).expect("the page can be written");
        return;
    }
    assert!(
        list == expected,
        "docs/engines.md is not what the table says: run `make docs`"
    );
}
