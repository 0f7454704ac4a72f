//! Requests to generated configurations.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ngxlint::model::{OtherHeaders, Request};

use super::client::is_sni;
use super::request_words::{ARGUMENTS, HEADERS, INVALID_HOSTS, METHODS, SEGMENTS, URIS};
use crate::names::HOSTS;
use crate::random::Random;

/// Requests that one connection can carry.
pub(crate) fn on_one_connection(random: &mut Random, address: SocketAddr, is_tls: bool) -> Vec<Request> {
    // rustls sends no dot at the end.
    let sni = (is_tls && !random.once_in(8)).then(|| random.pick(HOSTS).trim_end_matches('.').to_owned());
    let sni = sni.filter(|name| is_sni(name));
    (0..1 + random.below(16)).map(|_| request(random, address, is_tls, sni.clone())).collect()
}

fn request(random: &mut Random, address: SocketAddr, is_tls: bool, sni: Option<String>) -> Request {
    let mut request = Request {
        address: Some(address.ip()),
        port: address.port(),
        is_tls,
        method: random.pick(METHODS).to_owned(),
        target: target(random),
        host: host(random, address.port(), sni.as_deref()),
        sni,
        headers: Vec::new(),
        other_headers: OtherHeaders::Absent,
        // A connection to an address of the loopback network comes from its first one.
        client: Some(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { address.ip() }),
    };
    for (name, values) in HEADERS {
        if random.once_in(4) {
            request.headers.push(((*name).to_owned(), random.pick(values).to_owned()));
        }
    }
    request
}

fn target(random: &mut Random) -> String {
    let mut target = if random.once_in(3) {
        let mut path = String::new();
        for _ in 0..1 + random.below(4) {
            path.push('/');
            path.push_str(random.pick(SEGMENTS));
        }
        path
    } else {
        random.pick(URIS).to_owned()
    };
    if random.once_in(6) && !target.contains('?') {
        target.push_str(random.pick(ARGUMENTS));
    }
    target
}

/// What a client sends as Host; `None` is a client of HTTP/1.0.
fn host(random: &mut Random, port: u16, sni: Option<&str>) -> Option<String> {
    let name = match sni {
        Some(sni) if !random.once_in(3) => sni,
        _ => random.pick(HOSTS),
    };
    match random.below(40) {
        0 => None,
        1 => Some(random.pick(INVALID_HOSTS).to_owned()),
        2..=4 => Some(format!("{name}:1234")),
        5..=20 => Some(format!("{name}:{port}")),
        _ => Some(name.to_owned()),
    }
}

/// The addresses of some ports, each with whether TLS is spoken there; `None` where nobody listens.
pub(crate) fn addresses(text: &str, ports: &[u16]) -> Vec<(SocketAddr, Option<bool>)> {
    let ips: [IpAddr; 3] = [Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 0, 0, 2).into(), Ipv6Addr::LOCALHOST.into()];
    let listens: Vec<(&str, bool)> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("listen ")?.strip_suffix(';'))
        .map(|line| (line.split(' ').next().unwrap_or_default(), line.ends_with(" ssl")))
        .collect();
    let speaks_tls = |written: &[String]| {
        let found: Vec<_> = listens.iter().filter(|(address, _)| written.iter().any(|it| it == address)).collect();
        (!found.is_empty()).then(|| found.iter().any(|(_, is_tls)| *is_tls))
    };
    let addresses = ports.iter().flat_map(|port| ips.map(|ip| SocketAddr::new(ip, *port)));
    let state = |address: SocketAddr| {
        let wildcards = [format!("{}", address.port()), format!("*:{}", address.port())];
        speaks_tls(&[address.to_string()]).or_else(|| speaks_tls(&wildcards).filter(|_| address.is_ipv4()))
    };
    addresses.map(|address| (address, state(address))).collect()
}

/// Reads `METHOD URL` and any of `host=` (`none` is a client of HTTP/1.0), `sni=`, `at=`, or a header. The URL's port is where it is sent.
pub(crate) fn parse(text: &str) -> Request {
    let mut words = text.split(' ');
    let (method, url) = (words.next().unwrap(), words.next().unwrap());
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, _) = rest.split_once('/').unwrap();
    let (name, port) = authority.rsplit_once(':').unwrap();
    let is_tls = scheme == "https";
    let mut request = Request {
        address: Some(Ipv4Addr::LOCALHOST.into()),
        port: port.parse().unwrap(),
        is_tls,
        sni: is_tls.then(|| name.to_owned()),
        method: method.to_owned(),
        target: rest[authority.len()..].to_owned(),
        host: Some(name.to_owned()),
        headers: Vec::new(),
        other_headers: OtherHeaders::Absent,
        client: Some(Ipv4Addr::LOCALHOST.into()),
    };
    for (name, value) in words.map(|word| word.split_once('=').unwrap()) {
        match name {
            "host" if value == "none" => request.host = None,
            "host" => request.host = Some(value.to_owned()),
            "sni" => request.sni = Some(value.to_owned()),
            "at" => {
                let address: IpAddr = value.parse().unwrap();
                request.address = Some(address);
                request.client = Some(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { address });
            }
            _ => request.headers.push((name.to_owned(), value.to_owned())),
        }
    }
    request
}
