//! Words of nginx configuration text (`ngx_conf_read_token` in nginx's `ngx_conf_file.c`).
//!
//! The parser calls it. It knows quotes, escapes, comments and lines, and no directive.

/// One token and the line where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// From 1.
    pub(super) line: usize,
    /// What it is.
    pub(super) kind: TokenKind,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A word without its quotes, escapes resolved.
    Word {
        /// The text.
        text: String,
        /// True if it was quoted.
        quoted: bool,
    },
    /// `;`
    End,
    /// `{`
    Open,
    /// `}`
    Close,
}

/// Why the text cannot be cut into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LexError {
    /// A quote that is never closed; the line where it opens.
    OpenQuote(usize),
    /// Something other than white space, `;`, `{` or `)` right behind a closing quote.
    AfterQuote(usize, char),
}

/// Cuts a text into tokens.
pub(super) struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    after_quote: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            line: 1,
            after_quote: false,
        }
    }

    /// The next token; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Token>, LexError> {
        if std::mem::take(&mut self.after_quote)
            && let Some(next) = self.rest.chars().next()
            && !is_space(next)
            && !matches!(next, ';' | '{' | ')')
        {
            return Err(LexError::AfterQuote(self.line, next));
        }
        self.skip_space();
        let line = self.line;
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let kind = match first {
            ';' => self.single(TokenKind::End),
            '{' => self.single(TokenKind::Open),
            '}' => self.single(TokenKind::Close),
            '"' | '\'' => self.quoted_word(first)?,
            _ => self.bare_word(),
        };
        Ok(Some(Token { line, kind }))
    }

    /// White space and comments; a `#` starts a comment only where a word could start.
    fn skip_space(&mut self) {
        loop {
            let end = self.rest.find(|c| !is_space(c)).unwrap_or(self.rest.len());
            self.take(end);
            if !self.rest.starts_with('#') {
                return;
            }
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.take(end);
        }
    }

    fn single(&mut self, kind: TokenKind) -> TokenKind {
        self.take(1);
        kind
    }

    fn quoted_word(&mut self, quote: char) -> Result<TokenKind, LexError> {
        let start = self.line;
        self.take(1);
        let end = unescaped(self.rest, |c, _| c == quote).ok_or(LexError::OpenQuote(start))?;
        let text = unescape(self.take(end));
        self.take(1);
        self.after_quote = true;
        Ok(TokenKind::Word { text, quoted: true })
    }

    /// Up to white space, `;` or `{`; the brace of `${name}` belongs to the word.
    fn bare_word(&mut self) -> TokenKind {
        let ends = |c, in_variable: bool| is_space(c) || c == ';' || (c == '{' && !in_variable);
        let end = unescaped(self.rest, ends).unwrap_or(self.rest.len());
        TokenKind::Word {
            text: unescape(self.take(end)),
            quoted: false,
        }
    }

    /// Cuts `length` bytes off the rest and counts their lines.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// The white space that separates words for nginx.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Where the first character stands that ends the word and has no backslash in front. `ends` also gets whether the
/// character stands right behind a `$`, with nothing but `{` between them.
fn unescaped(text: &str, ends: impl Fn(char, bool) -> bool) -> Option<usize> {
    let mut escaped = false;
    let mut in_variable = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        if ends(c, in_variable) {
            return Some(at);
        }
        in_variable = c == '$' || (c == '{' && in_variable);
        escaped = c == '\\';
    }
    None
}

/// Resolves `\"`, `\'`, `\\`, `\t`, `\r` and `\n`; before any other character the backslash stays, which is why regular
/// expressions seldom need two of them.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let resolved = match (c, chars.peek()) {
            ('\\', Some('"' | '\'' | '\\')) => chars.next(),
            ('\\', Some('t')) => chars.next().map(|_| '\t'),
            ('\\', Some('r')) => chars.next().map(|_| '\r'),
            ('\\', Some('n')) => chars.next().map(|_| '\n'),
            _ => None,
        };
        text.push(resolved.unwrap_or(c));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as they are, quoted ones in angle brackets, each new line as a bar.
    fn shown(text: &str) -> Result<String, LexError> {
        let mut lexer = Lexer::new(text);
        let mut line = 1;
        let mut shown = Vec::new();
        while let Some(token) = lexer.next()? {
            shown.extend((line..token.line).map(|_| "|".to_owned()));
            line = token.line;
            shown.push(match token.kind {
                TokenKind::Word { text, quoted: true } => format!("<{text}>"),
                TokenKind::Word { text, quoted: false } => text,
                TokenKind::End => ";".to_owned(),
                TokenKind::Open => "{".to_owned(),
                TokenKind::Close => "}".to_owned(),
            });
        }
        Ok(shown.join(" "))
    }

    #[test]
    fn text_is_cut_as_nginx_cuts_it() {
        for (text, tokens) in [
            ("", ""),
            ("set $a b;", "set $a b ;"),
            ("set $a ${b}c;", "set $a ${b}c ;"),
            ("if ($a = \"b\") {\n  x;\n}", "if ($a = <b> ) { | x ; | }"),
            ("# c ; {\na#b; # d", "| a#b ;"),
            (
                "a '# not; {a} comment\n';\r\nb;",
                "a <# not; {a} comment\n> | ; | b ;",
            ),
            (
                r#"a "x\"y\\z" 'it\'s' "\t\.\$";"#,
                "a <x\"y\\z> <it's> <\t\\.\\$> ;",
            ),
            (r"a b\;c\ d\{e f\'g;", r"a b\;c\ d\{e f'g ;"),
            (r"rewrite ^/(\d{3})$ /x;", r"rewrite ^/(\d { 3})$ /x ;"),
            (r#"rewrite "^/(\d{3})$" /x;"#, r"rewrite <^/(\d{3})$> /x ;"),
            ("a{b}c}", "a { b}c}"),
            ("a $;b ${;", "a $ ; b ${ ;"),
            ("a 'é'ü", ""),
        ] {
            match shown(text) {
                Ok(shown) => assert_eq!(shown, tokens, "{text}"),
                Err(error) => assert_eq!((error, tokens), (LexError::AfterQuote(1, 'ü'), ""), "{text}"),
            }
        }
    }

    #[test]
    fn a_quote_that_stays_open_is_named_by_its_line() {
        assert_eq!(shown("a b;\nc \"d;\ne;"), Err(LexError::OpenQuote(2)));
        assert_eq!(shown("a 'b\n'c;"), Err(LexError::AfterQuote(2, 'c')));
    }
}
