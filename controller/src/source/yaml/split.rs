//! Cuts a text into its YAML documents, so that a fault in one does not lose the others.
//!
//! [`parse`](super::parse) calls it. A line that starts with `---` or `...` is a document marker wherever it stands, even
//! inside a block scalar or a quoted text (YAML 1.2.2, section 9.1.2, "c-forbidden"), so cutting by lines is exact.
//! Directives (`%YAML`, `%TAG`) are left out: Kubernetes objects use neither.

/// One document's text and the line of the file on which it starts.
pub(super) struct Chunk<'a> {
    pub(super) text: &'a str,
    /// From 1.
    pub(super) line: usize,
}

/// The documents that hold anything but comments and directives.
pub(super) fn documents(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let (mut start, mut start_line) = (0, 1);
    let mut offset = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if is_marker(line, "---") {
            push(&mut chunks, &text[start..offset], start_line);
            (start, start_line) = (offset, number);
        } else if is_marker(line, "...") {
            push(&mut chunks, &text[start..offset], start_line);
            (start, start_line) = (offset + line.len(), number + 1);
        }
        offset += line.len();
    }
    push(&mut chunks, &text[start..], start_line);
    chunks
}

fn push<'a>(chunks: &mut Vec<Chunk<'a>>, text: &'a str, line: usize) {
    if text.lines().any(has_content) {
        chunks.push(Chunk { text, line });
    }
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn has_content(line: &str) -> bool {
    let rest = if is_marker(line, "---") { &line[3..] } else { line };
    !rest.starts_with('%') && !matches!(rest.trim_start().chars().next(), None | Some('#'))
}
