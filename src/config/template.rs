//! Files that a template engine still has to fill in: Jinja, Liquid, Go, Mustache (`{{ … }}`,
//! `{% … %}`), ERB and EPP (`<% … %>`).

use crate::source::Span;
use crate::syntax::Ast;

/// What opens and closes a placeholder, and whether nginx refuses it: it reads `<%` as a word, but
/// braces outside of quotes and Lua as blocks.
const MARKERS: &[(&[u8], &[u8], bool)] = &[(b"{{", b"}}", true), (b"{%", b"%}", true), (b"<%", b"%>", false)];

/// How far a placeholder reaches at most, and how far its line is looked at: a file of one line must
/// not be searched once for each brace in it.
const LONGEST: usize = 1024;

/// Marks that are looked at; a template shows itself in the first few.
const MOST: usize = 1000;

/// The first placeholder outside of comments, if the file is a template. Braces prove it only where
/// nginx stumbles over them: in strings and in Lua they are text.
pub(super) fn find_placeholder(ast: &Ast<'_>) -> Option<Span> {
    let found = MARKERS.iter().filter_map(|marker| find_pair(ast, marker));
    found.min_by_key(|span| span.start)
}

fn find_pair(ast: &Ast<'_>, &(open, close, breaks): &(&[u8], &[u8], bool)) -> Option<Span> {
    if breaks && ast.errors.is_empty() {
        return None;
    }
    let text = ast.text();
    memchr::memmem::find_iter(text, open).take(MOST).find_map(|start| {
        let window = &text[start..text.len().min(start + LONGEST)];
        let line_end = start + memchr::memchr(b'\n', window).unwrap_or(window.len());
        let inner = text.get(start + open.len()..line_end)?;
        let end = start + open.len() + memchr::memmem::find(inner, close)? + close.len();
        let span = Span { file: ast.file, start: start as u32, end: end as u32 };
        let window_start = start.saturating_sub(LONGEST);
        let line_start = memchr::memrchr(b'\n', &text[window_start..start])
            .map_or(window_start, |newline| window_start + newline + 1);
        let line = line_start as u32..line_end as u32;
        let is_commented = ast.comments_between(line.start, span.start).last().is_some();
        let is_stumbled_over = || ast.errors.iter().any(|error| line.contains(&error.span.start));
        (!is_commented && (!breaks || is_stumbled_over())).then_some(span)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::syntax::parse;

    const FILES: &[(&str, Option<&str>)] = &[
        ("server_name {{ domain }};", Some("{{ domain }}")),
        ("{% if x %}\nlisten 80;\n{% endif %}", Some("{% if x %}")),
        ("listen {{ .Env.PORT | default \"80\" }};", Some("{{ .Env.PORT | default \"80\" }}")),
        ("server_name <%= @name %>;", Some("<%= @name %>")), // four words to nginx
        ("# {{ domain }}\nlisten 80;}", None),
        ("return 200 '{{ x }}';", None),
        ("content_by_lua_block { local t = {{1}, {2}} }", None),
        ("location / {{ root /x; }", None), // a mistake of another kind
        ("return 200 '{{ x }}';\nroot /x;}", None),
        ("if ($args ~ \"<%\") { return 403; }", None),
    ];

    #[test]
    fn templates() {
        for (text, expected) in FILES {
            let span = find_placeholder(&parse(FileId(0), text.as_bytes()));
            let found = span.map(|span| &text[span.start as usize..span.end as usize]);
            assert_eq!(found, *expected, "{text}");
        }
    }
}
