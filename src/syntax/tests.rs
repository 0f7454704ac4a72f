//! Tables of what nginx's tokenizer sees.

use super::*;
use crate::source::FileId;

fn parsed(text: &str) -> Ast<'_> {
    parse(FileId(0), text.as_bytes())
}

/// The tree in one line: `name[arg,arg]{…}`.
fn shape(ast: &Ast<'_>) -> String {
    fn list(ast: &Ast<'_>, nodes: impl Iterator<Item = NodeId>) -> String {
        let one = |node| {
            let words: Vec<_> = (0..ast.word_count(node)).filter_map(|i| ast.word(node, i)).collect();
            let words: Vec<_> = words.iter().map(|word| word.text().into_owned()).collect();
            match ast.kind(node) {
                NodeKind::Simple => words.join("|"),
                NodeKind::Block => format!("{}{{{}}}", words.join("|"), list(ast, ast.children(node))),
                NodeKind::Code => format!("{}{{code}}", words.join("|")),
            }
        };
        nodes.map(one).collect::<Vec<_>>().join(" ")
    }
    list(ast, ast.roots())
}

// Each line was accepted by real nginx (1.22.1, 1.31.3) with these words.
const ACCEPTED: &[(&str, &str)] = &[
    ("a;b c ;", "a b|c"),
    ("a\n  b\t'c d'\r\n;", "a|b|c d"),
    ("if ($x = \"a;{\") { b; }", "if|($x|=|a;{|){b}"),
    (r#"a "x\"y" 'it\'s' \n\d;"#, "a|x\"y|it's|\n\\d"),
    ("a ${b}c {} d e}x;", "a|${b}c{} d|e}x"),
    ("a#b; #c;\nd;", "a#b d"),
    ("map $a $b { default 0; '~^/x{2}$' 1; }", "map|$a|$b{default|0 ~^/x{2}$|1}"),
    ("content_by_lua_block { local a = '}' -- }\n } b;", "content_by_lua_block{code} b"),
    ("'content_by_lua_block' { local a = '}' }", "content_by_lua_block{code}"),
    ("\"a\" b;", "a|b"),
    ("", ""),
    ("# only a comment", ""),
];

#[test]
fn words_and_blocks() {
    for (text, expected) in ACCEPTED {
        let ast = parsed(text);
        assert_eq!((shape(&ast).as_str(), &ast.errors[..]), (*expected, &[][..]), "{text:?}");
    }
}

fn errors(text: &str) -> Vec<String> {
    let ast = parsed(text);
    let place = |span: crate::source::Span| {
        let line = text[..span.start as usize].matches('\n').count() + 1;
        format!("{line} `{}`", &text[span.start as usize..span.end as usize])
    };
    ast.errors
        .iter()
        .map(|error| {
            let noticed = error.noticed.map_or(String::new(), |noticed| format!(" -> {}", place(noticed)));
            let went_wrong = error.went_wrong.map_or(String::new(), |place_of| format!(" / {}", place(place_of)));
            format!("{}: {}{went_wrong}{noticed}", place(error.span), error.kind)
        })
        .collect()
}

const REFUSED: &[(&str, &[&str], &str)] = &[
    // Missing semicolons.
    ("a { b c }\nd;", &["1 `c`: missing `;` after `c` -> 1 `}`"], "a{b|c} d"),
    ("a b", &["1 `b`: missing `;` after `b` -> 1 ``"], "a|b"),
    // Braces: the indentation tells.
    (
        "http {\n  server {\n    location / {\n      root x;\n    location /b {\n    }\n  }\n}\n",
        &["3 `location / {`: the block `location` is never closed: a `}` is missing / 5 `l` -> 9 ``"],
        "http{server{location|/{root|x} location|/b{}}}",
    ),
    (
        "http {\n  server {\n    listen 80;\n  server {\n    listen 81;\n  }\n}\n",
        &["2 `server {`: the block `server` is never closed: a `}` is missing / 4 `s` -> 8 ``"],
        "http{server{listen|80} server{listen|81}}",
    ),
    ("a {\n  b;\n", &["1 `a {`: the block `a` is never closed: a `}` is missing -> 3 ``"], "a{b}"),
    (
        "http {\n  server {\n  }\n  }\n  server { }\n}\n",
        &["4 `}`: unexpected `}`: no block is open here -> 6 `}`"],
        "http{server{} server{}}",
    ),
    ("a;\n}\nb;", &["2 `}`: unexpected `}`: no block is open here -> 2 `}`"], "a b"),
    // Quotes.
    (
        "a \"b c;\nd \"e f\";\n",
        &["1 `\"b c`: the string that starts with \" here is not ended -> 2 `e`"],
        "a|b c d|e f",
    ),
    ("a 'b;", &["1 `'b`: the string that starts with ' here is not ended -> 1 ``"], "a|b"),
    ("a \"b\"c;", &["1 `c`: unexpected `c` after a quoted string"], "a|b|c"),
    // What starts nothing.
    ("; a;", &["1 `;`: unexpected `;`: it ends no directive"], "a"),
    ("{ a; }\nb;", &["1 `{`: unexpected `{`: no directive stands before it"], "a b"),
    (
        "a_by_lua_block { x",
        &["1 `a_by_lua_block {`: the Lua of `a_by_lua_block` has no closing `}`"],
        "a_by_lua_block{code}",
    ),
    ("\u{feff}a;", &["1 `\u{feff}`: the file starts with a byte order mark, which nginx reads as text"], "a"),
];

#[test]
fn errors_stand_where_a_person_would_point() {
    for (text, expected, tree) in REFUSED {
        assert_eq!(errors(text), *expected, "{text:?}");
        assert_eq!(shape(&parsed(text)), *tree, "{text:?}");
    }
}

#[test]
fn a_token_fits_nginx_s_buffer_or_is_refused() {
    let too_long = |text: String| !parse(FileId(0), text.as_bytes()).errors.is_empty();
    assert!(!too_long(format!("env {};", "x".repeat(4095))));
    assert!(too_long(format!("env {};", "x".repeat(4096))));
    assert!(!too_long(format!("env \"{}\";", "x".repeat(4094))));
    assert!(too_long(format!("env \"{}\";", "x".repeat(4095))));
    // With a blank behind it nginx wants one byte more.
    assert!(!too_long(format!("env {} ;", "x".repeat(4094))));
    assert!(too_long(format!("env {} ;", "x".repeat(4095))));
    assert!(!too_long(format!("env \"{}\" ;", "x".repeat(4093))));
    assert!(too_long(format!("env \"{}\" ;", "x".repeat(4094))));
    assert!(!too_long(format!("#{}\n", "x".repeat(4094))));
    assert!(too_long(format!("#{}\n", "x".repeat(4095))));
}

#[test]
fn deep_nesting_needs_no_stack() {
    let depth = 200_000;
    let ast_text = "a{".repeat(depth);
    let ast = parsed(&ast_text);
    assert_eq!((ast.len(), ast.errors.len()), (depth, 1));
    let braces = "{".repeat(depth);
    assert_eq!(parsed(&braces).errors.len(), 1);
}

#[test]
fn comments_belong_to_the_directive_below_or_before_them() {
    let text = "# file\n\na { # opens\n  # above b\n  b; # after b\n  # above c\n  c;\n}\n";
    let ast = parsed(text);
    let of = |node: u32| -> Vec<_> {
        ast.comments_of(NodeId(node)).iter().map(|c| &text[c.span.start as usize..c.span.end as usize]).collect()
    };
    assert_eq!(of(0), ["# file", "# opens"]);
    assert_eq!(of(1), ["# above b", "# after b"]);
    assert_eq!(of(2), ["# above c"]);
}
