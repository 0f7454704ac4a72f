//! Routes of `stream` that lead to no answer, whoever takes them.

use rustc_hash::FxHashMap;

use crate::config::Directive;
use crate::model::following::starts::ANY_HOST;
use crate::model::requests::choices::Condition;
use crate::model::stream::Module;
use crate::model::stream::connection::Client;
use crate::model::stream::names::{Origin, Route};
use crate::model::stream::passage::{Closing, End, Passage, Stop};
use crate::model::stream::server::Handling;
use crate::model::stream::target::{Destination, Found, PossibleTarget, Taker};
use crate::model::values::value::has_variables;
use crate::model::{ListenSocket, Model, NameKind, Server, inherit};
use crate::source::Span;
use crate::syntax::Word;

/// Why nobody gets an answer.
#[derive(Debug, Clone, Copy)]
pub enum Obstacle<'m> {
    /// The text is neither the name of a group nor an address with a port.
    NoAddress,
    /// The text is a host name, and no resolver is given.
    NoResolver,
    /// `pass` finds no socket of this nginx.
    NoSocket,
    /// A socket of this configuration takes the client's TLS greeting, and speaks no TLS.
    PlainSocket(Taker<'m>),
}

/// What leads nowhere.
#[derive(Debug, Clone)]
pub struct DeadEnd<'m, 'c> {
    /// Why.
    pub obstacle: Obstacle<'m>,
    /// What nginx makes of the handler's parameter.
    pub text: String,
    /// The handler.
    pub handler: Directive<'c>,
    /// The value of a table, or the handler.
    pub place: Span,
    /// Who is led there, as the key or the name is written; `None`: whoever asks for a name that is written nowhere, or
    /// whoever comes.
    pub who: Option<String>,
    /// Whether it is known only of clients that ask for a name which is written nowhere.
    pub is_of_others: bool,
    /// The socket that the clients come to.
    pub socket: &'m ListenSocket,
    /// What was assumed.
    pub conditions: Vec<Condition<'c>>,
    /// Whether it happens on every assignment of what is unknown.
    pub is_certain: bool,
}

impl DeadEnd<'_, '_> {
    /// Whether it does not take a certain name to get there: what a name becomes may be a group for another one.
    fn is_of_all(&self) -> bool {
        !matches!(self.obstacle, Obstacle::NoAddress) || !has_variables(&self.text)
    }
}

impl<'c> Model<'c> {
    /// Whether no resolver is in effect in a server of `stream`, for sure.
    pub(crate) fn lacks_resolver(&self, server: Directive<'_>) -> bool {
        let in_effect = inherit::in_effect(server, "resolver");
        in_effect.directives.is_empty()
            && !in_effect.is_partial
            && self.config.is_whole()
            && !self.config.is_incomplete()
    }

    /// The routes of `stream` that lead to no answer, each once, in the order of the configuration.
    #[must_use]
    pub fn dead_ends(&self) -> Vec<DeadEnd<'_, 'c>> {
        // Groups and sockets may be in a file that is not seen.
        if !self.config.is_whole() || self.config.is_incomplete() {
            return Vec::new();
        }
        let mut found: FxHashMap<Span, DeadEnd<'_, 'c>> = FxHashMap::default();
        for server in self.stream_servers() {
            self.dead_targets(server).into_iter().for_each(|end| {
                found.entry(end.place).or_insert(end);
            });
        }
        // Following every name takes long, and hardly any configuration needs it.
        let doubtful = self.stream_servers().any(|server| self.may_lead_nowhere(server));
        let reading = self.stream_sockets().filter(|socket| !socket.is_udp && self.reads_names(socket));
        for socket in reading.filter(|_| doubtful) {
            self.dead_routes(socket).into_iter().for_each(|end| {
                found.entry(end.place).or_insert(end);
            });
        }
        let mut all: Vec<DeadEnd<'_, 'c>> = found.into_values().collect();
        all.sort_by_key(|end| end.place);
        all
    }

    /// What the handler of a server may become that nginx can connect to in no case.
    fn dead_targets<'m>(&'m self, server: &'m Server<'c>) -> Vec<DeadEnd<'m, 'c>> {
        let handling = Handling::of(server);
        let (Some(handler), Some(socket)) = (handling.handler, self.stream_sockets_of(server.id).next()) else {
            return Vec::new();
        };
        if handling.is_unknown || !handling.proxies() && !handling.passes() {
            return Vec::new();
        }
        let is_written_out = handling.target_text().is_none_or(|text| !has_variables(&text));
        let dead = |target: PossibleTarget<'c>| {
            let obstacle = self.obstacle(&handling, &target.text, is_written_out)?;
            Some(DeadEnd {
                obstacle,
                handler,
                place: target.entry.map_or(handler.span(), |entry| entry.span()),
                who: target.key.filter(|key| !key.is("default")).map(key_text),
                text: target.text,
                is_of_others: target.key.is_some_and(|key| key.is("default")),
                socket,
                conditions: Vec::new(),
                is_certain: true,
            })
        };
        self.possible_targets(server).into_iter().filter(|target| target.is_direct).filter_map(dead).collect()
    }

    /// Whether a server may lead somebody nowhere whom only the way of a connection tells.
    fn may_lead_nowhere(&self, server: &Server<'c>) -> bool {
        let handling = Handling::of(server);
        let text = handling.target_text().unwrap_or_default();
        let is_of_client =
            !self.dependencies(server, &text).built_in.is_empty() && self.possible_targets(server).is_empty();
        let is_indirect =
            |target: &PossibleTarget<'_>| !target.is_direct && self.obstacle(&handling, &target.text, false).is_some();
        is_of_client
            || self.possible_targets(server).iter().any(is_indirect)
            || self.possible_takers(server).iter().any(|(_, taker)| speaks_plain(*taker))
    }

    /// What keeps nginx from connecting to a text.
    fn obstacle(&self, handling: &Handling<'_>, text: &str, is_written_out: bool) -> Option<Obstacle<'_>> {
        if !is_meant(text) {
            return None;
        }
        let destination = match handling.passes() {
            true => Model::pass_destination(text),
            false => self.stream_destination(text, is_written_out),
        };
        match destination {
            // What is written out nginx looks at when it starts.
            Destination::Nothing if !is_written_out => Some(Obstacle::NoAddress),
            Destination::Name if handling.handler?.parent().is_some_and(|server| self.lacks_resolver(server)) => {
                (!is_written_out).then_some(Obstacle::NoResolver)
            }
            Destination::Address(address) if handling.passes() => {
                matches!(self.passed_to(&address), Found::Elsewhere).then_some(Obstacle::NoSocket)
            }
            _ => None,
        }
    }

    /// Where the names that clients may ask a socket for lead nowhere.
    fn dead_routes<'m>(&'m self, socket: &'m ListenSocket) -> Vec<DeadEnd<'m, 'c>> {
        let mut found = Vec::new();
        for route in self.stream_routes(socket).iter().filter(|route| is_asked_for(route)) {
            let is_exact = matches!(route.name.kind, NameKind::Exact(_));
            for routed in &route.hosts {
                let ends = self.dead_ways(socket, &routed.ways, routed.is_complete, Some(route.name.to_string()));
                found.extend(ends.into_iter().filter(|end| is_exact || end.is_of_all()));
            }
        }
        let (ways, is_complete) = self.passages(socket, Client::Tls(Some(ANY_HOST)));
        let others = self.dead_ways(socket, &ways, is_complete, None).into_iter();
        found.extend(others.filter(|end| end.is_of_all()));
        found
    }

    fn dead_ways<'m>(
        &'m self,
        socket: &'m ListenSocket,
        ways: &[Passage<'m, 'c>],
        is_complete: bool,
        who: Option<String>,
    ) -> Vec<DeadEnd<'m, 'c>> {
        let dead: Vec<_> = ways.iter().filter_map(|way| Some((way, way.stops.last()?, obstacle_of(way)?))).collect();
        let is_certain = is_complete && dead.len() == ways.len();
        let ends = dead.into_iter().filter_map(|(way, last, obstacle)| {
            let word = last.taken.iter().rev().find_map(|taken| taken.value).or_else(|| last.handler?.argument(0))?;
            let written = word.text();
            Some(DeadEnd {
                obstacle,
                // A host that stands for others is not to be named.
                text: if has_variables(&written) { written.into_owned() } else { last.target.clone() },
                handler: last.handler?,
                place: place(last)?,
                is_of_others: who.is_none(),
                who: who.clone(),
                socket,
                conditions: way.conditions.clone(),
                is_certain,
            })
        });
        ends.collect()
    }
}

/// The value of a table that has decided last, or the handler.
fn place(stop: &Stop<'_, '_>) -> Option<Span> {
    let value = stop.taken.iter().rev().find_map(|taken| taken.value);
    value.map(|value| value.span()).or_else(|| stop.handler.map(|handler| handler.span()))
}

/// A key as it is written; the empty one in its quotes.
fn key_text(key: Word<'_>) -> String {
    let text = key.text();
    if text.is_empty() { "\"\"".to_owned() } else { text.into_owned() }
}

/// Why a TLS client gets no answer on a way.
fn obstacle_of<'m>(way: &Passage<'m, '_>) -> Option<Obstacle<'m>> {
    let target = way.stops.last().map(|stop| stop.target.as_str()).filter(|target| is_meant(target))?;
    match &way.end {
        End::Closed(Closing::NoAddress) if !target.is_empty() => Some(Obstacle::NoAddress),
        End::Closed(Closing::NoResolver) => Some(Obstacle::NoResolver),
        End::Closed(Closing::NoSocket) => Some(Obstacle::NoSocket),
        End::Taken(taker) if way.tls.is_none() && !way.is_encrypted_again && speaks_plain(*taker) => {
            Some(Obstacle::PlainSocket(*taker))
        }
        _ => None,
    }
}

/// Whether clients may ask for a name here: one without a dot is a word that stands for the default server.
fn is_asked_for(route: &Route<'_, '_>) -> bool {
    match (route.origin, &route.name.kind) {
        (Origin::UnreachedHttpName, _) => false,
        (Origin::StreamName | Origin::HttpName, NameKind::Exact(name)) => name.contains('.'),
        _ => true,
    }
}

fn speaks_plain(taker: Taker<'_>) -> bool {
    matches!(taker.module, Module::Http | Module::Mail) && !taker.socket.is_tls
}

/// Words that nobody takes for an upstream: what is led there is to be cut off.
const CUT_OFF: &[&str] = &["blackhole", "block", "close", "deny", "drop", "forbidden", "none", "null", "off", "reject"];

/// Whether a text is meant to be connected to: not the empty one, nor a word for "nowhere", nor what a template is yet
/// to fill in.
fn is_meant(text: &str) -> bool {
    let is_of_address = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]/".contains(&byte);
    text.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(is_of_address)
        && !CUT_OFF.iter().any(|word| text.eq_ignore_ascii_case(word))
}
