//! Where the names of a configuration lead: redirects from every name on every socket, followed once for all rules.
//!
//! It keeps no references into the model, so that the model can keep it.

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use url::Url;

use crate::config::{Directive, ItemId};
use crate::model::following::trace::{Handshake, Hop, Outcome, Refusal, Trace};
use crate::model::requests::choices::Condition;
use crate::model::requests::response::{ResponseKind, Step, Value};
use crate::model::{HstsPolicy, Model, Server, ServerId, inherit};
use crate::syntax::Word;

/// Directives of modules that may add a cookie to an answer of nginx itself.
const COOKIE_SETTERS: &[&str] =
    &["userid", "more_set_headers", "header_filter_by_lua_block", "header_filter_by_lua_file", "js_header_filter"];

/// One request of a way and its answer.
#[derive(Debug, Clone)]
pub struct Leg<'c> {
    /// What was asked for.
    pub url: Url,
    /// The handshake with nginx, where there was one.
    pub tls: Option<Handshake>,
    /// Why there is no answer.
    pub refusal: Option<Refusal>,
    /// The server that answered.
    pub server: Option<ServerId>,
    /// What kind of answer it is.
    pub kind: Option<ResponseKind>,
    /// The status, where it can be told.
    pub status: Option<u16>,
    /// The directive that made the answer.
    pub by: Option<Directive<'c>>,
    /// The Location header, as it is sent.
    pub location_header: Option<Value>,
    /// The policy of the first Strict-Transport-Security header.
    pub hsts: Option<HstsPolicy>,
    /// The next URL that the browser asks for.
    pub target: Option<Url>,
    /// The target was `http:` and HSTS makes it `https:`.
    pub is_upgraded: bool,
    /// What was done to the URI, where nginx gave up because it was done too often; else empty.
    pub cycle: Vec<Step<'c>>,
    /// What was assumed on this leg.
    pub conditions: Vec<Condition<'c>>,
}

impl<'c> Leg<'c> {
    /// Whether it is answered with a redirect.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        self.kind == Some(ResponseKind::Redirect)
    }

    /// Whether the answer may bring a cookie: nginx sends one only where it is told to.
    fn may_set_cookies(&self, model: &Model<'_>) -> bool {
        let Some(block) = self.by.filter(|_| self.is_redirect()).and_then(|by| by.parent()) else { return true };
        let is_cookie = |name: Word<'_>| {
            ["set-cookie", "$"].iter().any(|start| name.text().to_ascii_lowercase().starts_with(start))
        };
        inherit::headers_in_effect(block, model.environment.version)
            .iter()
            .any(|header| header.argument(0).is_some_and(is_cookie))
            || COOKIE_SETTERS.iter().any(|name| inherit::has_in_effect(block, name))
    }

    fn new(hop: Hop<'_, 'c>) -> Leg<'c> {
        let Hop { url, tls, refusal, response, hsts, target, is_upgraded, conditions, .. } = hop;
        let (server, kind) = (response.as_ref().map(|found| found.server), response.as_ref().map(|found| found.kind));
        let (status, by, location_header, cycle) = match response {
            Some(found) => {
                (found.status, found.by, found.location_header, if found.is_cycle { found.steps } else { Vec::new() })
            }
            None => (None, None, None, Vec::new()),
        };
        Leg {
            url,
            tls,
            refusal,
            server,
            kind,
            status,
            by,
            location_header,
            hsts,
            target,
            is_upgraded,
            cycle,
            conditions,
        }
    }
}

/// A way through redirects, on one assignment of what is unknown.
#[derive(Debug, Clone)]
pub struct Way<'c> {
    /// The requests in order; at least one.
    pub legs: Vec<Leg<'c>>,
    /// How it ends.
    pub outcome: Outcome,
}

impl<'c> Way<'c> {
    fn new(trace: Trace<'_, 'c>) -> Way<'c> {
        // Collected in place, the legs would keep the room of the hops, which are larger and were pushed one by one.
        let mut legs = Vec::with_capacity(trace.hops.len());
        legs.extend(trace.hops.into_iter().map(Leg::new));
        Way { legs, outcome: trace.outcome }
    }

    /// Whether the browser gives up after too many redirects.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        matches!(self.outcome, Outcome::Loop(_) | Outcome::Truncated)
    }

    /// The legs that repeat; all of them where each one leads to another URL without an end; none otherwise.
    #[must_use]
    pub fn turn(&self) -> &[Leg<'c>] {
        match self.outcome {
            Outcome::Loop(first) => self.legs.get(first..).unwrap_or_default(),
            Outcome::Truncated => &self.legs,
            _ => &[],
        }
    }

    /// What was assumed before and on the leg with this number, and may be otherwise.
    fn conditions(&self, last: usize) -> impl Iterator<Item = &Condition<'c>> {
        self.legs.iter().take(last + 1).flat_map(|leg| &leg.conditions).filter(|condition| condition.is_open)
    }
}

/// A URL of the configuration, and all ways from there.
#[derive(Debug)]
pub struct Departure<'c> {
    /// The server that the URL is of.
    pub server: ServerId,
    /// The URL.
    pub url: Url,
    /// One for each assignment of what is unknown, or the first of them; at least one. Of files that cannot be seen only
    /// one assignment is among them.
    pub ways: Vec<Way<'c>>,
    /// Whether these are all.
    pub is_complete: bool,
}

/// Something that happens on ways from a departure.
#[derive(Debug, Clone)]
pub struct Occurrence<'d, 'c> {
    /// Where it starts.
    pub departure: &'d Departure<'c>,
    /// The first way on which it happens.
    pub way: &'d Way<'c>,
    /// The number of the leg on which it happens.
    pub at: usize,
    /// What it needs; empty where it happens on every way.
    pub conditions: Vec<&'d Condition<'c>>,
}

impl<'d, 'c> Occurrence<'d, 'c> {
    /// The leg on which it happens.
    #[must_use]
    pub fn leg(&self) -> &'d Leg<'c> {
        &self.way.legs[self.at]
    }

    /// Whether what it needs may be otherwise at one of the next requests, so that a loop comes to its end.
    #[must_use]
    pub fn may_end(&self, model: &Model<'_>) -> bool {
        let turn = self.way.turn();
        // A cookie is one host's, unless it says more.
        let is_of_many_hosts = turn.iter().any(|leg| leg.url.host_str() != turn[0].url.host_str());
        let sets_cookies = is_of_many_hosts || self.way.legs.iter().any(|leg| leg.may_set_cookies(model));
        self.conditions.iter().any(|condition| condition.may_change(sets_cookies))
    }

    /// Whether it happens whatever the unknowns are.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.conditions.is_empty()
    }
}

impl<'c> Departure<'c> {
    /// What happens on a leg, once for each directive that is to blame for it. `find` says which leg of a way it is.
    /// Left out is what needs an assumption that cannot be named, or one about files that cannot be seen.
    #[must_use]
    pub fn occurrences(&self, happens: impl Fn(&Way<'c>, usize) -> bool) -> Vec<Occurrence<'_, 'c>> {
        let mut found: FxHashMap<Option<ItemId>, Vec<(&Way<'c>, usize)>> = FxHashMap::default();
        for way in &self.ways {
            for (number, leg) in way.legs.iter().enumerate().filter(|(number, _)| happens(way, *number)) {
                let on = found.entry(leg.by.map(|by| by.id())).or_default();
                if on.last().is_none_or(|(last, _)| !std::ptr::eq(*last, way)) {
                    on.push((way, number));
                }
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|(directive, _)| *directive);
        found.into_iter().filter_map(|(_, places)| self.occurrence(&places)).collect()
    }

    /// What happens on these legs of ways; `None` where it needs an assumption that cannot be named, or one about files
    /// that cannot be seen.
    #[must_use]
    pub fn occurrence<'d>(&'d self, places: &[(&'d Way<'c>, usize)]) -> Option<Occurrence<'d, 'c>> {
        let &(way, at) = places.first()?;
        // Of files that cannot be seen only one assignment was looked at.
        if places.iter().any(|(way, at)| way.conditions(*at).any(|condition| condition.is_of_files())) {
            return None;
        }
        let mut conditions = Vec::new();
        if !self.is_complete || places.len() < self.ways.len() {
            // What is assumed on some of these ways only has no part in it.
            let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
            for (way, at) in places {
                // No question is asked twice on a way.
                way.conditions(*at).for_each(|condition| *counts.entry(condition.text.as_str()).or_default() += 1);
            }
            let is_common = |condition: &&Condition<'_>| {
                counts.get(condition.text.as_str()).is_some_and(|count| *count >= places.len())
            };
            conditions = way.conditions(at).filter(is_common).collect();
            if conditions.is_empty() {
                conditions = way.conditions(at).collect();
            }
            if conditions.is_empty() {
                return None;
            }
        }
        Some(Occurrence { departure: self, way, at, conditions })
    }
}

impl<'c> Model<'c> {
    /// Every name on every socket from which a redirect leads on, or a cycle of internal redirects is met.
    ///
    /// It is worked out in parallel, where a thread that waits may take up other work: let nothing that asks for it run
    /// in parallel before somebody has asked.
    pub fn departures(&self) -> &[Departure<'c>] {
        self.departures.get_or_init(|| {
            let servers: Vec<&Server<'c>> = self.servers().collect();
            servers.into_par_iter().flat_map_iter(|server| self.departures_of(server)).collect()
        })
    }

    fn departures_of(&self, server: &Server<'c>) -> Vec<Departure<'c>> {
        let tracer = self.tracer();
        let mut departures = Vec::new();
        for start in tracer.starts(server) {
            let (traces, is_complete) = tracer.traces_settling_files(&start);
            let mut ways: Vec<Way<'c>> = Vec::with_capacity(traces.len());
            ways.extend(traces.into_iter().map(Way::new));
            let leads_on = |leg: &Leg<'_>| leg.is_redirect() || !leg.cycle.is_empty();
            if ways.iter().any(|way| way.legs.iter().any(leads_on)) {
                departures.push(Departure { server: server.id, url: start.url, ways, is_complete });
            }
        }
        departures
    }
}
