//! Who speaks the PROXY protocol to whom.
//!
//! `proxy_protocol on` belongs to a server, not to one of the addresses that its map gives; `pass` knows nothing of it. A
//! server that reads nothing of a connection hands a header that the client sent on with the rest.
//!
//! nginx: <https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_protocol>

use crate::config::Directive;
use crate::model::stream::Module;
use crate::model::stream::dependencies::PREREAD_VARIABLES;
use crate::model::stream::server::Handling;
use crate::model::stream::target::{PossibleTarget, Taker};
use crate::model::values::value::has_variables;
use crate::model::{Family, ListenSocket, Model, Server};

/// What is wrong between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    /// The socket gets a header that it does not expect.
    Unexpected,
    /// The socket expects a header and gets none.
    Missing,
    /// The same, unless clients send one by themselves.
    MissingUnlessSent,
}

/// Two ends of a connection that do not speak alike.
#[derive(Debug, Clone)]
pub struct ProxyProtocolMismatch<'m, 'c> {
    /// What is wrong.
    pub kind: Mismatch,
    /// What leads there.
    pub target: PossibleTarget<'c>,
    /// The socket at the other end.
    pub taker: Taker<'m>,
    /// Whether the same is wrong with all sockets of this configuration that the server leads to.
    pub is_all: bool,
}

/// Sockets of `stream` that hand a header on, one after the other.
const MAX_STOPS: usize = 10;

impl<'c> Model<'c> {
    /// The sockets of this configuration to which a server of `stream` speaks the PROXY protocol although they do not
    /// expect it, or does not although they do; each socket once.
    #[must_use]
    pub fn proxy_protocol_mismatches(&self, server: &Server<'c>) -> Vec<ProxyProtocolMismatch<'_, 'c>> {
        let handling = Handling::of(server);
        let sends = handling.proxies() && handling.proxy_protocol.is_some();
        let is_tcp = self.stream_sockets_of(server.id).any(|socket| !socket.is_udp);
        let depends = |directive: Directive<'_>| directive.argument(0).is_some_and(|word| has_variables(&word.text()));
        if handling.is_unknown || !is_tcp || handling.proxy_protocol.is_some_and(depends) {
            return Vec::new();
        }
        let mut takers: Vec<(PossibleTarget<'c>, Taker<'_>)> = self.possible_takers(server);
        takers.sort_by_key(|(_, taker)| (taker.module, &taker.socket.endpoint));
        takers.dedup_by(|next, kept| std::ptr::eq(next.1.socket, kept.1.socket));
        takers.sort_by_key(|(target, _)| target.entry.map(|entry| entry.span()));
        let count = takers.len();
        let kind = |taker: &Taker<'_>| match (sends, self.accepts_header(taker)?) {
            (true, false) => Some(Mismatch::Unexpected),
            (false, true) if !taker.socket.has_proxy_protocol => None,
            (false, true) if self.sends_none_for_sure(server, &handling) => Some(Mismatch::Missing),
            // What comes to a loopback socket, this machine sends.
            (false, true) => self.is_public(server).then_some(Mismatch::MissingUnlessSent),
            (true, true) | (false, false) => None,
        };
        let found = takers.into_iter().filter_map(|(target, taker)| Some((kind(&taker)?, target, taker)));
        let mut found: Vec<_> =
            found.map(|(kind, target, taker)| ProxyProtocolMismatch { kind, target, taker, is_all: false }).collect();
        let is_all = found.len() == count;
        found.iter_mut().for_each(|mismatch| mismatch.is_all = is_all);
        found
    }

    /// Whether a socket takes a header of the PROXY protocol, or hands it on to one that does; `None` where that cannot
    /// be told.
    fn accepts_header(&self, first: &Taker<'_>) -> Option<bool> {
        let mut open = vec![*first];
        let mut answer = None;
        let mut stops = 0;
        while let Some(taker) = open.pop() {
            let socket = taker.socket;
            let accepts = if socket.has_proxy_protocol {
                true
            } else if taker.module != Module::Stream || socket.is_tls {
                false
            } else {
                stops += 1;
                let server = self.server(socket.default.server);
                let handling = Handling::of(server);
                let next = self.possible_takers(server);
                if self.routes_by_greeting(server, &handling) {
                    false
                } else if handling.is_unknown || next.is_empty() || stops > MAX_STOPS {
                    return None;
                } else {
                    open.extend(next.into_iter().map(|(_, taker)| taker));
                    continue;
                }
            };
            if answer.is_some_and(|known| known != accepts) {
                return None;
            }
            answer = Some(accepts);
        }
        answer
    }

    /// Whether no header can come through a server, even if clients send one: it is read away, or spoils what the server
    /// reads itself.
    fn sends_none_for_sure(&self, server: &Server<'c>, handling: &Handling<'c>) -> bool {
        let reads = |socket: &ListenSocket| socket.has_proxy_protocol || socket.is_tls;
        // Who says it expects it to be sent; pass does not.
        let is_meant = handling.passes() && server.directive.children_named("proxy_protocol").next().is_some();
        is_meant || self.stream_sockets_of(server.id).any(reads) || self.routes_by_greeting(server, handling)
    }

    /// Whether clients of other machines come to a server of `stream`.
    fn is_public(&self, server: &Server<'_>) -> bool {
        self.stream_sockets_of(server.id).any(|socket| Family::ALL.iter().any(|&family| socket.serves(family)))
    }

    /// Whether what a client says in its greeting decides where it gets; behind a header nothing of it is read.
    fn routes_by_greeting(&self, server: &Server<'c>, handling: &Handling<'c>) -> bool {
        let text = handling.target_text().unwrap_or_default();
        handling.prereads && self.dependencies(server, &text).find(PREREAD_VARIABLES).is_some()
    }
}
