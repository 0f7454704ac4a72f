//! Where a snippet stands: said by a comment or an option, else inferred from what it holds.

use std::path::PathBuf;

use crate::nginx::{BlockBody, Contexts, DirectiveName};
use crate::syntax::{Ast, NodeId, NodeKind};

/// What stands around a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The context of the snippet's own directives; `None` when nothing tells.
    pub context: Option<Contexts>,
    /// Whether the context was said, not inferred.
    pub is_given: bool,
    /// The directory that its includes start from, where it is not the snippet's own.
    pub directory: Option<PathBuf>,
}

/// The contexts that a snippet can stand in, the more usual one first where several fit.
const CANDIDATES: &[Contexts] = &[
    Contexts::HTTP,
    Contexts::SERVER,
    Contexts::LOCATION,
    Contexts::UPSTREAM,
    Contexts::STREAM,
    Contexts::STREAM_SERVER,
    Contexts::MAIN,
    Contexts::MAIL,
    Contexts::MAIL_SERVER,
    Contexts::EVENTS,
];

/// The marker of a comment that says the context.
const MARKER: &str = "ngxlint: context=";

/// A chain of block names, outermost first (`http,server`), as a context.
pub fn parse_context(chain: &str) -> Option<Contexts> {
    chain.split(',').map(str::trim).try_fold(Contexts::MAIN, |context, block| match block {
        "main" => Some(Contexts::MAIN),
        block => match context.inside(block.as_bytes()) {
            BlockBody::Directives(inner) => Some(inner),
            _ => None,
        },
    })
}

/// Where the snippet stands: `given`, or what a comment in it says, or what most of its directives
/// are allowed in.
#[must_use]
pub fn infer_surroundings(ast: &Ast<'_>, given: Option<Contexts>) -> Surroundings {
    let said = given.or_else(|| said_by_comment(ast));
    let context = said.or_else(|| best_fit(ast).map(|(context, _)| context));
    Surroundings { context, is_given: said.is_some(), directory: None }
}

/// Whether a file, found by walking a directory, is nginx configuration at all: most of what stands
/// in it are directives that nginx knows at that place.
pub(super) fn looks_like_nginx(ast: &Ast<'_>) -> bool {
    said_by_comment(ast).is_some() || best_fit(ast).is_some_and(|(_, fitting)| fitting * 2 >= ast.roots().count())
}

/// Whether a file is a root: it holds what only the top level holds, and of it what nginx needs.
pub(super) fn is_root(ast: &Ast<'_>) -> bool {
    ast.roots()
        .any(|node| ast.kind(node) == NodeKind::Block && (ast.name(node).is("http") || ast.name(node).is("events")))
}

fn said_by_comment(ast: &Ast<'_>) -> Option<Contexts> {
    ast.comments.iter().find_map(|comment| {
        let text = ast.text().get(comment.span.start as usize..comment.span.end as usize)?;
        let text = std::str::from_utf8(text).ok()?;
        let chain = text.trim_start_matches('#').trim_start().strip_prefix(MARKER)?;
        parse_context(chain.split_whitespace().next().unwrap_or_default())
    })
}

/// The context that most directives fit in, with the number of the file's own that do.
fn best_fit(ast: &Ast<'_>) -> Option<(Contexts, usize)> {
    let scored = CANDIDATES.iter().map(|&context| (context, fitting(ast, context)));
    // `max_by_key` would take the last of equals.
    let (context, score) = scored.rev().max_by_key(|&(_, score)| score)?;
    (score.0 > 0).then_some((context, score.1))
}

/// How many directives fit, at all depths and at the top.
fn fitting(ast: &Ast<'_>, top: Contexts) -> (usize, usize) {
    let mut bodies = vec![(ast.len() as u32, BlockBody::Directives(top))];
    let (mut all, mut own) = (0, 0);
    for node in (0..ast.len() as u32).map(NodeId) {
        while bodies.last().is_some_and(|&(end, _)| end <= node.0) {
            bodies.pop();
        }
        let Some(&(_, BlockBody::Directives(context))) = bodies.last() else { continue };
        let name = DirectiveName::find(&ast.name(node).value());
        let row = name.and_then(|name| name.in_context(context));
        let fits = row.is_some_and(|row| row.block == (ast.kind(node) != NodeKind::Simple));
        all += usize::from(fits);
        own += usize::from(fits && bodies.len() == 1);
        if ast.kind(node) == NodeKind::Block {
            let body =
                name.filter(|_| fits).map_or(BlockBody::Unknown, |name| context.inside(name.as_str().as_bytes()));
            bodies.push((ast.next(node).0, body));
        }
    }
    (all, own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::syntax::parse;

    const SNIPPETS: &[(&str, Option<Contexts>)] = &[
        ("server { listen 80; location / { root /x; } }", Some(Contexts::HTTP)),
        ("server { listen 25; proxy_pass backend; }", Some(Contexts::STREAM)),
        ("upstream a { server b; }", Some(Contexts::HTTP)),
        ("listen 80; server_name x;", Some(Contexts::SERVER)),
        ("location / { proxy_pass http://x; }", Some(Contexts::SERVER)),
        ("proxy_pass http://x; proxy_set_header Host $host;", Some(Contexts::LOCATION)),
        ("load_module x; user y;", Some(Contexts::MAIN)),
        ("# ngxlint: context=http,server,location\ngzip on;", Some(Contexts::LOCATION)),
        ("[section]\nkey = value\n", None),
        ("", None),
    ];

    #[test]
    fn contexts_of_snippets() {
        for (text, expected) in SNIPPETS {
            assert_eq!(infer_surroundings(&parse(FileId(0), text.as_bytes()), None).context, *expected, "{text}");
        }
        assert_eq!(parse_context("stream, server"), Some(Contexts::STREAM_SERVER));
        assert_eq!(parse_context("http,types"), None);
    }
}
