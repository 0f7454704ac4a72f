//! nginx that asks itself: each request makes another one, until the connections run out.

use rustc_hash::FxHashSet;

use crate::config::ItemId;
use crate::model::following::relay::Relay;
use crate::model::stream::circle::Circle;
use crate::model::{Condition, Model};
use crate::rules::{Findings, Rule};

pub(super) struct ProxyLoop;

impl Rule for ProxyLoop {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told: FxHashSet<ItemId> = FxHashSet::default();
        for proxied in model.proxied_blocks() {
            if told.contains(&proxied.pass.id()) {
                continue;
            }
            let Some(relays) = model.relay_loop(proxied.pass) else { continue };
            let is_new = relays.iter().fold(false, |is_new, relay| told.insert(relay.by.id()) | is_new);
            if is_new {
                report(model, sink, &relays);
            }
        }
        for circle in model.stream_circles() {
            report_connections(sink, &circle);
        }
    }
}

/// What `stream` leads back to its own socket.
fn report_connections(sink: &mut Findings, circle: &Circle<'_, '_>) {
    let Some(first) = circle.stops.first() else { return };
    let end = match circle.stops.iter().all(|stop| stop.handler.is_named("pass")) {
        true => "nginx closes the connection after ten turns",
        false => "connections multiply until worker_connections run out",
    };
    let message = match circle.stops.as_slice() {
        [only] => format!(
            "{} leads back to nginx's own socket {}, which the connection comes from: {end}",
            only.target, only.socket.endpoint
        ),
        stops => {
            let targets: Vec<&str> = stops.iter().map(|stop| stop.target.as_str()).collect();
            format!("stream leads connections in a circle: {} -> {}; {end}", targets.join(" -> "), first.target)
        }
    };
    let open = circle.conditions.iter().filter(|condition| condition.is_open);
    let conditions: Vec<&str> = open.map(|condition: &Condition<'_>| condition.text.as_str()).take(4).collect();
    let finding = if circle.is_certain || conditions.is_empty() {
        sink.error(first.place, message)
    } else {
        sink.warning(first.place, format!("when {}: {message}", conditions.join(" and "))).conditional()
    };
    for stop in circle.stops.iter().take(8) {
        if stop.place != stop.handler.span() || circle.stops.len() > 1 {
            let text = format!("connections to {} are handed on here", stop.socket.endpoint);
            finding.related(stop.handler.span(), text);
        }
    }
    finding.help("write the address of the server that is to answer: one that this `listen` of stream does not have");
}

fn report(model: &Model<'_>, sink: &mut Findings, relays: &[Relay<'_>]) {
    let Some(number) = (0..relays.len()).min_by_key(|&number| relays[number].by.id()) else { return };
    let (before, after) = relays.split_at(number);
    let turn: Vec<&Relay<'_>> = after.iter().chain(before).collect();
    let Some(first) = turn.first() else { return };
    let host = |relay: &Relay<'_>| relay.host.clone().unwrap_or_default();
    let message = match turn.as_slice() {
        [only] => format!(
            "{} leads to nginx's own socket {}, where Host {} selects {} and this same proxy_pass again: requests \
             multiply until the connections run out",
            authority(&only.target),
            only.endpoint,
            host(only),
            model.server(only.server),
        ),
        _ => {
            let targets: Vec<&str> = turn.iter().map(|relay| authority(&relay.target)).collect();
            format!(
                "nginx passes requests to itself in a circle: {} -> {}; they multiply until the connections run out",
                targets.join(" -> "),
                targets.first().copied().unwrap_or_default()
            )
        }
    };
    let chosen: Vec<String> = turn
        .iter()
        .filter_map(|relay| {
            Some(format!("the upstream {} chooses {}", authority(&relay.target), relay.chosen.as_ref()?))
        })
        .collect();
    let finding = if chosen.is_empty() {
        sink.error(first.by.span(), message)
    } else {
        sink.warning(first.by.span(), format!("when {}: {message}", chosen.join(" and "))).conditional()
    };
    if turn.len() > 1 {
        for relay in turn.iter().take(8) {
            let server = model.server(relay.server);
            finding.hop(relay.by.span(), format!("{server} asks {} with Host {}", relay.target, host(relay)));
        }
    } else {
        finding.related(model.server(first.server).span(), "this server gets its own request");
    }
    finding
        .help("proxy_pass has to lead to the application: write its own port here, one that no `listen` of nginx has");
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    if rest.starts_with("unix:") { rest } else { rest.split(['/', '?']).next().unwrap_or(rest) }
}
