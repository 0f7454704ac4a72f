//! nginx warns of a name that it ignores, and starts all the same.

use rustc_hash::FxHashSet;

use crate::model::sockets::server_names::Conflict;
use crate::model::{ListenSocket, Model, NameKind, ServerId};
use crate::nginx::NginxVersion;
use crate::rules::{Findings, Fix, Rule, edit};

pub(super) struct ConflictingServerName;

/// nginx: <https://nginx.org/en/docs/stream/ngx_stream_core_module.html#server_name>
const STREAM_NAMES_SINCE: NginxVersion = NginxVersion::new(1, 25, 5);

/// Two servers of stream without a name: connections come to the default server, and to servers by name.
fn report_nameless(model: &Model<'_>, sink: &mut Findings, socket: &ListenSocket, conflict: &Conflict) {
    let default = socket.default.server;
    let dead = if conflict.ignored.0 == default { conflict.first.0 } else { conflict.ignored.0 };
    let Some(member) = socket.members.iter().find(|member| member.server == dead && dead != default) else { return };
    let message = format!(
        "no connection to {} comes to this server: it has no name, and another server takes what no name selects",
        socket.endpoint
    );
    let finding = sink.warning(model.server(dead).listen_span(member.listen), message);
    finding.related(model.server(default).listen_span(socket.default.listen), "this server takes the connections");
    finding.help("give it a port of its own, or a server_name; `nginx -t` warns of it as \"conflicting server name\"");
}

impl Rule for ConflictingServerName {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut seen = FxHashSet::default();
        // Before, servers of stream could not share a socket.
        let stream = model.stream_sockets().filter(|_| model.environment.version >= STREAM_NAMES_SINCE);
        let sockets = model.sockets().map(|socket| (socket, false)).chain(stream.map(|socket| (socket, true)));
        // On a socket with one server nginx does not look at names.
        for (socket, is_of_stream) in sockets.filter(|(socket, _)| socket.is_shared()) {
            for conflict in &socket.names.conflicts {
                let (ignored, first) = (model.name(conflict.ignored), model.name(conflict.first));
                let is_nameless = ignored.is_no_host();
                if is_of_stream && is_nameless && conflict.ignored.0 != conflict.first.0 {
                    report_nameless(model, sink, socket, conflict);
                }
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
    let mut sockets = model.sockets_of(server).peekable();
    let is_ignored = sockets.peek().is_some() && sockets.all(|socket| socket.ignores(server, number));
    if !is_ignored || directive.readings() > 1 || directive.argument_count() < 2 {
        return None;
    }
    let edits = [Some(edit::without_word(directive, word))];
    let title = "remove the name that is ignored";
    if number == 0 { Fix::risky(title, edits) } else { Fix::safe(title, edits) }
}
