//! Where nginx itself answers the handshake, `ssl_preread` finds no greeting behind it: the name is in
//! `$ssl_server_name`.

use crate::config::Directive;
use crate::model::stream::dependencies::Unread;
use crate::model::stream::server::Handling;
use crate::model::{ListenSocket, Model, Server, inherit};
use crate::rules::{Edit, Findings, Fix, Rule, edit};
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
                if found.variable == PREREAD {
                    finding.fix(asks_otherwise(model, server, found.directive));
                }
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
        .help("take `ssl_preread on;` away: the handshake is read anyway")
        .fix(Fix::safe("take `ssl_preread on` away", [without_preread(model, server)]));
}

/// The `ssl_preread on` of a server all of whose sockets end TLS.
fn without_preread(model: &Model<'_>, server: &Server<'_>) -> Option<Edit> {
    let on = server.directive.children_named("ssl_preread").last()?;
    let is_alone = inherit::flag_in_effect(server.directive.parent()?, "ssl_preread") != Some(true);
    let is_needed = model.stream_sockets_of(server.id).any(|socket| !socket.is_tls);
    if is_alone && !is_needed && on.readings() == 1 { edit::without(on) } else { None }
}

const PREREAD: &str = "ssl_preread_server_name";

/// The name of the handshake that nginx answers, in the place of the one that it does not read: in the directive, or in
/// the map behind it, if no server has use for that. Safe where nothing else asks the map, such as a log.
fn asks_otherwise<'c>(model: &Model<'c>, server: &Server<'c>, directive: Directive<'c>) -> Option<Fix> {
    let asking_in = |server: &Server<'c>| {
        let name = inherit::value_in_effect(server.directive, "proxy_ssl_name");
        [Handling::of(server).handler, name].into_iter().flatten().collect::<Vec<_>>()
    };
    let depends = |server: &Server<'c>| {
        let mut words = asking_in(server).into_iter().filter_map(|by| by.argument(0));
        words.any(|word| model.dependencies(server, &word.text()).find(&[PREREAD]).is_some())
    };
    let ends_tls = |server: &Server<'_>| model.stream_sockets_of(server.id).all(|socket| socket.is_tls);
    let users: Vec<&Server<'c>> = model.stream_servers().filter(|server| depends(server)).collect();
    if !users.iter().all(|server| ends_tls(server)) || !ends_tls(server) {
        return None;
    }
    let word = directive.argument(0)?;
    let dependencies = model.dependencies(server, &word.text());
    let sources = dependencies.tables.iter().filter_map(|table| table.source);
    let mut asking = std::iter::once(word).chain(sources).filter(|word| word.text().contains(PREREAD));
    let (changed, None) = (asking.next()?, asking.next()) else { return None };
    let text = String::from_utf8(changed.raw().to_vec()).ok()?.replace(PREREAD, "ssl_server_name");
    let edits = [Some(edit::word_replaced(changed, text))];
    let title = "ask $ssl_server_name instead";
    let known: Vec<Directive<'c>> = users.into_iter().flat_map(asking_in).collect();
    if changed.span() == word.span() || !model.asks_elsewhere(&dependencies.tables, &known) {
        Fix::safe(title, edits)
    } else {
        Fix::risky(title, edits)
    }
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
