//! The way of a connection from a socket of `stream` to whoever answers it.

use crate::config::Directive;
use crate::model::requests::choices::{Choices, Condition, explore};
use crate::model::requests::response::Value;
use crate::model::requests::upstreams::UpstreamAddress;
use crate::model::stream::Module;
use crate::model::stream::connection::{Client, Connection, Greeting, TakenEntry};
use crate::model::stream::server::Handling;
use crate::model::stream::target::{Destination, Found, Taker};
use crate::model::values::value::has_variables;
use crate::model::{ListenSocket, Model, SelectedBy, Server, Settled};

/// Sockets of `stream` on one way. nginx ends a connection that was passed on ten times
/// (`NGX_STREAM_PASS_MAX_PASSES`), and one that is proxied in a circle when it has no more connections.
const MAX_STOPS: usize = 10;

/// Combinations of unknowns that are tried for one connection.
const MAX_COMBINATIONS: usize = 32;

/// A socket of `stream` on the way, and what its server did.
#[derive(Debug, Clone)]
pub struct Stop<'m, 'c> {
    /// The socket.
    pub socket: &'m ListenSocket,
    /// The server that handled the connection.
    pub server: &'m Server<'c>,
    /// Why that one.
    pub selected_by: SelectedBy,
    /// The `proxy_pass`, `pass` or `return`.
    pub handler: Option<Directive<'c>>,
    /// The values of tables that were taken.
    pub taken: Vec<TakenEntry<'c>>,
    /// What the parameter of the handler became, as far as it is known.
    pub target: String,
}

/// A handshake that a server of `stream` answers.
#[derive(Debug, Clone, Copy)]
pub struct Termination<'m, 'c> {
    /// The socket.
    pub socket: &'m ListenSocket,
    /// The server that SNI selects.
    pub server: &'m Server<'c>,
    /// Why that one.
    pub selected_by: SelectedBy,
    /// The server whose certificate is presented.
    pub presenting: &'m Server<'c>,
}

/// Where a connection ends.
#[derive(Debug, Clone)]
pub enum End<'m, 'c> {
    /// A socket of another module takes it.
    Taken(Taker<'m>),
    /// It is made to an address that is not this configuration's, or that a resolver gives.
    Elsewhere(String),
    /// nginx closes it, or the client cannot understand what comes back.
    Closed(Closing<'m, 'c>),
    /// It cannot be told.
    Unknown(&'static str),
}

/// Why a client gets no answer that it understands.
#[derive(Debug, Clone)]
pub enum Closing<'m, 'c> {
    /// `ssl_reject_handshake`
    HandshakeRejected(&'m Server<'c>),
    /// The server has no handler.
    NoHandler,
    /// `return` sends its text to whoever connects.
    Returned,
    /// What the handler became is no address.
    NoAddress,
    /// The handler became a host name, and no resolver is given to ask for it.
    NoResolver,
    /// `pass` finds no socket of this nginx.
    NoSocket,
    /// It comes back to where it was, again and again.
    Circle,
    /// `pass` of a connection of which nginx has read and decrypted the beginning.
    PassedAfterReading,
    /// The socket expects the PROXY protocol, and does not get it.
    ProxyProtocolMissing(Taker<'m>),
    /// The socket gets the PROXY protocol, and does not expect it.
    ProxyProtocolUnexpected(Taker<'m>),
    /// `proxy_ssl` speaks TLS to a socket that does not.
    EncryptedToPlain(Taker<'m>),
    /// `proxy_ssl` puts TLS around the client's own, which nobody answers.
    EncryptedTwice(Taker<'m>),
}

/// The way of one connection, on one assignment of what is unknown.
#[derive(Debug, Clone)]
pub struct Passage<'m, 'c> {
    /// The sockets of `stream`, in order; at least one.
    pub stops: Vec<Stop<'m, 'c>>,
    /// The handshake, where one of them answers it.
    pub tls: Option<Termination<'m, 'c>>,
    /// Whether nginx speaks TLS of its own to where it ends (`proxy_ssl`).
    pub is_encrypted_again: bool,
    /// Whether it comes to its end by `pass` alone since its TLS has ended, so that it counts as one with TLS there.
    pub keeps_tls: bool,
    /// Where it ends.
    pub end: End<'m, 'c>,
    /// What was assumed.
    pub conditions: Vec<Condition<'c>>,
}

impl<'m, 'c> Passage<'m, 'c> {
    /// The stops of the circle in which it goes, if the last one was visited before.
    #[must_use]
    pub fn circle(&self) -> Option<&[Stop<'m, 'c>]> {
        let (last, before) = self.stops.split_last()?;
        let is_last = |stop: &Stop<'_, '_>| std::ptr::eq(stop.socket, last.socket) && stop.handler == last.handler;
        let first = before.iter().rposition(is_last)?;
        before.get(first..)
    }
}

/// What is on the wire towards the next socket.
#[derive(Debug, Clone, Copy)]
struct Wire {
    /// Headers of the PROXY protocol before anything else.
    headers: u32,
    /// Whether the client's greeting comes next, and was not answered yet.
    has_greeting: bool,
    /// Whether nginx speaks TLS of its own around it.
    is_wrapped: bool,
    /// Whether TLS has ended on this very connection, which `pass` keeps.
    has_tls: bool,
}

impl<'c> Model<'c> {
    /// The ways of a connection to a socket of `stream`, one for each assignment of what is unknown, or the first of
    /// them; whether these are all.
    #[must_use]
    pub fn passages<'m>(&'m self, socket: &'m ListenSocket, client: Client<'_>) -> (Vec<Passage<'m, 'c>>, bool) {
        explore(MAX_COMBINATIONS, |choices| self.passage(socket, client, choices))
    }

    /// The way of one connection.
    #[must_use]
    pub fn passage<'m>(
        &'m self,
        socket: &'m ListenSocket,
        client: Client<'_>,
        choices: &mut Choices<'c>,
    ) -> Passage<'m, 'c> {
        let before = choices.conditions().len();
        let mut passage = Passage {
            stops: Vec::new(),
            tls: None,
            is_encrypted_again: false,
            keeps_tls: false,
            end: End::Unknown("it comes to socket after socket of stream"),
            conditions: Vec::new(),
        };
        let mut wire = Wire { headers: 0, has_greeting: client != Client::Plain, is_wrapped: false, has_tls: false };
        if socket.has_proxy_protocol {
            wire.headers = 1;
            let text = format!("{} is reached through a proxy that speaks the PROXY protocol", socket.endpoint);
            choices.assume(None, text);
        }
        let mut next = Taker { module: Module::Stream, socket };
        while passage.stops.len() < MAX_STOPS {
            if let Some(end) = arrive(next, &mut wire) {
                passage.end = end;
                break;
            }
            if next.module != Module::Stream {
                passage.is_encrypted_again = wire.is_wrapped;
                passage.keeps_tls = wire.has_tls;
                passage.end = End::Taken(next);
                break;
            }
            match self.stop(&mut passage, next.socket, client, &mut wire, choices) {
                Ok(taker) => next = taker,
                Err(end) => {
                    passage.end = end;
                    break;
                }
            }
        }
        if passage.stops.len() >= MAX_STOPS && passage.circle().is_some() {
            passage.end = End::Closed(Closing::Circle);
        }
        passage.conditions = choices.conditions().get(before..).unwrap_or_default().to_vec();
        passage
    }

    /// What one socket of `stream` does: the next one, or the end.
    fn stop<'m>(
        &'m self,
        passage: &mut Passage<'m, 'c>,
        socket: &'m ListenSocket,
        client: Client<'_>,
        wire: &mut Wire,
        choices: &mut Choices<'c>,
    ) -> Result<Taker<'m>, End<'m, 'c>> {
        let mut connection = Connection::new(self, socket, client, choices);
        let default = connection.server;
        let mut selected_by = SelectedBy::Default;
        let before = Handling::of(default);
        if wire.has_tls {
            connection.greeting = Greeting::Answered;
        }
        connection.prepare();
        let sni = match client {
            Client::Tls(sni) => sni,
            Client::Plain => None,
        };
        // A header of the PROXY protocol before it is no greeting, nor is what nginx sends with proxy_ssl the client's.
        let sees_greeting = wire.has_greeting && wire.headers == 0 && !wire.is_wrapped;
        let reads = socket.is_tls || before.prereads && !socket.is_udp;
        if reads && sees_greeting {
            let Settled::Known(selected) = self.select_by_sni(socket, sni) else {
                return Err(End::Unknown("it depends on a server name that is not known"));
            };
            connection.greeting = if socket.is_tls { Greeting::Answered } else { Greeting::Preread };
            selected_by = selected.by;
            connection.select(selected.server, selected.regex, sni.unwrap_or_default());
        }
        let server = connection.server;
        let handling = Handling::of(server);
        let mut stop =
            Stop { socket, server, selected_by, handler: handling.handler, taken: Vec::new(), target: String::new() };
        if socket.is_tls && !wire.has_tls {
            if !sees_greeting {
                passage.stops.push(stop);
                return Err(End::Unknown("it is not the client's handshake that is answered"));
            }
            wire.has_greeting = false;
            wire.has_tls = true;
            let presenting = match server.certificates.is_empty() && !server.has_unseen_certificates {
                true => default,
                false => server,
            };
            if server.rejects_handshake {
                passage.stops.push(stop);
                return Err(End::Closed(Closing::HandshakeRejected(server)));
            }
            passage.tls = Some(Termination { socket, server, selected_by, presenting });
        }
        if before.is_unknown || handling.is_unknown {
            passage.stops.push(stop);
            return Err(End::Unknown("what its server of stream does cannot be seen"));
        }
        let written = handling.target_text().unwrap_or_default();
        let target = connection.expand(&written);
        stop.taken = std::mem::take(&mut connection.taken);
        stop.target.clone_from(&target.text);
        passage.stops.push(stop);
        let Some(handler) = handling.handler else { return Err(End::Closed(Closing::NoHandler)) };
        if handler.is_named("return") {
            return Err(End::Closed(Closing::Returned));
        }
        let Some(text) = target.known() else {
            return Err(End::Unknown("where it leads depends on a variable that is not known"));
        };
        if handling.passes() {
            let prereads = if socket.is_tls { handling.prereads } else { before.prereads };
            if wire.has_tls && prereads {
                return Err(End::Closed(Closing::PassedAfterReading));
            }
            return self.pass(text);
        }
        let sends = handling.proxy_protocol.and_then(|directive| directive.argument(0));
        let sends = sends.map_or(Value::new("off"), |word| connection.expand(&word.text()));
        let next = self.proxied(text, !has_variables(&written), handler, connection.choices())?;
        wire.headers += match sends.known() {
            Some("" | "off") => 0,
            Some(_) => 1,
            None => return Err(End::Unknown("whether it speaks the PROXY protocol depends on a variable")),
        };
        wire.is_wrapped |= handling.encrypts;
        wire.has_tls = false;
        Ok(next)
    }

    fn pass<'m>(&'m self, text: &str) -> Result<Taker<'m>, End<'m, 'c>> {
        let Destination::Address(address) = Model::pass_destination(text) else {
            return Err(End::Closed(Closing::NoAddress));
        };
        match self.passed_to(&address) {
            Found::Here(taker) => Ok(taker),
            Found::Elsewhere => Err(End::Closed(Closing::NoSocket)),
            Found::Unknown => Err(End::Unknown("it cannot be told which socket it is passed to")),
        }
    }

    fn proxied<'m>(
        &'m self,
        text: &str,
        is_written_out: bool,
        handler: Directive<'c>,
        choices: &mut Choices<'c>,
    ) -> Result<Taker<'m>, End<'m, 'c>> {
        let address = match self.stream_destination(text, is_written_out) {
            Destination::Address(address) => address,
            Destination::Group(_, addresses, is_all) => chosen(text, addresses, is_all, handler, choices)?,
            Destination::Name if handler.parent().is_some_and(|server| self.lacks_resolver(server)) => {
                return Err(End::Closed(Closing::NoResolver));
            }
            Destination::Name => return Err(End::Elsewhere(text.to_owned())),
            Destination::Nothing => return Err(End::Closed(Closing::NoAddress)),
        };
        match self.taker_of(&address) {
            Found::Here(taker) => Ok(taker),
            Found::Elsewhere => Err(End::Elsewhere(address.to_string())),
            Found::Unknown => Err(End::Unknown("it cannot be told which socket it comes to")),
        }
    }
}

/// The address of a group that is chosen.
fn chosen<'m, 'c>(
    name: &str,
    addresses: Vec<UpstreamAddress>,
    is_all: bool,
    handler: Directive<'c>,
    choices: &mut Choices<'c>,
) -> Result<UpstreamAddress, End<'m, 'c>> {
    let clause = |address: &dyn std::fmt::Display| format!("the upstream {name} chooses {address}");
    let mut clauses: Vec<String> = addresses.iter().map(|address| clause(address)).collect();
    if !is_all {
        clauses.push(clause(&"another server"));
    }
    let taken = match clauses.len() {
        0 => return Err(End::Closed(Closing::NoAddress)),
        1 => 0,
        _ => choices.choose(Some(handler), format!("upstream {name}"), &clauses, Clone::clone),
    };
    addresses.into_iter().nth(taken).ok_or_else(|| End::Elsewhere(name.to_owned()))
}

/// The PROXY protocol and TLS at a socket: why the connection ends there, or what is left on the wire.
fn arrive<'m, 'c>(at: Taker<'m>, wire: &mut Wire) -> Option<End<'m, 'c>> {
    if at.socket.has_proxy_protocol {
        match wire.headers.checked_sub(1) {
            Some(left) => wire.headers = left,
            None => return Some(End::Closed(Closing::ProxyProtocolMissing(at))),
        }
    }
    // A server of stream that reads nothing hands a header on with the rest.
    let is_read = at.module != Module::Stream || at.socket.is_tls;
    let closing = match at.module != Module::Stream && wire.is_wrapped {
        _ if wire.headers > 0 && is_read => Closing::ProxyProtocolUnexpected(at),
        true if !at.socket.is_tls => Closing::EncryptedToPlain(at),
        true if wire.has_greeting => Closing::EncryptedTwice(at),
        _ => return None,
    };
    Some(End::Closed(closing))
}
