//! Connections that `stream` leads back to where they come from.

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::model::following::starts::ANY_HOST;
use crate::model::requests::choices::Condition;
use crate::model::stream::Module;
use crate::model::stream::connection::Client;
use crate::model::stream::passage::{Closing, End, Passage, Stop};
use crate::model::{ListenSocket, Model};
use crate::source::Span;

/// A socket of `stream` that a connection comes to again and again.
#[derive(Debug, Clone)]
pub struct CircleStop<'m, 'c> {
    /// The socket.
    pub socket: &'m ListenSocket,
    /// The `proxy_pass` or `pass`.
    pub handler: Directive<'c>,
    /// The value of a table that says where to, or the handler.
    pub place: Span,
    /// What nginx connects to.
    pub target: String,
}

/// A circle in which connections go.
#[derive(Debug, Clone)]
pub struct Circle<'m, 'c> {
    /// The stops, beginning with the first in the order of the configuration; at least one.
    pub stops: Vec<CircleStop<'m, 'c>>,
    /// What was assumed.
    pub conditions: Vec<Condition<'c>>,
    /// Whether it happens on every assignment of what is unknown.
    pub is_certain: bool,
}

/// Sockets from which one is looked for.
const MAX_SOCKETS: usize = 256;

impl<'c> Model<'c> {
    /// The circles in which `stream` leads connections, each once.
    #[must_use]
    pub fn stream_circles(&self) -> Vec<Circle<'_, 'c>> {
        let mut found: Vec<Circle<'_, 'c>> = Vec::new();
        let mut told: FxHashSet<Span> = FxHashSet::default();
        let sockets = self.stream_sockets().take(MAX_SOCKETS).filter(|socket| self.may_come_back(socket));
        for socket in sockets {
            let others = [Client::Tls(Some(ANY_HOST)), Client::Tls(None), Client::Plain];
            let mut ways: Vec<_> = others.into_iter().map(|client| self.passages(socket, client)).collect();
            let routes = self.stream_routes(socket);
            ways.extend(
                routes.into_iter().flat_map(|route| route.hosts).map(|routed| (routed.ways, routed.is_complete)),
            );
            // What happens to some clients for sure before what may happen to others.
            let mut circles: Vec<Circle<'_, 'c>> =
                ways.iter().filter_map(|(ways, is_complete)| circle(ways, *is_complete)).collect();
            circles.sort_by_key(|circle| !circle.is_certain);
            for circle in circles {
                let is_known = circle.stops.iter().any(|stop| told.contains(&stop.place));
                told.extend(circle.stops.iter().map(|stop| stop.place));
                if !is_known {
                    found.push(circle);
                }
            }
        }
        found
    }

    /// Whether what servers of `stream` may do leads from a socket back to one on the way.
    fn may_come_back(&self, first: &ListenSocket) -> bool {
        let mut open = vec![first];
        let mut seen: Vec<&ListenSocket> = Vec::new();
        while let Some(socket) = open.pop() {
            if seen.iter().any(|known| std::ptr::eq(*known, socket)) {
                // Two ways may lead there, too; the passages tell.
                return true;
            }
            seen.push(socket);
            let mut next: Vec<&ListenSocket> = Vec::new();
            for member in &socket.members {
                let takers = self.possible_takers(self.server(member.server)).into_iter();
                for (_, taker) in takers.filter(|(_, taker)| taker.module == Module::Stream) {
                    if !next.iter().any(|known| std::ptr::eq(*known, taker.socket)) {
                        next.push(taker.socket);
                    }
                }
            }
            open.extend(next);
            if seen.len() >= MAX_SOCKETS {
                return false;
            }
        }
        false
    }
}

fn circle<'m, 'c>(ways: &[Passage<'m, 'c>], is_complete: bool) -> Option<Circle<'m, 'c>> {
    let mut circling = ways.iter().filter(|way| matches!(way.end, End::Closed(Closing::Circle)));
    let first = circling.next()?;
    let is_certain = is_complete && circling.count() + 1 == ways.len();
    let mut stops: Vec<CircleStop<'m, 'c>> = first.circle()?.iter().filter_map(stop).collect();
    let start = (0..stops.len()).min_by_key(|&number| stops[number].handler.id())?;
    stops.rotate_left(start);
    Some(Circle { stops, conditions: first.conditions.clone(), is_certain })
}

fn stop<'m, 'c>(stop: &Stop<'m, 'c>) -> Option<CircleStop<'m, 'c>> {
    let handler = stop.handler?;
    let value = stop.taken.iter().rev().find_map(|taken| taken.value);
    let place = value.map_or(handler.span(), |value| value.span());
    Some(CircleStop { socket: stop.socket, handler, place, target: stop.target.clone() })
}
