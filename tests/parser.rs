//! What holds for every text that the parser is given, and for every valid one.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

#[path = "fuzzed/nginx_conf.rs"]
mod nginx_conf;

use ngxlint::source::FileId;
use ngxlint::syntax::{Ast, NodeId, NodeKind, parse};
use proptest::collection::vec;
use proptest::prelude::*;

use nginx_conf::words;

/// A directive as it is meant, before it is written down.
#[derive(Debug, Clone)]
struct Meant {
    /// Each word as it is written, quotes included.
    words: Vec<String>,
    body: Body,
    /// What is written before the directive: white space and comments.
    before: String,
    /// What separates its words.
    blank: &'static str,
}

#[derive(Debug, Clone)]
enum Body {
    Simple,
    Block(Vec<Meant>),
    Lua(String),
}

fn bare_word() -> impl Strategy<Value = String> {
    let start = prop_oneof![
        8 => "[a-z/^~=*.(|)+@:0-9\u{e9}-]",
        1 => Just("$x".to_owned()),
        1 => Just("${x}".to_owned()),
        1 => Just("\\;".to_owned()),
        1 => Just("\\ ".to_owned()),
        1 => Just("\\{".to_owned()),
        1 => Just("\\\"".to_owned()),
        1 => Just("\u{b}".to_owned()),
    ];
    let rest = prop_oneof![
        8 => "[a-z/^~=*.(|)+@:0-9]{1,3}",
        1 => Just("#}'\"".to_owned()),
        1 => Just("${y}".to_owned()),
        1 => Just("\\n\\d\\\\".to_owned()),
        1 => Just("\\\n".to_owned()),
        1 => Just("$".to_owned()),
    ];
    // A `{` behind `$` would belong to the word.
    (start, vec(rest, 0..4)).prop_map(|(start, rest)| start + &rest.concat()).prop_map(|mut word| {
        if word.ends_with('$') {
            word.push('z');
        }
        word
    })
}

fn quoted_word() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z {};#$]{1,4}",
        1 => Just("\\\"\\'".to_owned()),
        1 => Just("\\\\".to_owned()),
        1 => Just("\\t".to_owned()),
        1 => Just("${x}".to_owned()),
    ];
    (prop_oneof![Just('"'), Just('\'')], vec(piece, 0..4)).prop_map(|(quote, pieces)| {
        let other = if quote == '"' { '\'' } else { '"' };
        format!("{quote}{}{other}{quote}", pieces.concat())
    })
}

fn lua() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(" ngx.say('}') "),
        Just(" -- don't }\n"),
        Just(" local t = { a = { 1, 2 } } "),
        Just(" s = [==[ } ]] ]==] "),
        Just(" --[[ } \n ]] "),
        Just(" if a ~= b[c] then x = y - 1 end\n"),
        Just(" s = \"\\\"{\" "),
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn before() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(" "),
        Just("\n"),
        Just("\r\n"),
        Just("\t"),
        Just("# it's { \" ; \n"),
        Just("#\r\n"),
        Just("  ")
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn directives() -> impl Strategy<Value = Vec<Meant>> {
    let blank = || prop_oneof![Just(" "), Just("\n    "), Just("\t"), Just("\r\n"), Just(" # within\n ")];
    let words = || ("[a-z_]{1,8}", vec(prop_oneof![3 => bare_word(), 1 => quoted_word()], 0..4));
    let leaf = prop_oneof![
        6 => (words(), before(), blank()).prop_map(|((name, mut words), before, blank)| {
            words.insert(0, name);
            Meant { words, body: Body::Simple, before, blank }
        }),
        1 => ("[a-z]{1,8}", lua(), before()).prop_map(|(name, code, before)| Meant {
            words: vec![format!("{name}_by_lua_block")],
            body: Body::Lua(code),
            before,
            blank: " ",
        }),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, move |inner| {
        (words(), vec(inner, 0..4), before(), blank()).prop_map(|((name, mut words), inside, before, blank)| {
            words.insert(0, name);
            Meant { words, body: Body::Block(inside), before, blank }
        })
    });
    vec(tree, 0..5)
}

fn write(list: &[Meant], text: &mut String) {
    for meant in list {
        text.push_str(&meant.before);
        text.push_str(&meant.words.join(meant.blank));
        match &meant.body {
            Body::Simple => text.push(';'),
            Body::Lua(code) => text.extend([" {", code, "}"]),
            Body::Block(inside) => {
                text.extend([meant.blank, "{"]);
                write(inside, text);
                text.push('}');
            }
        }
    }
}

fn text_of(list: &[Meant]) -> String {
    let mut text = String::new();
    write(list, &mut text);
    text
}

/// The tree on one line, with the words as written.
fn meant_shape(list: &[Meant]) -> String {
    let one = |meant: &Meant| match &meant.body {
        Body::Simple => format!("{:?};", meant.words),
        Body::Lua(code) => format!("{:?}<{code}>", meant.words),
        Body::Block(inside) => format!("{:?}{{{}}}", meant.words, meant_shape(inside)),
    };
    list.iter().map(one).collect()
}

fn raw_words(ast: &Ast<'_>, node: NodeId) -> Vec<String> {
    words(ast, node).map(|word| String::from_utf8_lossy(word.raw()).into_owned()).collect()
}

/// What stands between the braces of a block of code.
fn code<'s>(ast: &Ast<'s>, node: NodeId) -> &'s [u8] {
    &ast.text()[ast.head_span(node).end as usize..ast.full_span(node).end as usize - 1]
}

fn shape(ast: &Ast<'_>, nodes: impl Iterator<Item = NodeId>) -> String {
    let one = |node| match ast.kind(node) {
        NodeKind::Simple => format!("{:?};", raw_words(ast, node)),
        NodeKind::Code => format!("{:?}<{}>", raw_words(ast, node), String::from_utf8_lossy(code(ast, node))),
        NodeKind::Block => format!("{:?}{{{}}}", raw_words(ast, node), shape(ast, ast.children(node))),
    };
    nodes.map(one).collect()
}

/// The tree as text again, comments and layout lost.
fn print(ast: &Ast<'_>, nodes: impl Iterator<Item = NodeId>, text: &mut Vec<u8>) {
    for node in nodes {
        for word in words(ast, node) {
            text.extend_from_slice(word.raw());
            text.push(b' ');
        }
        match ast.kind(node) {
            NodeKind::Simple => text.extend_from_slice(b";\n"),
            NodeKind::Code => {
                text.push(b'{');
                text.extend_from_slice(code(ast, node));
                text.extend_from_slice(b"}\n");
            }
            NodeKind::Block => {
                text.extend_from_slice(b"{\n");
                print(ast, ast.children(node), text);
                text.extend_from_slice(b"}\n");
            }
        }
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_read_to_the_end(text in vec(any::<u8>(), 0..200)) {
        nginx_conf::check(&text);
    }

    #[test]
    fn any_tokens_are_read_to_the_end(pieces in vec(prop_oneof![
        6 => Just("a"), 6 => Just(" "), 4 => Just("\n"), 3 => Just(";"), 3 => Just("{"), 3 => Just("}"),
        1 => Just("\""), 1 => Just("'"), 1 => Just("\\"), 1 => Just("#"), 1 => Just("$"), 1 => Just("${"), 1 => Just("\r\n"), 1 => Just("    "), 1 => Just("\t"),
        1 => Just("x_by_lua_block"), 1 => Just("--"), 1 => Just("[["), 1 => Just("]]"), 1 => Just("\u{feff}"), 1 => Just("\0"), 1 => Just("\u{e9}"),
    ], 0..60)) {
        nginx_conf::check(pieces.concat().as_bytes());
    }

    #[test]
    fn valid_configurations_have_no_errors_and_mean_what_was_meant(meant in directives()) {
        let text = text_of(&meant);
        let ast = parse(FileId(0), text.as_bytes());
        prop_assert_eq!(&ast.errors, &[], "{}", text);
        prop_assert_eq!(shape(&ast, ast.roots()), meant_shape(&meant), "{}", text);
        nginx_conf::check(text.as_bytes());
    }

    #[test]
    fn what_is_printed_reads_the_same(meant in directives()) {
        let text = text_of(&meant);
        let ast = parse(FileId(0), text.as_bytes());
        let mut printed = Vec::new();
        print(&ast, ast.roots(), &mut printed);
        let again = parse(FileId(0), &printed);
        prop_assert_eq!(&again.errors, &[], "{}", String::from_utf8_lossy(&printed));
        prop_assert_eq!(shape(&again, again.roots()), shape(&ast, ast.roots()));
    }

    #[test]
    fn a_configuration_cut_inside_a_directive_has_an_error(meant in directives()) {
        let text = text_of(&meant);
        let ast = parse(FileId(0), text.as_bytes());
        for root in ast.roots() {
            let span = ast.full_span(root);
            for cut in span.start + 1..span.end {
                let errors = parse(FileId(0), &text.as_bytes()[..cut as usize]).errors;
                prop_assert!(!errors.is_empty(), "cut at {cut}: {:?}", &text.as_bytes()[..cut as usize]);
            }
        }
    }
}
