//! The syntax tree of one file: flat vectors over the borrowed text.

use std::borrow::Cow;

use crate::source::{FileId, Span};

use super::SyntaxError;

/// A directive of one [`Ast`], numbered in the order of the file; a block comes before its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What a directive ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A `;`.
    Simple,
    /// A `{ … }` of further directives or entries.
    Block,
    /// A `{ … }` of another language (`content_by_lua_block`).
    Code,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) first_word: u32,
    pub(super) word_count: u32,
    /// The node behind this one and all that it holds.
    pub(super) next: u32,
    /// The offset behind the `;` or the `{`.
    pub(super) end: u32,
    /// The offset behind the closing brace; of a simple directive, `end` again.
    pub(super) close: u32,
    pub(super) kind: NodeKind,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct RawWord {
    pub(super) start: u32,
    pub(super) end: u32,
    /// The quote that opens the word, or 0.
    pub(super) quote: u8,
    /// Whether the closing quote is there.
    pub(super) closed: bool,
}

/// A comment, from its `#` to the end of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands, the `#` included.
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub own_line: bool,
}

/// One file as nginx's tokenizer sees it, with everything it skips kept beside it.
#[derive(Debug)]
pub struct Ast<'s> {
    /// The file that was parsed.
    pub file: FileId,
    pub(super) text: &'s [u8],
    pub(super) nodes: Vec<Node>,
    pub(super) words: Vec<RawWord>,
    /// All comments, in the order of the file.
    pub comments: Vec<Comment>,
    /// What nginx would refuse, in the order of the file.
    pub errors: Vec<SyntaxError>,
}

/// One word of a directive: its name or a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Word<'s> {
    raw: &'s [u8],
    span: Span,
    quote: u8,
    closed: bool,
}

impl<'s> Word<'s> {
    /// Where the word stands, its quotes included.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The text as written, its quotes included.
    #[must_use]
    pub fn raw(&self) -> &'s [u8] {
        self.raw
    }

    /// Whether the word is written in quotes.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.quote != 0
    }

    /// The value that nginx sees: without the quotes, and with `\"`, `\'`, `\\`, `\t`, `\r` and
    /// `\n` replaced. Any other backslash stays.
    #[must_use]
    pub fn value(&self) -> Cow<'s, [u8]> {
        let content = self.content();
        if memchr::memchr(b'\\', content).is_none() { Cow::Borrowed(content) } else { Cow::Owned(unescape(content)) }
    }

    /// The value as text; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'s, str> {
        match self.value() {
            // What is UTF-8 as a whole is seen sooner than what has gaps.
            Cow::Borrowed(value) => {
                std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed)
            }
            Cow::Owned(value) => Cow::Owned(String::from_utf8_lossy(&value).into_owned()),
        }
    }

    /// Whether the value is exactly `value`.
    #[must_use]
    pub fn is(&self, value: &str) -> bool {
        *self.value() == *value.as_bytes()
    }

    fn content(&self) -> &'s [u8] {
        if self.quote == 0 {
            return self.raw;
        }
        let inner = self.raw.get(1..).unwrap_or_default();
        if self.closed { inner.strip_suffix(&[self.quote]).unwrap_or(inner) } else { inner }
    }
}

fn unescape(content: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some((&byte, tail)) = rest.split_first() {
        let replaced = match (byte, tail.first()) {
            (b'\\', Some(&next @ (b'"' | b'\'' | b'\\'))) => Some(next),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b'n')) => Some(b'\n'),
            _ => None,
        };
        value.push(replaced.unwrap_or(byte));
        rest = if replaced.is_some() { &tail[1..] } else { tail };
    }
    value
}

impl<'s> Ast<'s> {
    /// The number of directives in the file, at all depths.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the file holds no directive.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> &'s [u8] {
        self.text
    }

    /// The directives that stand in no block, in order.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> {
        self.siblings(0, self.nodes.len() as u32)
    }

    /// The directives directly inside a block, in order.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.siblings(node.0 + 1, self.node(node).next)
    }

    fn siblings(&self, first: u32, end: u32) -> impl Iterator<Item = NodeId> {
        let inside = move |at: u32| (at < end).then_some(at);
        std::iter::successors(inside(first), move |&at| inside(self.nodes[at as usize].next)).map(NodeId)
    }

    /// Whether a directive ends with `;`, a block, or a block of code.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> NodeKind {
        self.node(node).kind
    }

    /// The node behind `node` and all that it holds.
    #[must_use]
    pub fn next(&self, node: NodeId) -> NodeId {
        NodeId(self.node(node).next)
    }

    /// The number of words of a directive, its name included; at least 1.
    #[must_use]
    pub fn word_count(&self, node: NodeId) -> usize {
        self.node(node).word_count as usize
    }

    /// A word of a directive; 0 is its name.
    #[must_use]
    pub fn word(&self, node: NodeId, index: usize) -> Option<Word<'s>> {
        let node = self.node(node);
        if index >= node.word_count as usize {
            return None;
        }
        let raw = self.words.get(node.first_word as usize + index)?;
        Some(Word {
            raw: &self.text[raw.start as usize..raw.end as usize],
            span: self.span(raw.start, raw.end),
            quote: raw.quote,
            closed: raw.closed,
        })
    }

    /// The name of a directive.
    #[must_use]
    pub fn name(&self, node: NodeId) -> Word<'s> {
        self.word(node, 0).expect("the parser makes no node without a word")
    }

    /// From the name to the `;`, or to the `{` of a block.
    #[must_use]
    pub fn head_span(&self, node: NodeId) -> Span {
        self.span(self.name(node).span().start, self.node(node).end)
    }

    /// From the name to the `;`, or to the `}` of a block.
    #[must_use]
    pub fn full_span(&self, node: NodeId) -> Span {
        self.span(self.name(node).span().start, self.node(node).close)
    }

    /// The last directive that starts at or before an offset; the offset may be behind its end.
    #[must_use]
    pub fn last_started(&self, offset: u32) -> Option<NodeId> {
        let start = |node: &Node| self.words.get(node.first_word as usize).map_or(u32::MAX, |word| word.start);
        let count = self.nodes.partition_point(|node| start(node) <= offset);
        count.checked_sub(1).map(|last| NodeId(last as u32))
    }

    /// The comments between two offsets, in order.
    #[must_use]
    pub fn comments_between(&self, start: u32, end: u32) -> &[Comment] {
        let first = self.comments.partition_point(|comment| comment.span.start < start);
        let last = self.comments.partition_point(|comment| comment.span.start < end);
        self.comments.get(first..last).unwrap_or_default()
    }

    /// The comments that belong to a directive: those on lines of their own directly above it, with
    /// no other directive between, and the one that ends its line.
    #[must_use]
    pub fn comments_of(&self, node: NodeId) -> Vec<Comment> {
        let head = self.head_span(node);
        let line_end = memchr::memchr(b'\n', &self.text[head.end as usize..])
            .map_or(self.text.len() as u32, |length| head.end + length as u32);
        let above_start = match node.0.checked_sub(1) {
            None => 0,
            // Either the block this one opens, or what ends before it.
            Some(before) => {
                let before = &self.nodes[before as usize];
                if before.close <= head.start { before.close } else { before.end }
            }
        };
        let above = self.comments_between(above_start, head.start).iter().filter(|comment| comment.own_line);
        above.chain(self.comments_between(head.end, line_end)).copied().collect()
    }

    pub(super) fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.0 as usize]
    }

    pub(super) fn span(&self, start: u32, end: u32) -> Span {
        Span { file: self.file, start, end }
    }
}
