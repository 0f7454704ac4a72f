//! Where no server says `default_server`, the first one in the order of the files is it; a file that
//! sorts before it changes the default.

use rustc_hash::FxHashSet;

use crate::model::{ListenSocket, Model, Server};
use crate::rules::rejecting_server::rejecting_instead;
use crate::rules::{Findings, Fix, Rule, Severity, edit};

pub(super) struct ImplicitDefaultServer;

impl Rule for ImplicitDefaultServer {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // A lone snippet does not show who else is on the socket.
        if !model.config.is_whole() {
            return;
        }
        let mut seen = FxHashSet::default();
        for socket in model.sockets().filter(|socket| socket.is_shared() && !socket.has_explicit_default) {
            let default = model.server(socket.default.server);
            let span = default.listen_span(socket.default.listen);
            if !seen.insert((default.id, socket.is_tls)) || socket.is_tls && model.gets_known_names_only(socket) {
                continue;
            }
            let message = format!(
                "none of the {} servers on {} says default_server: {default} answers all other names because it \
                 comes first",
                socket.members.len(),
                socket.endpoint
            );
            // Over plain HTTP a stranger sees another page; over TLS, another name. A first server
            // without a name is meant to be the default.
            let severity = if socket.is_tls && default.has_real_name() { Severity::Warning } else { Severity::Info };
            let finding = sink.add(severity, span, message);
            let others = socket.members.iter().filter(|member| member.server != default.id).take(2);
            for other in others {
                let server = model.server(other.server);
                finding.related(server.listen_span(other.listen), format!("{server} shares the socket"));
            }
            finding.help(if severity == Severity::Warning {
                "say default_server on the listen of the server that is to answer, best of one that rejects"
            } else {
                "say default_server on the listen of the server that is to answer: of this one, if it is right"
            });
            finding.fix(said(model, default, socket.is_tls));
        }
    }
}

/// What says which server it is: over TLS one that rejects, where the first one has a name; else the one that it is, so
/// that a file which comes to stand before it changes nothing.
fn said(model: &Model<'_>, default: &Server<'_>, is_tls: bool) -> Option<Fix> {
    let is_implicit = |socket: &&ListenSocket| {
        let is_shared = socket.is_shared() && !socket.has_explicit_default;
        is_shared && socket.is_tls == is_tls && !socket.is_quic && socket.default.server == default.id
    };
    let sockets = model.sockets_of(default.id).filter(is_implicit);
    if is_tls && default.has_real_name() {
        return rejecting_instead(model, default, sockets);
    }
    let mut listens: Vec<usize> = sockets.map(|socket| socket.default.listen).collect();
    listens.sort_unstable();
    listens.dedup();
    let edits = listens.into_iter().map(|listen| {
        let listen = default.listens.get(listen)?.directive.filter(|listen| listen.readings() == 1)?;
        Some(edit::word_behind(listen.arguments().last()?, "default_server"))
    });
    Fix::safe("say that it is the default server", edits)
}
