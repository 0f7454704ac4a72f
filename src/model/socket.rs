//! Listen sockets: which servers share one, and which of them answers.

use super::listen::{Endpoint, Listen};
use super::server::{Server, ServerId};
use super::server_names::{NameKind, NameTable, SelectedBy};
use super::{Pattern, Settled};

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
    /// The servers in the order of the configuration; at least one.
    pub members: Vec<Member>,
    /// The server that answers when no name matches: the one that says `default_server`, else the
    /// first.
    pub default: Member,
    /// Whether a server says `default_server`.
    pub has_explicit_default: bool,
    /// Whether it speaks TLS. `ssl` belongs to the socket: one server's says it for all.
    pub is_tls: bool,
    /// The names on it.
    pub names: NameTable,
    /// Whether nginx reads the names: several servers share it, or the last regex among the names of
    /// the only one has captures (`ngx_http_optimize_servers`, src/http/ngx_http.c).
    reads_names: bool,
}

impl ListenSocket {
    /// All sockets of `servers`, sorted by port and address.
    pub(super) fn all(servers: &[Server<'_>]) -> Vec<ListenSocket> {
        use rayon::prelude::*;
        let mut members: Vec<(&Endpoint, bool, Member)> = Vec::new();
        for server in servers {
            for (number, listen) in server.listens.iter().enumerate() {
                let member = Member { server: server.id, listen: number };
                members.extend(listen.endpoints.iter().map(|endpoint| (endpoint, listen.is_quic, member)));
            }
        }
        // Stable: the servers of a socket stay in the order of the configuration.
        members.sort_by_key(|&(endpoint, is_quic, _)| (endpoint, is_quic));
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
        let (endpoint, is_quic, first) = group[0];
        let mut members: Vec<Member> = group.iter().map(|&(.., member)| member).collect();
        members.dedup_by_key(|member| member.server);
        let explicit = members.iter().find(|member| listen(member).is_default).copied();
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
            default,
            has_explicit_default: explicit.is_some(),
            is_tls,
            names,
            reads_names,
            members,
        }
    }

    /// The server that `host` selects, by SNI or by the Host header. `host` is in lower case, without
    /// port and trailing dot; empty when there is none.
    ///
    /// On a socket with one server nginx does not look at names at all.
    pub(super) fn select(&self, servers: &[Server<'_>], host: &str) -> Settled<(ServerId, SelectedBy)> {
        let default = (self.default.server, SelectedBy::Default);
        if self.members.len() == 1 {
            return Settled::Known(default);
        }
        let regex = |server: ServerId, name: usize| match &servers[server.0 as usize].names[name].kind {
            NameKind::Regex(pattern) => pattern.is_match(host),
            _ => Some(false),
        };
        match self.names.find(host, regex) {
            Settled::Known(found) => Settled::Known(found.unwrap_or(default)),
            Settled::Unknown => Settled::Unknown,
        }
    }

    /// Whether nginx ignores a name here because another server has it.
    #[must_use]
    pub fn ignores(&self, server: ServerId, name: usize) -> bool {
        self.reads_names && self.names.conflicts.iter().any(|conflict| conflict.ignored == (server, name))
    }

    /// Whether several servers share it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.members.len() > 1
    }
}
