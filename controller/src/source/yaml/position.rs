//! The line of every field of an object, and field paths.
//!
//! A field path is text: names joined by `.`, list indexes as `[0]`, keys that hold `.` or `/` (annotations, labels, data)
//! as `[key]`: `metadata.annotations[nginx.ingress.kubernetes.io/proxy-body-size]`, `spec.rules[0].http.paths[1].path`,
//! `data[tls.crt]`. The two forms are interchangeable in a lookup: `data[a]` and `data.a` name the same field.

/// The lines of one object and of all it holds, in the shape of the object.
///
/// The default knows no line and answers 0: the object did not come from a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions {
    line: u32,
    /// Where the text of a scalar begins, 0 for anything but a scalar.
    text: u32,
    children: Children,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Children {
    #[default]
    None,
    List(Box<[Positions]>),
    /// Sorted by key.
    Map(Box<[(Box<str>, Positions)]>),
}

impl Positions {
    /// The line on which the field at `path` is written, from 1; of the nearest enclosing field if it is not there, so that
    /// a missing field is shown where it would stand. The empty path is the object itself.
    ///
    /// What came through an alias (`*name`) has the lines of its anchor, where it can be changed.
    pub fn line_of(&self, path: &str) -> usize {
        let mut here = self;
        for segment in Segments(path) {
            match here.child(segment) {
                Some(child) => here = child,
                None => break,
            }
        }
        here.line()
    }

    /// The line on which the text of the scalar at `path` begins, from 1: for a block scalar (`key: |`) the first line of
    /// its content, so that line N of the text stands N - 1 lines below. `None` if there is no scalar at `path`.
    pub fn text_line(&self, path: &str) -> Option<usize> {
        let found = Segments(path).try_fold(self, |here, segment| here.child(segment))?;
        (found.text > 0).then_some(found.text as usize)
    }

    /// The first line of the object itself.
    pub(super) fn line(&self) -> usize {
        self.line as usize
    }

    pub(super) fn scalar(line: usize, text: usize) -> Self {
        Self {
            line: narrow(line),
            text: narrow(text),
            children: Children::None,
        }
    }

    pub(super) fn list(line: usize, items: Vec<Self>) -> Self {
        Self {
            line: narrow(line),
            text: 0,
            children: Children::List(items.into()),
        }
    }

    pub(super) fn map(line: usize, mut fields: Vec<(Box<str>, Self)>) -> Self {
        fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        Self {
            line: narrow(line),
            text: 0,
            children: Children::Map(fields.into()),
        }
    }

    /// The same field, written on another line: a field stands where its key does.
    pub(super) fn at(mut self, line: usize) -> Self {
        self.line = narrow(line);
        self
    }

    /// The fields of a mapping; empty for anything else.
    pub(super) fn into_fields(self) -> Vec<(Box<str>, Self)> {
        match self.children {
            Children::Map(fields) => fields.into_vec(),
            Children::None | Children::List(_) => Vec::new(),
        }
    }

    /// The items of a list; empty for anything else.
    pub(super) fn into_list(self) -> Vec<Self> {
        match self.children {
            Children::List(items) => items.into_vec(),
            Children::None | Children::Map(_) => Vec::new(),
        }
    }

    /// The items of the field `items`, for taking a `List` apart.
    pub(super) fn into_items(self) -> Vec<Self> {
        let items = self.into_fields().into_iter().find(|(key, _)| &**key == "items");
        items.map(|(_, items)| items.into_list()).unwrap_or_default()
    }

    fn child(&self, segment: &str) -> Option<&Self> {
        match &self.children {
            Children::None => None,
            Children::List(items) => items.get(segment.parse::<usize>().ok()?),
            Children::Map(fields) => {
                let at = fields.binary_search_by(|(key, _)| (**key).cmp(segment)).ok()?;
                fields.get(at).map(|(_, child)| child)
            }
        }
    }
}

/// A text holds at most [`MAX_BYTES`](super::MAX_BYTES) lines, which fit.
fn narrow(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// The names, keys and indexes of a field path, in order.
struct Segments<'a>(&'a str);

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let path = self.0.strip_prefix('.').unwrap_or(self.0);
        if path.is_empty() {
            return None;
        }
        let (segment, rest) = match path.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once(']').unwrap_or((bracketed, "")),
            None => path.split_at(path.find(['.', '[']).unwrap_or(path.len())),
        };
        self.0 = rest;
        Some(segment)
    }
}

#[cfg(test)]
mod tests;
