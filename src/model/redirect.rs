//! Following redirects as a browser does, from server to server of one configuration.

use rustc_hash::{FxHashMap, FxHashSet};
use url::Url;

use super::rewrite::{Answer, Condition, Request, evaluate};
use super::{ListenSocket, Model, SelectedBy, Server, ServerId, Settled, inherit};
use crate::config::Directive;

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
pub struct Follower<'m, 'c> {
    model: &'m Model<'c>,
    /// By port: the sockets that speak TCP.
    by_port: FxHashMap<u16, Vec<&'m ListenSocket>>,
    /// Hosts that some server of the configuration names.
    hosts: FxHashSet<String>,
}

impl<'m, 'c> Follower<'m, 'c> {
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
            chain: Chain { hops: Vec::new(), ending: Ending::Unknown, conditions: Vec::new() },
            hsts: FxHashSet::default(),
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
        let found = walk.at.or_else(|| self.find_server(&walk.url, start));
        let (Some((server, socket)), Some(request)) = (found, request_for(&walk.url)) else {
            return chains.push(walk.end(Ending::Settled));
        };
        // Plain HTTP to a TLS port is answered 400, TLS to a plain one not at all.
        if socket.is_tls != request.is_tls {
            return chains.push(walk.end(Ending::Settled));
        }
        let server = self.model.server(server);
        if socket.is_tls && (server.rejects_handshake || walk.chain.hops.len() > MAX_HOPS) {
            let ending = if server.rejects_handshake { Ending::Settled } else { Ending::Endless };
            return chains.push(walk.end(ending));
        }
        if walk.chain.hops.len() > MAX_HOPS {
            return chains.push(walk.end(Ending::Endless));
        }
        for outcome in evaluate(self.model, server, &request) {
            let mut next = walk.clone();
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
        let mut target = walk.url.join(location).ok()?;
        target.set_fragment(None);
        if walk.url.scheme() == "https"
            && let Some(host) = walk.url.host_str()
        {
            match self.hsts_of(by) {
                Some(true) => {
                    walk.hsts.insert(host.to_owned());
                }
                Some(false) => {
                    walk.hsts.remove(host);
                }
                None => {}
            }
        }
        // RFC 6797, section 8.3: port 80 becomes 443, any other stays.
        let is_upgraded = target.scheme() == "http" && target.host_str().is_some_and(|host| walk.hsts.contains(host));
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

    /// Whether the answer of a `return` or `rewrite` carries HSTS; `Some(false)` for `max-age=0`,
    /// which ends it; `None` without the header.
    fn hsts_of(&self, by: Directive<'c>) -> Option<bool> {
        let headers = inherit::headers_in_effect(by.parent()?, self.model.environment.version);
        let header = headers.into_iter().find(|header| {
            header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case("strict-transport-security"))
        })?;
        let value = header.argument(1)?.text().to_ascii_lowercase();
        let age = value
            .split(';')
            .find_map(|part| part.trim().strip_prefix("max-age=").map(|age| age.trim_matches('"').to_owned()))?;
        age.parse::<u64>().ok().map(|age| age > 0)
    }

    /// The server that a browser reaches with `url`, if it is one of this configuration: the host is
    /// named in it, or is the one that the chain started with.
    fn find_server(&self, url: &Url, start: &Url) -> Option<(ServerId, &'m ListenSocket)> {
        let host = url.host_str()?;
        let sockets = self.by_port.get(&url.port_or_known_default()?)?;
        let is_tls = url.scheme() == "https";
        let mut default = None;
        let mut matching = sockets.iter().filter(|socket| socket.is_tls == is_tls).peekable();
        // All sockets of the port refuse the scheme alike.
        matching.peek()?;
        for socket in matching {
            match self.model.select(socket, host) {
                Settled::Known((server, SelectedBy::Default)) if !names(server, host) => {
                    default = default.or(Some((server.id, *socket)));
                }
                Settled::Known((server, _)) => return Some((server.id, socket)),
                Settled::Unknown => return None,
            }
        }
        let is_ours = self.hosts.contains(host) || start.host_str() == Some(host);
        default.filter(|_| is_ours)
    }
}

/// Whether a lone server of a socket, which nginx takes without looking at names, has the name.
fn names(server: &Server<'_>, host: &str) -> bool {
    server.hosts().any(|name| name.to_string() == host)
}

#[derive(Clone)]
struct Walk<'m, 'c> {
    /// Where the next request goes, when that is known before: at the start.
    at: Option<(ServerId, &'m ListenSocket)>,
    url: Url,
    chain: Chain<'c>,
    hsts: FxHashSet<String>,
}

impl<'c> Walk<'_, 'c> {
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
