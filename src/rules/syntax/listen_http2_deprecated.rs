//! `listen … http2` is a property of the socket and holds for all its servers; since 1.25.1 nginx warns of it and has
//! `http2 on`, which each server says for itself.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_v2_module.html#http2>

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::model::{Model, Server, ServerId};
use crate::nginx::{DirectiveName, NginxVersion};
use crate::rules::addition::{Line, beside, within};
use crate::rules::{Edit, Findings, Fix, Rule, edit};
use crate::source::Span;

pub(super) struct ListenHttp2Deprecated;

const DIRECTIVE: &str = "http2";

/// Findings times edits up to which each finding offers the fix that they have in common; of more, the first does.
const MAX_SHARED_EDITS: usize = 1000;

impl Rule for ListenHttp2Deprecated {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        if !has_directive(model.environment.version) {
            return;
        }
        let (mut seen, sees_all) = (FxHashSet::default(), model.sees_all_servers());
        for server in model.servers() {
            if speaking(model, server.id).next().is_some() && !seen.contains(&server.id) {
                report(model, sink, &connected(model, server, &mut seen), sees_all);
            }
        }
    }
}

fn has_directive(version: NginxVersion) -> bool {
    let name = DirectiveName::find(DIRECTIVE.as_bytes());
    name.is_some_and(|name| name.rows().iter().any(|row| row.exists_in(version)))
}

/// The sockets of a server for which some `listen` says `http2`.
fn speaking<'m>(model: &'m Model<'_>, server: ServerId) -> impl Iterator<Item = &'m crate::model::ListenSocket> {
    model.sockets_of(server).filter(|socket| socket.has_http2)
}

/// `first` and the servers that have such a socket in common with it, or with one of these.
fn connected<'m, 'c>(
    model: &'m Model<'c>,
    first: &'m Server<'c>,
    seen: &mut FxHashSet<ServerId>,
) -> Vec<&'m Server<'c>> {
    let mut found = Vec::new();
    let mut open = vec![first.id];
    seen.insert(first.id);
    let mut sockets = FxHashSet::default();
    while let Some(id) = open.pop() {
        found.push(model.server(id));
        for socket in speaking(model, id).filter(|socket| sockets.insert(&socket.endpoint)) {
            open.extend(socket.members.iter().map(|member| member.server).filter(|server| seen.insert(*server)));
        }
    }
    found.sort_by_key(|server| server.id);
    found
}

fn report(model: &Model<'_>, sink: &mut Findings, servers: &[&Server<'_>], sees_all: bool) {
    let listens = servers.iter().flat_map(|server| &server.listens).filter(|listen| listen.has_http2);
    let mut told: FxHashSet<Span> = FxHashSet::default();
    let listens: Vec<Directive<'_>> =
        listens.filter_map(|listen| listen.directive).filter(|listen| told.insert(listen.span())).collect();
    let fix = moved(model, servers, &listens, sees_all);
    let edits = fix.as_ref().map_or(0, |fix| fix.edits.len());
    for (number, listen) in listens.iter().enumerate() {
        let finding = sink.info(
            listen.span(),
            "nginx warns of the http2 parameter of listen: from 1.25.1 on, each server says `http2 on`",
        );
        finding.help("take `http2` from every listen of the socket, and write `http2 on;` into each server on it");
        if number == 0 || edits * listens.len() <= MAX_SHARED_EDITS {
            finding.fix(fix.clone());
        }
    }
}

/// From the sockets to the servers, all at once: what one `listen` says holds for all servers of its socket, and what a
/// server says for all its sockets.
fn moved(model: &Model<'_>, servers: &[&Server<'_>], listens: &[Directive<'_>], sees_all: bool) -> Option<Fix> {
    // Of a lone snippet, other files may have servers on the socket.
    if !model.config.is_whole() || servers.iter().any(|server| server.directive.is_incomplete()) {
        return None;
    }
    let words = listens.iter().flat_map(|listen| {
        let words = listen.arguments().skip(1).filter(|word| word.is(DIRECTIVE));
        words.map(|word| Some(edit::without_word(*listen, word)))
    });
    let silent = servers.iter().filter(|server| !server.has_http2_on);
    let mut edits: Vec<Option<Edit>> = words.chain(silent.map(|server| switched_on(model, server))).collect();
    edits.sort();
    edits.dedup();
    // On another socket of theirs, clients could now speak HTTP/2, too.
    let is_on_others = |server: &Server<'_>| {
        !server.has_http2_on && model.sockets_of(server.id).any(|socket| !socket.has_http2 && !socket.is_quic)
    };
    // One in a file that could not be read would lose HTTP/2.
    let is_same = sees_all && !servers.iter().any(|server| is_on_others(server));
    const TITLE: &str = "write `http2 on` into the servers instead";
    if is_same { Fix::safe(TITLE, edits) } else { Fix::risky(TITLE, edits) }
}

fn switched_on(model: &Model<'_>, server: &Server<'_>) -> Option<Edit> {
    let block = server.directive;
    if let Some(off) = block.children_named(DIRECTIVE).last() {
        let is_own = within(block, off) == Some(off);
        return off.argument(0).filter(|_| is_own).map(|word| edit::word_replaced(word, "on"));
    }
    let line = Line::new(DIRECTIVE, "on");
    match block.children_named("listen").last() {
        Some(listen) => beside(within(block, listen)?, &[line], model.environment.version),
        None => edit::lines_first_in(block, &[line.to_string()]),
    }
}
