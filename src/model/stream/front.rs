//! `stream` in front of `http`: what it makes of the ports that clients know.

use std::net::IpAddr;
use std::sync::OnceLock;

use rustc_hash::FxHashSet;

use crate::model::HttpsState;
use crate::model::following::starts::ANY_HOST;
use crate::model::sockets::listen::Endpoint;
use crate::model::stream::Module;
use crate::model::stream::connection::Client;
use crate::model::stream::passage::{End, Passage};
use crate::model::{Coverage, Family, ListenSocket, Model, NameKind, Server};
use crate::tls::Host;

/// The port of https.
const HTTPS_PORT: u16 = 443;

impl<'c> Model<'c> {
    /// The sockets of `stream` on a port that clients of a family reach.
    pub(crate) fn fronts(&self, port: u16, family: Family) -> impl Iterator<Item = &ListenSocket> {
        let on_port = self.sockets_in(Module::Stream).on_port(port).iter();
        on_port.filter(move |socket| !socket.is_udp && socket.serves(family))
    }

    /// The socket of `stream` that takes a connection to an address and port; where the address is not known, the one
    /// that most clients reach.
    #[must_use]
    pub fn front_at(&self, address: Option<IpAddr>, port: u16) -> Option<&ListenSocket> {
        let sockets = self.sockets_in(Module::Stream);
        let only = sockets.at(address, port, false).known().flatten();
        let is_tcp = |socket: &&ListenSocket| !socket.is_udp;
        only.or_else(|| sockets.on_port(port).iter().find(is_tcp).filter(|_| address.is_none()))
    }

    /// Whether clients of a family that come to a port come to `stream`.
    #[must_use]
    pub fn has_front(&self, port: u16, family: Family) -> bool {
        self.fronts(port, family).next().is_some()
    }

    /// Whether clients of other machines come to `stream` where they open https://.
    #[must_use]
    pub fn has_https_front(&self) -> bool {
        Family::ALL.into_iter().any(|family| self.has_front(HTTPS_PORT, family))
    }

    /// The sockets of `http` that clients of a family get to through `stream` when they ask a port for `host`; `None`
    /// where somebody else may answer them.
    pub(crate) fn sockets_behind_fronts(&self, host: &Host, port: u16, family: Family) -> Option<Vec<&ListenSocket>> {
        let mut found: Vec<&ListenSocket> = Vec::new();
        for front in self.fronts(port, family) {
            let (ways, is_complete) = self.passages(front, Client::Tls(host.name()));
            for way in &ways {
                let (End::Taken(taker), None) = (&way.end, way.tls) else { return None };
                if taker.module != Module::Http || way.is_encrypted_again || !is_complete {
                    return None;
                }
                if !found.iter().any(|known| std::ptr::eq(*known, taker.socket)) {
                    found.push(taker.socket);
                }
            }
        }
        Some(found)
    }

    /// How `host` is served over HTTPS by what `stream` leads to besides the servers of `http`; `None` where by none.
    pub(crate) fn https_state_of_stream(&self, host: &Host) -> Option<HttpsState> {
        let mut fronts = Family::ALL.into_iter().flat_map(|family| self.fronts(HTTPS_PORT, family));
        fronts.find_map(|front| {
            let (ways, _) = self.passages(front, Client::Tls(host.name()));
            ways.iter().find_map(|way| self.https_state_of_way(way, host))
        })
    }

    /// Whether `stream` leads the clients of `host` to somebody beside the servers of `http`, who may have the name.
    #[must_use]
    pub fn is_served_by_stream(&self, host: &Host) -> bool {
        match self.https_state_of_stream(host) {
            Some(HttpsState::Certificate(coverage, _)) => coverage != Coverage::NotCovered,
            Some(_) => true,
            None => false,
        }
    }

    fn https_state_of_way(&self, way: &Passage<'_, 'c>, host: &Host) -> Option<HttpsState> {
        if let Some(tls) = way.tls {
            let path = self.presented_use(tls.presenting, Some(host)).map(|used| used.word.text().into_owned());
            return Some(HttpsState::Certificate(self.coverage(tls.presenting, host), path.unwrap_or_default()));
        }
        match &way.end {
            End::Elsewhere(_) | End::Unknown(_) => Some(HttpsState::Unknown),
            End::Taken(_) | End::Closed(_) => None,
        }
    }

    /// Whether all that comes to a server of `http` has come through a server of `stream` that ends TLS, or may have.
    pub(crate) fn sits_behind_stream_tls(&self, server: &Server<'_>) -> bool {
        let find_all = || {
            let ends_tls = |front: &&Server<'_>| self.stream_sockets_of(front.id).any(|socket| socket.is_tls);
            let takers = self.stream_servers().filter(ends_tls).flat_map(|front| self.possible_takers(front));
            let of_http = takers.filter(|(_, taker)| taker.module == Module::Http);
            of_http.map(|(_, taker)| taker.socket.endpoint.clone()).collect()
        };
        let behind = self.stream.behind_tls.get_or_init(find_all);
        !behind.is_empty() && self.sockets_of(server.id).any(|socket| behind.contains(&socket.endpoint))
    }

    /// Whether clients come to a TLS socket of `http` only with names that `stream` sends there one by one: it is an
    /// inner socket, and what `stream` does with all other names leads elsewhere.
    #[must_use]
    pub fn gets_known_names_only(&self, socket: &ListenSocket) -> bool {
        if Family::ALL.iter().any(|&family| socket.serves(family)) {
            return false;
        }
        let leads_here = |way: &Passage<'_, 'c>| match &way.end {
            End::Taken(taker) => std::ptr::eq(taker.socket, socket),
            End::Unknown(_) => true,
            End::Elsewhere(_) | End::Closed(_) => false,
        };
        let may_lead_here = |front: &ListenSocket, sni: Option<&str>| {
            let (ways, is_complete) = self.passages(front, Client::Tls(sni));
            !is_complete || ways.iter().any(leads_here)
        };
        let mut is_fed = false;
        for (front, led_to) in self.stream_sockets().zip(self.led_to()) {
            if front.is_udp || !led_to.sockets.contains(&socket.endpoint) {
                continue;
            }
            is_fed = true;
            let has_pattern =
                || led_to.by_pattern.get_or_init(|| self.led_to_by_pattern(front)).contains(&socket.endpoint);
            if may_lead_here(front, Some(ANY_HOST)) || may_lead_here(front, None) || has_pattern() {
                return false;
            }
        }
        is_fed
    }

    /// What each socket of `stream` leads to, in their order.
    fn led_to(&self) -> &[LedTo] {
        let of_front = |front: &ListenSocket| {
            let takers = front.members.iter().flat_map(|member| self.possible_takers(self.server(member.server)));
            let of_http = takers.filter(|(_, taker)| taker.module == Module::Http);
            let sockets = of_http.map(|(_, taker)| taker.socket.endpoint.clone()).collect();
            LedTo { sockets, by_pattern: OnceLock::new() }
        };
        self.stream.led_to.get_or_init(|| self.stream_sockets().map(of_front).collect())
    }

    /// The sockets of `http` to which a pattern of names leads from a socket of `stream`.
    fn led_to_by_pattern(&self, front: &ListenSocket) -> FxHashSet<Endpoint> {
        let routes = self.stream_routes(front).into_iter();
        let patterns =
            routes.filter(|route| route.name.host().is_none_or(|_| matches!(route.name.kind, NameKind::DotLeading(_))));
        let ways = patterns.flat_map(|route| route.hosts).flat_map(|routed| routed.ways);
        let taken = ways.filter_map(|way| match way.end {
            End::Taken(taker) if taker.module == Module::Http => Some(taker.socket.endpoint.clone()),
            _ => None,
        });
        taken.collect()
    }
}

/// The sockets of `http` to which one of `stream` may lead.
#[derive(Debug)]
pub(crate) struct LedTo {
    sockets: FxHashSet<Endpoint>,
    /// Those to which a pattern of names leads.
    by_pattern: OnceLock<FxHashSet<Endpoint>>,
}
