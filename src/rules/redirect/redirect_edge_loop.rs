//! Where TLS ends before nginx, every request comes in over plain HTTP. A redirect to https that judges by the scheme of
//! the connection then answers its own target, for ever.

use rustc_hash::FxHashSet;
use url::Url;

use super::{by_directive, condition_text, shown};
use crate::config::{Directive, ItemId};
use crate::model::edge::is_sign_of_edge;
use crate::model::following::starts::ANY_HOST;
use crate::model::{
    Departure, Edge, Leg, ListenSocket, Model, Outcome, ResponseKind, SelectedBy, Server, ServerId, Start, TlsSide, Way,
};
use crate::rules::{Findings, Rule};

pub(super) struct RedirectEdgeLoop;

impl Rule for RedirectEdgeLoop {
    fn prepare(&self, model: &Model<'_>) {
        model.departures();
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        if model.environment.edge.has(Edge::Tls) {
            report_certain(model, sink);
        }
        if model.environment.edge.has(Edge::None) {
            report_likely(model, sink);
        }
    }
}

/// Whether a way ends in a loop because TLS ends before nginx: a redirect to https that does not ask what the edge says.
pub(super) fn is_edge_loop(model: &Model<'_>, way: &Way<'_>) -> bool {
    let (Outcome::Loop(_), [leg]) = (way.outcome, way.turn()) else { return false };
    let is_told = model.edge_of_host(leg.url.host_str().unwrap_or_default()) == Edge::Tls;
    let is_behind_edge = is_told && leg.tls.is_none() && leg.url.scheme() == "https";
    let asks_edge = |condition: Directive<'_>| {
        condition.arguments().any(|word| word.text().to_ascii_lowercase().contains("forwarded"))
    };
    is_behind_edge && !leg.by.and_then(condition_around).is_some_and(asks_edge)
}

/// The `if` that a directive stands in.
fn condition_around(directive: Directive<'_>) -> Option<Directive<'_>> {
    directive.ancestors().find(|block| block.is_named("if"))
}

/// Whether a server would answer otherwise if it spoke TLS with the client itself.
fn judges_by_scheme(model: &Model<'_>, server: ServerId, start: &Url, leg: &Leg<'_>, by: Directive<'_>) -> bool {
    let url = if start.host_str() == leg.url.host_str() { start } else { &leg.url };
    let Some(start) = Start::new(url.clone(), plain_socket(model, server)) else { return false };
    let answers = model.tracer().with_edge(Edge::Tls).answers_over_tls(&start);
    !answers
        .iter()
        .any(|answer| answer.kind == ResponseKind::Redirect && answer.by.is_some_and(|other| other.id() == by.id()))
}

fn plain_socket<'m>(model: &'m Model<'_>, server: ServerId) -> Option<&'m ListenSocket> {
    model.sockets_of(server).find(|socket| !socket.is_tls && !socket.is_quic)
}

fn report_certain(model: &Model<'_>, sink: &mut Findings) {
    let loops = model.departures().iter().filter_map(|departure| {
        let is_loop = |way: &&Way<'_>| is_edge_loop(model, way);
        let ends: Vec<_> = departure.ways.iter().filter(is_loop).map(|way| (way, way.legs.len() - 1)).collect();
        let found = departure.occurrence(&ends)?;
        (!found.may_end(model)).then_some(found)
    });
    for group in by_directive(loops) {
        let Some(found) = group.occurrences.first() else { continue };
        let url = shown(&found.leg().url);
        let by = group.directive;
        let judged = found.leg().server.and_then(|server| {
            let is_judged = judges_by_scheme(model, server, &found.departure.url, found.leg(), by);
            condition_around(by).filter(|_| is_judged)
        });
        let reason = match judged {
            Some(condition) => format!("`{}` sees plain HTTP each time", head(condition)),
            None => "the https:// request comes in over plain HTTP again".to_owned(),
        };
        let message = format!("{url} redirects to itself: TLS ends before nginx, so {reason}");
        let finding = if found.is_certain() {
            sink.error(by.span(), message)
        } else {
            sink.warning(by.span(), message + &condition_text(&found.conditions)).conditional()
        };
        if let Some(condition) = judged {
            finding.related(condition.span(), "this is asked of the connection between the edge and nginx");
        }
        finding.help(help(judged.is_some()));
    }
}

fn help(is_conditional: bool) -> &'static str {
    if is_conditional {
        "judge by what the edge says: `if ($http_x_forwarded_proto = http)`; or let it speak HTTPS to nginx, and listen \
         with ssl"
    } else {
        "leave this redirect to the edge, or put it under `if ($http_x_forwarded_proto = http)` and serve the site here"
    }
}

/// An `if` as it is written.
fn head(condition: Directive<'_>) -> String {
    let words: Vec<String> = condition.arguments().map(|word| word.text().into_owned()).collect();
    format!("if {}", words.join(" "))
}

/// Without `--edge`: redirects that only make sense where TLS ends before nginx, and do not end there.
fn report_likely(model: &Model<'_>, sink: &mut Findings) {
    let tls = TlsSide::new(model);
    let sees_all = model.sees_all_servers();
    let mut sign = None;
    let mut told: FxHashSet<ItemId> = FxHashSet::default();
    for departure in model.departures() {
        let Some((by, server)) = upgrade_to_https(departure) else { continue };
        // Whoever has a name of its own is judged by that.
        let is_other_host = departure.url.host_str() == Some(ANY_HOST) && model.server(server).has_real_name();
        // Of the others it is known what stands before them, or that nothing does.
        let host = departure.url.host_str().unwrap_or_default();
        let is_known = model.edge_of_host(host) == Edge::Tls || model.environment.edge.says_of_host(host);
        if told.contains(&by.id()) || is_known || is_other_host || tls.serves(&departure.url) {
            continue;
        }
        let Some((is_certain, found)) = loop_behind_edge(model, departure, server, by) else { continue };
        let sign = *sign.get_or_insert_with(|| sign_of_edge(model));
        let is_judged = judges_by_scheme(model, server, &found, &departure.ways[0].legs[0], by);
        let is_told = match is_judged {
            // The rest of the server is reached by nobody, unless TLS ends before nginx.
            true => sees_all || sign.is_some(),
            // Else it may be one half of a pair, whose other half is somewhere else.
            false => {
                sees_all && sign.is_some() && !tls.is_there && is_only_here(model, model.server(server), &departure.url)
            }
        };
        if !is_told || !is_certain {
            continue;
        }
        told.insert(by.id());
        let url = shown(&found);
        let host = shown_host(&found);
        let message = format!(
            "{url} redirects to itself if TLS ends before nginx: nothing here listens with ssl for {host}, and {}",
            match condition_around(by) {
                Some(condition) if is_judged => format!("`{}` holds for every request", head(condition)),
                _ => "every request over plain HTTP is sent to https://".to_owned(),
            }
        );
        let finding = sink.warning(by.span(), message).conditional();
        if let Some(sign) = sign {
            finding.related(sign.span(), "something stands before nginx");
        }
        finding.help(help(is_judged));
    }
}

fn shown_host(url: &Url) -> String {
    match url.host_str() {
        Some(ANY_HOST) | None => "any name".to_owned(),
        Some(host) => host.to_owned(),
    }
}

/// The first redirect from a URL, if it is one to https of the same host, and the server that makes it.
fn upgrade_to_https<'c>(departure: &Departure<'c>) -> Option<(Directive<'c>, ServerId)> {
    let mut first = departure.ways.iter().filter_map(|way| way.legs.first());
    let leg = first.find(|leg| {
        let target = leg.target.as_ref().filter(|_| leg.url.scheme() == "http" && leg.is_redirect());
        target.is_some_and(|target| target.scheme() == "https" && target.host_str() == leg.url.host_str())
    })?;
    leg.by.zip(leg.server)
}

/// Where the redirect answers its own target behind an edge: whether it does so always, and the URL.
fn loop_behind_edge(
    model: &Model<'_>,
    departure: &Departure<'_>,
    server: ServerId,
    by: Directive<'_>,
) -> Option<(bool, Url)> {
    let mut url = departure.url.clone();
    url.set_scheme("https").ok()?;
    url.set_port(None).ok()?;
    let start = Start::new(url, plain_socket(model, server))?;
    let (traces, is_all) = model.tracer().with_edge(Edge::Tls).traces_settling_files(&start);
    let turn = |outcome: Outcome| if let Outcome::Loop(first) = outcome { Some(first) } else { None };
    let mut loops = traces.iter().filter_map(|trace| trace.hops.get(turn(trace.outcome)?..)).filter(|turn| {
        let answer = turn.first().and_then(|hop| hop.response.as_ref());
        turn.len() == 1 && answer.and_then(|answer| answer.by).is_some_and(|other| other.id() == by.id())
    });
    let first = loops.next()?.first()?.url.clone();
    Some((is_all && loops.count() + 1 == traces.len(), first))
}

/// Whether no other plain socket has a server for the host.
fn is_only_here(model: &Model<'_>, server: &Server<'_>, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let others = model.sockets().filter(|socket| model.sockets_of(server.id).all(|own| !std::ptr::eq(own, *socket)));
    !others.into_iter().any(|socket| {
        let found = model.select(socket, host).known();
        found.is_none_or(|(other, by)| by != SelectedBy::Default || other.hosts().any(|own| own.to_string() == host))
    })
}

/// A directive that says that clients reach nginx through something else.
fn sign_of_edge<'c>(model: &Model<'c>) -> Option<Directive<'c>> {
    model.config.directives().find(|directive| is_sign_of_edge(*directive))
}
