//! Edits as a person would make them: lines are indented as their neighbours are and end as the file's lines do, and
//! comments stay.

use super::Edit;
use crate::config::Directive;
use crate::source::Span;
use crate::syntax::Word;

/// One level of indentation where a file does not show its own.
const INDENT: &[u8] = b"    ";

/// Puts `lines` behind a directive: on lines of their own, or on its line where more of the block follows there.
#[must_use]
pub(super) fn lines_behind(directive: Directive<'_>, lines: &[String]) -> Option<Edit> {
    let whole = directive.whole_span()?;
    let text = directive.file_text();
    match end_of_line(text, whole.end as usize) {
        Some(end) => Some(insert(whole, end, added_lines(text, end, &indent_of(directive, whole), lines))),
        None => Some(insert(whole, whole.end as usize, format!(" {}", lines.join(" ")))),
    }
}

/// Puts a block behind a directive, on lines of its own below an empty one, with `inside` indented as the file has it.
#[must_use]
pub(super) fn block_behind(directive: Directive<'_>, head: &str, inside: &[String]) -> Option<Edit> {
    let unit = unit_at(directive);
    let unit = String::from_utf8_lossy(&unit);
    let inside = inside.iter().map(|line| format!("{unit}{line}"));
    let lines = [String::new(), format!("{head} {{")].into_iter().chain(inside).chain(["}".to_owned()]);
    lines_behind(directive, &lines.collect::<Vec<_>>())
}

/// Puts `lines` at the start of a block.
#[must_use]
pub(super) fn lines_first_in(block: Directive<'_>, lines: &[String]) -> Option<Edit> {
    let whole = block.whole_span().filter(|_| block.is_block())?;
    let text = block.file_text();
    let opened = block.span().end as usize;
    Some(match end_of_line(text, opened) {
        Some(end) => insert(whole, end, added_lines(text, end, &indent_in(block), lines)),
        None => insert(whole, opened, format!(" {}", lines.join(" "))),
    })
}

/// Takes a directive away, with its line if nothing else stands there. `None` where a comment would go with it.
#[must_use]
pub(super) fn without(directive: Directive<'_>) -> Option<Edit> {
    let whole = directive.whole_span().filter(|_| !directive.holds_comments())?;
    Some(without_text(directive.file_text(), whole))
}

/// Takes directives away, those that stand side by side on a line together.
#[must_use]
pub(super) fn without_all(mut directives: Vec<Directive<'_>>) -> Vec<Option<Edit>> {
    directives.sort_by_key(Directive::span);
    let mut wholes: Vec<(Directive<'_>, Span)> = Vec::new();
    for directive in directives {
        let Some(whole) = directive.whole_span().filter(|_| !directive.holds_comments()) else { return vec![None] };
        let is_beside = |last: &Span| {
            let between = directive.file_text().get(last.end as usize..whole.start as usize);
            let is_blank = |text: &[u8]| text.iter().all(|&byte| byte != b'\n' && byte.is_ascii_whitespace());
            last.file == whole.file && between.is_some_and(is_blank)
        };
        match wholes.last_mut().filter(|(_, last)| is_beside(last)) {
            Some((_, last)) => last.end = whole.end,
            None => wholes.push((directive, whole)),
        }
    }
    wholes.into_iter().map(|(directive, whole)| Some(without_text(directive.file_text(), whole))).collect()
}

/// Takes what stands at `whole` away, with its line if nothing else stands there.
#[must_use]
pub(super) fn without_text(text: &[u8], whole: Span) -> Edit {
    let (start, end) = (whole.start as usize, whole.end as usize);
    let rest = text[end..].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let (start, end) = match indent_before(text, start) {
        Some(indent) if rest.trim_ascii().is_empty() => {
            let has_line_end = end + rest.len() < text.len();
            let (start, end) = (start - indent.len(), end + rest.len() + usize::from(has_line_end));
            // Of two empty lines that would meet, one goes, too.
            let is_behind_empty = text[..start].strip_suffix(b"\n").is_some_and(|before| is_empty(last_line(before)));
            let next = text[end..].iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            (start, if is_behind_empty && is_empty(&text[end..end + next]) { end + next } else { end })
        }
        Some(_) => (start, end + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()),
        None => {
            let before = text[..start].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
            (start - before, end)
        }
    };
    Edit { span: Span { start: start as u32, end: end as u32, ..whole }, text: String::new() }
}

fn is_empty(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

fn last_line(text: &[u8]) -> &[u8] {
    text.iter().rposition(|&byte| byte == b'\n').map_or(text, |end| &text[end + 1..])
}

/// Puts a word behind another one.
#[must_use]
pub(super) fn word_behind(word: Word<'_>, added: &str) -> Edit {
    let span = word.span();
    insert(span, span.end as usize, format!(" {added}"))
}

/// Takes a word away, with the space before it; the end of a line stays where it may end a comment.
#[must_use]
pub(super) fn without_word(directive: Directive<'_>, word: Word<'_>) -> Edit {
    let span = word.span();
    let text = directive.file_text();
    let may_end_comment = |byte: u8| byte == b'\n' && directive.holds_comments();
    let is_space = |byte: &&u8| byte.is_ascii_whitespace() && !may_end_comment(**byte);
    let before = text[..span.start as usize].iter().rev().take_while(is_space).count();
    Edit { span: Span { start: span.start - before as u32, ..span }, text: String::new() }
}

/// Writes something else in the place of a word.
#[must_use]
pub(super) fn word_replaced(word: Word<'_>, text: impl Into<String>) -> Edit {
    Edit { span: word.span(), text: text.into() }
}

/// Puts the `}` of a block that begins at `block` on a line of its own, above the line that `next` begins and the empty
/// ones before it.
#[must_use]
pub(super) fn brace_before(text: &[u8], block: Span, next: Span) -> Option<Edit> {
    let own = indent_before(text, block.start as usize)?;
    indent_before(text, next.start as usize)?;
    let above = text[..next.start as usize].trim_ascii_end().len();
    Some(insert(next, above, format!("{}{}}}", line_end(text, above), String::from_utf8_lossy(own))))
}

fn insert(span: Span, offset: usize, text: String) -> Edit {
    Edit { span: Span { start: offset as u32, end: offset as u32, ..span }, text }
}

/// New lines behind `offset`, the end of a line, which stays as it is; an empty one is not indented.
fn added_lines(text: &[u8], offset: usize, indent: &[u8], lines: &[String]) -> String {
    let (end, indent) = (line_end(text, offset), String::from_utf8_lossy(indent));
    let indented = |line: &str| if line.is_empty() { String::new() } else { format!("{indent}{line}") };
    lines.iter().map(|line| format!("{end}{}", indented(line))).collect()
}

/// The end of the line, without its line end, if nothing but space and a comment stands behind `offset`.
fn end_of_line(text: &[u8], offset: usize) -> Option<usize> {
    let rest = text[offset..].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let trimmed = rest.trim_ascii();
    let is_free = trimmed.is_empty() || trimmed.starts_with(b"#");
    is_free.then(|| offset + rest.strip_suffix(b"\r").unwrap_or(rest).len())
}

/// What stands before `offset` on its line, if it is space.
fn indent_before(text: &[u8], offset: usize) -> Option<&[u8]> {
    let line = last_line(&text[..offset]);
    line.iter().all(u8::is_ascii_whitespace).then_some(line)
}

/// The space at the start of the line that holds `offset`.
fn leading_space(text: &[u8], offset: usize) -> &[u8] {
    let line = last_line(&text[..offset]);
    let length = line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    &line[..length]
}

/// The indentation of lines beside a directive: its own, or where it does not begin its line, that of what does, unless
/// its block is opened there.
fn indent_of(directive: Directive<'_>, whole: Span) -> Vec<u8> {
    let (text, start) = (directive.file_text(), whole.start as usize);
    let is_on_line = |block: &Directive<'_>| {
        let opened = block.span().end as usize;
        block.span().file == whole.file && text.get(opened..start).is_some_and(|between| !between.contains(&b'\n'))
    };
    match (indent_before(text, start), directive.parent().filter(is_on_line)) {
        (Some(indent), _) => indent.to_vec(),
        (None, Some(block)) => indent_in(block),
        (None, None) => leading_space(text, start).to_vec(),
    }
}

/// The indentation of what stands in a block: that of its first line, or one level more than the block's own.
fn indent_in(block: Directive<'_>) -> Vec<u8> {
    let (text, span) = (block.file_text(), block.span());
    let mut own = block.children().filter(|child| child.span().file == span.file);
    let shown = own.find_map(|child| indent_before(text, child.span().start as usize));
    shown.map_or_else(|| [leading_space(text, span.start as usize), unit(text)].concat(), <[u8]>::to_vec)
}

/// One level of indentation as a block itself shows it, or else its file.
fn unit_at(block: Directive<'_>) -> Vec<u8> {
    let text = block.file_text();
    let own = indent_before(text, block.span().start as usize);
    let inner = indent_in(block);
    let unit_of_block = own.and_then(|own| inner.strip_prefix(own)).filter(|unit| !unit.is_empty());
    unit_of_block.unwrap_or(unit(text)).to_vec()
}

/// One level of indentation, as the first indented line has it.
fn unit(text: &[u8]) -> &[u8] {
    let mut lines = text.split(|&byte| byte == b'\n');
    let is_indented = |line: &&[u8]| line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    let line = lines.find(|line| is_indented(line) && !line.trim_ascii().is_empty());
    line.map_or(INDENT, |line| {
        let length = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        &line[..length]
    })
}

/// What the line that holds `offset` ends with; the last one, what the first ends with.
fn line_end(text: &[u8], offset: usize) -> &'static str {
    let end = memchr::memchr(b'\n', &text[offset..]).map(|end| offset + end).or_else(|| memchr::memchr(b'\n', text));
    if end.is_some_and(|end| text[..end].ends_with(b"\r")) { "\r\n" } else { "\n" }
}
