//! Where nginx itself answers the handshake, `ssl_preread` finds no greeting behind it: the name is in
//! `$ssl_server_name`.

use crate::model::stream::dependencies::Unread;
use crate::model::stream::server::Handling;
use crate::model::{ListenSocket, Model, Server};
use crate::rules::{Findings, Rule};
use crate::source::Span;

pub(super) struct StreamPrereadOnTls;

impl Rule for StreamPrereadOnTls {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.stream_servers() {
            for found in model.unread_uses(server) {
                let Unread::Tls(socket) = found.why else { continue };
                let message = format!(
                    "${} is always empty here: {} ends TLS itself, and what it decrypts has no greeting",
                    found.variable, socket.endpoint
                );
                let finding = sink.error(found.directive.span(), message);
                finding.related(ssl_span(model, socket), "`ssl` ends TLS here");
                finding.help(match found.variable {
                    "ssl_preread_server_name" => {
                        "ask $ssl_server_name instead; or take `ssl` from the listen, if the servers behind it answer \
                         the handshake"
                    }
                    _ => "take `ssl` from the listen, if the servers behind it answer the handshake",
                });
            }
            check_pass(model, sink, server);
        }
    }
}

/// `pass` of a connection of which `ssl_preread` has read what was decrypted.
fn check_pass(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>) {
    let handling = Handling::of(server);
    let Some(pass) = handling.handler.filter(|_| handling.passes() && handling.prereads && !handling.is_unknown) else {
        return;
    };
    let Some(socket) = model.stream_sockets_of(server.id).find(|socket| socket.is_tls) else { return };
    let message = format!(
        "each connection that this server gets on {} is closed: pass takes none of which ssl_preread has read what was decrypted",
        socket.endpoint
    );
    sink.error(pass.span(), message)
        .related(ssl_span(model, socket), "`ssl` ends TLS here")
        .help("take `ssl_preread on;` away: the handshake is read anyway");
}

/// The `listen` that makes a socket speak TLS.
fn ssl_span(model: &Model<'_>, socket: &ListenSocket) -> Span {
    let says_ssl = socket
        .members
        .iter()
        .find(|member| model.server(member.server).listens.get(member.listen).is_some_and(|listen| listen.is_ssl));
    let member = says_ssl.unwrap_or(&socket.default);
    model.server(member.server).listen_span(member.listen)
}
