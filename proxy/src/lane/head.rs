//! The lane's heads: header fields where they arrived, and those that steps set.
//!
//! A field that nobody touches stays in the bytes of the head and is written out from there, in the client's own spelling.
//! Names are compared in any case. Implements what filters see; parsing is in `request.rs` and `response.rs`.

use std::cell::RefCell;
use std::ops::Range;

use http::{HeaderName, HeaderValue};

use super::buffer;
use super::message::Kind;
use crate::head::{Fields, Key, Names, RequestHead, ResponseHead};

/// A message's head.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// As received.
    bytes: Vec<u8>,
    fields: Vec<Field>,
    /// A bit for each name that is or was there; some share one. Most questions are for names that are not there.
    marks: u64,
    /// Some received name holds more than letters, digits and `-`.
    has_odd_names: bool,
    /// Of an answer.
    status: u16,
}

#[derive(Debug)]
struct Field {
    key: Key,
    kind: Kind,
    name: Name,
    value: Value,
}

#[derive(Debug)]
enum Name {
    Received(Range<usize>),
    Own(HeaderName),
}

#[derive(Debug)]
enum Value {
    Received(Range<usize>),
    Own(HeaderValue),
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
pub(super) enum Line {
    Keep,
    /// Another value.
    Put(HeaderValue),
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

/// Heads that a thread keeps for the next requests.
const KEPT: usize = 128;

thread_local! {
    static SPARE: RefCell<Vec<Vec<Field>>> = const { RefCell::new(Vec::new()) };
}

impl Head {
    /// A head without fields.
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            fields: SPARE.with_borrow_mut(Vec::pop).unwrap_or_default(),
            marks: 0,
            has_odd_names: false,
            status: 0,
        }
    }

    /// The bytes in which received fields stand.
    pub(super) fn set_bytes(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    /// Adds a field of this name that stands in the bytes.
    pub(super) fn push(&mut self, text: &[u8], kind: Kind, name: Range<usize>, value: Range<usize>) {
        let key = Key::of(text);
        self.marks |= key.mark();
        self.fields.push(Field {
            key,
            kind,
            name: Name::Received(name),
            value: Value::Received(value),
        });
    }

    /// Notes whether a name of a client's field is an odd one.
    pub(super) fn look_at(&mut self, name: &[u8]) {
        self.has_odd_names |= name.iter().any(|byte| ODD[usize::from(*byte)]);
    }

    pub(super) fn set_status(&mut self, status: u16) {
        self.status = status;
    }

    /// The bytes as received.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Every field, in order.
    #[cfg(test)]
    pub(super) fn each(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let both = |field| (self.name(field), self.value(field));
        self.fields.iter().map(both)
    }

    fn name<'h>(&'h self, field: &'h Field) -> &'h [u8] {
        match &field.name {
            Name::Received(range) => self.bytes.get(range.clone()).unwrap_or_default(),
            Name::Own(name) => name.as_str().as_bytes(),
        }
    }

    fn value<'h>(&'h self, field: &'h Field) -> &'h [u8] {
        match &field.value {
            Value::Received(range) => self.bytes.get(range.clone()).unwrap_or_default(),
            Value::Own(value) => value.as_bytes(),
        }
    }

    /// Where the first field of this name, which has this key, is.
    fn find(&self, key: Key, name: &[u8]) -> Option<usize> {
        if self.marks & key.mark() == 0 {
            return None;
        }
        self.fields.iter().position(|field| self.is(field, key, name))
    }

    fn is(&self, field: &Field, key: Key, name: &[u8]) -> bool {
        field.key == key && self.name(field).eq_ignore_ascii_case(name)
    }

    /// Appends the lines of the fields that `choose` does not change, in order. Lines that stand side by side in what was
    /// received are copied at once.
    pub(super) fn write(&self, out: &mut Vec<u8>, choose: impl Fn(Kind, &[u8], &[u8]) -> Line) {
        let mut run = 0..0;
        for field in &self.fields {
            let (name, value) = (self.name(field), self.value(field));
            let line = choose(field.kind, name, value);
            if let (Line::Keep, Some(place)) = (&line, self.place(field)) {
                if run.end != place.start {
                    out.extend_from_slice(&self.bytes[run]);
                    run = place.start..place.start;
                }
                run.end = place.end;
                continue;
            }
            out.extend_from_slice(&self.bytes[std::mem::take(&mut run)]);
            match line {
                Line::Keep => write_field(out, name, value),
                Line::Put(value) => write_field(out, name, value.as_bytes()),
                Line::Cut => {}
            }
        }
        out.extend_from_slice(&self.bytes[run]);
    }

    /// Where the whole line of a field stands, if it is `name: value` and nothing else.
    fn place(&self, field: &Field) -> Option<Range<usize>> {
        let (Name::Received(name), Value::Received(value)) = (&field.name, &field.value) else {
            return None;
        };
        let end = value.end + 2;
        let is_plain = self.bytes.get(name.end..value.start) == Some(b": ")
            && self.bytes.get(value.end..end) == Some(b"\r\n");
        is_plain.then_some(name.start..end)
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        buffer::give(std::mem::take(&mut self.bytes));
        let mut fields = std::mem::take(&mut self.fields);
        fields.clear();
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < KEPT {
                spare.push(fields);
            }
        });
    }
}

impl Fields for Head {
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
        let text = name.as_str().as_bytes();
        let key = Key::of(text);
        let Some(first) = self.find(key, text) else {
            return self.append(name, value);
        };
        if let Some(field) = self.fields.get_mut(first) {
            field.value = Value::Own(value);
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

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        let text = name.as_str().as_bytes();
        let key = Key::of(text);
        self.marks |= key.mark();
        self.fields.push(Field {
            key,
            kind: Kind::of(text),
            name: Name::Own(name.clone()),
            value: Value::Own(value),
        });
    }

    fn remove(&mut self, name: &HeaderName) {
        let name = name.as_str().as_bytes();
        let key = Key::of(name);
        while let Some(at) = self.find(key, name) {
            self.fields.remove(at);
        }
    }

    fn remove_each(&mut self, names: &Names) {
        if self.fields.iter().any(|field| names.may_have(field.key)) {
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
        let mut ranges = Vec::new();
        for (name, value) in fields {
            let start = bytes.len();
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            let colon = start + name.len();
            ranges.push((*name, start..colon, colon + 2..colon + 2 + value.len()));
        }
        let mut head = Head::new();
        head.set_bytes(bytes);
        for (text, name, value) in ranges {
            head.look_at(text.as_bytes());
            head.push(text.as_bytes(), Kind::Other, name, value);
        }
        head
    }

    fn text(head: &Head) -> String {
        let mut out = Vec::new();
        head.write(&mut out, |_, _, _| Line::Keep);
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
        let mut head = head(&[("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")]);
        let mut out = Vec::new();
        head.write(&mut out, |_, name, _| match name {
            b"B" => Line::Cut,
            b"C" => Line::Put(HeaderValue::from_static("5")),
            _ => Line::Keep,
        });
        assert_eq!(String::from_utf8_lossy(&out), "A: 1\r\nC: 5\r\nD: 4\r\n");
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
    fn a_field_that_is_set_replaces_all_of_its_name() {
        let mut head = head(&[("X-A", "1"), ("Other", "2"), ("x-a", "3")]);
        head.set(&NAMES[0], HeaderValue::from_static("4"));
        head.set(&NAMES[1], HeaderValue::from_static("5"));
        head.append(&NAMES[1], HeaderValue::from_static("6"));
        assert_eq!(text(&head), "X-A: 4 Other: 2 x-b: 5 x-b: 6 ");
        head.remove(&NAMES[1]);
        head.remove_if(|name| name.starts_with(b"O"));
        assert_eq!(text(&head), "X-A: 4 ");
    }
}
