//! Parser events into one JSON value with the line of every field.
//!
//! [`parse`](super::parse) calls [`load`] for each document. It reads events one by one with a stack of its own, instead
//! of the loader of the saphyr crate: that one recurses as deep as the text nests, hides whether a word was quoted, and
//! bounds the number of values that aliases copy but neither their bytes nor what anchors copy. [`Budget`] bounds all.
//!
//! Duplicate keys are a fault: of two annotations that guard access, the reader cannot know which one was meant.

mod budget;
mod tree;

use std::{
    borrow::Cow,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use serde_json::Value;

pub(super) use self::budget::Budget;
use self::{
    budget::{MAX_DEPTH, TOO_DEEP},
    tree::{Content, Frame, Key, Mapping},
};
use super::{position::Positions, scalar};

/// A value and the lines of its fields.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) positions: Positions,
}

/// Where a document is broken, line and column from 1.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

impl Fault {
    fn new(mark: Marker, message: impl Into<String>) -> Self {
        Self {
            line: mark.line(),
            column: mark.col() + 1,
            message: message.into(),
        }
    }
}

impl From<ScanError> for Fault {
    fn from(error: ScanError) -> Self {
        Self::new(*error.marker(), error.info())
    }
}

/// Reads one document that starts on line `first_line` of its file; `None` if it says nothing (`---`, `null`).
pub(super) fn load(text: &str, first_line: usize, budget: &mut Budget) -> Result<Option<Node>, Fault> {
    let before = first_line - 1;
    // The parser takes a NUL for the end of the text; files lost in a crash of the machine are full of them.
    if let Some(at) = text.find('\0') {
        return Err(Fault {
            line: first_line + text[..at].matches('\n').count(),
            column: 1,
            message: "the text holds a NUL character".to_owned(),
        });
    }
    let mut loader = Loader {
        before,
        budget,
        frames: Vec::new(),
        anchors: HashMap::new(),
        root: None,
    };
    // Hostile text may find a hole in the parser: one document is lost then, not the process.
    match catch_unwind(AssertUnwindSafe(|| loader.run(text))) {
        Ok(Ok(())) => Ok(loader.root.filter(|root| !root.value.is_null())),
        Ok(Err(fault)) => Err(Fault {
            line: fault.line + before,
            ..fault
        }),
        Err(_panic) => Err(Fault {
            line: first_line,
            column: 1,
            message: "the YAML parser failed on this document".to_owned(),
        }),
    }
}

/// One document while it is being read.
struct Loader<'b> {
    /// Lines of the file before the document: positions count from the file's first line.
    before: usize,
    budget: &'b mut Budget,
    /// The open lists and mappings, outermost first.
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
}

impl Loader<'_> {
    fn run(&mut self, text: &str) -> Result<(), Fault> {
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event?;
            self.event(event, span.start)?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, mark: Marker) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, tag.as_deref(), anchor, mark),
            Event::Alias(anchor) => self.alias(anchor, mark),
            Event::SequenceStart(anchor, _) => self.open(Content::list(), anchor, mark),
            Event::MappingStart(anchor, _) => self.open(Content::map(), anchor, mark),
            Event::SequenceEnd | Event::MappingEnd => self.close(mark),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        anchor: usize,
        mark: Marker,
    ) -> Result<(), Fault> {
        if style == ScalarStyle::Plain
            && tag.is_none()
            && text == "<<"
            && let Some(key) = self.awaited_key()
        {
            *key = Some(Key::merge(mark));
            return Ok(());
        }
        let has_properties = anchor > 0 || tag.is_some();
        let start = self.before + mark.line();
        let positions = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => block(&text, start, has_properties),
            _ => Positions::scalar(start, start),
        };
        let value = scalar::resolve(text, style, tag).map_err(|message| Fault::new(mark, message))?;
        let node = Node { value, positions };
        self.budget.value().map_err(|message| Fault::new(mark, message))?;
        self.place(node, anchor, mark)
    }

    fn alias(&mut self, anchor: usize, mark: Marker) -> Result<(), Fault> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Fault::new(
                mark,
                "the alias stands inside the value that it names",
            ));
        };
        self.budget
            .copy(&node.value, MAX_DEPTH - self.frames.len())
            .map_err(|message| Fault::new(mark, message))?;
        let mut node = node.clone();
        node.positions = node.positions.at(self.before + mark.line());
        self.place(node, 0, mark)
    }

    fn open(&mut self, content: Content, anchor: usize, mark: Marker) -> Result<(), Fault> {
        if self.awaited_key().is_some() {
            return Err(Fault::new(
                mark,
                "a key is a single word, not a list or a mapping",
            ));
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(Fault::new(mark, TOO_DEEP));
        }
        self.budget.value().map_err(|message| Fault::new(mark, message))?;
        self.frames.push(Frame {
            content,
            anchor,
            line: self.before + mark.line(),
        });
        Ok(())
    }

    fn close(&mut self, mark: Marker) -> Result<(), Fault> {
        let frame = self.frames.pop().expect("the parser balances starts and ends");
        let anchor = frame.anchor;
        let node = frame.finish()?;
        self.place(node, anchor, mark)
    }

    /// Puts a finished value where it belongs: a key, the value of a key, an item, or the document itself.
    fn place(&mut self, node: Node, anchor: usize, mark: Marker) -> Result<(), Fault> {
        if anchor > 0 {
            self.budget
                .copy(&node.value, MAX_DEPTH)
                .map_err(|message| Fault::new(mark, message))?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(frame) => frame.content.place(node, self.before, mark)?,
        }
        Ok(())
    }

    /// Where the next value goes, if it is the key of a mapping.
    fn awaited_key(&mut self) -> Option<&mut Option<Key>> {
        match &mut self.frames.last_mut()?.content {
            Content::Map(Mapping { key: key @ None, .. }) => Some(key),
            Content::Map(_) | Content::List { .. } => None,
        }
    }
}

/// Where a block scalar stands and where its content begins: on the line after its indicator (YAML 1.2.2, section 8.1),
/// blank lines included. The parser's mark is at the first line that is not blank, or at an anchor or tag before the
/// indicator.
fn block(text: &str, mark: usize, has_properties: bool) -> Positions {
    let content = text.trim_start_matches('\n');
    if content.is_empty() {
        return Positions::scalar(mark, mark);
    }
    let first = if has_properties {
        mark + 1
    } else {
        mark.saturating_sub(text.len() - content.len())
    };
    Positions::scalar(first.saturating_sub(1), first)
}
