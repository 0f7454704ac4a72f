//! What a `proxy_pass` and its like lead to: addresses and names that are written out, and `upstream` groups.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_upstream_module.html>,
//! <https://nginx.org/en/docs/stream/ngx_stream_upstream_module.html>

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use rustc_hash::FxHashMap;

use crate::config::Directive;
use crate::model::sockets::listen::Address;
use crate::model::{ListenSocket, Model, Settled};
use crate::nginx::{Contexts, nearest_text};

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

/// What a pass leads to.
#[derive(Debug, Clone)]
pub struct Upstream<'c> {
    /// The host, or the group, or the path of a Unix-domain socket, as it is written; an IPv6 address in its brackets.
    pub host: String,
    /// What that is.
    pub kind: UpstreamKind<'c>,
}

/// What the host of an upstream is.
#[derive(Debug, Clone)]
pub enum UpstreamKind<'c> {
    /// The name of an `upstream` block.
    Group(Directive<'c>),
    /// An address.
    Address(UpstreamAddress),
    /// A host name, which only DNS knows.
    Name,
}

/// One server of a group.
#[derive(Debug, Clone)]
pub struct UpstreamServer<'c> {
    /// Its directive.
    pub directive: Directive<'c>,
    /// Its host as it is written.
    pub host: String,
    /// Its address, unless it is a name.
    pub address: Option<UpstreamAddress>,
}

/// The `upstream` groups of `http` and those of `stream`, by name in lower case.
#[derive(Debug, Default)]
pub(crate) struct Upstreams<'c> {
    http: FxHashMap<String, Directive<'c>>,
    stream: FxHashMap<String, Directive<'c>>,
}

impl<'c> Upstreams<'c> {
    pub(crate) fn read(model: &Model<'c>) -> Upstreams<'c> {
        let groups = |context| {
            let mut groups = FxHashMap::default();
            for block in model.config.directives_named("upstream", context) {
                if let Some(name) = block.argument(0) {
                    groups.entry(name.text().to_ascii_lowercase()).or_insert(block);
                }
            }
            groups
        };
        Upstreams { http: groups(Contexts::HTTP), stream: groups(Contexts::STREAM) }
    }
}

impl<'c> Upstream<'c> {
    /// The servers of the group that are not `down`; none where it is no group.
    pub fn servers(&self) -> impl Iterator<Item = UpstreamServer<'c>> {
        let group = match &self.kind {
            UpstreamKind::Group(group) => Some(*group),
            UpstreamKind::Address(_) | UpstreamKind::Name => None,
        };
        group.into_iter().flat_map(servers_of)
    }

    /// Whether a group may have other servers than are seen: in a file whose include could not be followed, or chosen by
    /// a script.
    #[must_use]
    pub fn has_unseen_servers(&self) -> bool {
        let UpstreamKind::Group(group) = &self.kind else { return false };
        let scripts = ["balancer_by_lua_block", "balancer_by_lua_file"];
        group.is_incomplete() || scripts.iter().any(|script| group.children_named(script).next().is_some())
    }

    /// The addresses, as far as they are written out, and whether these are all.
    #[must_use]
    pub fn addresses(&self) -> (Vec<UpstreamAddress>, bool) {
        match &self.kind {
            UpstreamKind::Address(address) => (vec![address.clone()], true),
            UpstreamKind::Name => (Vec::new(), false),
            UpstreamKind::Group(group) => {
                let (addresses, is_all) = group_addresses(*group, USUAL_PORT);
                (addresses, is_all && !self.has_unseen_servers())
            }
        }
    }
}

/// The port of a server of a group of `http` that names none, whatever the scheme.
const USUAL_PORT: u16 = 80;

/// The addresses of the servers of a group that are written out, and whether these are all.
pub(crate) fn group_addresses(group: Directive<'_>, usual_port: u16) -> (Vec<UpstreamAddress>, bool) {
    let up = group.children_named("server").filter(|server| !server.arguments().any(|word| word.is("down")));
    let found: Vec<Option<UpstreamAddress>> =
        up.map(|server| address(&server.argument(0)?.text(), usual_port)).collect();
    let is_all = !group.is_incomplete() && found.iter().all(Option::is_some);
    let mut addresses: Vec<UpstreamAddress> = found.into_iter().flatten().collect();
    addresses.sort();
    addresses.dedup();
    (addresses, is_all)
}

fn servers_of<'c>(group: Directive<'c>) -> impl Iterator<Item = UpstreamServer<'c>> {
    let up = group.children_named("server").filter(|server| !server.arguments().any(|word| word.is("down")));
    up.filter_map(|directive| {
        let text = directive.argument(0)?.text().into_owned();
        Some(UpstreamServer { directive, host: host(&text).to_owned(), address: address(&text, USUAL_PORT) })
    })
}

impl<'c> Model<'c> {
    /// The group of `stream` of that name.
    pub(crate) fn stream_group(&self, name: &str) -> Option<Directive<'c>> {
        self.upstreams().stream.get(&name.to_ascii_lowercase()).copied()
    }

    /// The name of a group of `stream` that is almost the same.
    #[must_use]
    pub fn similar_stream_group(&self, name: &str) -> Option<String> {
        let names = self.config.directives_named("upstream", Contexts::STREAM);
        let names: Vec<String> =
            names.filter_map(|group| group.argument(0)).map(|name| name.text().into_owned()).collect();
        nearest_text(name, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// What a host with or without a port leads to, or `unix:` and a path, in `http` or in `stream`.
    #[must_use]
    pub fn upstream(&self, side: Contexts, authority: &str, usual_port: u16) -> Upstream<'c> {
        let groups = if side == Contexts::STREAM { &self.upstreams().stream } else { &self.upstreams().http };
        if let Some(group) = groups.get(&authority.to_ascii_lowercase()) {
            return Upstream { host: authority.to_owned(), kind: UpstreamKind::Group(*group) };
        }
        let kind = address(authority, usual_port).map_or(UpstreamKind::Name, UpstreamKind::Address);
        Upstream { host: host(authority).to_owned(), kind }
    }

    /// The addresses that the URL of a `proxy_pass` leads to, as far as they are written out, and whether these are all:
    /// others are host names, which only DNS knows, and those of a group with an include that could not be followed.
    #[must_use]
    pub fn upstream_addresses(&self, url: &str) -> Option<(Vec<UpstreamAddress>, bool)> {
        let (scheme, rest) = url.split_once("://")?;
        let usual_port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
        let upstream = self.upstream(Contexts::HTTP, authority(rest), usual_port);
        match upstream.kind {
            UpstreamKind::Name => None,
            _ => Some(upstream.addresses()),
        }
    }

    /// The servers of the group that a URL leads to, sorted, with their parameters: `10.0.0.1:80 backup weight=2`. None
    /// where it leads to no group.
    #[must_use]
    pub fn upstream_servers(&self, url: &str) -> Vec<String> {
        let authority = url.split_once("://").map(|(_, rest)| authority(rest)).unwrap_or_default();
        let Some(group) = self.upstreams().http.get(&authority.to_ascii_lowercase()) else { return Vec::new() };
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
        self.upstreams.get_or_init(|| Upstreams::read(self))
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

/// What stands before the path of what follows a scheme; with `unix:` the path of the socket.
#[must_use]
pub(crate) fn authority(rest: &str) -> &str {
    if let Some(path) = rest.strip_prefix("unix:") {
        let length = path.find(':').unwrap_or(path.len());
        return &rest[.."unix:".len() + length];
    }
    rest.split(['/', '?']).next().unwrap_or(rest)
}

/// The host of an authority, without the port; the path of a Unix-domain socket.
#[must_use]
pub(crate) fn host(authority: &str) -> &str {
    if let Some(path) = authority.strip_prefix("unix:") {
        return path;
    }
    let literal = authority.starts_with('[').then(|| authority.find(']')).flatten().map_or(0, |end| end + 1);
    let end = authority[literal..].find(':').map_or(authority.len(), |colon| literal + colon);
    &authority[..end]
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
    fn hosts_lose_their_ports_and_paths() {
        for (rest, expected) in [
            ("a.test:81/x:y", "a.test"),
            ("a.test?x", "a.test"),
            ("[::1]:81/", "[::1]"),
            ("[::1]", "[::1]"),
            ("[::1", "["),
            ("unix:/run/a.sock:/x", "/run/a.sock"),
            ("unix:/run/a.sock", "/run/a.sock"),
            ("", ""),
        ] {
            assert_eq!(host(authority(rest)), expected, "{rest}");
        }
    }

    #[test]
    fn addresses_are_read_as_written() {
        for (text, expected) in ADDRESSES {
            let found = address(text, 80).map(|address| address.to_string());
            assert_eq!(found.as_deref(), *expected, "{text}");
        }
    }
}
