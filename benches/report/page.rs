//! The results as Markdown that can be read as it stands, on standard output.

use std::io::{self, Write as _};

/// Writes one paragraph or heading.
pub(crate) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}\n")
}

/// Writes a table whose columns stand under one another. The first row is its head.
pub(crate) fn table(rows: &[Vec<String>]) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |text: &String| text.chars().count();
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(width)
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = io::stdout().lock();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(at, width)| format!("{:<width$}", row.get(at).map_or("", String::as_str)))
            .collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
        if number == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            writeln!(out, "|-{}-|", rules.join("-|-"))?;
        }
    }
    writeln!(out)
}

/// How a measured value stands to its mark.
pub(crate) fn against(value: f64, mark: f64, unit: &str) -> String {
    let verdict = if value <= mark {
        "met".to_owned()
    } else if mark > 0.0 {
        format!("**missed by {:.0} %**", (value / mark - 1.0) * 100.0)
    } else {
        "**missed**".to_owned()
    };
    format!("≤ {mark}{unit}: {verdict}")
}
