//! Passes of plain HTTP to listen sockets of this configuration that want something else.

use crate::config::Directive;
use crate::model::requests::upstreams::{self, UpstreamAddress};
use crate::model::values::value::has_variables;
use crate::model::{ListenSocket, Model, inherit};
use crate::nginx::Contexts;

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

    /// Whether a socket answers plain HTTP with an error whatever is asked: not so where an `error_page` for the status 497
    /// says otherwise.
    fn is_misfit(&self, socket: &ListenSocket) -> bool {
        let handles_plain = |page: &Directive<'_>| page.arguments().any(|word| word.is("497"));
        let mut servers = socket.members.iter().map(|member| self.server(member.server).directive);
        socket.has_proxy_protocol
            || socket.is_tls
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
