//! `$ssl_preread_*` is empty where nothing reads the client's greeting: all clients are treated alike, whatever name
//! they ask for.

use crate::model::stream::dependencies::{Unread, UnreadUse};
use crate::model::stream::server::Handling;
use crate::model::{ListenSocket, Model, Server};
use crate::rules::addition::{Line, beside, within};
use crate::rules::{Edit, Findings, Fix, Rule, edit};

pub(super) struct StreamSniWithoutPreread;

impl Rule for StreamSniWithoutPreread {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.stream_servers() {
            let uses = model.unread_uses(server).into_iter();
            uses.filter(|found| !matches!(found.why, Unread::Tls(_)))
                .for_each(|found| report(model, sink, server, &found));
        }
        // Of a lone snippet, another file may hold the default server.
        for socket in model.stream_sockets().filter(|_| model.config.is_whole()) {
            check_names(model, sink, socket);
        }
    }
}

fn report(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, found: &UnreadUse<'_, '_>) {
    let UnreadUse { variable, socket, .. } = found;
    let endpoint = &socket.endpoint;
    let why = match found.why {
        Unread::Off(default) if default.id == server.id => "ssl_preread is off".to_owned(),
        Unread::Off(_) => format!("ssl_preread is off in the default server of {endpoint}, whose setting counts"),
        Unread::Udp(_) => format!("{endpoint} udp takes datagrams, of which ssl_preread reads nothing"),
        Unread::TooEarly(_) => "it is asked for before the greeting is read, and keeps its value".to_owned(),
        Unread::Tls(_) => return,
    };
    // What stands in `stream` itself is not to be seen in a lone snippet.
    let is_open = matches!(found.why, Unread::Off(_)) && !model.config.is_whole();
    let unless = if is_open { ", unless `stream` says `ssl_preread on`" } else { "" };
    let place = if matches!(found.why, Unread::Udp(_)) { String::new() } else { format!("on {endpoint} ") };
    let message = format!(
        "${variable} is always empty here, as {why}{unless}: {place}it makes no difference what a client asks for"
    );
    let finding = if is_open {
        let finding = sink.warning(found.directive.span(), message);
        finding.conditional()
    } else {
        sink.error(found.directive.span(), message)
    };
    match found.why {
        Unread::TooEarly(directive) => {
            finding.related(directive.span(), "this runs before the greeting is read");
        }
        Unread::Off(default) if default.id != server.id => {
            finding.related(default.directive.span(), "this is the default server");
        }
        _ => {}
    }
    finding.help(match found.why {
        Unread::Off(default) if default.id == server.id => "add `ssl_preread on;` to this server",
        Unread::Off(_) | Unread::Tls(_) => "add `ssl_preread on;` to the default server",
        Unread::Udp(_) => "write an address here: datagrams cannot be told apart by name",
        Unread::TooEarly(_) => "use the variable itself, or a map of it, in the place of what `set` makes",
    });
    if let Unread::Off(default) = found.why {
        let edits = [switched_on(model, default)];
        // The clients of another server come to this one then.
        finding.fix(if default.id == server.id { Fix::safe(TITLE, edits) } else { Fix::risky(TITLE, edits) });
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
        .help("add `ssl_preread on;` to the default server")
        .fix(Fix::risky(TITLE, [switched_on(model, default)]));
}

const TITLE: &str = "read the name that clients ask for";

/// `ssl_preread on` in a server: behind its `listen`s, or where it says otherwise.
fn switched_on(model: &Model<'_>, server: &Server<'_>) -> Option<Edit> {
    let block = server.directive;
    let off = block.children_named("ssl_preread").last();
    if let Some(off) = off {
        let is_own = within(block, off) == Some(off);
        return off.argument(0).filter(|_| is_own).map(|word| edit::word_replaced(word, "on"));
    }
    let listen = block.children_named("listen").last()?;
    beside(within(block, listen)?, &[Line::new("ssl_preread", "on")], model.environment.version)
}
