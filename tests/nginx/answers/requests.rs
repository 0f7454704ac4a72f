//! Requests to generated configurations.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ngxlint::model::{OtherHeaders, Request};

use super::client::is_sni;
use super::words::{ARGUMENTS, HEADERS, HOSTS, INVALID_HOSTS, METHODS, SEGMENTS, URIS};
use crate::random::Random;

/// Requests that one connection can carry.
pub(crate) fn on_one_connection(random: &mut Random, address: SocketAddr, is_tls: bool) -> Vec<Request> {
    let sni = (is_tls && !random.once_in(8)).then(|| random.pick(HOSTS).to_owned()).filter(|name| is_sni(name));
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

/// The addresses at which a port is asked.
pub(crate) fn addresses(port: u16, has_ipv6: bool) -> Vec<SocketAddr> {
    let mut ips: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 0, 0, 2).into()];
    if has_ipv6 {
        ips.push(std::net::Ipv6Addr::LOCALHOST.into());
    }
    ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
}
