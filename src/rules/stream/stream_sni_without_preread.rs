//! `$ssl_preread_*` is empty where nothing reads the client's greeting: all clients are treated alike, whatever name
//! they ask for.

use crate::model::stream::dependencies::Unread;
use crate::model::stream::server::Handling;
use crate::model::{ListenSocket, Model};
use crate::rules::{Findings, Rule};

pub(super) struct StreamSniWithoutPreread;

impl Rule for StreamSniWithoutPreread {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.stream_servers() {
            for found in model.unread_uses(server) {
                let variable = found.variable;
                let endpoint = &found.socket.endpoint;
                let (why, help) = match found.why {
                    Unread::Tls(_) => continue,
                    Unread::Off(default) if default.id == server.id => {
                        ("ssl_preread is off".to_owned(), "add `ssl_preread on;` to this server".to_owned())
                    }
                    Unread::Off(_) => (
                        format!("ssl_preread is off in the default server of {endpoint}, whose setting counts"),
                        "add `ssl_preread on;` to the default server".to_owned(),
                    ),
                    Unread::Udp(_) => (
                        format!("{endpoint} takes datagrams, of which ssl_preread reads nothing"),
                        "write an address here: datagrams cannot be told apart by name".to_owned(),
                    ),
                    Unread::TooEarly(_) => (
                        "it is asked for before the greeting is read, and keeps its value".to_owned(),
                        "use the variable itself, or a map of it, in the place of what `set` makes".to_owned(),
                    ),
                };
                let all = format!("all connections to {endpoint} go the same way, whatever name is asked for");
                let message = format!("${variable} is always empty here, as {why}: {all}");
                let finding = sink.error(found.directive.span(), message);
                match found.why {
                    Unread::TooEarly(directive) => {
                        finding.related(directive.span(), "this runs before the greeting is read");
                    }
                    Unread::Off(default) if default.id != server.id => {
                        finding.related(default.directive.span(), "this is the default server");
                    }
                    _ => {}
                }
                finding.help(help);
            }
        }
        model.stream_sockets().for_each(|socket| check_names(model, sink, socket));
    }
}

/// Servers with names on a socket on which no name is read.
fn check_names(model: &Model<'_>, sink: &mut Findings, socket: &ListenSocket) {
    let default = model.server(socket.default.server);
    let handling = Handling::of(default);
    if !socket.is_shared() || socket.is_tls || socket.is_udp || handling.prereads || handling.is_unknown {
        return;
    }
    let mut others = socket.members.iter().map(|member| model.server(member.server));
    let Some(server) = others.find(|server| server.id != default.id && server.has_real_name()) else { return };
    let message = format!(
        "no connection to {} comes to {server}: ssl_preread is off in the default server, so no name is read",
        socket.endpoint
    );
    sink.error(server.span(), message)
        .related(default.listen_span(socket.default.listen), "the default server takes all connections")
        .help("add `ssl_preread on;` to the default server");
}
