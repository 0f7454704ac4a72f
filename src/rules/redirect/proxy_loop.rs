//! nginx that asks itself: each request makes another one, until the connections run out.

use rustc_hash::FxHashSet;

use crate::config::ItemId;
use crate::model::Model;
use crate::model::following::relay::Relay;
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
    }
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
            finding.related(relay.by.span(), format!("{server} asks {} with Host {}", relay.target, host(relay)));
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
