//! A `listen` for clients of the other address family, beside the one that a server has.

use std::net::IpAddr;

use super::addition::within;
use super::{Edit, edit};
use crate::model::sockets::listen::Listen;
use crate::model::{Family, ListenSocket, Model, Server};
use crate::nginx::NginxVersion;

/// `[::]:80` is of IPv6 alone unless it says otherwise: `ipv6only`,
/// <https://nginx.org/en/docs/http/ngx_http_core_module.html#listen>
const IPV6_ALONE_SINCE: NginxVersion = NginxVersion::new(1, 3, 4);

/// The parameters of `listen` that all servers of a socket say. The others may be said once for each socket.
pub(super) const PROTOCOLS: &[&str] = &["ssl", "http2", "proxy_protocol"];

/// Lets a server listen on all addresses of a family as it does on those of the other one: as the servers of `socket` do,
/// or where nobody is there yet, with all that its own `listen` says.
pub(super) fn listen_for(
    model: &Model<'_>,
    server: &Server<'_>,
    (family, port): (Family, u16),
    socket: Option<&ListenSocket>,
) -> Option<Edit> {
    let is_own = |listen: &&Listen<'_>| {
        let [endpoint] = listen.endpoints.as_slice() else { return false };
        let is_other = endpoint.address.is_wildcard() && !listen.is_dual_stack && listen.further_ports.is_none();
        endpoint.port == port && is_other && listen.is_ssl && !listen.is_udp
    };
    let own = server.listens.iter().find(is_own)?.directive?;
    let has_socket = |listen: &ListenSocket| listen.endpoint.port == port && !listen.is_quic && listen.serves(family);
    if model.sockets_of(server.id).any(has_socket)
        || server.directive.readings() > 1
        || model.environment.version < IPV6_ALONE_SINCE
    {
        return None;
    }
    let address = match (family, socket.map(|socket| &socket.endpoint.address)) {
        (_, Some(address)) if !address.is_wildcard() => return None,
        (Family::V4, _) => port.to_string(),
        (Family::V6, _) => format!("[{}]:{port}", IpAddr::from([0u16; 8])),
    };
    let like = match socket {
        Some(socket) => model.server(socket.default.server).listens.get(socket.default.listen)?.directive?,
        None => own,
    };
    let is_said = |word: &str| match socket {
        Some(_) => PROTOCOLS.contains(&word),
        None => !word.starts_with("ipv6only="),
    };
    let mut words = vec![address];
    let said = like.arguments().skip(1).map(|word| word.text().into_owned());
    words.extend(said.filter(|word| is_said(word)));
    if !words.iter().any(|word| word == "ssl") {
        // Another server of the socket says it.
        words.insert(1, "ssl".to_owned());
    }
    edit::lines_behind(within(server.directive, own)?, &[format!("listen {};", words.join(" "))])
}
