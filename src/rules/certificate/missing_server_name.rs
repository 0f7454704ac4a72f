//! On a shared socket only names lead to a server; one without a name is reached by nobody who asks
//! for a site.

use crate::model::{ListenSocket, Model, Server, Settled};
use crate::rules::{Findings, Rule, Severity};

pub(super) struct MissingServerName;

impl Rule for MissingServerName {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        model.servers().for_each(|server| report_unsent_names(model, server, sink));
        for server in model.servers().filter(|server| !server.is_named() && !server.directive.is_incomplete()) {
            let sockets: Vec<&ListenSocket> = model.sockets_of(server.id).collect();
            let is_default = |socket: &&&ListenSocket| socket.default.server == server.id;
            let is_explicit = sockets.iter().filter(is_default).any(|socket| socket.has_explicit_default);
            let shared = || sockets.iter().filter(|socket| socket.is_shared());
            // Where it is not even the default, no request reaches it.
            let unreached = shared().find(|socket| socket.default.server != server.id);
            let Some(socket) = unreached.or_else(|| shared().next()) else { continue };
            if is_explicit || closes_connection(server) || is_empty_name(server) {
                continue;
            }
            let comes_first = socket.default.server == server.id;
            let says_none = server.has_server_name();
            // `server_name _` on the first server is how people write a default server.
            if says_none && sockets.iter().any(|socket| socket.default.server == server.id) {
                continue;
            }
            let message = match (comes_first, says_none) {
                (true, _) => format!(
                    "this server has no server_name: as the first on {} it answers only what no other server has",
                    socket.endpoint
                ),
                (false, false) => format!(
                    "this server has no server_name, and another one is the default of {}: no site's request \
                     reaches it",
                    socket.endpoint
                ),
                (false, true) => format!(
                    "its server_name matches no host, and another one is the default of {}: no request reaches \
                     this server",
                    socket.endpoint
                ),
            };
            let finding = sink.warning(if says_none { server.span() } else { server.directive.span() }, message);
            let default = model.server(socket.default.server);
            if default.id != server.id {
                finding.related(
                    default.listen_span(socket.default.listen),
                    format!(
                        "{default} is the default \
                 server of {}",
                        socket.endpoint
                    ),
                );
            }
            finding.help(
                "add `server_name` with the names of the site; or say default_server on its listen if \
             it is to answer all others",
            );
        }
    }
}

/// Names that are not ASCII: clients send others in their place.
fn report_unsent_names(model: &Model<'_>, server: &Server<'_>, sink: &mut Findings) {
    let is_sent = |host: &str| server.names.iter().any(|name| name.is_name_of(host) != Some(false));
    for name in &server.names {
        let meant = name.meant_host().map(|host| host.to_string()).filter(|host| !is_sent(host));
        let (Some(span), Some(meant)) = (name.span(), meant) else { continue };
        let reached = model.sockets_of(server.id).map(|socket| match model.select(socket, &meant) {
            Settled::Known((selected, _)) => (socket, (selected.id != server.id).then_some(selected)),
            Settled::Unknown => (socket, None),
        });
        let elsewhere = reached.filter_map(|(socket, other)| Some((socket, other?))).next();
        let consequence = match elsewhere {
            Some((socket, other)) => format!("on {} {other} answers them", socket.endpoint),
            None => "only as the default server this one answers them".to_owned(),
        };
        let severity = if elsewhere.is_some() { Severity::Warning } else { Severity::Info };
        let message = format!("no client sends {name}: browsers send {meant}, and nginx compares bytes; {consequence}");
        sink.add(severity, span, message).help(format!("write server_name {meant}"));
    }
}

/// `ssl_reject_handshake on`, or `return 444` for all that comes.
fn closes_connection(server: &Server<'_>) -> bool {
    server.rejects_handshake
        || server.directive.children_named("return").any(|answer| answer.argument(0).is_some_and(|code| code.is("444")))
}

/// `server_name ""`: requests without a Host header.
fn is_empty_name(server: &Server<'_>) -> bool {
    server.has_server_name() && server.names.iter().any(|name| name.word.is_some_and(|word| word.value().is_empty()))
}
