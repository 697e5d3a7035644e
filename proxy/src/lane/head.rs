//! The lane's heads: header fields where they arrived, and behind them those that steps set.
//!
//! A field is a place in the bytes of its head. One that nobody touches is written out from where it arrived, in the sender's
//! own spelling, together with its neighbours. Names are compared in any case. Implements what filters see; parsing is in
//! `message.rs`.

use std::cell::RefCell;

use http::{HeaderName, HeaderValue};

use super::framing::is_text;
use super::kind::{Kind, Kinds};
use crate::arena::header_value;
use crate::head::{Fields, Key, Names, RequestHead, ResponseHead};

/// A message's head.
#[derive(Debug)]
pub(super) struct Head {
    /// As received; then what was set.
    bytes: Vec<u8>,
    /// Length of what was received.
    received: usize,
    fields: Vec<Field>,
    /// A bit for each name that is or was there; some share one. Most questions are for names that are not there.
    marks: u64,
    /// Some received name holds more than letters, digits and `-`.
    has_odd_names: bool,
    /// Some received `Connection` says more than whether the connection goes on: it may name fields.
    nominates: bool,
    /// Of an answer.
    status: u16,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    key: Key,
    kind: Kind,
    /// The field stands in the bytes as it is written: `name: value`, and the end of the line.
    is_line: bool,
    name: Place,
    value: Place,
}

/// Where a text stands in the bytes of its head.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    start: usize,
    end: usize,
}

/// Everything but letters, digits and `-`.
const ODD: [bool; 256] = {
    let mut odd = [true; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        odd[byte as usize] = !byte.is_ascii_alphanumeric() && byte != b'-';
        byte += 1;
    }
    odd
};

/// What becomes of a field's line.
pub(super) enum Line<'a> {
    Keep,
    /// Another value.
    Put(&'a [u8]),
    Cut,
}

/// Appends one line.
pub(super) fn write_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// True if the text may stand in a field's value as it is (RFC 9110 §5.5).
fn is_value(text: &[u8]) -> bool {
    // All of it is looked at, so that the compiler can take many bytes at once.
    text.iter().fold(true, |is_value, byte| is_value & is_text(*byte))
}

/// Memory that a thread keeps for the next heads: of so many, each at most so large.
const KEPT: usize = 128;
const LARGEST: usize = 16 * 1024;
/// Most heads and what is set in them fit.
const FIRST: usize = 2 * 1024;

thread_local! {
    static SPARE: RefCell<Vec<(Vec<u8>, Vec<Field>)>> = const { RefCell::new(Vec::new()) };
}

impl Place {
    /// Where a part of the bytes stands in them. An empty one may stand anywhere.
    fn of(part: &[u8], bytes: &[u8]) -> Self {
        if part.is_empty() {
            return Self::default();
        }
        let start = part.as_ptr().addr() - bytes.as_ptr().addr();
        Self {
            start,
            end: start + part.len(),
        }
    }

    fn text(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

impl Head {
    /// A head without fields.
    pub(super) fn new() -> Self {
        let spare = SPARE.with_borrow_mut(Vec::pop);
        let (bytes, fields) = spare.unwrap_or_else(|| (Vec::with_capacity(FIRST), Vec::new()));
        Self {
            bytes,
            received: 0,
            fields,
            marks: 0,
            has_odd_names: false,
            nominates: false,
            status: 0,
        }
    }

    /// Keeps the bytes in which received fields stand.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.received = bytes.len();
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds a field of this kind, whose name and value stand in these bytes.
    pub(super) fn push(&mut self, bytes: &[u8], kind: Kind, name: &[u8], value: &[u8]) {
        let key = Key::of(name);
        let (name, value) = (Place::of(name, bytes), Place::of(value, bytes));
        // The parser has seen to it that a name ends in a colon, and that nothing but the end of the line follows CR.
        let is_line = value.start == name.end + 2
            && bytes.get(name.end + 1) == Some(&b' ')
            && bytes.get(value.end) == Some(&b'\r');
        self.marks |= key.mark();
        self.fields.push(Field {
            key,
            kind,
            is_line,
            name,
            value,
        });
    }

    /// Notes whether a name of a client's field is an odd one.
    pub(super) fn look_at(&mut self, name: &[u8]) {
        self.has_odd_names |= name.iter().any(|byte| ODD[usize::from(*byte)]);
    }

    /// Notes that a `Connection` may name fields.
    pub(super) fn note_nominations(&mut self) {
        self.nominates = true;
    }

    /// True if a received `Connection` may name fields.
    pub(super) fn nominates(&self) -> bool {
        self.nominates
    }

    pub(super) fn set_status(&mut self, status: u16) {
        self.status = status;
    }

    /// The bytes as received.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.received).unwrap_or_default()
    }

    /// Every field, in order.
    #[cfg(test)]
    pub(super) fn each(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let both = |field| (self.name(field), self.value(field));
        self.fields.iter().map(both)
    }

    fn name(&self, field: &Field) -> &[u8] {
        field.name.text(&self.bytes)
    }

    fn value(&self, field: &Field) -> &[u8] {
        field.value.text(&self.bytes)
    }

    /// Where the first field of this name, which has this key, is.
    #[inline]
    fn find(&self, key: Key, name: &[u8]) -> Option<usize> {
        if self.marks & key.mark() == 0 {
            return None;
        }
        self.search(key, name)
    }

    fn search(&self, key: Key, name: &[u8]) -> Option<usize> {
        self.fields.iter().position(|field| self.is(field, key, name))
    }

    fn is(&self, field: &Field, key: Key, name: &[u8]) -> bool {
        field.key == key && self.name(field).eq_ignore_ascii_case(name)
    }

    /// Puts a value in the place of all fields of the name. Nothing may stand in it that ends a line.
    fn replace(&mut self, name: &HeaderName, value: &[u8]) {
        let text = name.as_str().as_bytes();
        let key = Key::of(text);
        let Some(first) = self.find(key, text) else {
            return self.add(name, value);
        };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        let place = Place {
            start,
            end: self.bytes.len(),
        };
        if let Some(field) = self.fields.get_mut(first) {
            (field.value, field.is_line) = (place, false);
        }
        let mut at = first + 1;
        while let Some(field) = self.fields.get(at) {
            if self.is(field, key, text) {
                self.fields.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Adds a field. Nothing may stand in the value that ends a line.
    fn add(&mut self, name: &HeaderName, value: &[u8]) {
        let text = name.as_str().as_bytes();
        let key = Key::of(text);
        let start = self.bytes.len();
        write_field(&mut self.bytes, text, value);
        let end = start + text.len();
        self.marks |= key.mark();
        self.fields.push(Field {
            key,
            kind: Kind::of(text),
            is_line: true,
            name: Place { start, end },
            value: Place {
                start: end + 2,
                end: end + 2 + value.len(),
            },
        });
    }

    /// Appends the lines of the fields in order, without those of the kinds in `cut`. `change` says what becomes of those of
    /// the kinds in `asked`. Lines that stand side by side are copied at once. Returns the kinds that were written.
    pub(super) fn write<'a>(
        &self,
        out: &mut Vec<u8>,
        cut: Kinds,
        asked: Kinds,
        change: impl Fn(Kind, &[u8]) -> Line<'a>,
    ) -> Kinds {
        let mut written = Kinds::NONE;
        let mut run = Place::default();
        for field in &self.fields {
            let line = if cut.has(field.kind) {
                Line::Cut
            } else if asked.has(field.kind) {
                change(field.kind, self.name(field))
            } else {
                Line::Keep
            };
            if matches!(line, Line::Cut) {
                continue;
            }
            written = written.with(field.kind);
            if field.is_line && matches!(line, Line::Keep) {
                if run.end != field.name.start {
                    out.extend_from_slice(run.text(&self.bytes));
                    run.start = field.name.start;
                }
                run.end = field.value.end + 2;
                continue;
            }
            out.extend_from_slice(run.text(&self.bytes));
            run = Place::default();
            let value = match line {
                Line::Put(value) => value,
                _ => self.value(field),
            };
            write_field(out, self.name(field), value);
        }
        out.extend_from_slice(run.text(&self.bytes));
        written
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        let (mut bytes, mut fields) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.fields));
        if bytes.capacity() > LARGEST {
            return;
        }
        bytes.clear();
        fields.clear();
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < KEPT {
                spare.push((bytes, fields));
            }
        });
    }
}

impl Fields for Head {
    #[inline]
    fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        let name = name.as_str().as_bytes();
        let at = self.find(Key::of(name), name)?;
        self.fields.get(at).map(|field| self.value(field))
    }

    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        let text = name.as_str().as_bytes();
        let key = Key::of(text);
        let from = self.find(key, text).unwrap_or(self.fields.len());
        // Text of a standard name is static, of another one it is copied so that the iterator need not borrow the name.
        let name = name.clone();
        let meant = self.fields[from..]
            .iter()
            .filter(move |field| self.is(field, key, name.as_str().as_bytes()));
        meant.map(|field| self.value(field))
    }

    fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        self.replace(name, value.as_bytes());
    }

    fn set_text(&mut self, name: &HeaderName, value: &[u8]) {
        if is_value(value) {
            self.replace(name, value);
        } else {
            self.set(name, header_value(value));
        }
    }

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        self.add(name, value.as_bytes());
    }

    fn append_copy(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.add(name, value.as_bytes());
    }

    fn append_text(&mut self, name: &HeaderName, value: &[u8]) {
        if is_value(value) {
            self.add(name, value);
        } else {
            self.append(name, header_value(value));
        }
    }

    fn remove(&mut self, name: &HeaderName) {
        let name = name.as_str().as_bytes();
        let key = Key::of(name);
        while let Some(at) = self.find(key, name) {
            self.fields.remove(at);
        }
    }

    fn remove_each(&mut self, names: &Names) {
        if self.marks & names.marks() != 0 {
            let mut fields = std::mem::take(&mut self.fields);
            fields.retain(|field| !names.has(field.key, self.name(field)));
            self.fields = fields;
        }
    }

    fn remove_if(&mut self, is_meant: impl Fn(&[u8]) -> bool) {
        let mut fields = std::mem::take(&mut self.fields);
        fields.retain(|field| !is_meant(self.name(field)));
        self.fields = fields;
    }
}

impl RequestHead for Head {
    fn may_have_aliases(&self) -> bool {
        self.has_odd_names
    }
}

impl ResponseHead for Head {
    fn status(&self) -> u16 {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [HeaderName; 2] = [HeaderName::from_static("x-a"), HeaderName::from_static("x-b")];

    fn head(fields: &[(&str, &str)]) -> Head {
        let mut bytes = Vec::new();
        for (name, value) in fields {
            write_field(&mut bytes, name.as_bytes(), value.as_bytes());
        }
        let mut head = Head::new();
        let mut at = 0;
        for (name, value) in fields {
            let colon = at + name.len();
            let end = colon + 2 + value.len();
            let name = &bytes[at..colon];
            head.look_at(name);
            head.push(&bytes, Kind::of(name), name, &bytes[colon + 2..end]);
            at = end + 2;
        }
        head.keep(&bytes);
        head
    }

    fn text(head: &Head) -> String {
        let mut out = Vec::new();
        head.write(&mut out, Kinds::NONE, Kinds::NONE, |_, _| Line::Keep);
        String::from_utf8(out)
            .expect("the tests use ASCII")
            .replace("\r\n", " ")
    }

    #[test]
    fn odd_names_are_told() {
        for (name, is_odd) in [
            ("X-Forwarded-For", false),
            ("x_a", true),
            ("X.Forwarded.For", true),
            ("Host", false),
        ] {
            assert_eq!(head(&[(name, "1")]).may_have_aliases(), is_odd, "{name}");
        }
    }

    #[test]
    fn lines_are_written_in_order_whether_they_are_copied_at_once_or_not() {
        let mut head = head(&[("A", "1"), ("B", "2"), ("C", "3"), ("Te", "x"), ("D", "4")]);
        let mut out = Vec::new();
        let cut = Kinds::NONE.with(Kind::Hop);
        let written = head.write(
            &mut out,
            cut,
            Kinds::NONE.with(Kind::Other),
            |_, name| match name {
                b"B" => Line::Cut,
                b"C" => Line::Put(b"5"),
                _ => Line::Keep,
            },
        );
        assert_eq!(String::from_utf8_lossy(&out), "A: 1\r\nC: 5\r\nD: 4\r\n");
        assert_eq!(written, Kinds::NONE.with(Kind::Other));
        head.remove(&http::header::TE);
        head.set(&HeaderName::from_static("b"), HeaderValue::from_static("6"));
        assert_eq!(text(&head), "A: 1 B: 6 C: 3 D: 4 ");
    }

    #[test]
    fn names_are_found_in_any_case_and_kept_as_they_are() {
        let head = head(&[("X-A", "1"), ("Other", "2"), ("x-a", "3")]);
        assert_eq!(head.get(&NAMES[0]), Some(&b"1"[..]));
        assert_eq!(head.values(&NAMES[0]).collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(head.get(&NAMES[1]), None);
        assert_eq!(text(&head), "X-A: 1 Other: 2 x-a: 3 ");
    }

    #[test]
    fn no_text_ends_a_line() {
        let mut head = head(&[("X-A", "1")]);
        head.set_text(&NAMES[0], b"2\r\nX-C: 3");
        head.append_text(&NAMES[1], b"4\nX-D: 5\0\x7f");
        assert_eq!(
            text(&head),
            "X-A: 2  X-C: 3 X-B: 4 X-D: 5   ".replace("X-B", "x-b")
        );
    }

    #[test]
    fn a_field_that_is_set_replaces_all_of_its_name() {
        let mut head = head(&[("X-A", "1"), ("Other", "2"), ("x-a", "3")]);
        head.set(&NAMES[0], HeaderValue::from_static("4"));
        let before = head.bytes().to_vec();
        head.set(&NAMES[1], HeaderValue::from_static("5"));
        head.append(&NAMES[1], HeaderValue::from_static("6"));
        assert_eq!(text(&head), "X-A: 4 Other: 2 x-b: 5 x-b: 6 ");
        head.remove(&NAMES[1]);
        head.remove_if(|name| name.starts_with(b"O"));
        assert_eq!(text(&head), "X-A: 4 ");
        assert_eq!(head.bytes(), before, "what was received stays");
    }
}
