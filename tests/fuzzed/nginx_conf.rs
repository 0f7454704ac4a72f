//! The parser of configurations.

use ngxlint::source::{FileId, Span};
use ngxlint::syntax::{Ast, NodeId, NodeKind, Word, parse};

/// Everything that holds whatever the text: spans inside it, nodes, words and comments in order, and
/// nothing but white space, `;` and braces between them.
pub(crate) fn check(text: &[u8]) {
    let ast = parse(FileId(7), text);
    let length = text.len() as u32;
    let is_inside = |span: Span| span.file == FileId(7) && span.start <= span.end && span.end <= length;
    let mut pieces: Vec<(u32, u32)> = Vec::new();
    for node in (0..ast.len() as u32).map(NodeId) {
        let (head, full) = (ast.head_span(node), ast.full_span(node));
        assert!(is_inside(head) && is_inside(full) && head.start == full.start && head.end <= full.end);
        assert!(ast.word_count(node) > 0 && ast.next(node) > node && ast.next(node).0 <= ast.len() as u32);
        let own: Vec<Span> = words(&ast, node).map(|word| word.span()).collect();
        assert!(own.iter().all(|word| is_inside(*word) && word.start < word.end && word.end <= head.end));
        assert!(
            words(&ast, node).all(|word| word.raw() == &text[word.span().start as usize..word.span().end as usize])
        );
        pieces.extend(own.iter().map(|word| (word.start, word.end)));
        if ast.kind(node) == NodeKind::Code {
            pieces.push((head.end, full.end));
        }
        let mut previous = head.end;
        for child in ast.children(node) {
            assert!(previous <= ast.head_span(child).start && ast.full_span(child).end <= full.end);
            previous = ast.full_span(child).end;
        }
    }
    assert!(pieces.is_sorted(), "words are in the order of the text");
    assert!(ast.comments.iter().all(|comment| is_inside(comment.span)));
    assert!(ast.comments.is_sorted_by_key(|comment| comment.span));
    pieces.extend(ast.comments.iter().map(|comment| (comment.span.start, comment.span.end)));
    pieces.sort_unstable();
    let is_between = |bytes: &[u8]| bytes.iter().all(|byte| b" \t\r\n;{}".contains(byte));
    let mut end = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    for (start, piece_end) in pieces {
        assert!(end <= start, "pieces overlap at {start}");
        assert!(is_between(&text[end as usize..start as usize]), "lost: {:?}", &text[end as usize..start as usize]);
        end = piece_end;
    }
    assert!(is_between(&text[end as usize..]), "lost at the end: {:?}", &text[end as usize..]);
    for error in &ast.errors {
        for span in [Some(error.span), error.went_wrong, error.noticed].into_iter().flatten() {
            assert!(is_inside(span), "{error:?}");
        }
    }
}

/// The words of a directive.
pub(crate) fn words<'s>(ast: &Ast<'s>, node: NodeId) -> impl Iterator<Item = Word<'s>> {
    (0..ast.word_count(node)).map(move |index| ast.word(node, index).unwrap())
}
