//! Comments that suppress today's findings, written into the text of a file.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::{end, line_around};
use super::{Place, Suppression, Suppressions};
use crate::rules::{Finding, RuleId};
use crate::source::{FileId, LineIndex};
use crate::syntax::{self, Ast, NodeId, NodeKind, SyntaxErrorKind};

/// The text of a file with comments in it.
#[derive(Debug)]
pub struct Commented {
    /// The text.
    pub text: Vec<u8>,
    /// The comments that were added, or got another rule.
    pub comments: usize,
    /// For each finding whether a comment suppresses it now.
    pub is_suppressed: Vec<bool>,
}

/// Writes a comment with `reason`, one line, above each place of `findings`, all in the file `file` of this `text`.
///
/// Comments stand between directives, or between the words of one that nginx never ends.
///
/// # Errors
/// [`Refused`] where even so the text would not stay the same to nginx, apart from comments.
pub fn add_comments(file: FileId, text: &[u8], findings: &[&Finding], reason: &str) -> Result<Commented, Refused> {
    let ast = syntax::parse(file, text);
    let lines = LineIndex::new(text);
    let page = Page { ast: &ast, lines: &lines, suppressions: Suppressions::of_file(&ast, &lines), reason };
    let mut wanted: BTreeMap<(u32, Spot), BTreeSet<RuleId>> = BTreeMap::new();
    for finding in findings {
        let spot = page.spot(finding.span.start);
        wanted.entry((spot.offset(), spot)).or_default().insert(finding.rule);
    }
    let inserted: Vec<(u32, Vec<u8>)> = wanted.iter().map(|((_, spot), rules)| page.insertion(*spot, rules)).collect();
    let commented = with_insertions(text, &inserted);
    let after = syntax::parse(file, &commented);
    if !is_same_to_nginx(&ast, &after) {
        let is_harmless = |(at, addition): &(u32, Vec<u8>)| {
            let alone = with_insertions(text, &[(*at, addition.clone())]);
            is_same_to_nginx(&ast, &syntax::parse(file, &alone))
        };
        let at = inserted.iter().find(|insertion| !is_harmless(insertion)).or(inserted.first());
        return Err(Refused { at: at.map_or(0, |(at, _)| *at) });
    }
    let mut suppressions = Suppressions::of_file(&after, &LineIndex::new(&commented));
    let is_suppressed = |finding: &&Finding| {
        let moved: usize =
            inserted.iter().filter(|(at, _)| *at <= finding.span.start).map(|(_, added)| added.len()).sum();
        let start = finding.span.start + moved as u32;
        suppressions.iter_mut().any(|comment| comment.takes_at(start, finding.rule))
    };
    let is_suppressed = findings.iter().map(is_suppressed).collect();
    Ok(Commented { comments: inserted.len(), is_suppressed, text: commented })
}

/// `text` with something inserted at offsets, which ascend.
fn with_insertions(text: &[u8], inserted: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(text.len() + inserted.iter().map(|(_, addition)| addition.len()).sum::<usize>());
    let mut rest = text;
    let mut done = 0;
    for (at, addition) in inserted {
        let (before, behind) = rest.split_at(((*at - done) as usize).min(rest.len()));
        whole.extend_from_slice(before);
        whole.extend_from_slice(addition);
        (rest, done) = (behind, *at);
    }
    whole.extend_from_slice(rest);
    whole
}

/// No comments are written: one would change what nginx reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Where it would stand.
    pub at: u32,
}

/// Where a comment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    /// On a line of its own, above the line that starts here.
    AboveLine(u32),
    /// On a line of its own, which cuts in two the line that holds this place.
    WithinLine(u32),
    /// Among the rules of a comment, the last of which ends here.
    InBrackets(u32),
}

impl Spot {
    fn offset(self) -> u32 {
        let (Spot::AboveLine(at) | Spot::WithinLine(at) | Spot::InBrackets(at)) = self;
        at
    }
}

/// A file that gets comments.
struct Page<'a> {
    ast: &'a Ast<'a>,
    lines: &'a LineIndex,
    suppressions: Vec<Suppression>,
    reason: &'a str,
}

impl Page<'_> {
    /// Where the comment for a finding at `offset` goes: above the directive that `offset` is in.
    fn spot(&self, offset: u32) -> Spot {
        let within = self.ast.last_started(offset).filter(|&node| end(self.ast, node) > offset);
        let anchor = within.map_or(offset, |node| self.ast.name(node).span().start);
        let (line_start, _) = line_around(self.ast, self.lines, anchor);
        let before = self.ast.text().get(line_start as usize..anchor as usize).unwrap_or_default();
        if !before.iter().all(u8::is_ascii_whitespace) && !self.is_between_directives(line_start) {
            return Spot::WithinLine(anchor);
        }
        self.comment_above(line_start).map_or(Spot::AboveLine(line_start), Spot::InBrackets)
    }

    fn is_between_directives(&self, offset: u32) -> bool {
        self.ast
            .last_started(offset)
            .is_none_or(|node| end(self.ast, node) <= offset || self.ast.name(node).span().start == offset)
    }

    /// Where the rules of a comment with the same reason end, if it is among those directly above a line.
    fn comment_above(&self, line_start: u32) -> Option<u32> {
        let mut below = line_start;
        loop {
            let (start, line_end) = line_around(self.ast, self.lines, below.checked_sub(1)?);
            let comment = match self.ast.comments_between(start, line_end + 1) {
                [comment] if comment.own_line => comment,
                _ => return None,
            };
            let mut candidates = self.suppressions.iter();
            let found = candidates.find(|found| found.span.start >= comment.span.start && found.span.end <= line_end);
            if let Some(found) = found
                && found.place == Place::Above
                && found.reason == self.reason
            {
                return found.names.last().map(|name| name.span.end);
            }
            below = start;
        }
    }

    /// Where something is inserted for `spot`, and what.
    fn insertion(&self, spot: Spot, rules: &BTreeSet<RuleId>) -> (u32, Vec<u8>) {
        let names: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
        let names = names.join(",");
        let at = spot.offset();
        if matches!(spot, Spot::InBrackets(_)) {
            return (at, format!(",{names}").into_bytes());
        }
        let (line_start, line_end) = line_around(self.ast, self.lines, at);
        let line = self.ast.text().get(line_start as usize..line_end as usize).unwrap_or_default();
        let indent = &line[..line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()];
        let line_feed = self.line_feed(at);
        let comment = format!("# ngxlint: ignore[{names}] {}", self.reason);
        let parts: &[&[u8]] = match spot {
            Spot::WithinLine(_) => &[line_feed, indent, comment.as_bytes(), line_feed, indent],
            _ => &[indent, comment.as_bytes(), line_feed],
        };
        (at, parts.concat())
    }

    /// How the line that holds `at` ends; of the last line, how the one before it does.
    fn line_feed(&self, at: u32) -> &'static [u8] {
        let (start, end) = line_around(self.ast, self.lines, at);
        let ends_in = |end: u32| {
            let rest = self.ast.text().get(end as usize..).unwrap_or_default();
            [&b"\r\n"[..], b"\n"].into_iter().find(|line_feed| rest.starts_with(line_feed))
        };
        let before = || ends_in(line_around(self.ast, self.lines, start.checked_sub(1)?).1);
        ends_in(end).or_else(before).unwrap_or(b"\n")
    }
}

impl Suppression {
    fn takes_at(&self, start: u32, rule: RuleId) -> bool {
        self.covers.contains(&start) && self.names.iter().any(|name| name.rules.contains(&rule))
    }
}

/// Whether two texts have the same directives, and the same mistakes.
fn is_same_to_nginx(before: &Ast<'_>, after: &Ast<'_>) -> bool {
    let same_words = |node: NodeId| {
        let words = |ast: &Ast<'_>| -> Vec<Vec<u8>> {
            (0..ast.word_count(node)).filter_map(|at| Some(ast.word(node, at)?.raw().to_vec())).collect()
        };
        words(before) == words(after)
    };
    let same_node = |node: NodeId| {
        before.kind(node) == after.kind(node) && before.next(node) == after.next(node) && same_words(node)
    };
    let code = |ast: &Ast<'_>, node: NodeId| {
        let (head, full) = (ast.head_span(node), ast.full_span(node));
        ast.text().get(head.end as usize..full.end as usize).map(<[u8]>::to_vec)
    };
    let kinds = |ast: &Ast<'_>| -> Vec<SyntaxErrorKind> { ast.errors.iter().map(|error| error.kind.clone()).collect() };
    before.len() == after.len()
        && kinds(before) == kinds(after)
        && (0..before.len() as u32).map(NodeId).all(|node| {
            same_node(node) && (before.kind(node) != NodeKind::Code || code(before, node) == code(after, node))
        })
}
