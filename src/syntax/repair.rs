//! Which brace is to blame when braces do not match: people see it by the indentation, and nginx
//! only notices it at the end of the file.

use crate::source::{FileId, LineIndex, Span};

use super::{Ast, NodeId, NodeKind, SyntaxError, SyntaxErrorKind};

/// Each repair reads the file once more; a file with more faults than this is no configuration.
pub(super) const MAX_REPAIRS: usize = 12;

/// Braces that do not match, as they come to light.
pub(super) enum Imbalance {
    /// These blocks are open at the end of the file; the outermost first.
    Unclosed(Vec<NodeId>),
    /// A `}` at this offset has no block to close.
    Extra(u32),
}

/// One assumed edit.
pub(super) struct Repair {
    edit: Edit,
    kind: SyntaxErrorKind,
    span: (u32, u32),
    went_wrong: Option<(u32, u32)>,
    noticed: (u32, u32),
}

enum Edit {
    /// A closing brace before the token at this offset.
    CloseAt(u32),
    /// The closing brace at this offset is not there.
    Ignore(u32),
}

/// The assumed edits of one file.
#[derive(Default)]
pub(super) struct Repairs(Vec<Repair>);

impl Repairs {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, repair: Repair) {
        self.0.push(repair);
    }

    /// How many closing braces are assumed before the token at `offset`.
    pub(super) fn closes_at(&self, offset: u32) -> usize {
        self.0.iter().filter(|repair| matches!(repair.edit, Edit::CloseAt(at) if at == offset)).count()
    }

    pub(super) fn ignores(&self, offset: u32) -> bool {
        self.0.iter().any(|repair| matches!(repair.edit, Edit::Ignore(at) if at == offset))
    }

    pub(super) fn into_errors(self, file: FileId) -> impl Iterator<Item = SyntaxError> {
        let span = move |(start, end)| Span { file, start, end };
        self.0.into_iter().map(move |repair| SyntaxError {
            kind: repair.kind,
            span: span(repair.span),
            went_wrong: repair.went_wrong.map(span),
            noticed: Some(span(repair.noticed)),
        })
    }
}

impl Repair {
    /// The edit that a person would make, if the indentation tells.
    pub(super) fn find(ast: &Ast<'_>, imbalance: &Imbalance) -> Option<Repair> {
        let layout = Layout::new(ast);
        match imbalance {
            Imbalance::Unclosed(open) => layout.unclosed(open),
            Imbalance::Extra(offset) => Some(layout.extra(*offset)),
        }
    }
}

/// The tree together with how it is indented.
struct Layout<'a, 's> {
    ast: &'a Ast<'s>,
    lines: LineIndex,
    indents: Vec<Indent>,
}

/// The white space that starts a line.
struct Indent {
    /// Where it ends.
    end: u32,
    /// Its width; a tab counts as 8.
    width: usize,
}

impl<'a, 's> Layout<'a, 's> {
    fn new(ast: &'a Ast<'s>) -> Layout<'a, 's> {
        let mut start = 0;
        let indents = ast.text.split_inclusive(|&byte| byte == b'\n').map(|line| {
            let blanks = line.iter().take_while(|&&byte| byte == b' ' || byte == b'\t');
            let (length, width) =
                blanks.fold((0, 0), |(length, width), &byte| (length + 1, width + if byte == b'\t' { 8 } else { 1 }));
            let indent = Indent { end: start + length, width };
            start += line.len() as u32;
            indent
        });
        Layout { ast, lines: LineIndex::new(ast.text), indents: indents.collect() }
    }
}

impl Layout<'_, '_> {
    /// A block whose closing brace is indented less than the block: that brace is an outer block's.
    /// Without one, an open block that holds directives indented no more than itself.
    fn unclosed(&self, open: &[NodeId]) -> Option<Repair> {
        let misfit = self
            .blocks()
            .filter(|node| open.binary_search(node).is_err())
            .filter(|&node| self.closing_column(node).is_some_and(|close| close < self.column(self.start_of(node))))
            .min_by_key(|&node| self.ast.node(node).close);
        let length = self.ast.text.len() as u32;
        let (node, latest) = match misfit {
            Some(node) => (node, self.ast.node(node).close - 1),
            None => {
                let node = open.iter().rev().copied().find(|&node| self.first_outdented(node).is_some())?;
                (node, length)
            }
        };
        let end = self.first_outdented(node).unwrap_or(latest);
        Some(Repair {
            edit: Edit::CloseAt(end),
            kind: SyntaxErrorKind::UnclosedBlock { name: self.ast.name(node).text().into_owned(), others: 0 },
            span: (self.start_of(node), self.ast.node(node).end),
            went_wrong: Some((end, end + 1)).filter(|&(_, end)| end <= length),
            noticed: (length, length),
        })
    }

    /// A closing brace indented deeper than the block that it closes; else the one too many.
    fn extra(&self, offset: u32) -> Repair {
        let misfit = self
            .blocks()
            .filter(|&node| self.closing_column(node).is_some_and(|close| close > self.column(self.start_of(node))))
            .map(|node| self.ast.node(node).close - 1)
            .filter(|&close| close < offset)
            .min();
        let at = misfit.unwrap_or(offset);
        Repair {
            edit: Edit::Ignore(at),
            kind: SyntaxErrorKind::UnexpectedClosingBrace,
            span: (at, at + 1),
            went_wrong: None,
            noticed: (offset, offset + 1),
        }
    }

    fn blocks(&self) -> impl Iterator<Item = NodeId> {
        (0..self.ast.len() as u32).map(NodeId).filter(|&node| self.ast.kind(node) == NodeKind::Block)
    }

    fn start_of(&self, node: NodeId) -> u32 {
        self.ast.name(node).span().start
    }

    /// The first directive of a block that starts its line no deeper than the block itself.
    fn first_outdented(&self, node: NodeId) -> Option<u32> {
        let start = self.start_of(node);
        let own = self.column(start);
        self.ast
            .children(node)
            .map(|child| self.start_of(child))
            .find(|&child| self.starts_line(child) && self.column(child) <= own && self.is_below(child, start))
    }

    /// The column of the closing brace, where it starts a line of its own.
    fn closing_column(&self, node: NodeId) -> Option<usize> {
        let brace = self.ast.node(node).close.checked_sub(1)?;
        let is_brace = self.ast.text.get(brace as usize) == Some(&b'}');
        let own_line = is_brace && self.starts_line(brace) && self.is_below(brace, self.start_of(node));
        own_line.then(|| self.column(brace))
    }

    fn is_below(&self, offset: u32, above: u32) -> bool {
        self.lines.line_of(offset) > self.lines.line_of(above)
    }

    fn indent(&self, offset: u32) -> Option<&Indent> {
        self.indents.get(self.lines.line_of(offset))
    }

    fn starts_line(&self, offset: u32) -> bool {
        self.indent(offset).is_some_and(|indent| offset <= indent.end)
    }

    /// The width of the white space that starts the line of `offset`.
    fn column(&self, offset: u32) -> usize {
        self.indent(offset).map_or(0, |indent| indent.width)
    }
}
