//! Where no server says `default_server`, the first one in the order of the files is it; a file that
//! sorts before it changes the default.

use rustc_hash::FxHashSet;

use crate::model::{ListenSocket, Member, Model, Server};
use crate::rules::rejecting_server::{rejecting_instead, sockets_of};
use crate::rules::{Findings, Fix, Rule, Severity, edit};

pub(super) struct ImplicitDefaultServer;

impl Rule for ImplicitDefaultServer {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // A lone snippet does not show who else is on the socket.
        if !model.config.is_whole() {
            return;
        }
        let (mut seen, sees_all) = (FxHashSet::default(), model.sees_all_servers());
        for socket in model.sockets().filter(|socket| socket.is_shared() && !socket.has_explicit_default) {
            let default = model.server(socket.default.server);
            let span = default.listen_span(socket.default.listen);
            if !seen.insert((default.id, socket.is_tls)) || socket.is_tls && model.gets_known_names_only(socket) {
                continue;
            }
            let message = format!(
                "none of the {} servers on {} says default_server: {default} answers all other names because it \
                 comes first{}",
                socket.members.len(),
                socket.endpoint,
                if sees_all { "" } else { ", unless one in a file that could not be read says it" }
            );
            // Over plain HTTP a stranger sees another page; over TLS, another name. A first server
            // without a name is meant to be the default.
            let severity = if socket.is_tls && default.has_real_name() { Severity::Warning } else { Severity::Info };
            let finding = sink.add(severity, span, message);
            if !sees_all {
                finding.conditional();
            }
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
            // nginx takes no second one.
            finding.fix(said(model, default, socket.is_tls).filter(|_| sees_all));
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
    let sockets = || model.sockets_of(default.id).filter(is_implicit);
    if is_tls && default.has_real_name() {
        return rejecting_instead(model, default, sockets());
    }
    let mut listens: Vec<usize> = sockets().map(|socket| socket.default.listen).collect();
    listens.sort_unstable();
    listens.dedup();
    // The rule that is about it comes first.
    if sockets().any(|socket| !socket.is_tls && may_be_meant_for_tls(model, socket)) {
        return None;
    }
    let edits = listens.into_iter().map(|listen| {
        let member = Member { server: default.id, listen };
        // Of a range, some ports may have another one.
        let is_default = |socket: &ListenSocket| socket.default == member && !socket.has_explicit_default;
        if !sockets_of(model, member)?.into_iter().all(is_default) {
            return None;
        }
        let listen = default.listens.get(listen)?.directive.filter(|listen| listen.readings() == 1)?;
        Some(edit::word_behind(listen.arguments().last()?, "default_server"))
    });
    Fix::safe("say that it is the default server", edits)
}

/// Whether `ssl` may just be missing.
fn may_be_meant_for_tls(model: &Model<'_>, socket: &ListenSocket) -> bool {
    const HTTP_PORT: u16 = 80;
    const HTTPS_PORT: u16 = 443;
    let has_certificate = |server: &Server<'_>| !server.certificates.is_empty() || server.has_unseen_certificates;
    socket.endpoint.port == HTTPS_PORT
        || socket.endpoint.port != HTTP_PORT
            && socket.members.iter().any(|member| has_certificate(model.server(member.server)))
}
