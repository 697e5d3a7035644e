//! JSON's surrogate pairs, the one thing in which JSON is not YAML.
//!
//! [`parse`](super::parse) calls [`rewrite`] on every document. JSON writes a character beyond U+FFFF as two escapes
//! (RFC 8259, section 7), which YAML refuses one by one; YAML's own escape for it is `\U0001f600`.

use std::{borrow::Cow, fmt::Write};

/// The length of `\ud83d`.
const ESCAPE: usize = 6;

/// The text with every pair as one escape, if it is JSON. No line changes.
pub(super) fn rewrite(text: &str) -> Cow<'_, str> {
    let is_json = text.trim_start().starts_with('{');
    if !is_json || !(text.contains("\\ud") || text.contains("\\uD")) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        rest = if let Some(pair) = pair(escape) {
            write!(out, "\\U{:08x}", u32::from(pair)).expect("a String takes any text");
            &escape[2 * ESCAPE..]
        } else {
            // The backslash and what it escapes, so that `\\ud83d` stays a backslash and four letters.
            let end = escape.char_indices().nth(2).map_or(escape.len(), |(end, _)| end);
            out.push_str(&escape[..end]);
            &escape[end..]
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character of the two escapes that `text` starts with.
fn pair(text: &str) -> Option<char> {
    let high = unit(text)?;
    let low = unit(text.get(ESCAPE..)?)?;
    char::decode_utf16([high, low])
        .next()?
        .ok()
        .filter(|pair| pair.len_utf16() == 2)
}

fn unit(text: &str) -> Option<u16> {
    let digits = text.get(..ESCAPE)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}
