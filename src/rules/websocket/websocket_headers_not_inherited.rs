//! One `proxy_set_header` of its own makes a block lose all that an outer level sets, the headers of a handshake among
//! them.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>

use rustc_hash::FxHashMap;

use super::{
    added, is_for_handshakes_alone, is_reached, lines_behind, locations, meaning, missing, on_host, passing, title,
    version_to_add,
};
use crate::config::{Directive, ItemId};
use crate::model::requests::location::written;
use crate::model::{Model, ProxiedBlock, WebsocketLocation, inherit};
use crate::rules::addition::Line;
use crate::rules::{Findings, Fix, Rule};

pub(super) struct WebsocketHeadersNotInherited;

impl Rule for WebsocketHeadersNotInherited {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for (location, forwarding) in passing(model) {
            let missing = missing(location, forwarding);
            if !location.is_lost_to_own_headers(&missing) || !is_reached(model, location) {
                continue;
            }
            let (Some(lost), Some(own)) = (location.lost_headers(), location.headers.directives.first()) else {
                continue;
            };
            let reason = match &location.intent.name {
                Some(name) => meaning(location, name),
                None => format!("{} is meant for WebSocket", title(location)),
            };
            let names = missing.join(" and ");
            let message = format!(
                "{reason}, but a proxy_set_header of its own drops the {names} that {} sets: a WebSocket handshake{} \
                 fails",
                level(lost.level),
                on_host(model, location)
            );
            let block = location.proxied.block;
            let place = if location.headers.level == Some(block) { location.location() } else { block };
            let finding = match location.intent.header {
                Some(_) => sink.error(place.span(), message),
                None => sink.warning(place.span(), message).conditional(),
            };
            finding.related(own.span(), "with this, nothing is inherited any more");
            for header in lost.directives.iter().filter(|header| is_one_of(**header, &missing)) {
                finding.related(header.span(), "this does not arrive");
            }
            let (repeated, others) = repeated(&lost.directives, &missing);
            let lead = "repeat what this block does not inherit, beside its own headers:";
            let besides = besides(location, &lost.directives, &missing);
            finding.help(lines_behind(lead, model, &others, &repeated, forwarding) + &besides);
            if others.is_empty() {
                finding.fix(repeating(model, location, &names, &repeated, version_to_add(forwarding)));
            }
        }
        report_unused(model, sink);
    }
}

/// The headers of the outer level that a handshake needs, and which of them are not there with a value that can work.
fn repeated<'c>(lost: &[Directive<'c>], missing: &[&'static str]) -> (Vec<Directive<'c>>, Vec<&'static str>) {
    let can_work = |header: &Directive<'_>| {
        let value = header.argument(1).map(|value| value.text().to_ascii_lowercase()).unwrap_or_default();
        let is_upgrade = is_one_of(*header, &["Upgrade"]);
        value.contains('$') || value.contains(if is_upgrade { "websocket" } else { "upgrade" })
    };
    let is_needed = |header: &Directive<'_>| is_one_of(*header, missing) && can_work(header);
    let repeated: Vec<_> = lost.iter().copied().filter(is_needed).collect();
    let is_repeated = |name: &str| repeated.iter().any(|header| is_one_of(*header, &[name]));
    let others = missing.iter().copied().filter(|name| !is_repeated(name)).collect();
    (repeated, others)
}

/// What else the block does not inherit: whether that is meant, its author knows.
fn besides(location: &WebsocketLocation<'_>, lost: &[Directive<'_>], missing: &[&str]) -> String {
    let own = &location.headers.directives;
    let is_said = |name: &str| own.iter().any(|own| is_one_of(*own, &[name]));
    let names = lost.iter().filter(|header| !is_one_of(**header, missing)).filter_map(|header| header.argument(0));
    let names: Vec<String> = names.map(|name| name.text().into_owned()).filter(|name| !is_said(name)).collect();
    if names.is_empty() { String::new() } else { format!("\nit does not inherit {} either", names.join(", ")) }
}

/// The lines that repeat `headers` in the location.
fn repeating<'c>(
    model: &Model<'c>,
    location: &WebsocketLocation<'c>,
    names: &str,
    headers: &[Directive<'c>],
    version: Option<Line>,
) -> Option<Fix> {
    let connection = headers.iter().rfind(|header| is_one_of(**header, &["Connection"]));
    let connection = connection.and_then(|header| header.argument(1)).map(|value| value.text());
    let lines = headers.iter().map(|header| Line::like("proxy_set_header", *header));
    let edits = added(model, location, version.into_iter().chain(lines).collect());
    let title = format!("send {names} on here, too");
    if is_for_handshakes_alone(model, location, connection.as_deref()) {
        Fix::safe(title, edits)
    } else {
        Fix::risky(title, edits)
    }
}

/// Headers of an outer level that no location inherits, because each has some of its own.
fn report_unused(model: &Model<'_>, sink: &mut Findings) {
    let mut losing: FxHashMap<ItemId, Vec<ProxiedBlock<'_>>> = FxHashMap::default();
    let mut headers: Vec<Directive<'_>> = Vec::new();
    for proxied in model.proxied_blocks() {
        let Some(upgrade) = lost_upgrade(proxied) else { continue };
        let blocks = losing.entry(upgrade.id()).or_default();
        if blocks.is_empty() {
            headers.push(upgrade);
        }
        blocks.push(proxied);
    }
    for header in headers {
        let Some(level) = header.parent().filter(|level| level.is_named("server") || level.is_named("location")) else {
            continue;
        };
        let is_inside = |directive: Directive<'_>| directive.ancestors().any(|block| block == level);
        let is_for_websocket = locations(model).iter().any(|location| is_inside(location.proxied.pass));
        let blocks = losing.get(&header.id()).map(Vec::as_slice).unwrap_or_default();
        let is_partial = level.is_incomplete() || blocks.iter().any(|proxied| proxied.headers().is_partial);
        let Some(first) = blocks.first().filter(|_| !is_for_websocket && !is_partial) else { continue };
        let finding = sink.warning(
            header.span(),
            "Upgrade is passed on by no location: each sets a header of its own and so inherits none".to_owned(),
        );
        for proxied in blocks.iter().take(4) {
            finding.related(proxied.location().span(), "with a proxy_set_header of its own, this one inherits none");
        }
        let path = written(first.location());
        finding
            .help(format!("repeat all proxy_set_header lines in the location that is for WebSocket, such as {path}"));
    }
}

/// The Upgrade that a block would inherit, if it had no `proxy_set_header` of its own.
fn lost_upgrade(proxied: ProxiedBlock<'_>) -> Option<Directive<'_>> {
    let own = proxied.headers();
    let outer = inherit::in_effect(own.level?.parent()?, "proxy_set_header");
    let is_sent = |header: &Directive<'_>, name: &str| {
        is_one_of(*header, &[name]) && header.argument(1).is_some_and(|value| value.text().contains(['$', 'u']))
    };
    let has = |name: &str| outer.directives.iter().any(|header| is_sent(header, name));
    let upgrade = outer.directives.iter().find(|header| is_sent(header, "Upgrade")).copied();
    upgrade.filter(|_| has("Connection") && !own.directives.iter().any(|header| is_one_of(*header, &["Upgrade"])))
}

fn is_one_of(header: Directive<'_>, names: &[&str]) -> bool {
    header.argument(0).is_some_and(|word| names.iter().any(|name| word.text().eq_ignore_ascii_case(name)))
}

fn level(level: Option<Directive<'_>>) -> String {
    match level {
        Some(block) if block.is_named("location") => "the location around it".to_owned(),
        Some(block) => format!("the {} block", block.name_text()),
        None => "this file".to_owned(),
    }
}
