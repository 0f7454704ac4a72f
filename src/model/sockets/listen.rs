//! The parameters of `listen`.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#listen>

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use crate::config::Directive;

/// The address of a listen socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IP address; `0.0.0.0` (also written `*`) and `::` take what no other socket of the port takes.
    Ip(IpAddr),
    /// A host name, which nginx resolves when it starts.
    Name(String),
    /// A Unix-domain socket, without a port.
    Unix(String),
}

impl Address {
    /// Whether it is an IP address.
    #[must_use]
    pub fn is_ip(&self) -> bool {
        matches!(self, Address::Ip(_))
    }

    /// Whether it stands for all addresses of its family.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        matches!(self, Address::Ip(address) if address.is_unspecified())
    }
}

/// An address and a port: what `bind` is called with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The port; 0 for a Unix-domain socket.
    pub port: u16,
    /// The address.
    pub address: Address,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Ip(IpAddr::V4(address)) => write!(f, "{address}:{}", self.port),
            Address::Ip(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            Address::Name(name) => write!(f, "{name}:{}", self.port),
            Address::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

/// One `listen` of a server, or the default one of a server without any.
#[derive(Debug, Clone)]
pub struct Listen<'c> {
    /// The directive; `None` for the `*:80` that a server without `listen` gets.
    pub directive: Option<Directive<'c>>,
    /// Where it listens; a port range gives several.
    pub endpoints: Vec<Endpoint>,
    /// What is left of a long port range, on which it listens as well.
    pub further_ports: Option<RangeInclusive<u16>>,
    /// `ssl`.
    pub is_ssl: bool,
    /// `quic`: HTTP/3 over UDP, always with TLS.
    pub is_quic: bool,
    /// `udp` of `stream`, and `quic`: another kind of socket, which has its ports for itself.
    pub is_udp: bool,
    /// `default_server`, or `default` as it was once written.
    pub is_default: bool,
    /// `http2`, which `http2 on` of the server replaces from 1.25.1.
    pub has_http2: bool,
    /// `proxy_protocol`.
    pub has_proxy_protocol: bool,
    /// `ipv6only=off`.
    pub is_dual_stack: bool,
    /// A parameter with which nginx calls `bind` for this address although it listens on all addresses of the port, too.
    pub has_own_bind: bool,
    /// `reuseport`.
    pub has_reuseport: bool,
}

/// The parameters that ask for a `bind` of its own (`ngx_http_core_listen`, src/http/ngx_http_core_module.c, and its like
/// in stream and mail), those with a value up to its sign.
const OWN_BIND: &[&str] = &["bind", "deferred", "reuseport", "multipath"];
const OWN_BIND_WITH_VALUE: &[&str] =
    &["setfib=", "fastopen=", "backlog=", "rcvbuf=", "sndbuf=", "ipv6only=", "so_keepalive="];

/// The port of a `listen` without one, and of a server without `listen` when nginx runs as root.
const DEFAULT_PORTS: RangeInclusive<u16> = 80..=80;

impl<'c> Listen<'c> {
    /// What a server without `listen` gets: `*:80` (`*:8000` when nginx does not run as root).
    #[must_use]
    pub fn implied() -> Listen<'c> {
        let endpoint = Endpoint { port: *DEFAULT_PORTS.start(), address: Address::Ip(Ipv4Addr::UNSPECIFIED.into()) };
        Listen {
            directive: None,
            endpoints: vec![endpoint],
            further_ports: None,
            is_ssl: false,
            is_quic: false,
            is_udp: false,
            is_default: false,
            has_http2: false,
            has_proxy_protocol: false,
            is_dual_stack: false,
            has_own_bind: false,
            has_reuseport: false,
        }
    }

    /// Reads a `listen` directive. `None` when nginx refuses its address.
    #[must_use]
    pub fn parse(directive: Directive<'c>) -> Option<Listen<'c>> {
        let first = directive.argument(0)?;
        let (address, ports) = parse_address_and_ports(&first.text())?;
        let last = (*ports.end()).min(ports.start().saturating_add(MOST_PORTS - 1));
        let endpoints = (*ports.start()..=last).map(|port| Endpoint { port, address: address.clone() }).collect();
        let has = |parameter: &str| directive.arguments().skip(1).any(|word| word.is(parameter));
        Some(Listen {
            directive: Some(directive),
            endpoints,
            further_ports: (last < *ports.end()).then(|| last + 1..=*ports.end()),
            is_ssl: has("ssl"),
            is_quic: has("quic"),
            is_udp: has("quic") || has("udp"),
            is_default: has("default_server") || has("default"),
            has_http2: has("http2"),
            has_proxy_protocol: has("proxy_protocol"),
            is_dual_stack: has("ipv6only=off"),
            has_own_bind: directive.arguments().skip(1).any(|word| asks_for_bind(&word.text())),
            has_reuseport: has("reuseport"),
        })
    }
}

fn asks_for_bind(parameter: &str) -> bool {
    OWN_BIND.contains(&parameter) || OWN_BIND_WITH_VALUE.iter().any(|start| parameter.starts_with(start))
}

/// Ports of one range that get a socket in the model; the rest of a range behaves as they do.
const MOST_PORTS: u16 = 100;

/// What the first parameter of `listen` says: an address, and a range of ports (`ngx_parse_url`,
/// src/core/ngx_inet.c). `None` when nginx refuses it.
fn parse_address_and_ports(text: &str) -> Option<(Address, RangeInclusive<u16>)> {
    const UNIX: &str = "unix:";
    if let Some(path) = text.get(UNIX.len()..).filter(|_| text[..UNIX.len()].eq_ignore_ascii_case(UNIX)) {
        return (!path.is_empty()).then(|| (Address::Unix(path.to_owned()), 0..=0));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let ports = if rest.is_empty() { DEFAULT_PORTS } else { parse_ports(rest.strip_prefix(':')?)? };
        return Some((Address::Ip(address.parse::<Ipv6Addr>().ok()?.into()), ports));
    }
    if let Some((address, ports)) = text.split_once(':') {
        return Some((parse_address(address)?, parse_ports(ports)?));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Some((Address::Ip(Ipv4Addr::UNSPECIFIED.into()), parse_ports(text)?));
    }
    Some((parse_address(text)?, DEFAULT_PORTS))
}

fn parse_ports(text: &str) -> Option<RangeInclusive<u16>> {
    let port = |digits: &str| {
        let port = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok());
        port.flatten().filter(|&port| port > 0)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let ports = port(first)?..=port(last)?;
    (!ports.is_empty()).then_some(ports)
}

fn parse_address(text: &str) -> Option<Address> {
    if text == "*" {
        return Some(Address::Ip(Ipv4Addr::UNSPECIFIED.into()));
    }
    // Where the machine's resolver knows ::1 for it as well, nginx listens on both from 1.15.10.
    if text.eq_ignore_ascii_case("localhost") {
        return Some(Address::Ip(Ipv4Addr::LOCALHOST.into()));
    }
    if text.is_empty() || text.contains(['/', '?']) {
        return None;
    }
    Some(parse_ipv4(text).map_or_else(|| Address::Name(text.to_owned()), |ip| Address::Ip(ip.into())))
}

/// Four decimal numbers; nginx takes `010` for 10.
fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = text.split('.').map(|digits| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u8>().ok()).flatten()
    });
    let mut next = || octets.next().flatten();
    let address = [next()?, next()?, next()?, next()?];
    octets.next().is_none().then(|| address.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: &[(&str, &str)] = &[
        ("80", "0.0.0.0 80-80"),
        ("*:443", "0.0.0.0 443-443"),
        ("*", "0.0.0.0 80-80"),
        ("127.0.0.1", "127.0.0.1 80-80"),
        ("010.0.0.1:8443", "10.0.0.1 8443-8443"),
        ("[::]:443", ":: 443-443"),
        ("[::1]", "::1 80-80"),
        ("Localhost:81", "127.0.0.1 81-81"),
        ("backend", "backend 80-80"),
        ("10.0.0:80", "10.0.0 80-80"),
        ("unix:/run/a.sock", "unix:/run/a.sock 0-0"),
        ("UNIX:a", "unix:a 0-0"),
        ("81-83", "0.0.0.0 81-83"),
        ("[::]:81-83", ":: 81-83"),
        ("unix:", "-"),
        ("[::", "-"),
        ("[::]80", "-"),
        ("a:b", "-"),
        ("a:+80", "-"),
        ("a:", "-"),
        (":80", "-"),
        ("a/b:80", "-"),
        ("0", "-"),
        ("83-81", "-"),
        ("80-", "-"),
        ("99999", "-"),
        ("", "-"),
    ];

    #[test]
    fn forms_of_an_address() {
        for (text, expected) in FORMS {
            let found = parse_address_and_ports(text).map(|(address, ports)| {
                let address = match address {
                    Address::Ip(ip) => ip.to_string(),
                    Address::Name(name) => name,
                    Address::Unix(path) => format!("unix:{path}"),
                };
                format!("{address} {}-{}", ports.start(), ports.end())
            });
            assert_eq!(found.unwrap_or("-".to_owned()), *expected, "{text}");
        }
    }
}
