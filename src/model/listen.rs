//! The parameters of `listen`.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#listen>

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    /// `ssl`.
    pub is_ssl: bool,
    /// `quic`: HTTP/3 over UDP, always with TLS.
    pub is_quic: bool,
    /// `default_server`, or `default` as it was once written.
    pub is_default: bool,
    /// `http2`, which `http2 on` of the server replaces from 1.25.1.
    pub has_http2: bool,
    /// `proxy_protocol`.
    pub has_proxy_protocol: bool,
    /// `ipv6only=off`.
    pub is_dual_stack: bool,
}

/// The port of a `listen` without one, and of a server without `listen` when nginx runs as root.
const DEFAULT_PORT: u16 = 80;

impl<'c> Listen<'c> {
    /// What a server without `listen` gets: `*:80` (`*:8000` when nginx does not run as root).
    #[must_use]
    pub fn implied() -> Listen<'c> {
        let endpoint = Endpoint { port: DEFAULT_PORT, address: Address::Ip(Ipv4Addr::UNSPECIFIED.into()) };
        Listen {
            directive: None,
            endpoints: vec![endpoint],
            is_ssl: false,
            is_quic: false,
            is_default: false,
            has_http2: false,
            has_proxy_protocol: false,
            is_dual_stack: false,
        }
    }

    /// Reads a `listen` directive. `None` when nginx refuses its address.
    #[must_use]
    pub fn parse(directive: Directive<'c>) -> Option<Listen<'c>> {
        let first = directive.argument(0)?;
        let endpoints = parse_endpoints(&first.text())?;
        let has = |parameter: &str| directive.arguments().skip(1).any(|word| word.is(parameter));
        Some(Listen {
            directive: Some(directive),
            endpoints,
            is_ssl: has("ssl"),
            is_quic: has("quic"),
            is_default: has("default_server") || has("default"),
            has_http2: has("http2"),
            has_proxy_protocol: has("proxy_protocol"),
            is_dual_stack: has("ipv6only=off"),
        })
    }
}

/// Ports of one range that get a socket in the model; the rest of a range behaves as they do.
const MOST_PORTS: u16 = 100;

/// `address`, `address:port`, `port`, `[ipv6]:port`, `*:port`, `unix:path`, and port ranges.
fn parse_endpoints(text: &str) -> Option<Vec<Endpoint>> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(vec![Endpoint { port: 0, address: Address::Unix(path.to_owned()) }]);
    }
    let (address, ports) = if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let address = IpAddr::V6(address.parse::<Ipv6Addr>().ok()?);
        (Address::Ip(address), if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else if let Some((address, ports)) = text.split_once(':') {
        (parse_address(address)?, Some(ports))
    } else if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        (Address::Ip(Ipv4Addr::UNSPECIFIED.into()), Some(text))
    } else {
        (parse_address(text)?, None)
    };
    let ports = match ports {
        None => DEFAULT_PORT..=DEFAULT_PORT,
        Some(ports) => {
            let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
            let (first, last) = (first.parse::<u16>().ok()?, last.parse::<u16>().ok()?);
            if first == 0 || last < first {
                return None;
            }
            first..=last.min(first.saturating_add(MOST_PORTS - 1))
        }
    };
    Some(ports.map(|port| Endpoint { port, address: address.clone() }).collect())
}

fn parse_address(text: &str) -> Option<Address> {
    match text {
        "" => None,
        "*" => Some(Address::Ip(Ipv4Addr::UNSPECIFIED.into())),
        "localhost" => Some(Address::Ip(Ipv4Addr::LOCALHOST.into())),
        _ => {
            Some(text.parse::<Ipv4Addr>().map_or_else(|_| Address::Name(text.to_owned()), |ip| Address::Ip(ip.into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: &[(&str, &str)] = &[
        ("80", "0.0.0.0:80"),
        ("*:443", "0.0.0.0:443"),
        ("127.0.0.1", "127.0.0.1:80"),
        ("10.0.0.1:8443", "10.0.0.1:8443"),
        ("[::]:443", "[::]:443"),
        ("[::1]", "[::1]:80"),
        ("localhost:81", "127.0.0.1:81"),
        ("backend", "backend:80"),
        ("unix:/run/a.sock", "unix:/run/a.sock"),
        ("81-83", "0.0.0.0:81 0.0.0.0:82 0.0.0.0:83"),
        ("[::", "-"),
        ("a:b", "-"),
        ("0", "-"),
        ("99999", "-"),
        ("", "-"),
    ];

    #[test]
    fn forms_of_an_address() {
        for (text, expected) in FORMS {
            let endpoints = parse_endpoints(text).map(|list| list.iter().map(Endpoint::to_string).collect::<Vec<_>>());
            assert_eq!(endpoints.map_or("-".to_owned(), |list| list.join(" ")), *expected, "{text}");
        }
    }
}
