//! Where no server says `default_server`, the first one in the order of the files is it; a file that
//! sorts before it changes the default.

use rustc_hash::FxHashSet;

use crate::model::Model;
use crate::rules::{Findings, Rule, Severity};

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
            finding.help(
                "say default_server on the listen of the server that is to answer, best of one that \
             rejects",
            );
        }
    }
}
