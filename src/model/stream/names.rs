//! The names that clients may ask a socket of `stream` for, and where each leads.

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::model::stream::Module;
use crate::model::stream::connection::Client;
use crate::model::stream::dependencies::PREREAD_VARIABLES;
use crate::model::stream::passage::{Closing, End, Passage};
use crate::model::stream::server::Handling;
use crate::model::values::map::{Table, TableKind};
use crate::model::values::value::{Piece, pieces};
use crate::model::{Family, ListenSocket, Model, NameKind, SelectedBy, Server, ServerId, ServerName};
use crate::source::Span;
use crate::syntax::Word;
use crate::tls::Host;

/// The variables that hold the name a client asks for.
const NAME_VARIABLES: &[&str] = &["ssl_preread_server_name", "ssl_server_name"];

/// Names that are followed from one socket, times the regexes that each may be held against.
const NAMES_TIMES_REGEXES: usize = 1 << 20;

/// Names that are followed from one socket however many regexes there are.
const MIN_NAMES: usize = 64;

/// Names that are followed from one socket.
const MAX_NAMES: usize = 8192;

/// Hosts that stand for one name.
const MOST_HOSTS: usize = 4;

/// Sockets that are looked at behind one socket.
const MAX_SOCKETS: usize = 256;

/// Where a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The key of a `map` on the name.
    Key,
    /// A server name of `stream`.
    StreamName,
    /// A server name of `http`, of a server that clients reach through `stream` only.
    HttpName,
    /// The same, of a server on an inner socket to which this socket does not lead.
    UnreachedHttpName,
}

impl Origin {
    /// Whether it is a server name of `http`.
    #[must_use]
    pub fn is_http(self) -> bool {
        matches!(self, Origin::HttpName | Origin::UnreachedHttpName)
    }
}

/// A name that clients may ask for, and where they get.
#[derive(Debug)]
pub struct Route<'m, 'c> {
    /// Where the name is written.
    pub origin: Origin,
    /// The name; of a map's key, what it would be as a server name.
    pub name: ServerName<'c>,
    /// The `map` whose key it is.
    pub map: Option<Directive<'c>>,
    /// The server whose name it is.
    pub server: Option<ServerId>,
    /// Hosts that stand for all that it matches; at least one.
    pub hosts: Vec<RoutedHost<'m, 'c>>,
}

/// Where a client gets that asks for one host.
#[derive(Debug)]
pub struct RoutedHost<'m, 'c> {
    /// The host.
    pub host: Host,
    /// The ways of the connection, one for each assignment of what is unknown; at least one.
    pub ways: Vec<Passage<'m, 'c>>,
    /// Whether these are all.
    pub is_complete: bool,
}

/// Whose certificate a client sees.
#[derive(Debug, Clone, Copy)]
pub enum Presenter<'m, 'c> {
    /// This server's; the second one is the one that is selected.
    Server(&'m Server<'c>, &'m Server<'c>),
    /// None: this server rejects the handshake.
    Rejecting(&'m Server<'c>),
}

impl<'c> Model<'c> {
    /// The names that clients may ask a socket of `stream` for, with where they lead: the keys of maps on the name, the
    /// server names, and those of the servers behind it that clients reach in no other way.
    #[must_use]
    pub fn stream_routes<'m>(&'m self, socket: &'m ListenSocket) -> Vec<Route<'m, 'c>> {
        let mut names = self.names_for(socket);
        names.sort_by_key(|route| route.origin);
        let mut left = followed_names(&names);
        let mut seen: FxHashSet<Host> = FxHashSet::default();
        for route in &mut names {
            for host in route.name.witnesses_below() {
                let Some(sni) = host.name() else { continue };
                if left > 0 && seen.insert(host.clone()) {
                    left -= 1;
                    let (ways, is_complete) = self.passages(socket, Client::Tls(Some(sni)));
                    route.hosts.push(RoutedHost { host, ways, is_complete });
                }
            }
        }
        names.retain(|route| !route.hosts.is_empty());
        names
    }

    /// How many hosts [`Model::stream_routes`] follows from a socket, and how many there would be, if it does not follow
    /// all.
    #[must_use]
    pub fn cut_off_at(&self, socket: &ListenSocket) -> Option<(usize, usize)> {
        let names = self.names_for(socket);
        let followed = followed_names(&names);
        if names.len() <= followed / MOST_HOSTS {
            return None;
        }
        let hosts: FxHashSet<Host> = names.iter().flat_map(|route| route.name.witnesses_below()).collect();
        (hosts.len() > followed).then_some((followed, hosts.len()))
    }

    /// The names that may come to a socket, not followed yet.
    fn names_for<'m>(&'m self, socket: &'m ListenSocket) -> Vec<Route<'m, 'c>> {
        let mut routes: Vec<Route<'m, 'c>> = Vec::new();
        let mut tables: FxHashSet<Span> = FxHashSet::default();
        let mut servers: FxHashSet<ServerId> = FxHashSet::default();
        let (stream, http) = self.sockets_behind(socket);
        for socket in stream {
            let reads_names = self.reads_names(socket);
            for server in socket.members.iter().map(|member| self.server(member.server)) {
                // The only server of a socket takes every name; with TLS, those that it has are meant.
                let is_named = reads_names && (socket.is_shared() || socket.is_tls) && servers.insert(server.id);
                for name in server.names.iter().filter_map(|name| name.word).filter(|_| is_named) {
                    routes.push(Route::of_server(Origin::StreamName, name, server));
                }
                let text = Handling::of(server).target_text().unwrap_or_default();
                let depends = self.dependencies(server, &text);
                // Where it is not read, one finding says so.
                if !reads_names && depends.find(PREREAD_VARIABLES).is_some() {
                    return Vec::new();
                }
                for table in depends.tables.into_iter().filter(|table| tables.insert(table.block.span())) {
                    let keys = keys(table, socket).into_iter();
                    routes.extend(keys.map(|name| Route::of_key(name, table.block)));
                }
            }
        }
        let behind = http.iter().map(|socket| (*socket, Origin::HttpName));
        // One that is there for names on all addresses stands before the others, too.
        let is_front = self.reads_names(socket) && socket.endpoint.address.is_wildcard();
        let others = self.sockets().filter(|socket| is_front && socket.is_tls);
        for (socket, origin) in behind.chain(others.map(|socket| (socket, Origin::UnreachedHttpName))) {
            for server in socket.members.iter().map(|member| self.server(member.server)) {
                if servers.insert(server.id) && self.is_reached_inside_only(server) {
                    let is_public = |name: &&ServerName<'_>| name.host().is_some_and(|host| !host.is_internal());
                    let exact = server.names.iter().filter(is_public).filter_map(|name| name.word);
                    routes.extend(exact.map(|name| Route::of_server(origin, name, server)));
                }
            }
        }
        routes
    }

    /// Whether the name that a client asks for is known on a socket of `stream`: TLS ends there, or `ssl_preread` is on
    /// in the default server, whose setting counts, and nothing has asked for the name before it was read.
    #[must_use]
    pub fn reads_names(&self, socket: &ListenSocket) -> bool {
        let default = self.server(socket.default.server);
        let reads = socket.is_tls || !socket.is_udp && Handling::of(default).prereads;
        reads && self.asked_too_early(default).is_none()
    }

    /// The sockets of `stream` that a connection to one may come to, itself among them, and those of `http` that speak
    /// TLS.
    fn sockets_behind<'m>(&'m self, first: &'m ListenSocket) -> (Vec<&'m ListenSocket>, Vec<&'m ListenSocket>) {
        let mut stream = vec![first];
        let mut http: Vec<&ListenSocket> = Vec::new();
        let mut next = 0;
        while let Some(socket) = stream.get(next).copied().filter(|_| next < MAX_SOCKETS) {
            next += 1;
            for member in &socket.members {
                for (_, taker) in self.possible_takers(self.server(member.server)) {
                    let list = match taker.module {
                        Module::Stream => &mut stream,
                        Module::Http if taker.socket.is_tls => &mut http,
                        Module::Http | Module::Mail | Module::Rtmp => continue,
                    };
                    if !list.iter().any(|known| std::ptr::eq(*known, taker.socket)) {
                        list.push(taker.socket);
                    }
                }
            }
        }
        (stream, http)
    }

    /// Whether clients of other machines reach the TLS sockets of a server of `http` by what this nginx hands on only.
    fn is_reached_inside_only(&self, server: &Server<'_>) -> bool {
        let mut sockets = self.tls_sockets_of(server.id);
        sockets.all(|socket| !socket.is_quic && !Family::ALL.iter().any(|&family| socket.serves(family)))
    }

    /// Whose certificate a client with this SNI gets to see at the end of a way; `None` where it is not one of this
    /// configuration, or cannot be told.
    #[must_use]
    pub fn presenter<'m>(&'m self, way: &Passage<'m, 'c>, sni: &str) -> Option<Presenter<'m, 'c>> {
        // The name may stand in a file that could not be read.
        let is_unseen = |socket: &ListenSocket, by: SelectedBy| by == SelectedBy::Default && socket.has_unseen_names;
        if let Some(tls) = way.tls {
            let is_known = !is_unseen(tls.socket, tls.selected_by);
            return is_known.then_some(Presenter::Server(tls.presenting, tls.server));
        }
        match &way.end {
            End::Closed(Closing::HandshakeRejected(server)) => Some(Presenter::Rejecting(server)),
            End::Taken(taker) if taker.module == Module::Http && taker.socket.is_tls && !way.is_encrypted_again => {
                let selected = self.select_by_sni(taker.socket, Some(sni)).known();
                let selected = selected.filter(|selected| !is_unseen(taker.socket, selected.by))?;
                Some(match selected.server.rejects_handshake {
                    true => Presenter::Rejecting(selected.server),
                    false => {
                        Presenter::Server(self.presenting_server(taker.socket, selected.server.id), selected.server)
                    }
                })
            }
            _ => None,
        }
    }
}

impl<'c> Route<'_, 'c> {
    fn of_key(name: ServerName<'c>, map: Directive<'c>) -> Self {
        Route { origin: Origin::Key, name, map: Some(map), server: None, hosts: Vec::new() }
    }

    fn of_server(origin: Origin, name: Word<'c>, server: &Server<'c>) -> Self {
        Route { origin, name: ServerName::parse(name), map: None, server: Some(server.id), hosts: Vec::new() }
    }
}

/// How many hosts are followed.
fn followed_names(names: &[Route<'_, '_>]) -> usize {
    let regexes = names.iter().filter(|route| matches!(route.name.kind, NameKind::Regex(_))).count();
    (NAMES_TIMES_REGEXES / regexes.max(1)).clamp(MIN_NAMES, MAX_NAMES)
}

impl Table<'_> {
    /// Whether it is a `map` that asks for the name of the client's greeting, among other things perhaps.
    pub(crate) fn asks_for_name(&self) -> bool {
        NAME_VARIABLES.iter().any(|name| self.asks_for(name))
    }

    /// Whether it is a `map` that asks for a variable, among other things perhaps.
    pub(crate) fn asks_for(&self, variable: &str) -> bool {
        let source = self.source.map(|word| word.text()).unwrap_or_default();
        let is_it = |name: &str| name.eq_ignore_ascii_case(variable);
        self.kind == TableKind::Map
            && pieces(&source).any(|piece| matches!(piece, Piece::Variable(name) if is_it(name)))
    }
}

fn is_name_variable(name: &str) -> bool {
    NAME_VARIABLES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The keys of a map that stand for names. What its source has around the name stands around it in the keys, too.
fn keys<'c>(table: &Table<'c>, socket: &ListenSocket) -> Vec<ServerName<'c>> {
    let source = table.source.map(|word| word.text()).unwrap_or_default();
    let Some((before, after)) = around_name(&source, socket).filter(|_| table.asks_for_name()) else {
        return Vec::new();
    };
    let mut has_hostnames = false;
    let mut names = Vec::new();
    for entry in table.block.children() {
        let key = entry.name_word();
        has_hostnames |= entry.argument_count() == 0 && key.is("hostnames");
        if entry.argument_count() == 0 || key.is("default") || key.is("include") {
            continue;
        }
        let text = key.text();
        let text = text.strip_prefix('\\').unwrap_or(&text);
        let is_regex = text.starts_with('~');
        if is_regex && !(before.is_empty() && after.is_empty()) {
            continue;
        }
        let Some(host) = text.strip_prefix(before.as_str()).and_then(|text| text.strip_suffix(after.as_str())) else {
            continue;
        };
        names.push(ServerName::of_map_key(key, host, has_hostnames));
    }
    names
}

/// What a source has before and after the one name in it; `None` where that is not known.
fn around_name(source: &str, socket: &ListenSocket) -> Option<(String, String)> {
    let mut around = (String::new(), None::<String>);
    for piece in pieces(source) {
        let text = match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Variable(name) if is_name_variable(name) && around.1.is_none() => {
                around.1 = Some(String::new());
                continue;
            }
            Piece::Variable(name) if name.eq_ignore_ascii_case("server_port") => socket.endpoint.port.to_string(),
            Piece::Variable(_) | Piece::Capture(_) => return None,
        };
        around.1.as_mut().unwrap_or(&mut around.0).push_str(&text);
    }
    Some((around.0, around.1?))
}
