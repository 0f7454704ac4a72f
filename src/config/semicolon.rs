//! Semicolons that are missing between two lines. The tokenizer cannot see them: it reads the next
//! line as more parameters. The directive table tells what was meant.

use super::dialect::{Dialect, Known};
use crate::nginx::Contexts;
use crate::syntax::{Ast, NodeId, NodeKind};

/// Where the directive behind a missing semicolon starts.
pub(super) struct Swallowed {
    /// The word that is a directive of its own.
    pub(super) at: usize,
    /// Whether nginx refuses the whole, rather than taking the next line for parameters.
    pub(super) is_refused: bool,
}

/// Directives that take any number of words, but refuse those that are no parameters of theirs; with the parameters that
/// have no value. nginx reads `listen`'s in src/http/ngx_http_core_module.c and its like in stream and mail.
const PICKY: &[(&str, &[&str])] = &[
    (
        "listen",
        &[
            "bind",
            "default",
            "default_server",
            "deferred",
            "http2",
            "multipath",
            "proxy_protocol",
            "quic",
            "reuseport",
            "ssl",
            "udp",
        ],
    ),
    ("server", &["backup", "down", "drain", "resolve"]),
    ("keepalive", &["local"]),
    ("proxy_cache_path", &[]),
    ("limit_req", &["nodelay"]),
    ("set_real_ip_from", &[]),
    // A level or the name of a format, which no directive has.
    ("error_log", &[]),
    ("access_log", &["gzip"]),
];

/// Looks for a directive among the words of `node` from `first` on: a known one of this context, at
/// the start of a line, with as many parameters as it takes.
pub(super) fn find_swallowed(
    dialect: &Dialect,
    ast: &Ast<'_>,
    node: NodeId,
    first: usize,
    context: Contexts,
) -> Option<Swallowed> {
    let known = |at: usize| dialect.find(&ast.word(node, at)?.value(), context);
    let row = known(first)?;
    let count = ast.word_count(node);
    let is_block = ast.kind(node) != NodeKind::Simple;
    let picky = PICKY.iter().find(|(name, _)| row.name == Some(name));
    let is_swallowed = |at| {
        let goes_on = picky.is_some_and(|(_, parameters)| is_line_of(parameters, ast, node, at));
        !goes_on && starts_directive(ast, node, at, &known)
    };
    let at = (first + 1..count).find(|&at| is_swallowed(at))?;
    // `server_name a b` + `root /x` fits; `listen` + `80 server_name x` would not.
    if !row.arguments.accepts(at - first - 1) {
        return None;
    }
    let is_refused = row.is_block != is_block || !row.arguments.accepts(count - first - 1) || picky.is_some();
    Some(Swallowed { at, is_refused })
}

/// Whether the words from `at` to the end of its line are parameters: `listen 443` goes on with `ssl` and with
/// `http2 ssl`, but not with `ssl on`.
fn is_line_of(parameters: &[&str], ast: &Ast<'_>, node: NodeId, at: usize) -> bool {
    let is_parameter = |at: usize| {
        ast.word(node, at).is_some_and(|word| {
            let value = word.value();
            value.contains(&b'=') || parameters.iter().any(|parameter| parameter.as_bytes() == &*value)
        })
    };
    let end = (at + 1..ast.word_count(node)).find(|&next| starts_line(ast, node, next));
    (at..end.unwrap_or(ast.word_count(node))).all(is_parameter)
}

fn starts_directive(ast: &Ast<'_>, node: NodeId, at: usize, known: &impl Fn(usize) -> Option<Known>) -> bool {
    let (Some(before), Some(word)) = (ast.word(node, at - 1), ast.word(node, at)) else { return false };
    let between = &ast.text()[before.span().end as usize..word.span().start as usize];
    if word.is_quoted() || memchr::memchr(b'\n', between).is_none() {
        return false;
    }
    let Some(row) = known(at) else { return false };
    let following = ast.word_count(node) - at - 1;
    // More lines may be swallowed behind it; what is left must at least be enough.
    let fits = (0..=following).any(|count| row.arguments.accepts(count));
    let ends = (at + 1..ast.word_count(node)).all(|next| !starts_line(ast, node, next));
    fits && (!ends || row.arguments.accepts(following) && row.is_block == (ast.kind(node) != NodeKind::Simple))
}

fn starts_line(ast: &Ast<'_>, node: NodeId, at: usize) -> bool {
    match (ast.word(node, at - 1), ast.word(node, at)) {
        (Some(before), Some(word)) => {
            memchr::memchr(b'\n', &ast.text()[before.span().end as usize..word.span().start as usize]).is_some()
        }
        _ => false,
    }
}
