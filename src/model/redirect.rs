//! Following redirects as a browser does, from server to server of one configuration.

use rustc_hash::{FxHashMap, FxHashSet};
use url::Url;

use super::hsts::hsts_in_effect;
use super::inherit::flag_in_effect;
use super::listen::Address;
use super::location::{self, Modifier};
use super::rewrite::{Answer, Condition, Request, evaluate};
use super::{ListenSocket, Model, SelectedBy, Server, ServerId, ServerName, Settled};
use crate::config::Directive;
use crate::tls::Host;

/// Chrome and Firefox give up after 20 redirects (net/url_request/url_request.h, `kMaxRedirects`;
/// `network.http.redirection-limit`).
const MAX_HOPS: usize = 20;

/// Branches followed from one URL.
const MAX_CHAINS: usize = 32;

/// One redirect of a chain.
#[derive(Debug, Clone)]
pub struct Hop<'c> {
    /// What was asked for.
    pub url: Url,
    /// The server that answered.
    pub server: ServerId,
    /// The `return` or `rewrite` that answered.
    pub by: Directive<'c>,
    /// The status.
    pub status: u16,
    /// Where it leads.
    pub target: Url,
    /// The target was `http:` and the browser made it `https:`, because this answer or an earlier one
    /// carried HSTS for the host.
    pub is_upgraded: bool,
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The last hop leads back to the one with this number.
    Loop(usize),
    /// More redirects than a browser follows, each to a new URL.
    Endless,
    /// Something other than a redirect answers, or a server outside this configuration.
    Settled,
    /// It cannot be told.
    Unknown,
}

/// A way through redirects.
#[derive(Debug, Clone)]
pub struct Chain<'c> {
    /// The redirects in order.
    pub hops: Vec<Hop<'c>>,
    /// Where they end.
    pub ending: Ending,
    /// What was assumed on the way.
    pub conditions: Vec<Condition<'c>>,
}

/// Follows redirects in one configuration.
#[derive(Debug)]
pub struct Follower<'m, 'c> {
    model: &'m Model<'c>,
    /// By port: the sockets that speak TCP.
    by_port: FxHashMap<u16, Vec<&'m ListenSocket>>,
    /// Hosts that some server of the configuration names.
    hosts: FxHashSet<String>,
}

/// A URL to start from, with the socket that it reaches.
#[derive(Debug, Clone)]
pub struct Start<'m> {
    /// The socket.
    pub socket: &'m ListenSocket,
    /// The URL.
    pub url: Url,
}

/// Names of a server that are tried with every path; further ones only with `/`. Servers treat their
/// names alike unless they ask for `$host`, and then at the root.
const NAMES_WITH_ALL_PATHS: usize = 4;

/// Paths tried on a server: `/` and those of its locations that redirect.
const MAX_PATHS: usize = 64;

impl<'m, 'c> Follower<'m, 'c> {
    /// The host of URLs that start at a server without a name of its own: it stands for any name.
    pub const ANY_HOST: &'static str = "any-host.invalid";

    /// The URLs that lead to `server`: its names on each of its sockets, with `/` and the paths of
    /// those locations that redirect. None when the server has no redirect at all.
    #[must_use]
    pub fn starts(&self, server: &Server<'c>) -> Vec<Start<'m>> {
        let is_redirect = |directive: &Directive<'_>| directive.is_named("return") || directive.is_named("rewrite");
        let redirects: Vec<Directive<'c>> = server.directive.descendants().filter(is_redirect).collect();
        if redirects.is_empty() {
            return Vec::new();
        }
        let mut paths = vec!["/".to_owned()];
        for location in redirects.iter().flat_map(Directive::ancestors).filter(|block| block.is_named("location")) {
            let path = match location::matcher(location) {
                Some((Modifier::Prefix | Modifier::PrefixOnly | Modifier::Exact, _, path)) => path,
                _ => continue,
            };
            if path.starts_with('/') && !paths.contains(&path) && paths.len() < MAX_PATHS {
                paths.push(path);
            }
        }
        let mut hosts: Vec<String> =
            server.names.iter().flat_map(ServerName::witnesses).map(|host| host_text(&host)).collect();
        // The default server answers for any name; so does one whose names cannot be told.
        if hosts.is_empty() {
            hosts.push(Self::ANY_HOST.to_owned());
        }
        let mut starts = Vec::new();
        let mut seen = FxHashSet::default();
        for socket in self.model.sockets_of(server.id) {
            let scheme = if socket.is_tls { "https" } else { "http" };
            if socket.is_quic || socket.endpoint.port == 0 || !seen.insert((scheme, socket.endpoint.port)) {
                continue;
            }
            for (number, host) in hosts.iter().enumerate() {
                let is_any = host == Self::ANY_HOST;
                if is_any && socket.default.server != server.id {
                    continue;
                }
                let paths = if number < NAMES_WITH_ALL_PATHS { &paths[..] } else { &paths[..1] };
                for path in paths {
                    let url = Url::parse(&format!("{scheme}://{host}:{}{path}", socket.endpoint.port));
                    starts.extend(url.ok().map(|url| Start { socket, url }));
                }
            }
        }
        starts
    }

    /// Prepares for a model.
    #[must_use]
    pub fn new(model: &'m Model<'c>) -> Follower<'m, 'c> {
        let mut by_port: FxHashMap<u16, Vec<&ListenSocket>> = FxHashMap::default();
        for socket in model.sockets().filter(|socket| !socket.is_quic && socket.endpoint.port != 0) {
            by_port.entry(socket.endpoint.port).or_default().push(socket);
        }
        let hosts = model.named_hosts().map(|(host, _)| host.to_string()).collect();
        Follower { model, by_port, hosts }
    }

    /// All chains that start with `url` on `server`, one for each assignment of unknown conditions.
    #[must_use]
    pub fn chains(&self, server: &Server<'c>, socket: &'m ListenSocket, url: &Url) -> Vec<Chain<'c>> {
        let start = Walk {
            at: Some((server.id, socket)),
            url: url.clone(),
            from: None,
            chain: Chain { hops: Vec::new(), ending: Ending::Unknown, conditions: Vec::new() },
            hsts: Vec::new(),
        };
        let mut open = vec![start];
        let mut chains = Vec::new();
        while let Some(walk) = open.pop() {
            if open.len() + chains.len() >= MAX_CHAINS {
                chains.push(walk.end(Ending::Unknown));
                continue;
            }
            self.advance(walk, url, &mut open, &mut chains);
        }
        chains
    }

    fn advance(&self, walk: Walk<'m, 'c>, start: &Url, open: &mut Vec<Walk<'m, 'c>>, chains: &mut Vec<Chain<'c>>) {
        let reached = match walk.at {
            Some((server, socket)) => Reached::Server(server, socket),
            None => self.find_server(&walk.url, start, walk.from),
        };
        let (server, socket, request) = match (reached, request_for(&walk.url)) {
            (Reached::Server(server, socket), Some(request)) => (server, socket, request),
            (Reached::Unknown, _) => return chains.push(walk.end(Ending::Unknown)),
            _ => return chains.push(walk.end(Ending::Settled)),
        };
        // Plain HTTP to a TLS port is answered 400, TLS to a plain one not at all.
        if socket.is_tls != request.is_tls {
            return chains.push(walk.end(Ending::Settled));
        }
        let server = self.model.server(server);
        if socket.is_tls && server.rejects_handshake {
            return chains.push(walk.end(Ending::Settled));
        }
        if walk.chain.hops.len() > MAX_HOPS {
            return chains.push(walk.end(Ending::Endless));
        }
        for outcome in evaluate(self.model, server, &request) {
            let mut next = walk.clone();
            next.from = Some(&socket.endpoint.address);
            next.chain.conditions.extend(outcome.conditions);
            match outcome.answer {
                Answer::Other => chains.push(next.end(Ending::Settled)),
                Answer::Unknown => chains.push(next.end(Ending::Unknown)),
                Answer::Redirect { status, location, by } => {
                    match self.hop(&mut next, server.id, status, &location, by) {
                        Some(Some(ending)) => chains.push(next.end(ending)),
                        Some(None) => open.push(next),
                        None => chains.push(next.end(Ending::Unknown)),
                    }
                }
            }
        }
    }

    /// Takes one redirect; `Some(Some(_))` when the chain ends with it, `None` when its target is no
    /// URL.
    fn hop(
        &self,
        walk: &mut Walk<'m, 'c>,
        server: ServerId,
        status: u16,
        location: &str,
        by: Directive<'c>,
    ) -> Option<Option<Ending>> {
        if location.is_empty() {
            return Some(Some(Ending::Settled));
        }
        let mut target = completed(&walk.url, location, by)?;
        target.set_fragment(None);
        if walk.url.scheme() == "https"
            && let Some(host) = walk.url.host_str()
        {
            let header = by.parent().and_then(|block| hsts_in_effect(self.model, block));
            if let Some(header) = header {
                walk.hsts.retain(|(known, _)| known != host);
                if header.policy.max_age > 0 {
                    walk.hsts.push((host.to_owned(), header.policy.include_subdomains));
                }
            }
        }
        // RFC 6797, section 8.3: port 80 becomes 443, any other stays.
        let is_upgraded = target.scheme() == "http" && target.host_str().is_some_and(|host| walk.has_hsts(host));
        if is_upgraded {
            let port = target.port();
            target.set_scheme("https").ok()?;
            target.set_port(port.filter(|&port| port != 80)).ok()?;
        }
        let hop = Hop { url: walk.url.clone(), server, by, status, target: target.clone(), is_upgraded };
        walk.chain.hops.push(hop);
        if let Some(first) = walk.chain.hops.iter().position(|hop| hop.url == target) {
            return Some(Some(Ending::Loop(first)));
        }
        walk.at = None;
        walk.url = target;
        Some(None)
    }

    /// The server that a browser reaches with `url`, if it is one of this configuration: the host is
    /// named in it, or is the one that the chain started with. `from` is the address of the last hop:
    /// a host that is named there is looked for there first.
    fn find_server(&self, url: &Url, start: &Url, from: Option<&Address>) -> Reached<'m> {
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        let port = url.port_or_known_default().unwrap_or_default();
        let is_tls = url.scheme() == "https";
        let sockets = self.by_port.get(&port).map(Vec::as_slice).unwrap_or_default();
        let mut matching: Vec<&'m ListenSocket> =
            sockets.iter().copied().filter(|socket| socket.is_tls == is_tls).collect();
        matching.sort_by_key(|socket| {
            let address = &socket.endpoint.address;
            (Some(address) != from, !address.is_wildcard())
        });
        let mut default = None;
        for socket in matching {
            match self.model.select(socket, host) {
                Settled::Known((server, SelectedBy::Default)) if !names(server, host) => {
                    default = default.or(Some((server.id, socket)));
                }
                Settled::Known((server, _)) => {
                    let address = &socket.endpoint.address;
                    // From one address to another only DNS leads, which is not to be seen.
                    let is_elsewhere =
                        |from: &Address| from != address && !from.is_wildcard() && !address.is_wildcard();
                    return if from.is_some_and(is_elsewhere) {
                        Reached::Unknown
                    } else {
                        Reached::Server(server.id, socket)
                    };
                }
                Settled::Unknown => return Reached::Unknown,
            }
        }
        let is_ours = self.hosts.contains(host) || start.host_str() == Some(host);
        default.filter(|_| is_ours).map_or(Reached::Nothing, |(server, socket)| Reached::Server(server, socket))
    }
}

/// Who answers a URL.
enum Reached<'m> {
    /// A server of this configuration.
    Server(ServerId, &'m ListenSocket),
    /// Nobody in it.
    Nothing,
    /// It cannot be told.
    Unknown,
}

/// The URL that a browser makes of a Location. nginx puts scheme, host and port before one that starts with a
/// slash, before `//other.example/` as well, unless `absolute_redirect` is off (`ngx_http_header_filter`,
/// src/http/ngx_http_header_filter_module.c).
fn completed(url: &Url, location: &str, by: Directive<'_>) -> Option<Url> {
    let flag = |name: &str| by.parent().and_then(|block| flag_in_effect(block, name));
    if flag("absolute_redirect") != Some(false) && location.starts_with('/') {
        // Then the host or the port is another one than the browser's.
        if flag("server_name_in_redirect") == Some(true)
            || flag("port_in_redirect") == Some(false) && url.port().is_some()
        {
            return None;
        }
        Url::parse(&format!("{}{location}", url.origin().ascii_serialization())).ok()
    } else {
        url.join(location).ok()
    }
}

/// Whether a lone server of a socket, which nginx takes without looking at names, has the name.
fn names(server: &Server<'_>, host: &str) -> bool {
    server.hosts().any(|name| name.to_string() == host)
}

/// A host as a URL has it.
fn host_text(host: &Host) -> String {
    match host {
        Host::Ip(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        other => other.to_string(),
    }
}

#[derive(Clone)]
struct Walk<'m, 'c> {
    /// Where the next request goes, when that is known before: at the start.
    at: Option<(ServerId, &'m ListenSocket)>,
    url: Url,
    chain: Chain<'c>,
    /// The address that the last request was sent to.
    from: Option<&'m Address>,
    /// Hosts that have sent HSTS on the way, and whether with includeSubDomains.
    hsts: Vec<(String, bool)>,
}

impl<'c> Walk<'_, 'c> {
    /// Whether a policy binds the host (RFC 6797, section 8.2).
    fn has_hsts(&self, host: &str) -> bool {
        self.hsts.iter().any(|(known, with_subdomains)| match host.strip_suffix(known.as_str()) {
            Some("") => true,
            Some(labels) => *with_subdomains && labels.ends_with('.'),
            None => false,
        })
    }

    fn end(mut self, ending: Ending) -> Chain<'c> {
        self.chain.ending = ending;
        self.chain
    }
}

fn request_for(url: &Url) -> Option<Request> {
    let is_tls = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let uri = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Some(Request { is_tls, host: url.host_str()?.to_owned(), port: url.port_or_known_default()?, uri })
}
