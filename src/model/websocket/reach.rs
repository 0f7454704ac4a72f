//! Whether a handshake gets to the location that is meant for it, and what answers instead.
//!
//! A client does not follow a redirect: whatever is not 101 ends the handshake (RFC 6455, section 4.1).

use url::Url;

use crate::config::Directive;
use crate::model::following::starts::{ANY_HOST, hosts_of};
use crate::model::following::trace::Start;
use crate::model::following::witness::Witnesses;
use crate::model::inherit;
use crate::model::requests::choices::explore;
use crate::model::requests::location::{Modifier, matcher};
use crate::model::requests::proxy::authority;
use crate::model::requests::request::Request;
use crate::model::requests::response::{Response, ResponseKind};
use crate::model::websocket::forwarding::{Forwarding, Passed};
use crate::model::websocket::handshake::Asked;
use crate::model::websocket::locations::WebsocketLocation;
use crate::model::{Edge, ListenSocket, Model, Server};

/// Combinations of unknowns that are tried for one URL.
const MAX_COMBINATIONS: usize = 32;

/// Names of a server that are tried. Where the first is sent elsewhere, another may be the one to be asked for.
const MAX_HOSTS: usize = 8;

/// A last segment that no regex of a configuration looks for.
const BELOW: &str = "ngxlint";

/// What answers handshakes in the place of a location.
#[derive(Debug, Clone)]
pub struct Barrier<'c> {
    /// The URL that was asked for.
    pub url: Url,
    /// The answer.
    pub response: Response<'c>,
}

/// What becomes of handshakes for a location.
#[derive(Debug, Clone)]
pub enum Reach<'c> {
    /// Some get there, or to another location that passes them on as it must, or this cannot be told.
    Arrives,
    /// Clients are sent to https, where they are to connect in the first place.
    SentToHttps,
    /// Something else answers all of them: the first of those that were tried.
    Ends(Box<Barrier<'c>>),
}

impl<'c> Model<'c> {
    /// What becomes of handshakes for a location, whatever host of its server and whatever path of its own are asked
    /// for, on each of its sockets.
    #[must_use]
    pub fn websocket_reach(&self, location: &WebsocketLocation<'c>) -> Reach<'c> {
        self.find_reach(location).unwrap_or(Reach::Arrives)
    }

    /// `None` where it cannot be told.
    fn find_reach(&self, location: &WebsocketLocation<'c>) -> Option<Reach<'c>> {
        let block = location.entrance();
        let server = self.server_around(block)?;
        if is_reached_otherwise(block) || is_partial(block) {
            return None;
        }
        let paths = paths(block)?;
        let mut hosts: Vec<String> = server.names.iter().flat_map(hosts_of).take(MAX_HOSTS).collect();
        let mut found = None;
        for socket in self.sockets_of(server.id).filter(|socket| !socket.is_quic) {
            if hosts.is_empty() && socket.default.server == server.id {
                hosts.push(ANY_HOST.to_owned());
            }
            for (host, path) in hosts.iter().flat_map(|host| paths.iter().map(move |path| (host, path))) {
                let url = self.url(socket, host, path)?;
                match self.reach_of(server, socket, location, url) {
                    Some(Reach::Ends(barrier)) if !matches!(found, Some(Reach::Ends(_))) => {
                        found = Some(Reach::Ends(barrier));
                    }
                    Some(Reach::Arrives) => return None,
                    other => found = found.or(other),
                }
            }
        }
        found
    }

    /// Whether a handshake for `url` ends in a WebSocket, if the upstream speaks it; `None` where that cannot be told, or
    /// is not the same on every assignment of what is unknown.
    #[must_use]
    pub fn accepts_handshake(&self, url: &Url, handshake: Asked) -> Option<bool> {
        let (responses, is_complete) = self.handshake_responses(url, None, handshake)?;
        let mut accepts = responses.iter().map(|response| match response {
            Some(response) if response.kind == ResponseKind::Unknown || !is_told(response) => None,
            Some(response) => Some(takes_handshake(response)),
            None => Some(false),
        });
        let first = accepts.next()??;
        (is_complete && accepts.all(|other| other == Some(first))).then_some(first)
    }

    /// The answers to a handshake on every assignment of what is unknown, and whether these are all.
    fn handshake_responses(
        &self,
        url: &Url,
        socket: Option<&ListenSocket>,
        handshake: Asked,
    ) -> Option<(Vec<Option<Response<'c>>>, bool)> {
        let request = handshake.of(&Request::get(url)?);
        let start = Start { url: url.clone(), request, socket, hsts: Vec::new(), max_hops: 1 };
        let tracer = self.tracer();
        let ask = |choices: &mut _| tracer.trace(&start, choices).hops.into_iter().next().and_then(|hop| hop.response);
        Some(explore(MAX_COMBINATIONS, ask))
    }

    fn url(&self, socket: &ListenSocket, host: &str, path: &str) -> Option<Url> {
        let port = socket.endpoint.port;
        let origin = match self.edge_of_host(host) {
            Edge::Tls if !socket.is_tls => format!("https://{host}"),
            _ if socket.is_tls => format!("https://{host}:{port}"),
            _ => format!("http://{host}:{port}"),
        };
        Url::parse(&format!("{origin}{path}")).ok()
    }

    /// What becomes of handshakes for one URL; `None` where the server does not answer them.
    fn reach_of(
        &self,
        server: &Server<'c>,
        socket: &ListenSocket,
        location: &WebsocketLocation<'c>,
        url: Url,
    ) -> Option<Reach<'c>> {
        let (responses, is_complete) = self.handshake_responses(&url, Some(socket), Asked::Handshake)?;
        let own: Vec<Response<'c>> =
            responses.into_iter().flatten().filter(|response| response.server == server.id).collect();
        if !is_complete || own.iter().any(|response| arrives(response, location)) {
            return Some(Reach::Arrives);
        }
        let response = own.into_iter().next()?;
        Some(if is_sent_to_https(&response, &url, location.entrance()) {
            Reach::SentToHttps
        } else {
            Reach::Ends(Box::new(Barrier { url, response }))
        })
    }
}

fn arrives(response: &Response<'_>, location: &WebsocketLocation<'_>) -> bool {
    match response.kind {
        ResponseKind::Unknown => true,
        ResponseKind::Proxy if response.by == Some(location.proxied.pass) => true,
        _ => takes_handshake(response),
    }
}

/// Whether all that an upstream gets of a handshake is known.
fn is_told(response: &Response<'_>) -> bool {
    let sent = response.upstream_request.iter().flat_map(|request| &request.headers);
    let is_of_handshake = |name: &str| matches!(name, "upgrade" | "connection") || name.starts_with("sec-websocket-");
    sent.into_iter().all(|header| header.value.is_known || !is_of_handshake(&header.name))
}

/// Whether what answers passes the handshake on as it must.
fn takes_handshake(response: &Response<'_>) -> bool {
    if response.kind != ResponseKind::Proxy {
        return false;
    }
    let Some(passed) = Passed::of(response.clone()) else {
        // uwsgi and scgi pass the headers on by themselves, and take a 101.
        return response.by.is_some_and(|by| by.is_named("uwsgi_pass") || by.is_named("scgi_pass"));
    };
    Forwarding::of(std::slice::from_ref(&passed), passed.pass).is_some_and(|forwarding| forwarding.succeeds())
}

/// Whether what answers is the redirect to https of a plain server. A location that sends its own requests to another host
/// is not kept for clients of https.
fn is_sent_to_https(response: &Response<'_>, url: &Url, location: Directive<'_>) -> bool {
    let target = response.location_header.as_ref().filter(|header| header.text.starts_with("https://"));
    let Some(target) = target.filter(|_| url.scheme() == "http" && response.kind == ResponseKind::Redirect) else {
        return false;
    };
    let is_own = response.by.is_some_and(|by| by.ancestors().any(|block| block == location));
    // What follows the host may hold what is not known.
    let host = authority(&target.text).split(':').next().unwrap_or_default();
    !is_own || host.contains('$') || url.host_str() == Some(host)
}

/// Whether requests come to a location by other ways than its path: by name, by an internal redirect, or as subrequests.
fn is_reached_otherwise(location: Directive<'_>) -> bool {
    let is_named = matcher(location).is_none_or(|(modifier, ..)| modifier == Modifier::Named);
    is_named || inherit::has_in_effect(location, "internal")
}

/// Whether a server, or a location around one, may have more than is seen.
fn is_partial(location: Directive<'_>) -> bool {
    std::iter::once(location).chain(location.ancestors()).any(|block| !block.is_named("http") && block.is_incomplete())
}

/// Paths that lead to a location, as far as its own pattern is concerned; `None` where none is found.
fn paths(location: Directive<'_>) -> Option<Vec<String>> {
    let path = Witnesses::default().of_location(location)?;
    let (modifier, ..) = matcher(location)?;
    if !matches!(modifier, Modifier::Prefix | Modifier::PrefixOnly) {
        return Some(vec![path]);
    }
    let below = format!("{}/{BELOW}", path.trim_end_matches('/'));
    Some(vec![path, below])
}
