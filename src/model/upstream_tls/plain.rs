//! Passes of plain HTTP, and of what `stream` has decrypted, to listen sockets of this configuration that want something
//! else.

use crate::config::Directive;
use crate::model::requests::upstreams::{self, UpstreamAddress};
use crate::model::stream::Module;
use crate::model::stream::server::Handling;
use crate::model::stream::target::{PossibleTarget, Taker};
use crate::model::values::value::has_variables;
use crate::model::{ListenSocket, Model, Server, inherit};
use crate::nginx::Contexts;
use crate::source::Span;

/// A socket that does not take plain HTTP.
#[derive(Debug, Clone)]
pub struct Misfit<'m> {
    /// The socket.
    pub socket: &'m ListenSocket,
    /// Its address.
    pub address: UpstreamAddress,
    /// Whether every request gets there: no other server of a group takes it.
    pub is_certain: bool,
    /// Whether it expects the PROXY protocol; else it speaks TLS.
    pub wants_proxy_protocol: bool,
}

/// A server of `stream` that ends TLS, and hands what it has decrypted on to a socket that wants TLS.
#[derive(Debug, Clone)]
pub struct Decrypted<'m, 'c> {
    /// The `proxy_pass`.
    pub handler: Directive<'c>,
    /// The value of a table, or the `proxy_pass`.
    pub place: Span,
    /// What nginx connects to.
    pub target: String,
    /// The socket where TLS ends.
    pub front: &'m ListenSocket,
    /// The socket that wants TLS.
    pub taker: Taker<'m>,
    /// The address that has to be chosen, where a group has others too.
    pub chosen: Option<UpstreamAddress>,
}

/// The passes of plain HTTP, and what their URLs begin with; `grpc_pass` also takes a host alone.
const PLAIN: &[(&str, &str, u16)] = &[("proxy_pass", "http://", 80), ("grpc_pass", "grpc://", 0)];

impl<'c> Model<'c> {
    /// The first address of a pass of plain HTTP that is a socket of this configuration which does not take it.
    #[must_use]
    pub fn misfit(&self, pass: Directive<'c>) -> Option<Misfit<'_>> {
        let (_, scheme, usual_port) = PLAIN.iter().find(|(name, ..)| pass.is_named(name))?;
        let text = pass.argument(0)?.text().into_owned();
        if has_variables(&text) {
            return None;
        }
        let start = text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme));
        let rest = match start {
            Some(_) => &text[scheme.len()..],
            None if !text.contains("://") && pass.is_named("grpc_pass") => &text,
            None => return None,
        };
        let upstream = self.upstream(Contexts::HTTP, upstreams::authority(rest), *usual_port);
        let (addresses, is_all) = upstream.addresses();
        let wanted: Vec<Option<(&UpstreamAddress, &ListenSocket)>> = addresses
            .iter()
            .map(|address| Some((address, self.socket_of_upstream(address).filter(|socket| self.is_misfit(socket))?)))
            .collect();
        let is_certain = is_all && wanted.iter().all(Option::is_some);
        let (address, socket) = wanted.into_iter().flatten().next()?;
        let wants_proxy_protocol = socket.has_proxy_protocol;
        Some(Misfit { socket, address: address.clone(), is_certain, wants_proxy_protocol })
    }

    /// What the servers of `stream` that end TLS hand on without TLS to sockets of this configuration that want it, one for
    /// each line to change.
    #[must_use]
    pub fn decrypted_to_tls(&self) -> Vec<Decrypted<'_, 'c>> {
        self.stream_servers().flat_map(|server| self.decrypted_by(server)).collect()
    }

    fn decrypted_by<'m>(&'m self, server: &'m Server<'c>) -> Vec<Decrypted<'m, 'c>> {
        let handling = Handling::of(server);
        let front = self.stream_sockets_of(server.id).find(|socket| socket.is_tls);
        let (Some(front), Some(handler)) = (front, handling.handler) else { return Vec::new() };
        if !handling.proxies() || handling.encrypts || handling.is_unknown || !self.config.is_whole() {
            return Vec::new();
        }
        // What nginx itself has put TLS around may be the client's own TLS.
        let wraps = |other: &Server<'c>| {
            let leads = |(_, taker): (PossibleTarget<'c>, Taker<'_>)| std::ptr::eq(taker.socket, front);
            Handling::of(other).encrypts && self.possible_takers(other).into_iter().any(leads)
        };
        if self.stream_servers().any(wraps) {
            return Vec::new();
        }
        let mut found: Vec<Decrypted<'m, 'c>> = Vec::new();
        for (target, taker) in self.possible_takers(server) {
            let place = target.entry.map_or(handler.span(), |entry| entry.span());
            let is_told = found.iter().any(|known| known.place == place);
            // Who speaks the PROXY protocol is another question.
            let is_alike = taker.socket.has_proxy_protocol == handling.proxy_protocol.is_some();
            if is_told || !is_alike || !self.wants_tls(taker) {
                continue;
            }
            let chosen = self.chosen_for(&target, !has_variables(&handling.target_text().unwrap_or_default()));
            found.push(Decrypted { handler, place, target: target.text, front, taker, chosen });
        }
        found
    }

    /// The first address of a group that wants TLS, where others do not.
    fn chosen_for(&self, target: &PossibleTarget<'_>, is_written_out: bool) -> Option<UpstreamAddress> {
        let (addresses, is_all) = self.stream_addresses(&target.text, is_written_out);
        let wants = |address: &UpstreamAddress| self.own_taker(address).is_some_and(|taker| self.wants_tls(taker));
        let is_certain = is_all && addresses.iter().all(wants);
        addresses.into_iter().find(|address| !is_certain && wants(address))
    }

    /// Whether a socket makes nothing of what is not TLS.
    fn wants_tls(&self, taker: Taker<'_>) -> bool {
        match taker.module {
            Module::Http => self.refuses_plain(taker.socket),
            _ => taker.socket.is_tls,
        }
    }

    /// Whether a socket answers plain HTTP with an error whatever is asked, or does not answer.
    fn is_misfit(&self, socket: &ListenSocket) -> bool {
        socket.has_proxy_protocol || self.refuses_plain(socket)
    }

    /// Whether a TLS socket answers plain HTTP with an error: not so where an `error_page` for the status 497 says
    /// otherwise.
    fn refuses_plain(&self, socket: &ListenSocket) -> bool {
        let handles_plain = |page: &Directive<'_>| page.arguments().any(|word| word.is("497"));
        let mut servers = socket.members.iter().map(|member| self.server(member.server).directive);
        socket.is_tls
            && !servers.any(|server| {
                let pages = inherit::in_effect(server, "error_page");
                pages.is_partial || pages.directives.iter().any(handles_plain)
            })
    }

    /// The passes that may be of plain HTTP, in the order of the configuration by directive.
    pub fn plain_passes(&self) -> impl Iterator<Item = Directive<'c>> + use<'c> {
        let config = self.config;
        let contexts = Contexts::LOCATION | Contexts::IF_IN_LOCATION | Contexts::LIMIT_EXCEPT;
        PLAIN.iter().flat_map(move |(name, ..)| config.directives_named(name, contexts))
    }
}
