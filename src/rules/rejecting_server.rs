//! A default server that belongs to no site and rejects, for sockets whose default is a site.

use crate::model::sockets::listen::Address;
use crate::model::{ListenSocket, Member, Model, SelectedBy, Server, Settled};
use crate::nginx::NginxVersion;
use crate::rules::listening::PROTOCOLS;
use crate::rules::{Fix, edit};
use crate::tls::CertificateName;

/// `ssl_reject_handshake`: <https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_reject_handshake>
const REJECTS_SINCE: NginxVersion = NginxVersion::new(1, 19, 4);

/// `http2` as a directive: <https://nginx.org/en/docs/http/ngx_http_v2_module.html#http2>
const HTTP2_IS_DIRECTIVE_SINCE: NginxVersion = NginxVersion::new(1, 25, 1);

/// Puts a server that rejects behind `default`, for TLS sockets of which that one is the default. Where it says so, it does
/// not any more.
pub(super) fn rejecting_instead<'m>(
    model: &Model<'_>,
    default: &Server<'_>,
    sockets: impl Iterator<Item = &'m ListenSocket>,
) -> Option<Fix> {
    // Without names nothing would reach it any more.
    if !default.has_real_name() {
        return None;
    }
    let sockets: Vec<&ListenSocket> = sockets.collect();
    let version = model.environment.version;
    let mut lines = Vec::new();
    let mut edits = Vec::new();
    let mut listens: Vec<usize> = Vec::new();
    for socket in &sockets {
        if serves_more(model, default, socket) || lends(model, default, socket) {
            return None;
        }
        if listens.contains(&socket.default.listen) {
            continue;
        }
        listens.push(socket.default.listen);
        // Of a range, some ports may have another default server.
        let is_of_fix = |other: &ListenSocket| sockets.iter().any(|it| std::ptr::eq(*it, other));
        if !sockets_of(model, socket.default)?.into_iter().all(is_of_fix) {
            return None;
        }
        let listen = default.listens.get(socket.default.listen).and_then(|listen| listen.directive)?;
        let mut words = vec![listen.argument(0)?];
        let says = |name: &str| listen.arguments().skip(1).find(|word| word.is(name));
        words.extend(PROTOCOLS.iter().filter_map(|name| says(name)));
        let mut words: Vec<String> =
            words.iter().map(|word| String::from_utf8_lossy(word.raw()).into_owned()).collect();
        // Another server says it.
        if says("ssl").is_none() {
            words.insert(1, "ssl".to_owned());
        }
        // The rule that is about it comes first.
        if socket.has_http2 && (says("http2").is_none() || version >= HTTP2_IS_DIRECTIVE_SINCE) {
            return None;
        }
        lines.push(format!("listen {} default_server;", words.join(" ")));
        let said = ["default_server", "default"].into_iter().find_map(says);
        edits.extend(said.map(|word| Some(edit::without_word(listen, word))));
    }
    // nginx takes no second one.
    if listens.is_empty() || !model.sees_all_servers() || default.directive.readings() > 1 || version < REJECTS_SINCE {
        return None;
    }
    lines.push("server_name _;".to_owned());
    lines.push("ssl_reject_handshake on;".to_owned());
    edits.push(edit::block_behind(default.directive, "server", &lines));
    Fix::risky("add a default server that rejects", edits)
}

/// The sockets of a `listen`, which may be a range of ports. `None` where not all of them are seen.
pub(super) fn sockets_of<'m>(model: &'m Model<'_>, member: Member) -> Option<Vec<&'m ListenSocket>> {
    model.server(member.server).listens.get(member.listen).filter(|listen| listen.further_ports.is_none())?;
    let is_it = |other: &Member| *other == member;
    let sockets = model.sockets_of(member.server).filter(|socket| socket.members.iter().any(is_it));
    // Two of a port are one where a host name means the address of the other.
    let is_one = |socket: &&ListenSocket| {
        let has_name = |other: &ListenSocket| matches!(other.endpoint.address, Address::Name(_));
        let on_port = model.sockets_on_port(socket.endpoint.port);
        on_port.len() == 1 || !on_port.iter().any(has_name)
    };
    sockets.map(|socket| Some(socket).filter(is_one)).collect()
}

/// Whether the server answers for further names of its certificate only as the default.
fn serves_more(model: &Model<'_>, default: &Server<'_>, socket: &ListenSocket) -> bool {
    model.certificate_names(default).filter_map(CertificateName::witness).any(|host| {
        let selected = model.select(socket, &host.to_string());
        !matches!(selected, Settled::Known((_, by)) if by != SelectedBy::Default)
    })
}

/// Whether a server of the socket has no certificate but that of the default one.
fn lends(model: &Model<'_>, default: &Server<'_>, socket: &ListenSocket) -> bool {
    let is_without = |server: &Server<'_>| server.certificates.is_empty() && !server.rejects_handshake;
    default.has_unseen_certificates || socket.members.iter().any(|member| is_without(model.server(member.server)))
}
