//! The URLs from which rules follow redirects: every name of the configuration, on every socket.

use rustc_hash::FxHashSet;
use url::Url;

use crate::config::{Directive, ItemId};
use crate::model::following::demands::Demands;
use crate::model::following::trace::Start;
use crate::model::following::tracer::{MAX_HOPS, Tracer};
use crate::model::following::witness::Witnesses;
use crate::model::requests::location::{self, Modifier};
use crate::model::requests::request::{OtherHeaders, Request};
use crate::model::{Edge, ListenSocket, Model, NameKind, Server, ServerName};
use crate::tls::Host;

/// Names of a server that are tried with every path; further ones only with `/`. Servers treat their
/// names alike unless they ask for `$host`, and then at the root.
pub(crate) const NAMES_WITH_ALL_PATHS: usize = 4;

/// Paths tried on a server: `/` and those of its locations that redirect.
const MAX_PATHS: usize = 64;

/// Paths that are tried at most, times directives that lead elsewhere: each path may be held against as many regexes.
const PATHS_TIMES_DIRECTIVES: usize = 65_536;

/// Paths that are tried at most because a condition or a map looks for them, in all servers together.
const DEMANDED_PATHS: usize = 16_384;

/// Paths that are tried however many directives there are.
const MIN_PATHS: usize = 8;

/// Regexes among the server names of a configuration that all get a host which they match.
const MANY_REGEXES: usize = 256;

/// The host of URLs that start at a server without a name of its own: it stands for any name.
pub const ANY_HOST: &str = "any-host.invalid";

/// The directives that can change where a request goes.
const LEADING: &[&str] = &["return", "rewrite", "error_page"];

impl<'m, 'c> Tracer<'m, 'c> {
    /// The starts that lead to `server`: its names on each of its sockets, with `/` and the paths of those locations
    /// that lead elsewhere; any header may come with them. None when nothing in the server leads elsewhere.
    #[must_use]
    pub fn starts(&self, server: &Server<'c>) -> Vec<Start<'m>> {
        let model = self.model();
        let is_leading = |directive: &Directive<'_>| LEADING.iter().any(|name| directive.is_named(name));
        let leading: Vec<Directive<'c>> = server.directive.descendants().filter(is_leading).collect();
        let mut paths = paths(&leading);
        let mut hosts = hosts(model, server);
        if hosts.iter().any(|host| self.edge_of(host) == Edge::Tls) {
            paths.extend(slashless_paths(server).take(MAX_PATHS));
        }
        if leading.is_empty() && paths.len() == 1 {
            return Vec::new();
        }
        let count = model.servers().count();
        let demands = Demands::of(model, &leading, (DEMANDED_PATHS / count.max(1)).clamp(MIN_PATHS, MAX_PATHS));
        let mut all_paths = paths.clone();
        all_paths.extend(demands.paths.into_iter().filter(|path| !paths.contains(path)));
        if demands.by_host && hosts.iter().all(|host| host != ANY_HOST) {
            hosts.push(ANY_HOST.to_owned());
        }
        let mut starts = Vec::new();
        let mut seen = FxHashSet::default();
        let sockets = model.sockets_of(server.id).filter(|socket| !socket.is_quic && socket.endpoint.port != 0);
        let asked = sockets.flat_map(|socket| {
            let of_edge = move |edge| origins(socket, edge).into_iter().map(move |origin| (socket, edge, origin));
            [Edge::None, Edge::Tls].into_iter().flat_map(of_edge)
        });
        for (socket, edge, (scheme, port)) in asked {
            if !seen.insert((scheme, port, edge)) {
                continue;
            }
            for (number, host) in hosts.iter().enumerate() {
                let is_unreached = host == ANY_HOST && socket.default.server != server.id;
                if is_unreached || self.edge_of(host) != edge {
                    continue;
                }
                let paths = match number {
                    0 => &all_paths[..],
                    1..NAMES_WITH_ALL_PATHS => &paths[..],
                    _ => &paths[..1],
                };
                for path in paths {
                    let url = Url::parse(&format!("{scheme}://{host}:{port}{path}"));
                    starts.extend(url.ok().and_then(|url| Start::new(url, Some(socket))));
                }
            }
        }
        starts
    }
}

impl<'m> Start<'m> {
    /// A request for a URL by a browser that knows no host by HSTS; any header may come with it. `None` for what is
    /// neither http nor https.
    #[must_use]
    pub fn new(url: Url, socket: Option<&'m ListenSocket>) -> Option<Start<'m>> {
        let request = Request { other_headers: OtherHeaders::Unknown, ..Request::get(&url)? };
        Some(Start { url, request, socket, hsts: Vec::new(), max_hops: MAX_HOPS + 1 })
    }
}

/// The schemes and ports of URLs for which clients get to a socket. What an edge speaks to is asked for on the edge's
/// own ports.
fn origins(socket: &ListenSocket, edge: Edge) -> Vec<(&'static str, u16)> {
    match (socket.is_tls, edge) {
        (true, _) => vec![("https", socket.endpoint.port)],
        (false, Edge::None) => vec![("http", socket.endpoint.port)],
        (false, Edge::Tls) => vec![("http", 80), ("https", 443)],
    }
}

/// `/`, and paths that lead to directives: of the locations around them, and those that a `rewrite` takes.
fn paths(directives: &[Directive<'_>]) -> Vec<String> {
    let mut witnesses = Witnesses::default();
    let mut paths = vec!["/".to_owned()];
    let mut seen: FxHashSet<ItemId> = FxHashSet::default();
    let most = (PATHS_TIMES_DIRECTIVES / directives.len().max(1)).clamp(MIN_PATHS, MAX_PATHS);
    for directive in directives {
        if paths.len() >= most {
            break;
        }
        let around = directive.ancestors().filter(|block| block.is_named("location") && seen.insert(block.id()));
        let mut found: Vec<String> = around.filter_map(|location| witnesses.of_location(location)).collect();
        if directive.is_named("rewrite") {
            found.extend(witnesses.of_rewrite(*directive));
        }
        for path in found {
            if paths.len() < most && !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

/// The paths to which nginx adds the slash that they lack: with the scheme that it sees, which is not the client's
/// behind an edge.
fn slashless_paths(server: &Server<'_>) -> impl Iterator<Item = String> {
    let locations = server.directive.descendants().filter(|block| block.is_named("location"));
    locations.filter(|location| location.children().any(location::is_pass)).filter_map(|location| {
        let (modifier, _, path) = location::matcher(location)?;
        let is_prefix = matches!(modifier, Modifier::Prefix | Modifier::PrefixOnly);
        path.strip_suffix('/').filter(|path| is_prefix && path.starts_with('/')).map(str::to_owned)
    })
}

/// Hosts that lead to a server, as a URL has them.
fn hosts(model: &Model<'_>, server: &Server<'_>) -> Vec<String> {
    // Each host that a regex is to match is tried on all regexes before it.
    let asks_regexes = model.served_hosts().regex_count() <= MANY_REGEXES;
    let is_asked = |name: &&ServerName<'_>| asks_regexes || !matches!(name.kind, NameKind::Regex(_));
    let mut hosts: Vec<String> = server.names.iter().filter(is_asked).flat_map(hosts_of).collect();
    // The default server answers for any name; so does one whose names cannot be told.
    if hosts.is_empty() {
        hosts.push(ANY_HOST.to_owned());
    }
    hosts
}

/// Hosts that stand for all that a name matches, as a URL has them.
pub(crate) fn hosts_of(name: &ServerName<'_>) -> Vec<String> {
    name.witnesses().iter().map(host_text).collect()
}

/// A host as a URL has it.
fn host_text(host: &Host) -> String {
    match host {
        Host::Ip(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        other => other.to_string(),
    }
}

impl<'c> Model<'c> {
    /// Follows redirects in this configuration.
    #[must_use]
    pub fn tracer(&self) -> Tracer<'_, 'c> {
        Tracer::new(self)
    }
}
