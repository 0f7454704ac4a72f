//! What stands between clients and nginx, for all hosts or host by host.

use std::sync::Arc;

use super::sockets::server_names::{NameKind, ServerName};
use super::{Model, Server, inherit};
use crate::config::Directive;

/// What stands between clients and nginx (`--edge`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// Nothing that changes a request.
    #[default]
    None,
    /// TLS ends before nginx, at a CDN or a load balancer, which speaks plain HTTP to it and says the client's
    /// scheme in X-Forwarded-Proto.
    Tls,
}

/// What stands before nginx for each host: as in a configuration where some sites are behind a CDN.
#[derive(Debug, Clone, Default)]
pub struct Edges {
    /// For hosts that nothing else is said of.
    default: Edge,
    /// Whether somebody has said so.
    is_default_said: bool,
    /// By names and wildcards as in `server_name`; those that nginx would take first come first.
    named: Arc<[(ServerName<'static>, Edge)]>,
}

impl From<Edge> for Edges {
    fn from(default: Edge) -> Edges {
        Edges { default, is_default_said: false, named: Arc::default() }
    }
}

impl Edges {
    /// `default` for all hosts but those of the names: `shop.example`, `*.shop.example`, `.shop.example`, `mail.*`. Where
    /// nothing is said of the others, nothing is taken to stand before nginx for them. Names that nginx would refuse are
    /// left out.
    #[must_use]
    pub fn new<'n>(default: Option<Edge>, named: impl IntoIterator<Item = (&'n str, Edge)>) -> Edges {
        let named = named.into_iter().filter_map(|(name, edge)| Some((ServerName::wildcard(name)?, edge)));
        let mut named: Vec<(ServerName<'static>, Edge)> = named.collect();
        named.sort_by_key(|(name, _)| match &name.kind {
            NameKind::Exact(_) => (0, 0),
            NameKind::WildcardLeading(domain) | NameKind::DotLeading(domain) => (1, usize::MAX - domain.len()),
            NameKind::WildcardTrailing(prefix) => (2, usize::MAX - prefix.len()),
            _ => (3, 0),
        });
        Edges { default: default.unwrap_or_default(), is_default_said: default.is_some(), named: named.into() }
    }

    /// Whether something can be said of hosts by this name: no host has a blank, a port or a path in its name.
    #[must_use]
    pub fn can_name(name: &str) -> bool {
        let is_of_host = |char: char| char.is_alphanumeric() || matches!(char, '.' | '-' | '_' | '*');
        ServerName::wildcard(name).is_some() && !name.is_empty() && name.chars().all(is_of_host)
    }

    /// What stands before nginx for a host (without port).
    #[must_use]
    pub fn of_host(&self, host: &str) -> Edge {
        self.named_edge(host).unwrap_or(self.default)
    }

    /// Whether somebody has said what stands before nginx for a host.
    #[must_use]
    pub fn says_of_host(&self, host: &str) -> bool {
        self.is_default_said || self.named_edge(host).is_some()
    }

    fn named_edge(&self, host: &str) -> Option<Edge> {
        if self.named.is_empty() {
            return None;
        }
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        self.named.iter().find(|(name, _)| name.is_name_of(&host) == Some(true)).map(|(_, edge)| *edge)
    }

    /// Whether `edge` is what stands before nginx for some host.
    #[must_use]
    pub fn has(&self, edge: Edge) -> bool {
        self.default == edge || self.named.iter().any(|(_, other)| *other == edge)
    }
}

impl Model<'_> {
    /// What stands before nginx for a host.
    #[must_use]
    pub fn edge_of_host(&self, host: &str) -> Edge {
        self.environment.edge.of_host(host)
    }

    /// What stands before a server: an edge that ends TLS, if it does so for one of its names. A server without a name
    /// is like a host that nothing is said of.
    #[must_use]
    pub fn edge_of(&self, server: &Server<'_>) -> Edge {
        let edges = &self.environment.edge;
        if edges.named.is_empty() {
            return edges.default;
        }
        let mut hosts = server.names.iter().flat_map(ServerName::witnesses).peekable();
        let is_behind = match hosts.peek() {
            None => edges.default == Edge::Tls,
            Some(_) => hosts.any(|host| edges.of_host(&host.to_string()) == Edge::Tls),
        };
        if is_behind { Edge::Tls } else { Edge::None }
    }
}

impl Model<'_> {
    /// Whether an edge that ends TLS stands before all names of a server. One without a name is like a host that nothing
    /// is said of.
    #[must_use]
    pub fn is_behind_edge(&self, server: &Server<'_>) -> bool {
        let edges = &self.environment.edge;
        let mut hosts = server.names.iter().flat_map(ServerName::witnesses).peekable();
        match hosts.peek() {
            None => edges.default == Edge::Tls,
            Some(_) => hosts.all(|host| edges.of_host(&host.to_string()) == Edge::Tls),
        }
    }
}

/// Directives of ngx_http_realip_module: <https://nginx.org/en/docs/http/ngx_http_realip_module.html>
const REAL_IP: &[&str] = &["set_real_ip_from", "real_ip_header"];

/// Whether a directive says that clients reach nginx through something else, which tells their addresses or their scheme.
#[must_use]
pub fn is_sign_of_edge(directive: Directive<'_>) -> bool {
    const HEADERS: &[&str] = &[
        "x_forwarded_proto",
        "x_forwarded_ssl",
        "x_forwarded_scheme",
        "x_forwarded_port",
        "x_scheme",
        "x_url_scheme",
        "front_end_https",
        "cloudfront_forwarded_proto",
        "cf_",
    ];
    let is_told = |text: &str| {
        let text = text.to_ascii_lowercase().replace("${", "$");
        let mut headers = text.split("$http_").skip(1);
        headers.any(|rest| HEADERS.iter().any(|name| rest.starts_with(name)))
    };
    REAL_IP.iter().any(|name| directive.is_named(name))
        || directive.arguments().any(|word| word.raw().contains(&b'$') && is_told(&word.text()))
}

impl<'c> Model<'c> {
    /// What says in a server that clients reach it through something else.
    #[must_use]
    pub fn sign_of_edge(&self, server: &Server<'c>) -> Option<Directive<'c>> {
        let real_ip = REAL_IP.iter().find_map(|name| inherit::value_in_effect(server.directive, name));
        real_ip.or_else(|| server.directive.descendants().find(|one| is_sign_of_edge(*one)))
    }

    /// What says so around the servers, for all of them.
    #[must_use]
    pub fn sign_of_edge_around(&self) -> Option<Directive<'c>> {
        let blocks = self.servers().next().into_iter().flat_map(|server| server.directive.ancestors());
        let around = blocks.flat_map(|block| block.children()).filter(|one| !one.is_named("server"));
        let with_inside = |one: Directive<'c>| std::iter::once(one).chain(one.descendants());
        around.flat_map(with_inside).find(|one| is_sign_of_edge(*one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_nginx_would_take_decides() {
        let said = [
            (".shop.example", Edge::Tls),
            ("*.a.shop.example", Edge::None),
            ("www.*", Edge::None),
            ("b.shop.example", Edge::None),
        ];
        let edges = Edges::new(None, said);
        let of = |host: &str| edges.of_host(host) == Edge::Tls;
        assert!(of("shop.example") && of("x.y.shop.example") && of("Www.shop.example."));
        assert!(!of("x.a.shop.example") && !of("b.shop.example") && !of("www.blog.example") && !of("other.example"));
        assert!(of("a.shop.example"));
        assert!(edges.says_of_host("b.shop.example") && !edges.says_of_host("other.example"));
        assert!(Edges::new(Some(Edge::None), []).says_of_host("other.example"));
        assert!(edges.has(Edge::Tls) && !Edges::from(Edge::None).has(Edge::Tls));
    }
}
