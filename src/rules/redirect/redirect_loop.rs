//! A browser that is sent back to where it was shows ERR_TOO_MANY_REDIRECTS.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::config::{Directive, ItemId};
use crate::model::redirect::{Chain, Ending, Follower, Hop};
use crate::model::{Model, Server};
use crate::rules::{Findings, Rule};

pub(super) struct RedirectLoop;

impl Rule for RedirectLoop {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let follower = Follower::new(model);
        let servers: Vec<&Server<'_>> = model.servers().collect();
        let found: Vec<Chain<'_>> = servers.into_par_iter().flat_map_iter(|server| loops(&follower, server)).collect();
        let mut seen: FxHashSet<Vec<ItemId>> = FxHashSet::default();
        for chain in found {
            let cycle = turn(&chain);
            let mut directives: Vec<ItemId> = cycle.iter().map(|hop| hop.by.id()).collect();
            directives.sort_unstable();
            directives.dedup();
            if seen.insert(directives) {
                report(model, sink, &chain.ending, cycle);
            }
        }
    }
}

/// For each start on `server` from which every way is a loop, the first of them.
fn loops<'c>(follower: &Follower<'_, 'c>, server: &Server<'c>) -> Vec<Chain<'c>> {
    let mut found = Vec::new();
    for start in follower.starts(server) {
        let mut chains = follower.chains(server, start.socket, &start.url);
        // What depends on the unknown is no certain loop.
        if chains.iter().all(|chain| matches!(chain.ending, Ending::Loop(_) | Ending::Endless)) && !chains.is_empty() {
            found.push(chains.swap_remove(0));
        }
    }
    found
}

/// The hops that repeat.
fn turn<'h, 'c>(chain: &'h Chain<'c>) -> &'h [Hop<'c>] {
    match chain.ending {
        Ending::Loop(first) => chain.hops.get(first..).unwrap_or_default(),
        _ => &chain.hops,
    }
}

fn report(model: &Model<'_>, sink: &mut Findings, ending: &Ending, cycle: &[Hop<'_>]) {
    let Some(primary) = cycle.iter().map(|hop| hop.by).min_by_key(Directive::id) else { return };
    let is_upgraded = cycle.iter().any(|hop| hop.is_upgraded);
    let urls: Vec<String> = cycle.iter().take(5).map(|hop| shown(&hop.url)).collect();
    let message = match (ending, cycle) {
        (Ending::Endless, _) => {
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
    let finding = sink.error(primary.span(), message);
    // A single hop is told by the message, unless HSTS has a part in it.
    let told = if cycle.len() > 1 || is_upgraded { cycle } else { &[] };
    for hop in told.iter().take(8) {
        let server = model.server(hop.server);
        let by = if hop.is_upgraded { ", which HSTS turns into https://" } else { "" };
        let target =
            if hop.is_upgraded { shown(&hop.target).replacen("https://", "http://", 1) } else { shown(&hop.target) };
        let message = format!("{server} answers {} with {} to {target}{by}", shown(&hop.url), hop.status);
        finding.related(hop.by.span(), message);
    }
    finding.help(help(cycle, is_upgraded));
}

fn help(cycle: &[Hop<'_>], is_upgraded: bool) -> &'static str {
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

/// The URL as a message shows it; a host that stands for any name is shown as `$host`.
fn shown(url: &url::Url) -> String {
    url.as_str().replacen(Follower::ANY_HOST, "$host", 1)
}
