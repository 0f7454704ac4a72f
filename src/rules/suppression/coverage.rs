//! What a comment suppresses: which bytes of its file.
//!
//! A finding belongs to the line on which it starts, as every report shows it.
//!
//! | comment | findings that start |
//! |---|---|
//! | on a line of its own | on the next line that is no comment, and in the rest of a directive that begins there, up to its `;` or `{` |
//! | at the end of a line | on this line, and in the directive that ends there, from its name |
//! | `ignore-file` | anywhere in the file |
//!
//! What a block holds has lines of its own. Code (`content_by_lua_block`) cannot hold comments of nginx, so it belongs to
//! its directive.

use std::ops::Range;

use crate::config::Annotation;
use crate::source::LineIndex;
use crate::syntax::{Ast, NodeId, NodeKind};

/// The bytes on which findings must start to be suppressed by an annotation for a line.
pub(super) fn of_line(ast: &Ast<'_>, lines: &LineIndex, annotation: &Annotation<'_>) -> Range<u32> {
    let span = annotation.span;
    if annotation.comment.own_line {
        // Findings about the comments between are those of `unused-suppression`.
        let Some(target) = next_token(ast, annotation.comment.span.end) else { return span.start..u32::MAX };
        let (line_start, line_end) = line_around(ast, lines, target);
        let begun = ast.last_started(line_end).filter(|&node| ast.name(node).span().start >= line_start);
        span.start..begun.map_or(0, |node| end(ast, node)).max(line_end + 1)
    } else {
        let (line_start, line_end) = line_around(ast, lines, span.start);
        let before = line_start.checked_sub(1).and_then(|before| ast.last_started(before));
        let ended = before.filter(|&node| end(ast, node) > line_start && end(ast, node) <= span.start);
        ended.map_or(line_start, |node| ast.name(node).span().start)..line_end + 1
    }
}

/// The offset behind a directive without the directives in it.
pub(super) fn end(ast: &Ast<'_>, node: NodeId) -> u32 {
    if ast.kind(node) == NodeKind::Code { ast.full_span(node).end } else { ast.head_span(node).end }
}

/// Where nginx finds the next word, brace or semicolon behind a comment.
fn next_token(ast: &Ast<'_>, mut offset: u32) -> Option<u32> {
    loop {
        let rest = ast.text().get(offset as usize..)?;
        offset += rest.iter().position(|byte| !byte.is_ascii_whitespace())? as u32;
        match ast.comments_between(offset, offset + 1) {
            [comment] => offset = comment.span.end,
            _ => return Some(offset),
        }
    }
}

/// Start and end of the line that holds `offset`.
pub(super) fn line_around(ast: &Ast<'_>, lines: &LineIndex, offset: u32) -> (u32, u32) {
    let range = lines.line_range(ast.text(), lines.line_of(offset));
    (range.start as u32, range.end as u32)
}
