//! Who answers for a host over HTTPS on a listen socket, and with what.

use std::net::IpAddr;

use url::Url;

use crate::model::sockets::listen::Address;
use crate::model::sockets::socket::{ANY_V4, ANY_V6};
use crate::model::{Coverage, ListenSocket, Model, OtherHeaders, Request, SelectedBy, Server, Settled, Start, Trace};
use crate::tls::Host;

/// Who answers for a host on a TLS socket.
#[derive(Debug, Clone, Copy)]
pub enum Service<'m, 'c> {
    /// A server that has the name.
    Named(&'m Server<'c>),
    /// The default server, which belongs to no site and so is there for all names.
    ForAll(&'m Server<'c>, Coverage),
    /// The default server, which is another site or is there to turn strangers away: whether its certificate covers
    /// the host.
    Stranger(&'m Server<'c>, Coverage),
    /// The default server, which rejects the handshake.
    Rejected(&'m Server<'c>),
    /// It cannot be told.
    Unknown,
}

/// The family of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub const ALL: [Family; 2] = [Family::V4, Family::V6];
}

/// Sockets of one port that are all looked at.
const MANY_SOCKETS: usize = 64;

impl ListenSocket {
    /// Whether clients of other machines reach it with an address of this family. A Unix-domain socket, a loopback
    /// address and a name that nginx resolves say nothing of that.
    #[must_use]
    pub fn serves(&self, family: Family) -> bool {
        match self.endpoint.address {
            Address::Ip(address) if address.is_loopback() => false,
            Address::Ip(IpAddr::V4(_)) => family == Family::V4,
            Address::Ip(IpAddr::V6(_)) => family == Family::V6 || self.takes_ipv4,
            Address::Name(_) | Address::Unix(_) => false,
        }
    }
}

impl<'c> Model<'c> {
    /// Who answers a client that asks for `host` on a TLS socket.
    #[must_use]
    pub fn service(&self, socket: &ListenSocket, host: &Host) -> Service<'_, 'c> {
        let name = host.to_string();
        let Settled::Known((server, by)) = self.select(socket, &name) else { return Service::Unknown };
        // A lone server is taken without looking at its names.
        if by != SelectedBy::Default || self.is_owner(server.id, &name) {
            return Service::Named(server);
        }
        // Its names may stand in a file that could not be read.
        if socket.has_unseen_names {
            return Service::Unknown;
        }
        if server.rejects_handshake {
            return Service::Rejected(server);
        }
        let coverage = self.coverage(self.presenting_server(socket, server.id), host);
        // On a socket of its own a server answers to all names.
        if coverage != Coverage::NotCovered && !(server.has_real_name() && socket.is_shared()) {
            return Service::ForAll(server, coverage);
        }
        Service::Stranger(server, coverage)
    }

    /// The TCP sockets of a port that clients of a family may reach when they ask for `host`, through `stream`, too: which
    /// of several addresses is theirs, only DNS knows. Of very many, those of the servers that have the name, and those of
    /// all addresses. None where `stream` leads them to somebody who is not to be seen.
    #[must_use]
    pub fn sockets_for(&self, host: &Host, port: u16, family: Family) -> Vec<&ListenSocket> {
        let Some(mut found) = self.sockets_behind_fronts(host, port, family) else { return Vec::new() };
        found.extend(self.own_sockets_for(host, port, family));
        found
    }

    fn own_sockets_for(&self, host: &Host, port: u16, family: Family) -> Vec<&ListenSocket> {
        let sockets = self.sockets_on_port(port);
        let is_reached = |socket: &&ListenSocket| !socket.is_quic && socket.serves(family);
        if sockets.len() <= MANY_SOCKETS {
            return sockets.iter().filter(is_reached).collect();
        }
        let owned = self.owners_of(&host.to_string()).flat_map(|server| self.sockets_of(server.id));
        let owned = owned.filter(|socket| socket.endpoint.port == port && !socket.endpoint.address.is_wildcard());
        let wildcards = [ANY_V4, ANY_V6].into_iter().filter_map(|any| self.find_socket(any, port, false));
        owned.chain(wildcards).filter(is_reached).collect()
    }

    /// The TCP sockets of a port that those clients may reach who came to another socket with the same host: that of
    /// its address, or any of the family.
    #[must_use]
    pub fn sockets_beside(&self, from: &ListenSocket, host: &Host, port: u16, family: Family) -> Vec<&ListenSocket> {
        match from.endpoint.address {
            Address::Ip(address) if !address.is_unspecified() => {
                match self.socket_at(Some(address), port, false).known().flatten() {
                    None if self.front_at(Some(address), port).is_some() => self.sockets_for(host, port, family),
                    found => found.into_iter().collect(),
                }
            }
            _ => self.sockets_for(host, port, family),
        }
    }

    /// The port to which `http://host/` on a plain socket is sent with https and the same host, whatever else the
    /// client sends.
    #[must_use]
    pub fn https_port_of_redirect(&self, socket: &ListenSocket, host: &Host) -> Option<u16> {
        let url = Url::parse(&format!("http://{host}:{}/", socket.endpoint.port)).ok()?;
        let request = Request { other_headers: OtherHeaders::Unknown, ..Request::get(&url)? };
        let start = Start { url, request, socket: Some(socket), hsts: Vec::new(), max_hops: 1 };
        let (traces, is_all) = self.tracer().traces(&start);
        let target = |trace: &Trace<'_, '_>| {
            let target = trace.hops.first()?.target.clone()?;
            let is_same = target.scheme() == "https" && target.host_str() == start.url.host_str();
            target.port_or_known_default().filter(|_| is_same)
        };
        let port = target(traces.first()?)?;
        (is_all && traces.iter().all(|trace| target(trace) == Some(port))).then_some(port)
    }
}
