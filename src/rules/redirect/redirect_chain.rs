//! Each redirect on the way to the URL that serves the site is a round trip before anything is seen.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use url::Url;

use super::{names, shown};
use crate::config::{Directive, ItemId};
use crate::model::following::starts::ANY_HOST;
use crate::model::{Departure, Leg, Model, Outcome, Way};
use crate::rules::{Findings, Fix, Options, Rule, edit};

pub(super) struct RedirectChain;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Limits {
    max_redirects: usize,
}

impl Options for Limits {}

/// URLs of one chain that a message spells out.
const SPELLED_OUT: usize = 3;

/// A chain of redirects, from all URLs that lead through it.
struct Chain<'d, 'c> {
    directives: Vec<Directive<'c>>,
    way: &'d Way<'c>,
    count: usize,
    allowed: usize,
    starts: Vec<&'d Url>,
}

impl Rule for RedirectChain {
    fn prepare(&self, model: &Model<'_>) {
        model.departures();
    }

    fn read_options(&self, options: &serde_yaml::Value) -> Result<(), serde_yaml::Error> {
        Limits::read(options).map(drop)
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let limits = sink.options::<Limits>();
        let mut chains: Vec<Chain<'_, '_>> = Vec::new();
        let mut known: FxHashMap<Vec<ItemId>, usize> = FxHashMap::default();
        for departure in model.departures().iter().filter(|departure| is_typed(model, departure)) {
            let Some((way, count)) = shortest(departure) else { continue };
            let allowed = limits.max_redirects + usize::from(is_for_preload(way));
            if count <= allowed {
                continue;
            }
            let directives: Vec<Directive<'_>> =
                way.legs.iter().filter(|leg| leads_elsewhere(leg)).filter_map(|leg| leg.by).collect();
            let ids = directives.iter().map(Directive::id).collect();
            let number = *known.entry(ids).or_insert_with(|| {
                chains.push(Chain { directives, way, count, allowed, starts: Vec::new() });
                chains.len() - 1
            });
            chains[number].starts.push(&departure.url);
        }
        let passing = passing(model, &chains);
        for chain in &chains {
            report(sink, chain, &passing);
        }
    }
}

/// The ways through the first redirect of a chain, each with the number of its leg.
type Passing<'d, 'c> = FxHashMap<ItemId, Vec<(&'d Departure<'c>, &'d Way<'c>, usize)>>;

fn passing<'d, 'c>(model: &'d Model<'c>, chains: &[Chain<'d, 'c>]) -> Passing<'d, 'c> {
    let mut passing: Passing<'d, 'c> =
        chains.iter().filter_map(|chain| Some((chain.directives.first()?.id(), Vec::new()))).collect();
    for departure in model.departures().iter().filter(|_| !chains.is_empty()) {
        for way in &departure.ways {
            for (at, leg) in way.legs.iter().enumerate() {
                if let Some(ways) = leg.by.and_then(|by| passing.get_mut(&by.id())) {
                    ways.push((departure, way, at));
                }
            }
        }
    }
    passing
}

/// Whether it is what people type: a name that is written out, without port and path.
fn is_typed(model: &Model<'_>, departure: &Departure<'_>) -> bool {
    let url = &departure.url;
    let host = url.host_str().unwrap_or_default();
    let is_root = url.path() == "/" && url.query().is_none() && url.port().is_none();
    is_root && names(model, departure.server, host)
}

/// Whether a redirect leads to another scheme, host or port. One to another path there is the site's own.
fn leads_elsewhere(leg: &Leg<'_>) -> bool {
    leg.is_redirect() && leg.target.as_ref().is_some_and(|target| target.origin() != leg.url.origin())
}

/// The way from a departure with the fewest redirects, and how many they are: what all clients get at least. `None` where
/// it has no end, or where there may be others.
fn shortest<'d, 'c>(departure: &'d Departure<'c>) -> Option<(&'d Way<'c>, usize)> {
    let count = |way: &Way<'c>| way.legs.iter().filter(|leg| leads_elsewhere(leg)).count();
    let way = departure.ways.iter().filter(|_| departure.is_complete).min_by_key(|way| count(way))?;
    let has_end = matches!(way.outcome, Outcome::Answered | Outcome::External | Outcome::Undetermined);
    has_end.then(|| (way, count(way)))
}

/// Whether a way starts as the preload list asks for: to HTTPS of the same host, which sends the header with
/// `preload`, before anything else.
///
/// <https://hstspreload.org/#submission-requirements>
fn is_for_preload(way: &Way<'_>) -> bool {
    let [first, second, ..] = way.legs.as_slice() else { return false };
    let is_upgrade = first.url.scheme() == "http" && second.url.scheme() == "https";
    is_upgrade && first.url.host_str() == second.url.host_str() && second.hsts.is_some_and(|policy| policy.preload)
}

fn report(sink: &mut Findings, chain: &Chain<'_, '_>, passing: &Passing<'_, '_>) {
    let Some(first) = chain.directives.first() else { return };
    let mut urls: Vec<String> = chain.way.legs.iter().map(|leg| shown(&leg.url)).collect();
    if chain.way.outcome == Outcome::External {
        urls.extend(chain.way.legs.last().and_then(|leg| leg.target.as_ref()).map(shown));
    }
    let last = urls.last().cloned().unwrap_or_default();
    let others = chain.starts.len().saturating_sub(1);
    let also = match others {
        0 => String::new(),
        _ => {
            let named: Vec<String> = chain.starts.iter().skip(1).take(SPELLED_OUT).map(|url| shown(url)).collect();
            let more = if others > SPELLED_OUT { format!(" and {} more", others - SPELLED_OUT) } else { String::new() };
            format!("; so do {}{more}", named.join(", "))
        }
    };
    let message = format!("{} takes {} redirects: {}{also}", urls[0], chain.count, urls[1..].join(" -> "));
    let finding = if chain.count > chain.allowed + 1 {
        sink.warning(first.span(), message)
    } else {
        sink.info(first.span(), message)
    };
    for other in chain.directives.iter().skip(1).take(8) {
        finding.hop(other.span(), "then comes this redirect");
    }
    finding.help(format!(
        "redirect straight to {last} here; only for the HSTS preload list has http:// to go to https:// of the same host \
         first"
    ));
    finding.fix(straight(chain, passing));
}

/// The end of the chain as the first target, if all that are sent on there end up at it, with the same path.
fn straight(chain: &Chain<'_, '_>, passing: &Passing<'_, '_>) -> Option<Fix> {
    let first = *chain.directives.first()?;
    let end = end_of(chain.way)?;
    let is_same = |(departure, way, at): &(&Departure<'_>, &Way<'_>, usize)| {
        let is_one = departure.is_complete && departure.ways.len() == 1;
        is_one && end_of(way).as_ref() == Some(&end) && keeps_paths(way, *at)
    };
    let host = Url::parse(&end).ok()?;
    // Who passes by a host learns its policy.
    let legs = chain.way.legs.get(1..).unwrap_or_default();
    let is_for_policy = legs.iter().enumerate().any(|(at, leg)| {
        let is_last = at + 1 == legs.len() && chain.way.outcome == Outcome::Answered;
        leg.hsts.is_some_and(|policy| policy.preload || !is_last)
    });
    if is_for_policy || host.host_str() == Some(ANY_HOST) || !passing.get(&first.id())?.iter().all(is_same) {
        return None;
    }
    let word = first.arguments().last()?;
    Fix::risky(format!("redirect straight to {end}"), [Some(edit::word_replaced(word, format!("{end}{KEPT}")))])
}

/// What a target ends with that keeps path and arguments.
const KEPT: &str = "$request_uri";

/// The origin where a way ends.
fn end_of(way: &Way<'_>) -> Option<String> {
    let last = way.legs.last()?;
    let url = match way.outcome {
        Outcome::Answered => &last.url,
        Outcome::External => last.target.as_ref()?,
        _ => return None,
    };
    Some(url.origin().ascii_serialization())
}

/// Whether each redirect from a leg on is the same for all paths, up to the last one that leads to another origin.
fn keeps_paths(way: &Way<'_>, from: usize) -> bool {
    let is_kept = |(at, leg): (usize, &Leg<'_>)| {
        leg.by.is_some_and(|by| {
            let is_of_server = by.parent().is_some_and(|block| block.is_named("server"));
            let target = by.arguments().last().filter(|_| by.is_named("return"));
            let host =
                target.and_then(|target| Some(target.text().strip_suffix(KEPT)?.split_once("://")?.1.to_owned()));
            (is_of_server || at == from) && host.is_some_and(|host| !host.is_empty() && !host.contains('/'))
        })
    };
    way.legs.iter().enumerate().skip(from).filter(|(_, leg)| leads_elsewhere(leg)).all(is_kept)
}
