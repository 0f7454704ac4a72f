//! A request that comes to `http` through a socket of `stream`.

use crate::model::following::trace::{Handshake, Hop, Refusal};
use crate::model::following::tracer::Tracer;
use crate::model::requests::choices::Choices;
use crate::model::sockets::listen::Address;
use crate::model::stream::Module;
use crate::model::stream::connection::Client;
use crate::model::stream::passage::{Closing, End, Passage};
use crate::model::{Coverage, ListenSocket, Outcome, SelectedBy, Server, ServerId, inherit};
use crate::tls::Host;

/// A socket of `http` that a connection has come to.
pub(crate) struct Inner<'m> {
    pub(crate) socket: &'m ListenSocket,
    /// Whether the TLS of the client has ended before, and counts as that of the request all the same (`pass`).
    pub(crate) is_handshaken: bool,
}

impl<'m, 'c> Tracer<'m, 'c> {
    /// Takes the connection of a hop through `stream`; `None` where it does not come to `http`. What the request is
    /// there, with the port and the TLS that `http` sees, is noted in the hop.
    pub(crate) fn through_stream(
        &self,
        hop: &mut Hop<'m, 'c>,
        front: &'m ListenSocket,
        choices: &mut Choices<'c>,
    ) -> Option<Inner<'m>> {
        let sni = hop.request.sni.clone();
        let client = if hop.request.is_tls { Client::Tls(sni.as_deref()) } else { Client::Plain };
        let passage = self.model().passage(front, client, choices);
        if let Some(tls) = passage.tls {
            hop.tls = Some(self.handshake_in_stream(hop, (tls.server, tls.selected_by), tls.presenting, false));
        }
        let inner = match &passage.end {
            End::Taken(taker) if taker.module == Module::Http => Some(taker.socket),
            End::Closed(Closing::HandshakeRejected(server)) => {
                let by = passage.stops.last().map_or(SelectedBy::Default, |stop| stop.selected_by);
                hop.tls = Some(self.handshake_in_stream(hop, (server, by), server, true));
                hop.refusal = Some(Refusal::HandshakeRejected);
                None
            }
            end => {
                choices.assume(None, end_text(front, &passage, end));
                None
            }
        };
        let inner = inner.map(|socket| self.arrive(hop, &passage, socket));
        hop.passage = Some(passage);
        inner
    }

    fn arrive(&self, hop: &mut Hop<'m, 'c>, passage: &Passage<'m, 'c>, socket: &'m ListenSocket) -> Inner<'m> {
        hop.request.port = socket.endpoint.port;
        hop.request.address = match socket.endpoint.address {
            Address::Ip(address) if !address.is_unspecified() => Some(address),
            _ => None,
        };
        let last = passage.stops.last();
        if passage.tls.is_some() && !passage.keeps_tls {
            hop.request.is_tls = passage.is_encrypted_again;
            hop.request.sni = last.and_then(|stop| name_sent(stop.server)).filter(|_| passage.is_encrypted_again);
        }
        Inner { socket, is_handshaken: passage.keeps_tls }
    }

    fn handshake_in_stream(
        &self,
        hop: &Hop<'_, '_>,
        (server, selected_by): (&Server<'_>, SelectedBy),
        presenting: &Server<'_>,
        is_rejected: bool,
    ) -> Handshake {
        let parse = |host: &str| Host::parse(host.as_bytes()).ok();
        let sni = hop.request.sni.as_deref().and_then(parse);
        let host = hop.url.host_str().and_then(parse);
        let coverage = |host: Host| self.model().coverage_for_sni(presenting, sni.as_ref(), &host);
        let id = |server: &Server<'_>| -> ServerId { server.id };
        Handshake {
            sni: hop.request.sni.clone(),
            server: id(server),
            selected_by,
            presenting: id(presenting),
            is_rejected,
            coverage: host.map_or(Coverage::NotCovered, coverage),
        }
    }
}

impl Hop<'_, '_> {
    /// How a way ends that ends here without an answer.
    pub(crate) fn outcome_without_response(&self) -> Outcome {
        match self.passage.as_ref().map(|passage| &passage.end) {
            Some(End::Elsewhere(_) | End::Unknown(_)) if self.refusal.is_none() => Outcome::Undetermined,
            Some(End::Taken(taker)) if taker.module != Module::Http => Outcome::Undetermined,
            _ => Outcome::Refused,
        }
    }
}

/// The SNI that `proxy_ssl` sends, if it is written out.
fn name_sent(server: &Server<'_>) -> Option<String> {
    let is_sent = inherit::flag_in_effect(server.directive, "proxy_ssl_server_name") == Some(true);
    let name = inherit::value_in_effect(server.directive, "proxy_ssl_name").and_then(|name| name.argument(0));
    name.map(|name| name.text().into_owned()).filter(|_| is_sent)
}

/// What becomes of a connection that does not come to `http`, as a clause.
fn end_text(front: &ListenSocket, passage: &Passage<'_, '_>, end: &End<'_, '_>) -> String {
    let at = &front.endpoint;
    let target = passage.stops.last().map(|stop| stop.target.clone()).unwrap_or_default();
    match end {
        End::Taken(taker) => {
            format!("stream hands the connection on to {} of {}", taker.socket.endpoint, taker.module.name())
        }
        End::Elsewhere(address) => format!("stream hands the connection to {at} on to {address}"),
        End::Unknown(why) => format!("stream takes the connection to {at}, and {why}"),
        End::Closed(closing) => format!("stream closes the connection to {at}: {}", closing_text(closing, &target)),
    }
}

fn closing_text(closing: &Closing<'_, '_>, target: &str) -> String {
    match closing {
        Closing::HandshakeRejected(_) => "the handshake is rejected".to_owned(),
        Closing::NoHandler => "its server has neither proxy_pass nor pass".to_owned(),
        Closing::Returned => "its server sends a text".to_owned(),
        Closing::NoAddress if target.is_empty() => "there is no address for the name".to_owned(),
        Closing::NoAddress => format!("{target} is no address that it could connect to"),
        Closing::NoResolver => format!("no resolver is given to ask for {target}"),
        Closing::NoSocket => format!("nothing here listens on {target}"),
        Closing::Circle => format!("{target} leads back to where it comes from"),
        Closing::PassedAfterReading => "pass takes no connection of which ssl_preread has read".to_owned(),
        Closing::ProxyProtocolMissing(taker) => {
            format!("{} expects the PROXY protocol, and gets none", taker.socket.endpoint)
        }
        Closing::ProxyProtocolUnexpected(taker) => {
            format!("{} gets the PROXY protocol, and does not expect it", taker.socket.endpoint)
        }
        Closing::EncryptedToPlain(taker) => {
            format!("proxy_ssl speaks TLS to {}, which does not", taker.socket.endpoint)
        }
        Closing::EncryptedTwice(taker) => {
            format!("proxy_ssl speaks TLS to {}, and the client's own is in it", taker.socket.endpoint)
        }
    }
}
