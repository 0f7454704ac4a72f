//! Listen sockets: which servers share one, and which of them answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::{Range, RangeInclusive};

use crate::model::sockets::listen::{Address, Endpoint, Listen};
use crate::model::sockets::server::{Server, ServerId};
use crate::model::sockets::server_names::{Found, NameKind, NameTable};
use crate::model::{Model, Pattern, Settled};
use crate::nginx::NginxVersion;

/// A server on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The server.
    pub server: ServerId,
    /// Which of its `listen`s.
    pub listen: usize,
}

/// One address and port with all servers that listen on it.
#[derive(Debug)]
pub struct ListenSocket {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// UDP for HTTP/3; a socket of its own beside the TCP one.
    pub is_quic: bool,
    /// UDP for HTTP/3 or for datagrams of `stream`.
    pub is_udp: bool,
    /// The servers in the order of the configuration; at least one.
    pub members: Vec<Member>,
    /// The server that answers when no name matches: the one that says `default_server`, else the
    /// first.
    pub default: Member,
    /// Whether a server says `default_server`.
    pub has_explicit_default: bool,
    /// Whether it speaks TLS. `ssl` belongs to the socket: one server's says it for all.
    pub is_tls: bool,
    /// Whether it speaks HTTP/2 because a `listen` says `http2`; a server may also say `http2 on`.
    pub has_http2: bool,
    /// Whether each connection starts with the PROXY protocol.
    pub has_proxy_protocol: bool,
    /// Whether it takes IPv4 connections although its address is an IPv6 one: `[::]` with `ipv6only=off`.
    pub takes_ipv4: bool,
    /// Whether nginx calls `bind` for it even where another socket takes all addresses of the port.
    pub has_own_bind: bool,
    /// Whether other sockets may have the same address: `reuseport`.
    pub has_reuseport: bool,
    /// Whether a server of it may have further names in a file that could not be read.
    pub has_unseen_names: bool,
    /// The names on it.
    pub names: NameTable,
    /// Whether nginx reads the names: several servers share it, or the last regex among the names of
    /// the only one has captures (`ngx_http_optimize_servers`, src/http/ngx_http.c).
    reads_names: bool,
}

impl ListenSocket {
    /// All sockets of some of the servers, sorted by port and address.
    pub(crate) fn all(servers: &[Server<'_>], of: Range<usize>) -> Vec<ListenSocket> {
        use rayon::prelude::*;
        let mut members: Vec<(&Endpoint, bool, Member)> = Vec::new();
        for server in servers.get(of).unwrap_or_default() {
            for (number, listen) in server.listens.iter().enumerate() {
                let member = Member { server: server.id, listen: number };
                members.extend(listen.endpoints.iter().map(|endpoint| (endpoint, listen.is_udp, member)));
            }
        }
        // Stable: the servers of a socket stay in the order of the configuration.
        members.sort_by_key(|&(endpoint, is_udp, _)| (endpoint, is_udp));
        members
            .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|group| ListenSocket::new(servers, group))
            .collect()
    }

    fn new(servers: &[Server<'_>], group: &[(&Endpoint, bool, Member)]) -> ListenSocket {
        let server = |member: &Member| &servers[member.server.0 as usize];
        let listen = |member: &Member| -> &Listen<'_> { &server(member).listens[member.listen] };
        let (endpoint, is_udp, first) = group[0];
        // nginx takes protocol options from all `listen`s of a socket, and lets one set what the socket itself is
        // (`ngx_http_add_addresses`, src/http/ngx_http.c).
        let any = |option: fn(&Listen<'_>) -> bool| group.iter().any(|(.., member)| option(listen(member)));
        let mut members: Vec<Member> = group.iter().map(|&(.., member)| member).collect();
        members.dedup_by_key(|member| member.server);
        let explicit = members.iter().find(|member| listen(member).is_default).copied();
        let is_quic = any(|listen| listen.is_quic);
        let is_tls = is_quic || members.iter().any(|member| listen(member).is_ssl || server(member).has_ssl_on);
        let names = NameTable::new(members.iter().map(|member| (member.server, server(member).names.as_slice())));
        let default = explicit.unwrap_or(first);
        let mut regexes = server(&default).names.iter().rev().filter_map(|name| match &name.kind {
            NameKind::Regex(pattern) => Some(pattern),
            _ => None,
        });
        let reads_names = members.len() > 1 || regexes.next().is_some_and(Pattern::has_groups);
        ListenSocket {
            endpoint: endpoint.clone(),
            is_quic,
            is_udp,
            default,
            has_explicit_default: explicit.is_some(),
            is_tls,
            has_http2: any(|listen| listen.has_http2),
            has_proxy_protocol: any(|listen| listen.has_proxy_protocol),
            takes_ipv4: endpoint.address == Address::Ip(ANY_V6) && any(|listen| listen.is_dual_stack),
            has_own_bind: any(|listen| listen.has_own_bind),
            has_reuseport: any(|listen| listen.has_reuseport),
            has_unseen_names: members.iter().any(|member| server(member).directive.is_incomplete()),
            names,
            reads_names,
            members,
        }
    }

    /// The server that `host` selects by a name, if one does. `host` is in lower case, without port and trailing dot;
    /// empty when there is none.
    pub(crate) fn find(&self, servers: &[Server<'_>], host: &str) -> Settled<Option<Found>> {
        if !self.reads_names {
            return Settled::Known(None);
        }
        let regex = |server: ServerId, name: usize| match &servers[server.0 as usize].names[name].kind {
            NameKind::Regex(pattern) => pattern.is_match(host),
            _ => Some(false),
        };
        self.names.find(host, regex)
    }

    /// Whether nginx ignores a name here because another server has it.
    #[must_use]
    pub fn ignores(&self, server: ServerId, name: usize) -> bool {
        self.reads_names && self.names.ignores((server, name))
    }

    /// Whether several servers share it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.members.len() > 1
    }
}

/// The address of a socket that takes connections to all IPv4 addresses.
pub(crate) const ANY_V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The same for IPv6.
pub(crate) const ANY_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// The sockets of one part of a configuration (`http`, `stream`, `mail`), by port and address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sockets<'s> {
    pub(crate) all: &'s [ListenSocket],
    /// Ports of long ranges that have no socket here.
    pub(crate) further_ports: &'s [RangeInclusive<u16>],
}

impl<'s> Sockets<'s> {
    /// The sockets of a port, on any address, TCP and UDP; those of port 0 are Unix-domain sockets.
    pub(crate) fn on_port(self, port: u16) -> &'s [ListenSocket] {
        let first = self.all.partition_point(|socket| socket.endpoint.port < port);
        let rest = self.all.get(first..).unwrap_or_default();
        rest.get(..rest.partition_point(|socket| socket.endpoint.port == port)).unwrap_or_default()
    }

    /// The socket of exactly this address and port.
    pub(crate) fn find(self, address: &Address, port: u16, is_udp: bool) -> Option<&'s ListenSocket> {
        let sockets = self.on_port(port);
        let found =
            sockets.binary_search_by_key(&(address, is_udp), |socket| (&socket.endpoint.address, socket.is_udp));
        found.ok().and_then(|at| sockets.get(at))
    }

    /// The socket that takes a connection to an address and port: see [`Model::socket_at`].
    pub(crate) fn at(self, address: Option<IpAddr>, port: u16, is_udp: bool) -> Settled<Option<&'s ListenSocket>> {
        let sockets = self.on_port(port);
        let at = |ip: IpAddr| self.find(&Address::Ip(ip), port, is_udp);
        // Names come after addresses.
        let mut names = sockets.iter().rev().take_while(|socket| matches!(socket.endpoint.address, Address::Name(_)));
        let has_others =
            names.any(|socket| socket.is_udp == is_udp) || self.further_ports.iter().any(|ports| ports.contains(&port));
        let own = address.and_then(at);
        if own.is_some() {
            return Settled::Known(own);
        }
        let wildcard = match address {
            Some(IpAddr::V4(_)) => at(ANY_V4).or_else(|| at(ANY_V6).filter(|socket| socket.takes_ipv4)),
            Some(IpAddr::V6(_)) => at(ANY_V6),
            None => at(ANY_V4).or_else(|| at(ANY_V6)),
        };
        match (address, wildcard) {
            (Some(_), _) if has_others => Settled::Unknown,
            (Some(_), wildcard) | (None, wildcard @ Some(_)) => Settled::Known(wildcard),
            (None, None) => {
                let mut possible = sockets.iter().filter(|socket| socket.is_udp == is_udp);
                match (possible.next(), possible.next()) {
                    (_, Some(_)) => Settled::Unknown,
                    (None, None) if has_others => Settled::Unknown,
                    (only, None) => Settled::Known(only),
                }
            }
        }
    }
}

impl Model<'_> {
    /// Whether a client of `server` on a socket can speak HTTP/2 (`ngx_http_ssl_alpn_select`,
    /// src/http/modules/ngx_http_ssl_module.c). `server` is the one that SNI selects.
    #[must_use]
    pub fn offers_http2(&self, socket: &ListenSocket, server: &Server<'_>) -> bool {
        const DIRECTIVE_SINCE: NginxVersion = NginxVersion::new(1, 25, 1);
        socket.has_http2 || self.environment.version >= DIRECTIVE_SINCE && server.has_http2_on
    }

    /// The sockets of a port, on any address, TCP and UDP; those of port 0 are Unix-domain sockets.
    #[must_use]
    pub fn sockets_on_port(&self, port: u16) -> &[ListenSocket] {
        self.http_sockets().on_port(port)
    }

    /// The socket of exactly this address and port.
    #[must_use]
    pub fn find_socket(&self, address: IpAddr, port: u16, is_quic: bool) -> Option<&ListenSocket> {
        self.http_sockets().find(&Address::Ip(address), port, is_quic)
    }

    /// The socket that takes a connection to an address and port; for HTTP/3 with `is_quic`.
    ///
    /// The socket of the address itself, else the one of all addresses of its family; `[::]` takes IPv4 connections
    /// only with `ipv6only=off`. Where the address is not given: the one of all addresses, IPv4 before IPv6, or the
    /// only one there is.
    ///
    /// [`Settled::Unknown`] where it may be one that listens on a host name, where several addresses are possible, and
    /// on a port far up in a range.
    #[must_use]
    pub fn socket_at(&self, address: Option<IpAddr>, port: u16, is_quic: bool) -> Settled<Option<&ListenSocket>> {
        self.http_sockets().at(address, port, is_quic)
    }

    pub(crate) fn http_sockets(&self) -> Sockets<'_> {
        Sockets { all: &self.sockets, further_ports: &self.further_ports }
    }
}
