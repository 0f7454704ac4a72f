//! A browser that is sent back to where it was shows ERR_TOO_MANY_REDIRECTS.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::shown;
use crate::config::ItemId;
use crate::model::{Condition, Hop, Model, Outcome, Server, Trace, Tracer};
use crate::rules::{Findings, Rule};

pub(super) struct RedirectLoop;

impl Rule for RedirectLoop {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let tracer = model.tracer();
        let servers: Vec<&Server<'_>> = model.servers().collect();
        let mut found: Vec<Found<'_, '_>> =
            servers.into_par_iter().flat_map_iter(|server| loops(tracer, server)).collect();
        // A loop that is certain from one start need not be told as a possible one from another.
        found.sort_by_key(|found| !found.conditions.is_empty());
        let mut seen: FxHashSet<Vec<ItemId>> = FxHashSet::default();
        for found in found {
            let mut directives: Vec<ItemId> =
                turn(&found.trace).iter().filter_map(|hop| Some(hop.response.as_ref()?.by?.id())).collect();
            directives.sort_unstable();
            directives.dedup();
            if seen.insert(directives) {
                report(model, sink, &found);
            }
        }
    }
}

struct Found<'m, 'c> {
    trace: Trace<'m, 'c>,
    /// What it needs; empty when it happens always.
    conditions: Vec<Condition<'c>>,
}

/// For each start on `server` the first loop that it leads into.
fn loops<'m, 'c>(tracer: Tracer<'m, 'c>, server: &Server<'c>) -> Vec<Found<'m, 'c>> {
    let mut found = Vec::new();
    for start in tracer.starts(server) {
        let (traces, is_all) = tracer.traces(&start);
        let is_loop = |trace: &Trace<'_, '_>| matches!(trace.outcome, Outcome::Loop(_) | Outcome::Truncated);
        let is_certain = is_all && traces.iter().all(is_loop);
        let Some(trace) = traces.into_iter().find(is_loop) else { continue };
        let open = trace.hops.iter().flat_map(|hop| &hop.conditions).filter(|condition| condition.is_open);
        let conditions: Vec<Condition<'c>> = if is_certain { Vec::new() } else { open.cloned().collect() };
        // A cookie or a referrer can be another one at the next request.
        if conditions.iter().any(Condition::may_change) || !is_certain && conditions.is_empty() {
            continue;
        }
        found.push(Found { trace, conditions });
    }
    found
}

/// The hops that repeat.
fn turn<'h, 'm, 'c>(trace: &'h Trace<'m, 'c>) -> &'h [Hop<'m, 'c>] {
    match trace.outcome {
        Outcome::Loop(first) => trace.hops.get(first..).unwrap_or_default(),
        _ => &trace.hops,
    }
}

fn report(model: &Model<'_>, sink: &mut Findings, found: &Found<'_, '_>) {
    let cycle = turn(&found.trace);
    let directives = cycle.iter().filter_map(|hop| hop.response.as_ref()?.by);
    let Some(primary) = directives.min_by_key(|directive| directive.id()) else { return };
    let is_upgraded = cycle.iter().any(|hop| hop.is_upgraded);
    let urls: Vec<String> = cycle.iter().take(5).map(|hop| shown(&hop.url)).collect();
    let message = match (found.trace.outcome, cycle) {
        (Outcome::Truncated, _) => {
            let first = cycle.iter().take(3).map(|hop| shown(&hop.url)).collect::<Vec<_>>().join(" -> ");
            format!("redirects without an end: {first} -> …")
        }
        (_, [hop]) if hop.is_upgraded => format!(
            "{} redirects to http://, and HSTS makes the browser come back to https://: an endless loop",
            shown(&hop.url)
        ),
        (_, [hop]) => format!("{} redirects to itself", shown(&hop.url)),
        _ => format!("redirect loop: {} -> {}", urls.join(" -> "), urls.first().map_or("", String::as_str)),
    };
    let finding = if found.conditions.is_empty() {
        sink.error(primary.span(), message)
    } else {
        let assumed: Vec<&str> = found.conditions.iter().map(|condition| condition.text.as_str()).collect();
        sink.warning(primary.span(), format!("{message}, if {}", assumed.join(" and "))).conditional()
    };
    // A single hop is told by the message, unless HSTS has a part in it.
    let told = if cycle.len() > 1 || is_upgraded { cycle } else { &[] };
    for hop in told.iter().take(8) {
        let (Some(response), Some(target)) = (&hop.response, &hop.target) else { continue };
        let Some(by) = response.by else { continue };
        let server = model.server(response.server);
        let upgrade = if hop.is_upgraded { ", which HSTS turns into https://" } else { "" };
        let target = if hop.is_upgraded { shown(target).replacen("https://", "http://", 1) } else { shown(target) };
        let status = response.status.unwrap_or_default();
        finding.related(by.span(), format!("{server} answers {} with {status} to {target}{upgrade}", shown(&hop.url)));
    }
    finding.help(help(cycle, is_upgraded));
}

fn help(cycle: &[Hop<'_, '_>], is_upgraded: bool) -> &'static str {
    let schemes: Vec<&str> = cycle.iter().map(|hop| hop.url.scheme()).collect();
    let hosts: FxHashSet<Option<&str>> = cycle.iter().map(|hop| hop.url.host_str()).collect();
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
