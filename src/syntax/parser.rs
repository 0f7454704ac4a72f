//! Tokens to nodes, without recursion and without stopping at errors.

use crate::source::{FileId, Span};

use super::ast::{Node, RawWord};
use super::repair::{Imbalance, MAX_REPAIRS, Repair, Repairs};
use super::{Ast, Comment, NodeId, NodeKind, SyntaxError, SyntaxErrorKind, lexer, lua};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Errors beyond this number in one file are follow-ups of the first ones; nginx stops at the first.
const MAX_ERRORS: usize = 100;

/// Parses one file. Braces that do not match are blamed by their indentation: what a person would
/// change is assumed to be changed, noted as an error, and the file is read on that assumption.
#[must_use]
pub fn parse(file: FileId, text: &[u8]) -> Ast<'_> {
    let mut repairs = Repairs::default();
    loop {
        let outcome = Parser::new(file, text, &repairs).run();
        let next = match (&outcome.imbalance, repairs.len() < MAX_REPAIRS) {
            (Some(imbalance), true) => Repair::find(&outcome.ast, imbalance),
            _ => None,
        };
        match next {
            Some(repair) => repairs.add(repair),
            None => return outcome.finish(repairs),
        }
    }
}

struct Outcome<'s> {
    ast: Ast<'s>,
    imbalance: Option<Imbalance>,
}

impl<'s> Outcome<'s> {
    /// The tree with an error for each repair, or for the imbalance that no repair explains.
    fn finish(mut self, repairs: Repairs) -> Ast<'s> {
        let end = self.ast.text.len() as u32;
        let noticed_at_end = self.ast.span(end, end);
        match self.imbalance {
            Some(Imbalance::Unclosed(open)) => {
                if let Some(&innermost) = open.last() {
                    let kind = SyntaxErrorKind::UnclosedBlock {
                        name: shortened(&self.ast.name(innermost).text()),
                        others: open.len() - 1,
                    };
                    let span = self.ast.head_span(innermost);
                    self.ast.errors.push(SyntaxError { kind, span, went_wrong: None, noticed: Some(noticed_at_end) });
                }
            }
            Some(Imbalance::Extra(offset)) => {
                let span = self.ast.span(offset, offset + 1);
                let kind = SyntaxErrorKind::UnexpectedClosingBrace;
                self.ast.errors.push(SyntaxError { kind, span, went_wrong: None, noticed: None });
            }
            None => {}
        }
        self.ast.errors.extend(repairs.into_errors(self.ast.file));
        self.ast.errors.sort_by_key(|error| error.span);
        self.ast.errors.truncate(MAX_ERRORS);
        // Thousands of small files are kept.
        self.ast.nodes.shrink_to_fit();
        self.ast.words.shrink_to_fit();
        self.ast
    }
}

struct Parser<'s, 'r> {
    ast: Ast<'s>,
    rest: &'s [u8],
    repairs: &'r Repairs,
    open: Vec<NodeId>,
    /// Opening braces without a directive: their closing ones are skipped.
    phantoms: u32,
    first_word: usize,
    imbalance: Option<Imbalance>,
}

impl<'s, 'r> Parser<'s, 'r> {
    fn new(file: FileId, text: &'s [u8], repairs: &'r Repairs) -> Self {
        let ast = Ast { file, text, nodes: Vec::new(), words: Vec::new(), comments: Vec::new(), errors: Vec::new() };
        Parser { ast, rest: text, repairs, open: Vec::new(), phantoms: 0, first_word: 0, imbalance: None }
    }

    fn run(mut self) -> Outcome<'s> {
        if let Some(rest) = self.rest.strip_prefix(BYTE_ORDER_MARK) {
            self.error(SyntaxErrorKind::ByteOrderMark, self.ast.span(0, BYTE_ORDER_MARK.len() as u32));
            self.rest = rest;
        }
        loop {
            self.skip(lexer::blank);
            let start = self.offset();
            if !self.repairs.is_empty() && !self.has_words() {
                (0..self.repairs.closes_at(start)).for_each(|_| self.close_block(start));
            }
            let Some(&byte) = self.rest.first() else { break };
            match byte {
                b'#' => self.comment(start),
                b';' => self.semicolon(start),
                b'{' => self.opening_brace(start),
                b'}' => self.closing_brace(start),
                b'"' | b'\'' => self.quoted_word(byte, start),
                _ => self.bare_word(start),
            }
        }
        self.end_of_file()
    }

    fn offset(&self) -> u32 {
        (self.ast.text.len() - self.rest.len()) as u32
    }

    fn has_words(&self) -> bool {
        self.ast.words.len() > self.first_word
    }

    /// Takes what `token` matches, which may be nothing.
    fn skip(&mut self, token: impl Fn(&'s [u8]) -> nom::IResult<&'s [u8], &'s [u8]>) -> &'s [u8] {
        match token(self.rest) {
            Ok((rest, found)) => {
                self.rest = rest;
                found
            }
            Err(_) => &[],
        }
    }

    fn advance(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    fn error(&mut self, kind: SyntaxErrorKind, span: Span) {
        self.ast.errors.push(SyntaxError { kind, span, went_wrong: None, noticed: None });
    }

    fn comment(&mut self, start: u32) {
        let length = self.skip(lexer::comment).len();
        let text = self.ast.text;
        let before = &text[..start as usize];
        let own_line = before.iter().rev().take_while(|&&byte| byte != b'\n').all(|&byte| lexer::is_blank(byte));
        let visible = length - usize::from(text.get(start as usize + length - 1) == Some(&b'\r'));
        let span = self.ast.span(start, start + visible as u32);
        self.ast.comments.push(Comment { span, own_line });
        if length >= lexer::MAX_TOKEN {
            self.error(SyntaxErrorKind::TooLong { what: "comment" }, self.ast.span(start, start + 1));
        }
    }

    fn semicolon(&mut self, start: u32) {
        self.advance(1);
        if self.has_words() {
            self.finish(start + 1, NodeKind::Simple);
        } else {
            self.error(SyntaxErrorKind::UnexpectedSemicolon, self.ast.span(start, start + 1));
        }
    }

    fn opening_brace(&mut self, start: u32) {
        self.advance(1);
        if !self.has_words() {
            if self.phantoms == 0 {
                self.error(SyntaxErrorKind::UnexpectedOpeningBrace, self.ast.span(start, start + 1));
            }
            self.phantoms += 1;
            return;
        }
        let name = self.ast.words[self.first_word];
        let mut text = &self.ast.text[name.start as usize..name.end as usize];
        if name.quote != 0 {
            text = text.get(1..text.len() - 1).unwrap_or_default();
        }
        if lua::is_lua_block(text) {
            return self.lua_code(start, name);
        }
        let node = self.finish(start + 1, NodeKind::Block);
        self.open.push(node);
    }

    fn lua_code(&mut self, start: u32, name: RawWord) {
        let length = lua::code_length(self.rest);
        let close = start + 1 + length.map_or(self.rest.len(), |length| length + 1) as u32;
        if length.is_none() {
            let span = self.ast.span(name.start, start + 1);
            let name = String::from_utf8_lossy(&self.ast.text[name.start as usize..name.end as usize]).into_owned();
            self.error(SyntaxErrorKind::UnclosedCode { name }, span);
        }
        let node = self.finish(start + 1, NodeKind::Code);
        self.ast.nodes[node.0 as usize].close = close;
        self.advance((close - start - 1) as usize);
    }

    fn closing_brace(&mut self, start: u32) {
        self.advance(1);
        if self.has_words() {
            self.missing_semicolon(start);
        }
        if self.repairs.ignores(start) {
            return;
        }
        if self.phantoms > 0 {
            self.phantoms -= 1;
        } else if self.open.is_empty() {
            // The first one is judged; once it is explained, the next comes to light.
            self.imbalance.get_or_insert(Imbalance::Extra(start));
        } else {
            self.close_block(start + 1);
        }
    }

    fn close_block(&mut self, close: u32) {
        if let Some(node) = self.open.pop() {
            let next = self.ast.nodes.len() as u32;
            let node = &mut self.ast.nodes[node.0 as usize];
            (node.close, node.next) = (close, next);
        }
    }

    fn bare_word(&mut self, start: u32) {
        let length = self.skip(lexer::bare_word).len().max(1);
        self.push_word(start, start + length as u32, 0, true);
        if self.overflows(length) {
            self.error(SyntaxErrorKind::TooLong { what: "parameter" }, self.ast.span(start, start + 1));
        }
    }

    fn quoted_word(&mut self, quote: u8, start: u32) {
        let raw = self.skip(|input| lexer::quoted_word(quote, input));
        let end = start + raw.len() as u32;
        let touching = self.rest.first().filter(|&&next| !lexer::is_blank(next) && !matches!(next, b';' | b'{' | b')'));
        let unterminated = raw.is_empty() || touching.is_some() && first_line_looks_complete(raw);
        if unterminated {
            let line_end = memchr::memchr(b'\n', &self.ast.text[start as usize..])
                .map_or(self.ast.text.len(), |length| start as usize + length);
            let line = &self.ast.text[start as usize..line_end];
            let length = content_before_semicolon(line).max(1);
            self.rest = &self.ast.text[start as usize + length..];
            // Where the next quote ended the string, or the end of the file.
            let noticed = if raw.is_empty() { self.ast.text.len() as u32 } else { end };
            self.ast.errors.push(SyntaxError {
                kind: SyntaxErrorKind::UnterminatedQuote { quote: char::from(quote) },
                span: self.ast.span(start, start + length as u32),
                went_wrong: None,
                noticed: Some(self.ast.span(noticed, (noticed + 1).min(self.ast.text.len() as u32))),
            });
            return self.push_word(start, start + length as u32, quote, false);
        }
        self.push_word(start, end, quote, true);
        // The opening quote is not in nginx's buffer, the byte behind the closing one has to be.
        if raw.len() > lexer::MAX_TOKEN || self.overflows(raw.len() - 1) {
            self.error(SyntaxErrorKind::TooLong { what: "parameter" }, self.ast.span(start, start + 1));
        }
        if touching.is_some() {
            let found =
                String::from_utf8_lossy(&self.rest[..self.rest.len().min(4)]).chars().next().unwrap_or('\u{fffd}');
            self.error(SyntaxErrorKind::UnexpectedAfterQuote { found }, self.ast.span(end, end + 1));
        }
    }

    /// Whether so many bytes before the current place are more than nginx's buffer takes. A blank
    /// behind them has to fit, too, with room for another byte.
    fn overflows(&self, length: usize) -> bool {
        let is_blank = self.rest.first().is_some_and(|&next| lexer::is_blank(next));
        length + usize::from(is_blank) >= lexer::MAX_TOKEN
    }

    fn push_word(&mut self, start: u32, end: u32, quote: u8, closed: bool) {
        self.ast.words.push(RawWord { start, end, quote, closed });
    }

    /// The words since the last directive become one.
    fn finish(&mut self, end: u32, kind: NodeKind) -> NodeId {
        let id = NodeId(self.ast.nodes.len() as u32);
        self.ast.nodes.push(Node {
            first_word: self.first_word as u32,
            word_count: (self.ast.words.len() - self.first_word) as u32,
            next: id.0 + 1,
            end,
            close: end,
            kind,
        });
        self.first_word = self.ast.words.len();
        id
    }

    fn missing_semicolon(&mut self, noticed: u32) {
        let Some(&last) = self.ast.words.last() else { return };
        let word = &self.ast.text[last.start as usize..last.end as usize];
        // After an unterminated quote everything up to here is its follow-up.
        if last.closed {
            let last_word = shortened(&String::from_utf8_lossy(word));
            self.ast.errors.push(SyntaxError {
                kind: SyntaxErrorKind::MissingSemicolon { last_word },
                span: self.ast.span(last.start, last.end),
                went_wrong: None,
                noticed: Some(self.ast.span(noticed, (noticed + 1).min(self.ast.text.len() as u32))),
            });
        }
        self.finish(last.end, NodeKind::Simple);
    }

    fn end_of_file(mut self) -> Outcome<'s> {
        let end = self.ast.text.len() as u32;
        if self.has_words() {
            self.missing_semicolon(end);
        }
        if self.imbalance.is_none() && !self.open.is_empty() {
            self.imbalance = Some(Imbalance::Unclosed(self.open.clone()));
        }
        while !self.open.is_empty() {
            self.close_block(end);
        }
        Outcome { ast: self.ast, imbalance: self.imbalance }
    }
}

/// A word as messages quote it.
fn shortened(word: &str) -> String {
    const LONGEST: usize = 60;
    match word.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

/// Whether a string over several lines ends its first one with `;`: then the closing quote is
/// missing there, and the one that was found opens the next string.
fn first_line_looks_complete(raw: &[u8]) -> bool {
    memchr::memchr(b'\n', raw).is_some_and(|end| raw[..end].trim_ascii_end().ends_with(b";"))
}

/// The length of an unterminated string's first line without a `;` at its end.
fn content_before_semicolon(line: &[u8]) -> usize {
    let line = line.trim_ascii_end();
    line.strip_suffix(b";").unwrap_or(line).len()
}
