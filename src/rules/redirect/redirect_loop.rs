//! A browser that is sent back to where it was shows ERR_TOO_MANY_REDIRECTS.

use rustc_hash::FxHashSet;

use super::redirect_edge_loop::is_edge_loop;
use super::{condition_text, shown};
use crate::config::{Directive, ItemId};
use crate::model::{
    Choices, Departure, Leg, ListenSocket, MAX_HOPS, Model, Occurrence, Outcome, Server, Start, Way, inherit,
};
use crate::rules::{Findings, Fix, Rule, edit};
use crate::syntax::Word;

pub(super) struct RedirectLoop;

/// URLs of a loop that a message spells out.
const SPELLED_OUT: usize = 6;

impl Rule for RedirectLoop {
    fn prepare(&self, model: &Model<'_>) {
        model.departures();
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut found: Vec<Occurrence<'_, '_>> =
            model.departures().iter().flat_map(|departure| loops(model, departure)).collect();
        // A loop that is certain from one start need not be told as a possible one from another.
        found.sort_by_key(|found| !found.is_certain());
        let mut seen: FxHashSet<Vec<ItemId>> = FxHashSet::default();
        let mut in_chains: FxHashSet<ItemId> = FxHashSet::default();
        let mut chains = 0;
        for found in found {
            let directives = directives_of(found.way);
            if found.way.outcome == Outcome::Truncated {
                // Whoever starts on a chain that is told goes on along it.
                let first = found.way.legs.first().and_then(|leg| leg.by);
                let is_known = first.is_some_and(|first| in_chains.contains(&first.id()));
                in_chains.extend(&directives);
                if is_known {
                    continue;
                }
            }
            if seen.insert(directives) {
                chains += usize::from(found.way.outcome == Outcome::Truncated);
                report(model, sink, &found, chains <= MANY_CHAINS);
            }
        }
    }
}

/// The directives of a loop.
fn directives_of(way: &Way<'_>) -> Vec<ItemId> {
    let mut directives: Vec<ItemId> = way.turn().iter().filter_map(|leg| Some(leg.by?.id())).collect();
    directives.sort_unstable();
    directives.dedup();
    directives
}

/// Ways with the number of the leg that ends each.
type Ends<'d, 'c> = Vec<(&'d Way<'c>, usize)>;

/// The loops that a departure leads into: one if it always does, else each with what it needs.
fn loops<'d, 'c>(model: &Model<'_>, departure: &'d Departure<'c>) -> Vec<Occurrence<'d, 'c>> {
    let endless = departure.ways.iter().filter(|way| way.is_endless());
    let ends: Vec<_> = endless.map(|way| (way, way.legs.len() - 1)).collect();
    if ends.first().is_none_or(|(way, _)| is_edge_loop(model, way)) {
        return Vec::new();
    }
    let together = departure.occurrence(&ends);
    let mut groups: Vec<(Vec<ItemId>, Ends<'d, 'c>)> = Vec::new();
    for end in ends {
        let directives = directives_of(end.0);
        match groups.iter_mut().find(|(known, _)| *known == directives) {
            Some((_, ends)) => ends.push(end),
            None => groups.push((directives, vec![end])),
        }
    }
    let found: Vec<_> = match together {
        Some(found) if found.is_certain() || groups.len() == 1 => vec![found],
        _ => groups.iter().filter_map(|(_, ends)| departure.occurrence(ends)).collect(),
    };
    // What can be another at the next request ends the loop.
    found.into_iter().filter(|found| !is_edge_loop(model, found.way) && !found.may_end(model)).collect()
}

/// What a chain that is too long for browsers comes to.
enum Fate {
    /// It comes back to a URL after so many others.
    Loop(usize),
    /// It goes on, or until the URL is too long for nginx.
    Endless,
    /// It ends, or cannot be followed.
    Ends,
}

/// Hops that are followed to see where a chain ends.
const MANY_HOPS: usize = 1000;

/// Chains that are followed.
const MANY_CHAINS: usize = 16;

fn fate(model: &Model<'_>, found: &Occurrence<'_, '_>) -> Fate {
    /// "Request-URI Too Large"
    const TOO_LARGE: u16 = 414;
    let url = found.departure.url.clone();
    let Some(start) = Start::new(url, None).filter(|_| found.is_certain()) else { return Fate::Ends };
    let start = Start { max_hops: MANY_HOPS, ..start };
    let trace = model.tracer().trace(&start, &mut Choices::default());
    let last = trace.hops.last().and_then(|hop| hop.response.as_ref()?.status);
    match trace.outcome {
        Outcome::Loop(first) => Fate::Loop(trace.hops.len() - first),
        Outcome::Truncated => Fate::Endless,
        _ if last == Some(TOO_LARGE) => Fate::Endless,
        _ => Fate::Ends,
    }
}

fn report<'c>(model: &Model<'c>, sink: &mut Findings, found: &Occurrence<'_, 'c>, follows: bool) {
    let cycle = found.way.turn();
    let Some(primary) = cycle.iter().filter_map(|leg| leg.by).min_by_key(|by| by.id()) else { return };
    let is_upgraded = cycle.iter().any(|leg| leg.is_upgraded);
    let mut message = message(model, found, follows);
    let finding = if found.is_certain() {
        sink.error(primary.span(), message)
    } else {
        message += &condition_text(&found.conditions);
        if !found.departure.is_complete {
            let count = found.departure.ways.len();
            message += &format!(" (there are more than {count} combinations of conditions; not all were followed)");
        }
        sink.warning(primary.span(), message).conditional()
    };
    // A single hop is told by the message, unless HSTS has a part in it.
    let told = if cycle.len() > 1 || is_upgraded { cycle } else { &[] };
    for leg in told.iter().take(8) {
        let (Some(by), Some(server), Some(target)) = (leg.by, leg.server, &leg.target) else { continue };
        let upgrade = if leg.is_upgraded { ", which HSTS turns into https://" } else { "" };
        let target = if leg.is_upgraded { shown(target).replacen("https://", "http://", 1) } else { shown(target) };
        let status = leg.status.unwrap_or_default();
        let server = model.server(server);
        finding.hop(by.span(), format!("{server} answers {} with {status} to {target}{upgrade}", shown(&leg.url)));
    }
    finding.help(help(cycle, is_upgraded));
    finding.fix(superfluous(model, found));
}

/// What answers a request when nothing redirects it.
const ANSWERING: &[&str] = &[
    "proxy_pass",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "grpc_pass",
    "memcached_pass",
    "root",
    "alias",
    "try_files",
];

/// Takes a redirect from https:// to the same URL away, if it does this to all who come to it, and none comes by http://.
fn superfluous<'c>(model: &Model<'c>, found: &Occurrence<'_, 'c>) -> Option<Fix> {
    let by = match found.way.turn() {
        [leg] if found.is_certain() && !leg.is_upgraded && leg.url.scheme() == "https" => leg.by?,
        _ => return None,
    };
    let leads_nowhere = |leg: &Leg<'_>| leg.target.as_ref() == Some(&leg.url);
    let ways = model.departures().iter().filter(|departure| departure.is_complete).flat_map(|it| &it.ways);
    let mut legs = ways.flat_map(|way| &way.legs).filter(|leg| leg.by == Some(by));
    let server = model.server_around(by)?;
    let mut sockets = model.sockets_of(server.id);
    let keeps_path = |text: &str| ["$request_uri", "$uri", "$1"].iter().any(|name| text.contains(name));
    let is_redirect = by.is_named("return") || by.is_named("rewrite");
    let is_redirect = is_redirect && by.arguments().any(|word| keeps_path(&word.text()));
    if !is_redirect
        || by.readings() > 1
        || !legs.all(leads_nowhere)
        || !sockets.all(|socket| socket.is_tls || socket.is_quic)
    {
        return None;
    }
    let parent = by.parent()?;
    let (removed, block) = match parent.is_named("if") {
        true if parent.children().count() == 1 => (parent, parent.parent()?),
        true => (by, parent.parent()?),
        false => (by, parent),
    };
    let edits = [edit::without(removed)];
    let title = "remove the redirect to itself";
    if answers(block) && is_for_all_hosts(model, server, by) {
        Fix::safe(title, edits)
    } else {
        Fix::risky(title, edits)
    }
}

/// Whether the redirect leads back whatever name the client asks for: that of any host to the same host, or nobody else
/// comes to its server.
fn is_for_all_hosts(model: &Model<'_>, server: &Server<'_>, by: Directive<'_>) -> bool {
    const HOSTS: &[&str] = &["$host", "${host}", "$http_host", "${http_host}"];
    let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
    let is_own = |host: &str| HOSTS.iter().any(|name| host.strip_prefix(name).is_some_and(|rest| !goes_on(rest)));
    let is_target = |word: Word<'_>| word.text().split_once("://").is_some_and(|(_, host)| is_own(host));
    let is_default = |socket: &ListenSocket| socket.default.server == server.id;
    let has_more = server.directive.is_incomplete() || server.listens.iter().any(|it| it.further_ports.is_some());
    by.arguments().any(is_target) || !has_more && !model.sockets_of(server.id).any(is_default)
}

/// Whether something in a server or location answers requests for whatever path.
fn answers(block: Directive<'_>) -> bool {
    let is_answering = |directive: Directive<'_>| ANSWERING.iter().any(|name| directive.is_named(name));
    let is_for_all = |location: &Directive<'_>| location.argument(0).is_some_and(|path| path.is("/"));
    block.children().any(is_answering)
        || inherit::has_in_effect(block, "root")
        || block.children_named("location").filter(is_for_all).flat_map(|it| it.children()).any(is_answering)
}

fn message(model: &Model<'_>, found: &Occurrence<'_, '_>, follows: bool) -> String {
    let (outcome, cycle) = (found.way.outcome, found.way.turn());
    let chain = |count: usize| cycle.iter().take(count).map(|leg| shown(&leg.url)).collect::<Vec<_>>().join(" -> ");
    match (outcome, cycle) {
        (Outcome::Truncated, _) => {
            let what = match if follows { fate(model, found) } else { Fate::Ends } {
                Fate::Loop(count) => format!("redirect loop of {count} URLs"),
                Fate::Endless => "redirects without an end".to_owned(),
                Fate::Ends => format!("more than {MAX_HOPS} redirects, where browsers give up"),
            };
            format!("{what}: {} -> …", chain(3))
        }
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
