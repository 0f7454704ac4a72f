//! A browser that is sent back to where it was shows ERR_TOO_MANY_REDIRECTS.

use rustc_hash::FxHashSet;

use super::redirect_edge_loop::is_edge_loop;
use super::{condition_text, shown};
use crate::config::ItemId;
use crate::model::{Departure, Leg, Model, Occurrence, Outcome};
use crate::rules::{Findings, Rule};

pub(super) struct RedirectLoop;

/// URLs of a loop that a message spells out.
const SPELLED_OUT: usize = 6;

impl Rule for RedirectLoop {
    fn prepare(&self, model: &Model<'_>) {
        model.departures();
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut found: Vec<Occurrence<'_, '_>> =
            model.departures().iter().filter_map(|departure| first_loop(model, departure)).collect();
        // A loop that is certain from one start need not be told as a possible one from another.
        found.sort_by_key(|found| !found.is_certain());
        let mut seen: FxHashSet<Vec<ItemId>> = FxHashSet::default();
        for found in found {
            let mut directives: Vec<ItemId> = found.way.turn().iter().filter_map(|leg| Some(leg.by?.id())).collect();
            directives.sort_unstable();
            directives.dedup();
            if seen.insert(directives) {
                report(model, sink, &found);
            }
        }
    }
}

/// The first loop that a departure leads into.
pub(super) fn first_loop<'d, 'c>(model: &Model<'_>, departure: &'d Departure<'c>) -> Option<Occurrence<'d, 'c>> {
    let endless = departure.ways.iter().filter(|way| way.is_endless());
    let ends: Vec<_> = endless.map(|way| (way, way.legs.len() - 1)).collect();
    let &(way, _) = ends.first()?;
    if is_edge_loop(model, way) {
        return None;
    }
    let found = departure.occurrence(&ends)?;
    // What can be another at the next request ends the loop.
    (!found.may_end(model)).then_some(found)
}

fn report(model: &Model<'_>, sink: &mut Findings, found: &Occurrence<'_, '_>) {
    let cycle = found.way.turn();
    let Some(primary) = cycle.iter().filter_map(|leg| leg.by).min_by_key(|by| by.id()) else { return };
    let is_upgraded = cycle.iter().any(|leg| leg.is_upgraded);
    let message = message(found.way.outcome, cycle);
    let finding = if found.is_certain() {
        sink.error(primary.span(), message)
    } else {
        sink.warning(primary.span(), message + &condition_text(&found.conditions)).conditional()
    };
    // A single hop is told by the message, unless HSTS has a part in it.
    let told = if cycle.len() > 1 || is_upgraded { cycle } else { &[] };
    for leg in told.iter().take(8) {
        let (Some(by), Some(server), Some(target)) = (leg.by, leg.server, &leg.target) else { continue };
        let upgrade = if leg.is_upgraded { ", which HSTS turns into https://" } else { "" };
        let target = if leg.is_upgraded { shown(target).replacen("https://", "http://", 1) } else { shown(target) };
        let status = leg.status.unwrap_or_default();
        let server = model.server(server);
        finding.related(by.span(), format!("{server} answers {} with {status} to {target}{upgrade}", shown(&leg.url)));
    }
    finding.help(help(cycle, is_upgraded));
}

fn message(outcome: Outcome, cycle: &[Leg<'_>]) -> String {
    let chain = |count: usize| cycle.iter().take(count).map(|leg| shown(&leg.url)).collect::<Vec<_>>().join(" -> ");
    match (outcome, cycle) {
        (Outcome::Truncated, _) => format!("redirects without an end: {} -> …", chain(3)),
        (_, [leg]) if leg.is_upgraded => format!(
            "{} redirects to http://, and HSTS makes the browser come back to https://: an endless loop",
            shown(&leg.url)
        ),
        (_, [leg]) => format!("{} redirects to itself", shown(&leg.url)),
        (_, [first, ..]) if cycle.len() <= SPELLED_OUT => {
            format!("redirect loop: {} -> {}", chain(SPELLED_OUT), shown(&first.url))
        }
        _ => {
            format!("redirect loop: {} -> … and {} more -> {}", chain(SPELLED_OUT), cycle.len() - SPELLED_OUT, chain(1))
        }
    }
}

fn help(cycle: &[Leg<'_>], is_upgraded: bool) -> &'static str {
    let schemes: Vec<&str> = cycle.iter().map(|leg| leg.url.scheme()).collect();
    let hosts: FxHashSet<Option<&str>> = cycle.iter().map(|leg| leg.url.host_str()).collect();
    if is_upgraded {
        "serve the page over https here instead of redirecting to http://; to end HSTS, send max-age=0 first"
    } else if hosts.len() > 1 {
        "decide on one host name: keep the redirect from the other one, and serve the site where this one stands"
    } else if schemes.contains(&"http") && schemes.contains(&"https") {
        "keep the redirect from http:// to https://, and remove the one back; the https server has to serve the site"
    } else if schemes.first() == Some(&"https") {
        "this redirect belongs into the port-80 server only: remove it here and serve the site"
    } else {
        "redirect to another URL (https://…), or serve the page here"
    }
}
