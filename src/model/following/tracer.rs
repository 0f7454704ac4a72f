//! Following a request as a browser does: the connection, the answer, and where a redirect leads, from server to
//! server of one configuration.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

use crate::model::following::trace::{Handshake, Hop, KnownHstsHost, Outcome, Refusal, Start, Trace};
use crate::model::requests::choices::{Choices, explore, explore_settling_files, explore_supposing_files};
use crate::model::requests::reception;
use crate::model::requests::request::Request;
use crate::model::requests::response::{Response, ResponseKind};
use crate::model::sockets::listen::Address;
use crate::model::sockets::selection::Selected;
use crate::model::{Coverage, Edge, Family, HstsPolicy, ListenSocket, Model, SelectedBy, Settled};
use crate::tls::Host;

/// Follows redirects in one configuration.
#[derive(Debug, Clone, Copy)]
pub struct Tracer<'m, 'c> {
    model: &'m Model<'c>,
    /// `None`: what the environment says of each host.
    edge: Option<Edge>,
}

/// Combinations of unknowns that are tried for one start. Configurations that decide on more than five unknowns in a
/// row are not understood by people either.
const MAX_COMBINATIONS: usize = 32;

/// Sockets of one port that are all looked at.
const MANY_SOCKETS: usize = 64;

/// Requests that browsers follow (Chrome: net/url_request/url_request.h, `kMaxRedirects`; Firefox:
/// `network.http.redirection-limit`).
pub const MAX_HOPS: usize = 20;

/// The socket that takes a request.
enum Reached<'m> {
    Socket(&'m ListenSocket),
    /// A socket of `stream`, behind which one of `http` may be.
    Stream(&'m ListenSocket),
    /// The host is of this configuration, and nothing listens on the port.
    Nothing,
    /// The host is none of this configuration.
    Elsewhere,
}

/// What is carried from hop to hop.
struct Journey<'m> {
    url: Url,
    request: Request,
    hsts: Vec<KnownHstsHost>,
    socket: Option<&'m ListenSocket>,
    /// The address that took the last request.
    from: Option<&'m Address>,
    /// Whether that was one of `stream`, so that the sockets behind it are not the client's to reach.
    is_before_front: bool,
}

impl<'m> Journey<'m> {
    fn new(start: &Start<'m>) -> Journey<'m> {
        let mut journey = Journey {
            url: start.url.clone(),
            request: start.request.clone(),
            hsts: start.hsts.clone(),
            socket: start.socket,
            from: None,
            is_before_front: false,
        };
        if upgrade(&mut journey.url, &journey.hsts)
            && let Some(upgraded) = Request::get(&journey.url)
        {
            // What the user says of SNI holds for this handshake, too.
            let sni = journey.request.sni.take().or(upgraded.sni);
            journey.request = Request { sni, port: upgraded.port, is_tls: true, ..journey.request };
            journey.socket = None;
        }
        journey
    }
}

impl<'m, 'c> Tracer<'m, 'c> {
    /// Prepares for a model.
    #[must_use]
    pub fn new(model: &'m Model<'c>) -> Tracer<'m, 'c> {
        Tracer { model, edge: None }
    }

    /// The same with something else between clients and nginx.
    #[must_use]
    pub fn with_edge(self, edge: Edge) -> Tracer<'m, 'c> {
        Tracer { edge: Some(edge), ..self }
    }

    /// What stands before nginx for a host.
    pub(crate) fn edge_of(&self, host: &str) -> Edge {
        self.edge.unwrap_or_else(|| self.model.edge_of_host(host))
    }

    pub(crate) fn model(&self) -> &'m Model<'c> {
        self.model
    }

    /// The ways on every assignment of what is unknown, or the first of them; whether these are all.
    #[must_use]
    pub fn traces(&self, start: &Start<'m>) -> (Vec<Trace<'m, 'c>>, bool) {
        explore(MAX_COMBINATIONS, |choices| self.trace(start, choices))
    }

    /// The same on one assignment only of the files that cannot be seen: for those who say nothing of them.
    #[must_use]
    pub fn traces_settling_files(&self, start: &Start<'m>) -> (Vec<Trace<'m, 'c>>, bool) {
        explore_settling_files(MAX_COMBINATIONS, |choices| self.trace(start, choices))
    }

    /// The answers to the first request alone, one for each assignment of what is unknown on which there is one;
    /// whether these are all.
    #[must_use]
    pub fn first_answers(&self, start: &Start<'m>) -> (Vec<Response<'c>>, bool) {
        let (answers, is_complete) = explore(MAX_COMBINATIONS, |choices| self.first_answer(start, choices));
        (answers.into_iter().flatten().collect(), is_complete)
    }

    /// The same for a URL that stands for many, so that nobody can say that its file is not there.
    #[must_use]
    pub fn first_answers_supposing_files(&self, start: &Start<'m>) -> (Vec<Response<'c>>, bool) {
        let ask = |choices: &mut Choices<'c>| self.first_answer(start, choices);
        let (answers, is_complete) = explore_supposing_files(MAX_COMBINATIONS, ask);
        (answers.into_iter().flatten().collect(), is_complete)
    }

    fn first_answer(&self, start: &Start<'m>, choices: &mut Choices<'c>) -> Option<Response<'c>> {
        let mut journey = Journey::new(start);
        let reached = self.reach(&journey, start, choices);
        self.ask(&mut journey, reached, choices).response
    }

    /// The way of one request, on one assignment of what is unknown.
    #[must_use]
    pub fn trace(&self, start: &Start<'m>, choices: &mut Choices<'c>) -> Trace<'m, 'c> {
        let mut journey = Journey::new(start);
        let mut hops: Vec<Hop<'m, 'c>> = Vec::new();
        // What a loop comes back to: the same request with the same knowledge.
        let mut states: Vec<(Request, Vec<KnownHstsHost>)> = Vec::new();
        loop {
            let is_known =
                |(request, hsts): &(Request, Vec<KnownHstsHost>)| *request == journey.request && *hsts == journey.hsts;
            if let Some(first) = states.iter().position(is_known) {
                return shortest_loop(hops, first);
            }
            if hops.len() >= start.max_hops {
                return Trace { hops, outcome: Outcome::Truncated };
            }
            let reached = self.reach(&journey, start, choices);
            if matches!(reached, Reached::Elsewhere) && !hops.is_empty() {
                return Trace { hops, outcome: Outcome::External };
            }
            let before = choices.conditions().len();
            let mut hop = self.ask(&mut journey, reached, choices);
            self.add_upstream_hsts(&mut hop);
            let hsts = journey.hsts.clone();
            let next = self.follow(&mut journey, &mut hop, start);
            hop.conditions = choices.conditions().get(before..).unwrap_or_default().to_vec();
            hops.push(hop);
            match next {
                Ok(request) => states.push((std::mem::replace(&mut journey.request, request), hsts)),
                Err(outcome) => return Trace { hops, outcome },
            }
        }
    }

    /// The answers of the same server, if nginx itself spoke TLS on port 443 with the client.
    #[must_use]
    pub fn answers_over_tls(&self, start: &Start<'m>) -> Vec<Response<'c>> {
        let Some(socket) = start.socket else { return Vec::new() };
        let sni = start.url.domain().map(str::to_owned);
        let mut request = Request { is_tls: true, port: 443, sni, ..start.request.clone() };
        if self.edge_of(start.url.host_str().unwrap_or_default()) == Edge::Tls {
            request.set_header("x-forwarded-proto", "https");
        }
        let answer = |choices: &mut Choices<'c>| {
            let first =
                Selected { server: self.model.server(socket.default.server), by: SelectedBy::Default, regex: None };
            reception::respond(self.model, socket, &request, first, choices)
        };
        explore(MAX_COMBINATIONS, answer).0
    }

    /// The socket that a client reaches with a URL.
    fn reach(&self, journey: &Journey<'m>, start: &Start<'m>, choices: &mut Choices<'c>) -> Reached<'m> {
        if let Some(socket) = journey.socket {
            return Reached::Socket(socket);
        }
        let host = journey.url.host_str().unwrap_or_default();
        let name = host.strip_suffix('.').unwrap_or(host);
        let is_ours = start.url.host_str() == Some(host) || self.serves(name);
        let unreached = if is_ours { Reached::Nothing } else { Reached::Elsewhere };
        let request = &journey.request;
        if journey.url.port().is_none() && self.edge_of(name) == Edge::Tls {
            return self.behind_edge(name).filter(|_| is_ours).map_or(unreached, Reached::Socket);
        }
        if let Some(address) = request.address {
            match self.model.socket_at(Some(address), request.port, false) {
                Settled::Known(Some(socket)) => return Reached::Socket(socket),
                Settled::Known(None) => {
                    return self.model.front_at(Some(address), request.port).map_or(unreached, Reached::Stream);
                }
                // A `listen` with a name: nginx resolves it when it starts.
                Settled::Unknown => choices.assume(None, format!("a name in a listen directive leads to {address}")),
            }
        }
        if !is_ours {
            return Reached::Elsewhere;
        }
        let mut sockets = self.candidates(journey, name);
        // Where the name leads is for DNS to say. A socket that has the name, or that takes all addresses, is likely.
        sockets.sort_by_cached_key(|socket| {
            (
                !self.names(socket, name),
                socket.is_tls != request.is_tls,
                Some(&socket.endpoint.address) != journey.from,
                !socket.endpoint.address.is_wildcard(),
            )
        });
        let front = self.model.front_at(None, request.port);
        // Next to stream, a socket of http is asked where it has the name and others reach it.
        let is_asked = |socket: &&ListenSocket| {
            self.names(socket, name) && Family::ALL.iter().any(|&family| socket.serves(family))
        };
        if let Some(front) = front.filter(|_| !sockets.iter().any(is_asked)) {
            return Reached::Stream(front);
        }
        if journey.is_before_front {
            sockets.retain(|socket| Family::ALL.iter().any(|&family| socket.serves(family)));
        }
        let Some(&first) = sockets.first() else { return Reached::Nothing };
        let is_named = self.names(first, name);
        let is_alike =
            |socket: &&&ListenSocket| !socket.endpoint.address.is_wildcard() && self.names(socket, name) == is_named;
        let others = sockets.iter().skip(1).filter(is_alike);
        let alike: Vec<&'m ListenSocket> = std::iter::once(first).chain(others.copied()).collect();
        if alike.len() == 1 || first.endpoint.address.is_wildcard() || Some(&first.endpoint.address) == journey.from {
            return Reached::Socket(first);
        }
        let asked = alike.get(..4).unwrap_or(&alike);
        let taken = choices.choose(None, format!("address of {host}:{}", request.port), asked, |socket| {
            format!("{host} leads to {}", socket.endpoint)
        });
        Reached::Socket(alike.get(taken).copied().unwrap_or(first))
    }

    /// Whether a host is of this configuration. Of a snippet only exact names say so: a host that a pattern matches may
    /// have a server of its own in another file.
    fn serves(&self, host: &str) -> bool {
        if self.model.config.is_whole() { self.model.is_served(host) } else { self.model.owns(host) }
    }

    /// The sockets on the port of a request that may take it. Of very many only those whose servers have the name, or
    /// that take all addresses.
    fn candidates(&self, journey: &Journey<'m>, host: &str) -> Vec<&'m ListenSocket> {
        let on_port = self.model.sockets_on_port(journey.request.port);
        if on_port.len() <= MANY_SOCKETS {
            return on_port.iter().filter(|socket| !socket.is_quic).collect();
        }
        let port = journey.request.port;
        let owned = self.model.owners_of(host).flat_map(|server| self.model.sockets_of(server.id));
        let mut sockets: Vec<&'m ListenSocket> =
            owned.filter(|socket| !socket.is_quic && socket.endpoint.port == port).collect();
        for any in [IpAddr::from(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()] {
            sockets.extend(self.model.socket_at(Some(any), port, false).known().flatten());
        }
        sockets.sort_by_key(|socket| &socket.endpoint);
        sockets.dedup_by_key(|socket| &socket.endpoint);
        sockets
    }

    /// The plain socket that an edge speaks to.
    fn behind_edge(&self, host: &str) -> Option<&'m ListenSocket> {
        let is_plain = |socket: &&ListenSocket| !socket.is_tls && !socket.is_quic;
        let owned = self.model.owners_of(host).flat_map(|server| self.model.sockets_of(server.id)).filter(is_plain);
        let on_80 = self.model.sockets_on_port(80).iter().filter(is_plain);
        let likely = owned.chain(on_80).min_by_key(|socket| (!self.names(socket, host), socket.endpoint.port != 80));
        likely.or_else(|| self.model.sockets().find(is_plain))
    }

    /// Whether a host selects a server of a socket by name.
    fn names(&self, socket: &ListenSocket, host: &str) -> bool {
        match self.model.select(socket, host) {
            Settled::Known((_, by)) if by != SelectedBy::Default => true,
            // A lone server is taken without looking at its names.
            Settled::Known((server, _)) => self.model.is_owner(server.id, host),
            Settled::Unknown => false,
        }
    }

    /// Sends the request, as far as it gets.
    fn ask(&self, journey: &mut Journey<'m>, reached: Reached<'m>, choices: &mut Choices<'c>) -> Hop<'m, 'c> {
        let mut hop = Hop {
            url: journey.url.clone(),
            request: journey.request.clone(),
            socket: None,
            passage: None,
            tls: None,
            refusal: None,
            response: None,
            hsts: None,
            target: None,
            is_upgraded: false,
            conditions: Vec::new(),
        };
        let (socket, is_handshaken) = match reached {
            Reached::Socket(socket) => {
                journey.from = Some(&socket.endpoint.address);
                if socket.has_proxy_protocol {
                    let endpoint = &socket.endpoint;
                    let text = format!("{endpoint} is reached through a proxy that speaks the PROXY protocol");
                    choices.assume(None, text);
                }
                (socket, false)
            }
            Reached::Stream(front) => {
                journey.from = Some(&front.endpoint.address);
                journey.is_before_front |= Family::ALL.iter().any(|&family| front.serves(family));
                match self.through_stream(&mut hop, front, choices) {
                    Some(inner) => (inner.socket, inner.is_handshaken),
                    None => return hop,
                }
            }
            Reached::Nothing | Reached::Elsewhere => {
                hop.refusal = Some(Refusal::NothingListens);
                return hop;
            }
        };
        hop.socket = Some(socket);
        let is_plain = hop.url.port().is_none() && !socket.is_tls;
        if is_plain && self.edge_of(hop.url.host_str().unwrap_or_default()) == Edge::Tls {
            hop.request.set_header("x-forwarded-proto", hop.url.scheme());
            hop.request = Request { is_tls: false, sni: None, port: socket.endpoint.port, ..hop.request };
        }
        if hop.request.is_tls && !socket.is_tls && !is_handshaken {
            hop.refusal = Some(Refusal::TlsToPlainSocket);
            return hop;
        }
        let mut first =
            Selected { server: self.model.server(socket.default.server), by: SelectedBy::Default, regex: None };
        if hop.request.is_tls && !is_handshaken {
            match self.model.select_by_sni(socket, hop.request.sni.as_deref()) {
                Settled::Known(selected) => first = selected,
                Settled::Unknown => {
                    choices.assume(None, format!("the server that SNI selects on {} is the default", socket.endpoint));
                }
            }
            let handshake = self.handshake(socket, &first, &hop);
            let is_rejected = handshake.is_rejected;
            // What nginx says to itself, no client sees.
            hop.tls.get_or_insert(handshake);
            if is_rejected {
                hop.refusal = Some(Refusal::HandshakeRejected);
                return hop;
            }
        }
        let response = reception::respond(self.model, socket, &hop.request, first, choices);
        hop.response = Some(response);
        hop
    }

    fn handshake(&self, socket: &ListenSocket, selected: &Selected<'m, 'c>, hop: &Hop<'m, 'c>) -> Handshake {
        let presenting = self.model.presenting_server(socket, selected.server.id);
        let parse = |host: &str| Host::parse(host.as_bytes()).ok();
        let host = hop.url.host_str().and_then(parse);
        let is_same = hop.request.sni.as_deref() == hop.url.host_str();
        let sni = if is_same { host.clone() } else { hop.request.sni.as_deref().and_then(parse) };
        let coverage = |host: Host| self.model.coverage_for_sni(presenting, sni.as_ref(), &host);
        Handshake {
            sni: hop.request.sni.clone(),
            server: selected.server.id,
            selected_by: selected.by,
            presenting: presenting.id,
            is_rejected: selected.server.rejects_handshake,
            coverage: host.map_or(Coverage::NotCovered, coverage),
        }
    }

    /// Puts the headers of the upstream on an answer, if they are the same on whatever the upstream answers.
    fn add_upstream_hsts(&self, hop: &mut Hop<'m, 'c>) {
        let Some(response) = hop.response.as_ref().filter(|response| self.model.is_relayed(response)) else { return };
        if let [seen] = self.model.with_upstream_hsts(response.clone()).as_mut_slice() {
            seen.conditions.clone_from(&response.conditions);
            hop.response = Some(seen.clone());
        }
    }

    /// What a browser makes of an answer: the next request, or the end.
    fn follow(&self, journey: &mut Journey<'m>, hop: &mut Hop<'m, 'c>, start: &Start<'m>) -> Result<Request, Outcome> {
        let Some(response) = &hop.response else { return Err(hop.outcome_without_response()) };
        // Behind a certificate that is not for the host browsers note nothing (RFC 6797, section 8.1).
        let is_secure = match &hop.tls {
            Some(tls) => tls.coverage != Coverage::NotCovered,
            None => hop.url.scheme() == "https",
        };
        if let Some((_, value)) = response.hsts.first() {
            hop.hsts = value.known().and_then(HstsPolicy::parse);
        }
        if let Some(policy) = hop.hsts.filter(|_| is_secure)
            && let Some(url::Host::Domain(host)) = hop.url.host()
        {
            journey.hsts.retain(|known| known.host != host);
            if policy.max_age > 0 {
                journey
                    .hsts
                    .push(KnownHstsHost { host: host.to_owned(), include_subdomains: policy.include_subdomains });
                journey.hsts.sort();
            }
        }
        match response.kind {
            ResponseKind::Redirect => {}
            ResponseKind::Unknown => return Err(Outcome::Undetermined),
            ResponseKind::Closed => return Err(Outcome::Refused),
            _ => return Err(Outcome::Answered),
        }
        let Some(location) = response.location_header.as_ref().and_then(|header| header.known()) else {
            return Err(Outcome::Undetermined);
        };
        // A browser that is sent to what is no URL shows an error of its own.
        let Ok(mut target) = hop.url.join(location) else { return Err(Outcome::Answered) };
        target.set_fragment(None);
        hop.is_upgraded = upgrade(&mut target, &journey.hsts);
        hop.target = Some(target.clone());
        let Some(mut request) = Request::get(&target) else { return Err(Outcome::External) };
        let keeps_method = matches!(response.status, Some(307 | 308));
        let previous = &journey.request;
        if keeps_method || previous.method == "HEAD" {
            request.method.clone_from(&previous.method);
        }
        request.headers.clone_from(&previous.headers);
        request.other_headers = previous.other_headers;
        request.client = previous.client;
        // The address of a name is what it was at the start; that of another name is looked for.
        if target.host_str() == start.url.host_str() {
            request.address = start.request.address;
        }
        journey.url = target;
        journey.socket = None;
        Ok(request)
    }
}

/// A loop that comes back to the hop `first`, told from where it begins for the eye: a browser that has learned an HSTS
/// policy on the way is in another state, but where the answers are the same it was in the loop before.
fn shortest_loop<'m, 'c>(mut hops: Vec<Hop<'m, 'c>>, mut first: usize) -> Trace<'m, 'c> {
    while let (Some(before), Some(last)) = (first.checked_sub(1).and_then(|at| hops.get(at)), hops.last())
        && (&before.request, &before.target) == (&last.request, &last.target)
    {
        hops.pop();
        first -= 1;
    }
    Trace { hops, outcome: Outcome::Loop(first) }
}

/// Makes `http:` of a host that is known by HSTS `https:`; an explicit port 80 becomes 443, any other stays.
///
/// RFC 6797, section 8.3. Whether it has changed the URL.
fn upgrade(url: &mut Url, known: &[KnownHstsHost]) -> bool {
    let binds = |host: &str| {
        known.iter().any(|known| match host.strip_suffix(known.host.as_str()) {
            Some("") => true,
            Some(labels) => known.include_subdomains && labels.ends_with('.'),
            None => false,
        })
    };
    let is_bound = match url.host() {
        Some(url::Host::Domain(host)) => url.scheme() == "http" && binds(host.strip_suffix('.').unwrap_or(host)),
        _ => false,
    };
    // `Url` leaves a scheme's own port out, so that 80 is none here and 443 the one of https.
    let port = url.port().filter(|&port| port != 443);
    is_bound && url.set_scheme("https").is_ok() && url.set_port(port).is_ok()
}

/// The address in a URL, if its host is one.
#[must_use]
pub fn address_in(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        url::Host::Ipv4(address) => Some(address.into()),
        url::Host::Ipv6(address) => Some(address.into()),
        url::Host::Domain(_) => None,
    }
}
