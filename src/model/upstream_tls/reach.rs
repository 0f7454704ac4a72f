//! How far away an upstream is, and which of its hosts are names of the public DNS.

use std::net::{IpAddr, Ipv4Addr};

use super::pass::TlsPass;
use crate::model::requests::upstreams::{UpstreamAddress, UpstreamKind};
use crate::model::{Model, is_public_name};
use crate::tls::Host;

/// What lies between nginx and an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing: it is on the same machine.
    Here,
    /// A network of one's own, as far as its address or name tells.
    Private,
    /// The Internet.
    Public,
}

impl<'c> Model<'c> {
    /// How far away the upstream of a pass is, the farthest of a group; `None` where it cannot be told.
    #[must_use]
    pub fn reach(&self, pass: &TlsPass<'_>) -> Option<Reach> {
        let Some(upstream) = &pass.upstream else {
            let domain = pass.domain.as_ref().and_then(|domain| Host::parse(domain.as_bytes()).ok())?;
            return is_public_name(&domain).then_some(Reach::Public);
        };
        match &upstream.kind {
            UpstreamKind::Address(address) => Some(self.upstream_reach(address)),
            UpstreamKind::Name => reach_of_name(&upstream.host),
            UpstreamKind::Group(_) if upstream.has_unseen_servers() => None,
            UpstreamKind::Group(_) => {
                let reaches = upstream.servers().map(|server| match &server.address {
                    Some(address) => Some(self.upstream_reach(address)),
                    None => reach_of_name(&server.host),
                });
                reaches.collect::<Option<Vec<Reach>>>()?.into_iter().max()
            }
        }
    }

    fn upstream_reach(&self, address: &UpstreamAddress) -> Reach {
        match address {
            UpstreamAddress::Unix(_) => Reach::Here,
            _ if self.socket_of_upstream(address).is_some() => Reach::Here,
            UpstreamAddress::Ip(ip, _) if ip.is_loopback() || ip.is_unspecified() => Reach::Here,
            UpstreamAddress::Ip(ip, _) if is_private(*ip) => Reach::Private,
            UpstreamAddress::Ip(..) => Reach::Public,
        }
    }
}

/// The hosts of an upstream that are names of the public DNS, those of a group one by one; of a host that requests decide
/// what is written of it.
#[must_use]
pub fn public_hosts(pass: &TlsPass<'_>) -> Vec<String> {
    let is_public = |host: &String| Host::parse(host.as_bytes()).is_ok_and(|host| is_public_name(&host));
    let mut hosts: Vec<String> = match (&pass.upstream, &pass.domain) {
        (Some(upstream), _) => match &upstream.kind {
            UpstreamKind::Name => vec![upstream.host.to_ascii_lowercase()],
            UpstreamKind::Address(_) => Vec::new(),
            UpstreamKind::Group(_) => upstream.servers().map(|server| server.host.to_ascii_lowercase()).collect(),
        },
        (None, Some(domain)) => vec![domain.clone()],
        (None, None) => Vec::new(),
    };
    hosts.retain(is_public);
    hosts.sort();
    hosts.dedup();
    hosts
}

fn reach_of_name(name: &str) -> Option<Reach> {
    let host = Host::parse(name.as_bytes()).ok()?;
    Some(if is_public_name(&host) { Reach::Public } else { Reach::Private })
}

/// RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_private()
                || ip.is_link_local()
                || Ipv4Addr::from_bits(ip.to_bits() & 0xffc0_0000) == Ipv4Addr::new(100, 64, 0, 0)
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_of_private_networks() {
        for (ip, expected) in [
            ("10.1.2.3", true),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("169.254.1.1", true),
            ("8.8.8.8", false),
            ("fd00::1", true),
            ("fe80::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_private(ip.parse().unwrap()), expected, "{ip}");
        }
        for (name, expected) in [
            ("app", Some(Reach::Private)),
            ("app.internal", Some(Reach::Private)),
            ("api.partner.example", Some(Reach::Public)),
            ("<%= host %>", None),
        ] {
            assert_eq!(reach_of_name(name), expected, "{name}");
        }
    }
}
