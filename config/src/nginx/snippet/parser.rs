//! From words to a tree of directives, each with its line, its arguments and perhaps a block.
//!
//! It knows directive names only to say where a `;` was forgotten; what they mean is the builder's business.

use super::directive;
use super::lexer::{LexError, Lexer, Token, TokenKind};

/// How deep blocks may nest. nginx itself allows three levels below a location; the bound keeps recursion over the tree
/// shallow whatever the text.
const MAX_DEPTH: usize = 16;

/// What the text holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// The complete directives of the top level, up to the error if there is one.
    pub(super) directives: Vec<Directive>,
    /// Why the rest of the text could not be read.
    pub(super) error: Option<SyntaxError>,
}

/// One directive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// Line of its name, from 1.
    pub(super) line: usize,
    /// Its first word.
    pub(super) name: String,
    /// Its other words.
    pub(super) arguments: Vec<String>,
    /// What stands in braces behind them.
    pub(super) block: Option<Vec<Self>>,
}

/// A fault that leaves the rest of the text without a meaning.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Where it is, from 1.
    pub(super) line: usize,
    /// The directive it happens in, or the character that should not be there.
    pub(super) directive: String,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) fix: String,
}

/// Reads all directives.
pub(super) fn parse(text: &str) -> Tree {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        words: Vec::new(),
        open: Vec::new(),
        level: Vec::new(),
    };
    let error = parser.run().err();
    // Inside a block nothing is complete: the outermost open block's outer level is the top one.
    let directives = match parser.open.into_iter().next() {
        Some((_, top)) => top,
        None => parser.level,
    };
    Tree { directives, error }
}

/// A word of the directive being read.
struct Word {
    line: usize,
    text: String,
    quoted: bool,
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    words: Vec<Word>,
    /// The blocks that are open, outermost first: the directive, and what its own level holds so far.
    open: Vec<(Directive, Vec<Directive>)>,
    /// What the innermost level holds so far.
    level: Vec<Directive>,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), SyntaxError> {
        loop {
            let Some(Token { line, kind }) = self.lexer.next().map_err(|error| self.lexical(&error))? else {
                return self.end();
            };
            match kind {
                TokenKind::Word { text, quoted } => self.word(Word { line, text, quoted })?,
                TokenKind::End => {
                    let directive = self.directive(line, ";")?;
                    self.level.push(directive);
                }
                TokenKind::Open => self.open_block(line)?,
                TokenKind::Close => self.close_block(line)?,
            }
        }
    }

    fn word(&mut self, word: Word) -> Result<(), SyntaxError> {
        if let (Some(name), Some(last)) = (self.words.first(), self.words.last())
            && last.line < word.line
            && !word.quoted
            && directive::is_known(&word.text)
            && !(name.text == "rewrite" && word.text == "break")
        {
            return Err(missing_end(name, last));
        }
        self.words.push(word);
        Ok(())
    }

    /// Makes a directive of the words so far.
    fn directive(&mut self, line: usize, end: &str) -> Result<Directive, SyntaxError> {
        let mut words = std::mem::take(&mut self.words).into_iter();
        let Some(name) = words.next() else {
            return Err(unexpected(line, end));
        };
        let arguments = words.map(|word| word.text).collect();
        Ok(Directive {
            line: name.line,
            name: name.text,
            arguments,
            block: None,
        })
    }

    fn open_block(&mut self, line: usize) -> Result<(), SyntaxError> {
        let directive = self.directive(line, "{")?;
        if self.open.len() == MAX_DEPTH {
            return Err(SyntaxError {
                line,
                directive: directive.name,
                message: format!("more than {MAX_DEPTH} blocks inside each other"),
                fix: "take blocks apart".to_owned(),
            });
        }
        self.open.push((directive, std::mem::take(&mut self.level)));
        Ok(())
    }

    fn close_block(&mut self, line: usize) -> Result<(), SyntaxError> {
        if let (Some(name), Some(last)) = (self.words.first(), self.words.last()) {
            return Err(missing_end(name, last));
        }
        let Some((mut directive, outer)) = self.open.pop() else {
            return Err(unexpected(line, "}"));
        };
        directive.block = Some(std::mem::replace(&mut self.level, outer));
        self.level.push(directive);
        Ok(())
    }

    /// The text is over: nothing may be open.
    fn end(&self) -> Result<(), SyntaxError> {
        if let (Some(name), Some(last)) = (self.words.first(), self.words.last()) {
            return Err(missing_end(name, last));
        }
        let Some((directive, _)) = self.open.last() else {
            return Ok(());
        };
        Err(SyntaxError {
            line: directive.line,
            directive: directive.name.clone(),
            message: format!(
                "the block of `{}` is never closed",
                super::excerpt(&directive.name)
            ),
            fix: "close it with `}`; a regular expression with braces stands in quotes".to_owned(),
        })
    }

    fn lexical(&self, error: &LexError) -> SyntaxError {
        let (line, message, fix) = match error {
            LexError::OpenQuote(line) => (*line, "a quote is never closed".to_owned(), "close it".to_owned()),
            LexError::AfterQuote(line, character) => (
                *line,
                format!("unexpected `{character}` right behind a closing quote"),
                "put a space or `;` between them, or a backslash before a quote inside the text".to_owned(),
            ),
        };
        let directive = self
            .words
            .first()
            .map_or_else(String::new, |name| name.text.clone());
        SyntaxError {
            line,
            directive,
            message,
            fix,
        }
    }
}

fn missing_end(name: &Word, last: &Word) -> SyntaxError {
    SyntaxError {
        line: last.line,
        directive: name.text.clone(),
        message: format!("`{}` does not end in `;`", super::excerpt(&name.text)),
        fix: format!("put `;` at the end of line {}", last.line),
    }
}

fn unexpected(line: usize, what: &str) -> SyntaxError {
    SyntaxError {
        line,
        directive: what.to_owned(),
        message: format!("unexpected `{what}`"),
        fix: format!("remove it, or put the directive that it belongs to in front of it on line {line}"),
    }
}
