//! The addresses behind `proxy_pass`: those that are written out, and those of an `upstream` group.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_upstream_module.html>

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use rustc_hash::FxHashMap;

use crate::config::{Config, Directive};
use crate::model::sockets::listen::Address;
use crate::model::{ListenSocket, Model, Settled};
use crate::nginx::Contexts;

/// An address that nginx connects to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpstreamAddress {
    /// An IP address and a port.
    Ip(IpAddr, u16),
    /// A Unix-domain socket.
    Unix(String),
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UpstreamAddress::Ip(ip, port) => write!(f, "{}", std::net::SocketAddr::new(*ip, *port)),
            UpstreamAddress::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

/// The `upstream` groups of `http` or of `stream`, by name in lower case.
#[derive(Debug, Default)]
pub(crate) struct Upstreams<'c> {
    groups: FxHashMap<String, Directive<'c>>,
}

impl<'c> Upstreams<'c> {
    pub(crate) fn read(config: &'c Config<'c>, context: Contexts) -> Upstreams<'c> {
        let mut groups = FxHashMap::default();
        for block in config.directives_named("upstream", context) {
            if let Some(name) = block.argument(0) {
                groups.entry(name.text().to_ascii_lowercase()).or_insert(block);
            }
        }
        Upstreams { groups }
    }

    /// The group of that name.
    pub(crate) fn group(&self, name: &str) -> Option<Directive<'c>> {
        self.groups.get(&name.to_ascii_lowercase()).copied()
    }

    /// The addresses of the servers of a group that are written out, and whether these are all.
    pub(crate) fn addresses(group: Directive<'_>, usual_port: u16) -> (Vec<UpstreamAddress>, bool) {
        let servers = group.children_named("server").filter(|server| !server.arguments().any(|word| word.is("down")));
        let found: Vec<Option<UpstreamAddress>> =
            servers.map(|server| address(&server.argument(0)?.text(), usual_port)).collect();
        let is_all = !group.is_incomplete() && found.iter().all(Option::is_some);
        let mut addresses: Vec<UpstreamAddress> = found.into_iter().flatten().collect();
        addresses.sort();
        addresses.dedup();
        (addresses, is_all)
    }
}

impl<'c> Model<'c> {
    /// The addresses that the URL of a `proxy_pass` leads to, as far as they are written out, and whether these are all:
    /// others are host names, which only DNS knows, and those of a group with an include that could not be followed.
    #[must_use]
    pub fn upstream_addresses(&self, url: &str) -> Option<(Vec<UpstreamAddress>, bool)> {
        let (scheme, rest) = url.split_once("://")?;
        let usual_port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
        if let Some(path) = rest.strip_prefix("unix:") {
            let path = path.split(':').next().unwrap_or(path);
            return Some((vec![UpstreamAddress::Unix(path.to_owned())], true));
        }
        let authority = rest.split(['/', '?']).next().unwrap_or(rest);
        match self.upstreams().group(authority) {
            // A server of a group without a port has 80, whatever the scheme.
            Some(group) => Some(Upstreams::addresses(group, 80)),
            None => address(authority, usual_port).map(|address| (vec![address], true)),
        }
    }

    /// The servers of the group that a URL leads to, sorted, with their parameters: `10.0.0.1:80 backup weight=2`. None
    /// where it leads to no group.
    #[must_use]
    pub fn upstream_servers(&self, url: &str) -> Vec<String> {
        let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()).unwrap_or_default();
        let Some(group) = self.upstreams().group(authority) else { return Vec::new() };
        let mut servers: Vec<String> = group.children_named("server").filter_map(server_text).collect();
        servers.sort();
        servers
    }

    /// The socket of this configuration that takes a connection of nginx to an address; `None` where there is none, and
    /// where it cannot be told whether the address is one of this machine.
    #[must_use]
    pub fn socket_of_upstream(&self, address: &UpstreamAddress) -> Option<&ListenSocket> {
        match address {
            UpstreamAddress::Unix(path) => self
                .sockets_on_port(0)
                .iter()
                .find(|socket| matches!(&socket.endpoint.address, Address::Unix(own) if own == path)),
            UpstreamAddress::Ip(address, port) => {
                let Settled::Known(Some(socket)) = self.socket_at(Some(*address), *port, false) else { return None };
                let is_own = socket.endpoint.address == Address::Ip(*address);
                (address.is_loopback() || address.is_unspecified() || is_own).then_some(socket)
            }
        }
    }

    fn upstreams(&self) -> &Upstreams<'c> {
        self.upstreams.get_or_init(|| Upstreams::read(self.config, Contexts::HTTP))
    }
}

/// A server of a group; what is written out although nginx takes it anyway is left out.
fn server_text(server: Directive<'_>) -> Option<String> {
    const DEFAULTS: &[&str] = &["weight=1", "max_fails=1", "fail_timeout=10s", "fail_timeout=10", "max_conns=0"];
    let mut words = server.arguments().map(|word| word.text().into_owned());
    let address = words.next()?;
    let has_port = address.starts_with("unix:") || address.rsplit(']').next().unwrap_or_default().contains(':');
    let address = if has_port { address } else { format!("{address}:80") };
    let mut parameters: Vec<String> = words.filter(|word| !DEFAULTS.contains(&word.as_str())).collect();
    parameters.sort();
    Some([&[address][..], &parameters].concat().join(" "))
}

/// `127.0.0.1`, `127.0.0.1:8080`, `[::1]:8080`, `localhost`, `unix:/path`; `None` for a host name.
pub(crate) fn address(text: &str, usual_port: u16) -> Option<UpstreamAddress> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(UpstreamAddress::Unix(path.to_owned()));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && (!host.contains(':') || host.ends_with(']')) => {
            (host, port.parse().ok()?)
        }
        _ => (text, usual_port),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let ip =
        if host.eq_ignore_ascii_case("localhost") { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { host.parse().ok()? };
    Some(UpstreamAddress::Ip(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: &[(&str, Option<&str>)] = &[
        ("127.0.0.1", Some("127.0.0.1:80")),
        ("127.0.0.1:8080", Some("127.0.0.1:8080")),
        ("[::1]:81", Some("[::1]:81")),
        ("[::1]", Some("[::1]:80")),
        ("LOCALHOST:81", Some("127.0.0.1:81")),
        ("unix:/run/a.sock", Some("unix:/run/a.sock")),
        ("backend:81", None),
        ("127.0.0.1:$port", None),
        ("", None),
    ];

    #[test]
    fn addresses_are_read_as_written() {
        for (text, expected) in ADDRESSES {
            let found = address(text, 80).map(|address| address.to_string());
            assert_eq!(found.as_deref(), *expected, "{text}");
        }
    }
}
