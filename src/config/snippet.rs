//! Where a snippet stands: said by a comment or an option, else inferred from what it holds.

use std::path::PathBuf;

use super::annotation::{Said, annotations};
use super::dialect::{Dialect, Known};
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
pub fn infer_surroundings(dialect: &Dialect, ast: &Ast<'_>, given: Option<Contexts>) -> Surroundings {
    let said = given.or_else(|| said_by_comment(ast));
    let context = said.or_else(|| best_fit(dialect, ast).map(|(context, _)| context));
    Surroundings { context, is_given: said.is_some(), directory: None }
}

/// Whether a file, found by walking a directory, is nginx configuration at all: most of what stands
/// in it are directives that nginx knows at that place. Includes are no evidence: bind, drbd,
/// logrotate and nftables write them the same way.
pub(super) fn looks_like_nginx(dialect: &Dialect, ast: &Ast<'_>) -> bool {
    let judged = || ast.roots().filter(|&node| !ast.name(node).is("include")).count();
    said_by_comment(ast).is_some()
        || best_fit(dialect, ast).is_some_and(|(_, fitting)| fitting > 0 && fitting * 2 >= judged())
}

/// Whether a file named `nginx.conf` has anything of nginx in it, however broken it is; supervisor's
/// and syslog-ng's files for nginx have not.
pub(super) fn names_a_directive(dialect: &Dialect, ast: &Ast<'_>) -> bool {
    ast.roots().any(|node| dialect.has(&ast.name(node).value()))
}

/// Whether a file is a root: it holds what only the top level holds, and of it what nginx needs.
pub(super) fn is_root(ast: &Ast<'_>) -> bool {
    ast.roots()
        .any(|node| ast.kind(node) == NodeKind::Block && (ast.name(node).is("http") || ast.name(node).is("events")))
}

fn said_by_comment(ast: &Ast<'_>) -> Option<Contexts> {
    annotations(ast).find_map(|annotation| match annotation.said {
        Said::Context(context) => Some(context),
        _ => None,
    })
}

/// The context that most directives fit in, with the number of the file's own that do.
fn best_fit(dialect: &Dialect, ast: &Ast<'_>) -> Option<(Contexts, usize)> {
    let scored = CANDIDATES.iter().map(|&context| (context, fitting(dialect, ast, context)));
    // `max_by_key` would take the last of equals.
    let (context, score) = scored.rev().max_by_key(|&(_, score)| score)?;
    (score.0 > 0).then_some((context, score.1))
}

/// How many directives fit, at all depths and at the top.
fn fitting(dialect: &Dialect, ast: &Ast<'_>, top: Contexts) -> (usize, usize) {
    let mut bodies = vec![(ast.len() as u32, BlockBody::Directives(top))];
    let (mut all, mut own) = (0, 0);
    for node in (0..ast.len() as u32).map(NodeId) {
        while bodies.last().is_some_and(|&(end, _)| end <= node.0) {
            bodies.pop();
        }
        let Some(&(_, BlockBody::Directives(context))) = bodies.last() else { continue };
        let name = DirectiveName::find(&ast.name(node).value());
        let row = dialect.find(&ast.name(node).value(), context);
        let is_block = ast.kind(node) != NodeKind::Simple;
        let fits = row.as_ref().is_some_and(|row| row.is_block == is_block && has_its_arguments(ast, node, row));
        all += usize::from(fits);
        own += usize::from(fits && bodies.len() == 1 && row.is_some_and(|row| row.name != Some("include")));
        if ast.kind(node) == NodeKind::Block {
            let body =
                name.filter(|_| fits).map_or(BlockBody::Unknown, |name| context.inside(name.as_str().as_bytes()));
            bodies.push((ast.next(node).0, body));
        }
    }
    (all, own)
}

/// Whether a directive has the parameters that it takes, and its `;` if it is longer than a line.
/// Files of other programs use nginx's words (`server`, `ssl`, `if`), but not in this form.
fn has_its_arguments(ast: &Ast<'_>, node: NodeId, row: &Known) -> bool {
    let count = ast.word_count(node) - 1;
    let Some(last) = ast.word(node, count) else { return false };
    let is_ended = ast.head_span(node).end > last.span().end;
    let is_one_line = || !ast.text()[ast.name(node).span().start as usize..last.span().end as usize].contains(&b'\n');
    let is_condition = row.name != Some("if") || last.raw().ends_with(b")");
    row.arguments.accepts(count) && is_condition && (is_ended || is_one_line())
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

    // What other programs keep in files that end in `.conf`, and what is left of nginx's own.
    const FOREIGN: &[(&str, bool)] = &[
        ("server time.test iburst nts\nserver time2.test nts\n\ndriftfile /var/lib/chrony/drift\n", false), // chrony
        ("if $programname == 'x' then {\n  action(type=\"omfile\")\n  stop\n}\n", false),                   // rsyslog
        ("if ($programname startswith 'x') then {\n  stop\n}\n", false),
        ("ssl = on\nssl_cert_file = '/x.pem'\n", false), // PostgreSQL
        ("ssl = required\nssl_cert = </x.pem\n", false), // dovecot
        ("include \"/etc/nftables.d/*.conf\"\n", false), // nftables
        ("include \"/etc/bind/named.conf.local\";\n", false), // bind
        ("include /etc/logrotate.d\n/var/log/x {\n  monthly\n}\n", false), // logrotate
        ("listen = [\n  \"127.0.0.1:53\",\n]\npath = \"/x\"\n", false), // TOML
        ("pid = /run/x.pid\nconnect = x:1\n", false),    // stunnel
        ("source s { file(\"/x\"); };\nlog { source(s); };\n", false), // syslog-ng
        ("gzip on\n", true),                             // one line without its semicolon
        ("include a.conf;\nroot /x;\n", true),
        ("listen 80\nserver_name x;\nroot /x;\n", true),
        ("if ($a = b) {\n  return 403;\n}\n", true),
        ("server {\n  listen 80\n}\n", true),
    ];

    #[test]
    fn files_of_other_programs() {
        for (text, expected) in FOREIGN {
            assert_eq!(looks_like_nginx(&Dialect::default(), &parse(FileId(0), text.as_bytes())), *expected, "{text}");
        }
    }

    #[test]
    fn contexts_of_snippets() {
        for (text, expected) in SNIPPETS {
            let ast = parse(FileId(0), text.as_bytes());
            assert_eq!(infer_surroundings(&Dialect::default(), &ast, None).context, *expected, "{text}");
        }
        assert_eq!(parse_context("stream, server"), Some(Contexts::STREAM_SERVER));
        assert_eq!(parse_context("http,types"), None);
    }
}
