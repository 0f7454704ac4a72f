//! Requests that nginx passes on to a listen socket of its own: where they end, or that they do not.

use url::Url;

use crate::config::Directive;
use crate::model::following::starts::ANY_HOST;
use crate::model::following::trace::Start;
use crate::model::following::witness::Witnesses;
use crate::model::requests::choices::Choices;
use crate::model::requests::location;
use crate::model::requests::request::Request;
use crate::model::requests::response::{Response, ResponseKind};
use crate::model::requests::upstreams::UpstreamAddress;
use crate::model::sockets::listen::Endpoint;
use crate::model::values::value::has_variables;
use crate::model::{Edge, ListenSocket, Model, OtherHeaders, Server, ServerId, ServerName};

/// A `proxy_pass` that a request goes through.
#[derive(Debug, Clone)]
pub struct Relay<'c> {
    /// The `proxy_pass`.
    pub by: Directive<'c>,
    /// The server that it belongs to.
    pub server: ServerId,
    /// The URL that nginx asks for.
    pub target: String,
    /// The Host header that it sends.
    pub host: Option<String>,
    /// The socket that takes it.
    pub endpoint: Endpoint,
    /// The address that has to be chosen, where a group has others too.
    pub chosen: Option<UpstreamAddress>,
}

/// Passes after which a request that has not come back to the same URL is followed no further. One that gets longer each
/// time has passed the same directive often by then.
const MAX_RELAYS: usize = 20;

impl<'c> Model<'c> {
    /// The circle that a request goes in which `pass` gets from a client: each `proxy_pass` on it. `None` where there
    /// is none, or where it depends on what is not known.
    #[must_use]
    pub fn relay_loop(&self, pass: Directive<'_>) -> Option<Vec<Relay<'c>>> {
        let written = pass.argument(0)?.text().into_owned();
        // Whatever answers, it is not this configuration.
        if !has_variables(&written) && self.own_socket(&written).is_none() {
            return None;
        }
        let server = self.server_around(pass)?;
        let (mut socket, mut request) = self.first_request(server, pass)?;
        let mut states: Vec<(*const ListenSocket, Request)> = Vec::new();
        let mut relays: Vec<Relay<'c>> = Vec::new();
        loop {
            let state = (std::ptr::from_ref(socket), request.clone());
            if let Some(first) = states.iter().position(|known| *known == state) {
                return Some(relays.split_off(first));
            }
            states.push(state);
            let response = self.only_answer(socket, &request)?;
            let relay = self.relay(&response)?;
            (socket, _) = self.own_socket(&relay.target)?;
            request = passed_on(&relay)?;
            relays.push(relay);
            if relays.len() >= MAX_RELAYS {
                let last = relays.last()?.by;
                let before = relays.iter().rev().skip(1).position(|relay| relay.by == last)?;
                return Some(relays.split_off(relays.len() - before - 1));
            }
        }
    }

    /// The socket of this configuration that is asked, and the address that leads there where others do not.
    pub(crate) fn own_socket(&self, url: &str) -> Option<(&ListenSocket, Option<UpstreamAddress>)> {
        let (addresses, is_all) = self.upstream_addresses(url)?;
        let own = |address: &UpstreamAddress| Some((self.socket_of_upstream(address)?, address.clone()));
        let (socket, address) = addresses.iter().find_map(own)?;
        let is_same = |address| self.socket_of_upstream(address).is_some_and(|other| std::ptr::eq(other, socket));
        let is_certain = is_all && addresses.iter().all(is_same);
        Some((socket, (!is_certain).then_some(address)))
    }

    /// A request of a client for the location of a `proxy_pass`.
    fn first_request(&self, server: &Server<'c>, pass: Directive<'_>) -> Option<(&ListenSocket, Request)> {
        let path = Witnesses::default().of_location(location::around(pass)?)?;
        let socket = self.sockets_of(server.id).find(|socket| !socket.is_quic)?;
        let host = server.names.iter().flat_map(ServerName::witnesses).next();
        let host = host.map_or(ANY_HOST.to_owned(), |host| host.to_string());
        let url = Url::parse(&format!("http://{host}{path}")).ok()?;
        let request = Request::get(&url)?;
        let port = socket.endpoint.port;
        Some((socket, Request { port, is_tls: socket.is_tls, other_headers: OtherHeaders::Unknown, ..request }))
    }

    /// The answer to a request, if it is the same whatever the unknowns are.
    fn only_answer(&self, socket: &ListenSocket, request: &Request) -> Option<Response<'c>> {
        let start = start(socket, request.clone())?;
        let mut choices = Choices::default();
        let trace = self.tracer().with_edge(Edge::None).trace(&start, &mut choices);
        let is_certain = choices.conditions().iter().all(|condition| !condition.is_open);
        trace.hops.into_iter().next()?.response.filter(|_| is_certain)
    }

    /// Whether an answer is passed on from a socket of this configuration.
    pub(crate) fn is_relayed(&self, response: &Response<'c>) -> bool {
        response.kind == ResponseKind::Proxy && self.relay(response).is_some()
    }

    /// What an upstream answers, for each assignment of the unknowns, where it is certain to be of this configuration;
    /// `None` where not all is seen.
    pub(crate) fn upstream_answers(&self, response: &Response<'c>) -> Option<Vec<Response<'c>>> {
        let relay = self.relay(response).filter(|relay| relay.chosen.is_none())?;
        let (socket, _) = self.own_socket(&relay.target)?;
        let start = start(socket, passed_on(&relay)?)?;
        let (answers, is_complete) = self.tracer().with_edge(Edge::None).first_answers(&start);
        let is_answer = |answer: &Response<'_>| !matches!(answer.kind, ResponseKind::Closed | ResponseKind::Unknown);
        (is_complete && !answers.is_empty() && answers.iter().all(is_answer)).then_some(answers)
    }

    /// What an answer passes on to a socket of this configuration, as far as all of it is known.
    fn relay(&self, response: &Response<'c>) -> Option<Relay<'c>> {
        let by = response.by.filter(|by| response.kind == ResponseKind::Proxy && by.is_named("proxy_pass"))?;
        let host = match &response.upstream_host {
            Some(host) => Some(host.known()?.to_owned()),
            None => None,
        };
        let target = response.target.as_ref()?.known()?.to_owned();
        let (socket, chosen) = self.own_socket(&target)?;
        Some(Relay { by, server: response.server, target, host, endpoint: socket.endpoint.clone(), chosen })
    }
}

/// A request that nginx itself sends to a socket.
fn start(socket: &ListenSocket, request: Request) -> Option<Start<'_>> {
    let url = Url::parse(&format!("http://{ANY_HOST}/")).ok()?;
    Some(Start { url, request, socket: Some(socket), hsts: Vec::new(), max_hops: 1 })
}

/// The request that nginx sends.
fn passed_on(relay: &Relay<'_>) -> Option<Request> {
    let (scheme, rest) = relay.target.split_once("://")?;
    let rest = rest.strip_prefix("unix:").map_or(rest, |path| path.split_once(':').map_or("/", |(_, uri)| uri));
    let target = rest.find(['/', '?']).map_or("/", |start| &rest[start..]);
    Some(Request {
        address: None,
        port: relay.endpoint.port,
        is_tls: scheme.eq_ignore_ascii_case("https"),
        sni: None,
        method: "GET".to_owned(),
        target: target.to_owned(),
        host: relay.host.clone(),
        headers: Vec::new(),
        other_headers: OtherHeaders::Unknown,
        client: None,
    })
}
