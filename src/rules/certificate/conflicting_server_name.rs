//! nginx warns of a name that it ignores, and starts all the same.

use rustc_hash::FxHashSet;

use crate::model::{Model, NameKind, ServerId};
use crate::rules::{Findings, Fix, Rule, edit};

pub(super) struct ConflictingServerName;

impl Rule for ConflictingServerName {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut seen = FxHashSet::default();
        // On a socket with one server nginx does not look at names.
        for socket in model.sockets().filter(|socket| socket.is_shared()) {
            for conflict in &socket.names.conflicts {
                let (ignored, first) = (model.name(conflict.ignored), model.name(conflict.first));
                let is_nameless = ignored.is_no_host();
                let Some(span) = ignored.span().filter(|span| !is_nameless && seen.insert(*span)) else { continue };
                if conflict.ignored.0 == conflict.first.0 {
                    let finding = sink.info(span, format!("server name {ignored} stands twice in the same server"));
                    finding.help("remove one of the two");
                    finding.fix(without_name(model, conflict.ignored));
                    if let Some(first) = first.span() {
                        finding.related(first, "it is already here");
                    }
                    continue;
                }
                // The file that holds the server is included twice: one mistake, however many servers.
                let include = model.server(conflict.ignored.0).directive.included_by();
                if let Some(include) = include.filter(|_| first.span() == Some(span)) {
                    if seen.insert(include.span()) {
                        let path = model.config.path(span.file).display();
                        let message = format!(
                            "this include brings in {path} a second time: nginx ignores the names of its \
                             servers, such as {ignored}"
                        );
                        let finding = sink.warning(include.span(), message);
                        let earlier = model.server(conflict.first.0).directive.included_by();
                        if let Some(earlier) = earlier.filter(|earlier| *earlier != include) {
                            finding.related(earlier.span(), "it is already included here");
                        }
                        finding.help("include the file once");
                    }
                    continue;
                }
                let loses = match (&ignored.kind, &first.kind) {
                    (NameKind::DotLeading(domain), NameKind::Exact(_)) => format!(
                        "nginx ignores all of {ignored} on {}, every name below {domain} included, because \
                         {first} comes first",
                        socket.endpoint
                    ),
                    _ => format!(
                        "nginx ignores server name {ignored} on {}: the server that comes first has {first}",
                        socket.endpoint
                    ),
                };
                let finding = sink.warning(span, loses);
                if let Some(first) = first.span() {
                    finding.related(first, "this server answers instead");
                }
                finding.help(
                    "keep the name in one of the two servers; `nginx -t` warns of it as \"conflicting \
                 server name\"",
                );
                // Of `.shop.example` the names below may be meant.
                if !matches!((&ignored.kind, &first.kind), (NameKind::DotLeading(_), NameKind::Exact(_))) {
                    finding.fix(without_name(model, conflict.ignored));
                }
            }
        }
    }
}

/// Takes a name away that nginx ignores on each socket of its server, if another one stays in its directive. The first
/// one is `$server_name` as well.
fn without_name(model: &Model<'_>, (server, number): (ServerId, usize)) -> Option<Fix> {
    let word = model.name((server, number)).word?;
    let mut all = model.server(server).directive.children_named("server_name");
    let directive = all.find(|names| names.arguments().any(|other| other.span() == word.span()))?;
    let is_ignored = model.sockets_of(server).all(|socket| socket.ignores(server, number));
    if !is_ignored || directive.readings() > 1 || directive.argument_count() < 2 {
        return None;
    }
    let edits = [Some(edit::without_word(directive, word))];
    let title = "remove the name that is ignored";
    if number == 0 { Fix::risky(title, edits) } else { Fix::safe(title, edits) }
}
