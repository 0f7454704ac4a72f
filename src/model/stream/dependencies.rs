//! What the handler of a server of `stream` depends on, and whether that is known in time.

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::model::stream::connection::limit_keys;
use crate::model::stream::server::Handling;
use crate::model::values::map::Table;
use crate::model::values::value::{Piece, pieces};
use crate::model::{ListenSocket, Model, Server, inherit};

/// The variables of `ssl_preread`.
pub(crate) const PREREAD_VARIABLES: &[&str] =
    &["ssl_preread_server_name", "ssl_preread_alpn_protocols", "ssl_preread_protocol"];

/// The variables that hold what a client says in its greeting.
const GREETING_VARIABLES: &[&str] =
    &["ssl_preread_server_name", "ssl_preread_alpn_protocols", "ssl_preread_protocol", "ssl_server_name"];

/// What a text with variables depends on.
#[derive(Debug)]
pub(crate) struct Dependencies<'m, 'c> {
    /// The tables, each once.
    pub(crate) tables: Vec<&'m Table<'c>>,
    /// The variables that nothing in `stream` defines, in lower case.
    pub(crate) built_in: Vec<String>,
    /// The `set`s of the server.
    pub(crate) sets: Vec<Directive<'c>>,
}

impl Dependencies<'_, '_> {
    /// The first of some variables that is among them.
    pub(crate) fn find(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.built_in.iter().any(|known| known == name))
    }
}

/// Why a variable of `ssl_preread` is empty.
#[derive(Debug, Clone, Copy)]
pub enum Unread<'m, 'c> {
    /// `ssl_preread` is off; of several servers on a socket, in the default one, whose setting counts.
    Off(&'m Server<'c>),
    /// TLS ends at this socket.
    Tls(&'m ListenSocket),
    /// This socket takes datagrams, of which nothing is read.
    Udp(&'m ListenSocket),
    /// This directive asks for it before it is read.
    TooEarly(Directive<'c>),
}

/// A handler that needs what was not read.
#[derive(Debug, Clone, Copy)]
pub struct UnreadUse<'m, 'c> {
    /// The handler, or the `proxy_ssl_name` beside it.
    pub directive: Directive<'c>,
    /// The variable, without its sign.
    pub variable: &'static str,
    /// Why it is empty.
    pub why: Unread<'m, 'c>,
    /// The socket on which it is.
    pub socket: &'m ListenSocket,
}

impl<'c> Model<'c> {
    /// What a text depends on when a connection comes to `server`.
    pub(crate) fn dependencies(&self, server: &Server<'c>, text: &str) -> Dependencies<'_, 'c> {
        let mut found = Dependencies { tables: Vec::new(), built_in: Vec::new(), sets: Vec::new() };
        let mut seen: FxHashSet<String> = FxHashSet::default();
        let mut open: Vec<String> = vec![text.to_owned()];
        while let Some(text) = open.pop() {
            for piece in pieces(&text) {
                let Piece::Variable(name) = piece else { continue };
                let name = name.to_ascii_lowercase();
                if !seen.insert(name.clone()) {
                    continue;
                }
                if let Some(table) = self.stream_definitions().table(&name) {
                    found.tables.push(table);
                    open.extend(table.source.map(|word| word.text().into_owned()));
                    let values = table.block.children().filter_map(|entry| entry.argument(0));
                    open.extend(values.map(|word| word.text().into_owned()).filter(|text| text.contains('$')));
                    continue;
                }
                let sets = sets_of(server.directive, &name);
                if sets.is_empty() {
                    found.built_in.push(name);
                }
                open.extend(sets.iter().filter_map(|set| Some(set.argument(1)?.text().into_owned())));
                found.sets.extend(sets);
            }
        }
        found
    }

    /// Whether something of `stream` besides `known` may ask for a variable of these tables: other code than nginx's
    /// may ask for any.
    pub(crate) fn asks_elsewhere(&self, tables: &[&Table<'c>], known: &[Directive<'c>]) -> bool {
        let is_of_tables = |word: &str| {
            pieces(word).any(|piece| match piece {
                Piece::Variable(name) => self
                    .stream_definitions()
                    .table(&name.to_ascii_lowercase())
                    .is_some_and(|table| tables.iter().any(|one| one.block == table.block)),
                _ => false,
            })
        };
        let is_known = |directive: &Directive<'c>| {
            let own = directive.parent().into_iter().chain([*directive]);
            known.contains(directive) || own.into_iter().any(|block| tables.iter().any(|table| table.block == block))
        };
        let mut others = self
            .config
            .directives()
            .filter(|directive| directive.ancestors().any(|block| block.is_named("stream")) && !is_known(directive));
        others.any(|directive| directive.arguments().any(|word| is_of_tables(&word.text())))
            || self.stream_servers().any(|server| Handling::of(server).is_unknown)
    }

    /// What is evaluated in a server before the client's greeting can be read, and depends on it: the directive, and
    /// the variable that is empty from then on.
    #[must_use]
    pub fn asked_too_early(&self, server: &Server<'c>) -> Option<(Directive<'c>, &'static str)> {
        let variable = |text: &str| self.dependencies(server, text).find(GREETING_VARIABLES);
        let sets = server.directive.children_named("set");
        let by_set = sets.filter_map(|set| Some((set, variable(&set.argument(1)?.text())?))).next();
        by_set.or_else(|| {
            let key = limit_keys(server.directive).find_map(|key| variable(&key.text()))?;
            inherit::value_in_effect(server.directive, "limit_conn").map(|limit| (limit, key))
        })
    }

    /// What a server of `stream` does with a variable of the client's greeting that is empty whenever it is asked for.
    #[must_use]
    pub fn unread_uses(&self, server: &Server<'c>) -> Vec<UnreadUse<'_, 'c>> {
        let handling = Handling::of(server);
        if handling.is_unknown {
            return Vec::new();
        }
        let name = inherit::value_in_effect(server.directive, "proxy_ssl_name").filter(|_| handling.encrypts);
        let directives = handling.handler.into_iter().chain(name);
        let uses: Vec<(Directive<'c>, Dependencies<'_, 'c>)> = directives
            .filter_map(|directive| {
                let text = directive.argument(0)?.text().into_owned();
                Some((directive, self.dependencies(server, &text)))
            })
            .collect();
        let mut found: Vec<UnreadUse<'_, 'c>> = Vec::new();
        for socket in self.stream_sockets_of(server.id) {
            for (directive, depends) in &uses {
                let Some((variable, why)) = self.unread(socket, depends) else { continue };
                let is_same = |known: &UnreadUse<'_, '_>| {
                    known.directive == *directive && std::mem::discriminant(&known.why) == std::mem::discriminant(&why)
                };
                if !found.iter().any(is_same) {
                    found.push(UnreadUse { directive: *directive, variable, why, socket });
                }
            }
        }
        // Clients of HTTP/3 come back over TCP when they get no answer.
        if self.stream_sockets_of(server.id).any(|socket| !socket.is_udp) {
            found.retain(|found| !matches!(found.why, Unread::Udp(_)));
        }
        found
    }

    /// Which of the variables that a handler depends on is empty on a socket, and why.
    fn unread<'m>(
        &'m self,
        socket: &'m ListenSocket,
        depends: &Dependencies<'_, 'c>,
    ) -> Option<(&'static str, Unread<'m, 'c>)> {
        let default = self.server(socket.default.server);
        let before = Handling::of(default);
        if before.is_unknown {
            return None;
        }
        let preread = depends.find(PREREAD_VARIABLES);
        match preread {
            Some(variable) if socket.is_udp => return Some((variable, Unread::Udp(socket))),
            Some(variable) if socket.is_tls => return Some((variable, Unread::Tls(socket))),
            Some(variable) if !before.prereads => return Some((variable, Unread::Off(default))),
            _ => {}
        }
        let needed = if socket.is_tls { depends.find(GREETING_VARIABLES) } else { preread }?;
        self.asked_too_early(default).map(|(directive, _)| (needed, Unread::TooEarly(directive)))
    }
}

/// The `set`s that give a variable its value; the name is in lower case.
fn sets_of<'c>(server: Directive<'c>, name: &str) -> Vec<Directive<'c>> {
    let is_of = |set: &Directive<'_>| {
        set.argument(0).is_some_and(|word| word.text().trim_start_matches('$').eq_ignore_ascii_case(name))
    };
    server.children_named("set").filter(is_of).collect()
}
