//! Upgrade and Connection are hop-by-hop: nginx drops both unless `proxy_set_header` sends them on,
//! and the backend answers the handshake with 400 or an ordinary page.
//!
//! nginx: <https://nginx.org/en/docs/http/websocket.html>

use rustc_hash::FxHashMap;

use super::{
    added, connection_to_send, is_for_handshakes_alone, is_reached, lines, lines_to_add, meaning, missing, on_host,
    passing, place, title,
};
use crate::config::Directive;
use crate::model::requests::location::written;
use crate::model::websocket::Forwarding;
use crate::model::{Model, WebsocketLocation, inherit};
use crate::rules::addition::{Line, beside};
use crate::rules::{Finding, Findings, Fix, Rule};
use crate::source::Span;

pub(super) struct WebsocketMissingUpgrade;

impl Rule for WebsocketMissingUpgrade {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut lists = FxHashMap::default();
        for (location, forwarding) in passing(model) {
            let missing = missing(location, forwarding);
            let is_lost = || location.is_lost_to_own_headers(&missing);
            if missing.is_empty() || is_lost() || !is_reached(model, location) {
                continue;
            }
            if missing.iter().any(|name| name.starts_with("Sec-")) {
                report_key(model, sink, location, &missing);
            } else if let Some(header) = location.intent.header {
                report_half(model, sink, location, header, &missing, forwarding, &mut lists);
            } else {
                report_named(model, sink, location, &missing, forwarding);
            }
        }
    }
}

/// One of the two headers is sent on: somebody meant it, and it cannot work. `lists` says of the headers that several
/// locations have in common whether a line beside them is safe.
fn report_half<'c>(
    model: &Model<'c>,
    sink: &mut Findings,
    location: &WebsocketLocation<'c>,
    header: Directive<'c>,
    missing: &[&'static str],
    forwarding: &Forwarding<'c>,
    lists: &mut FxHashMap<Span, bool>,
) {
    let place = place(location);
    let name = header.argument(0).map(|name| name.text().into_owned()).unwrap_or_default();
    let message = format!("WebSocket cannot work here: {name} is passed on, but {} is not", missing.join(" and "));
    let finding = sink.error(place.span(), message);
    if place != header {
        finding.related(header.span(), format!("{name} is set here"));
    }
    // The list that has the one is the list that lacks the other.
    finding.help(lines(model, missing, &[], forwarding));
    let added_lines = lines_to_add(model, missing, forwarding);
    finding.fix(if place == header {
        let edit = beside(header, &added_lines, model.environment.version);
        // Of one list it is asked once, however many have it.
        let is_safe = *lists.entry(header.span()).or_insert_with(|| {
            let connection = connection_to_send(model, missing);
            senders(model, header).all(|location| is_for_handshakes_alone(model, location, connection.as_deref()))
        });
        if is_safe { Fix::safe(title_of(missing), [edit]) } else { Fix::risky(title_of(missing), [edit]) }
    } else {
        offer(model, location, missing, added_lines)
    });
}

/// The locations that send a header of a list that several have in common.
fn senders<'m, 'c>(model: &'m Model<'c>, header: Directive<'c>) -> impl Iterator<Item = &'m WebsocketLocation<'c>> {
    let has_it = move |location: &&WebsocketLocation<'c>| {
        location.headers.directives.iter().any(|other| other.span() == header.span())
    };
    model.websocket_locations().iter().filter(has_it)
}

/// `send Upgrade and Connection on`
fn title_of(missing: &[&'static str]) -> String {
    format!("send {} on", missing.join(" and "))
}

fn offer<'c>(
    model: &Model<'c>,
    location: &WebsocketLocation<'c>,
    missing: &[&'static str],
    lines: Vec<Line>,
) -> Option<Fix> {
    let edits = added(model, location, lines);
    let title = title_of(missing);
    let connection = connection_to_send(model, missing);
    if is_for_handshakes_alone(model, location, connection.as_deref()) {
        Fix::safe(title, edits)
    } else {
        Fix::risky(title, edits)
    }
}

/// Only a name, or another server, says what is meant.
fn report_named<'c>(
    model: &Model<'c>,
    sink: &mut Findings,
    location: &WebsocketLocation<'c>,
    missing: &[&'static str],
    forwarding: &Forwarding<'c>,
) {
    let sees_all = model.config.is_whole() || !location.headers.directives.is_empty();
    let unless = if sees_all { "" } else { ", unless the file that includes this one sets them" };
    let are = if missing.len() > 1 { "are" } else { "is" };
    let of = on_host(model, location);
    let reason = match &location.intent.name {
        Some(name) => meaning(location, name),
        None if let Some(leads) = location.intent.led_by => {
            format!(
                "{} gets what comes to location {}, whose headers are for WebSocket",
                title(location),
                written(leads)
            )
        }
        None => format!("{} does what it does in another server{of}, where it is for WebSocket", title(location)),
    };
    let missing_text = missing.join(" and ");
    let message = format!("{reason}, but {missing_text} {are} not passed on: a WebSocket handshake{of} fails{unless}");
    let finding: &mut Finding = sink.warning(location.location().span(), message);
    finding.conditional();
    finding.related(location.proxied.pass.span(), "the request is passed on here");
    if let Some(leads) = location.intent.led_by {
        finding.related(leads.span(), "handshakes come here; what is set here does not go with them");
    }
    if let Some(twin) = location.intent.twin {
        finding.related(twin.span(), "here they are passed on");
    }
    let is_own = location.headers.level == Some(location.proxied.block);
    let inherited = if is_own { Vec::new() } else { location.headers.directives.clone() };
    finding.help(lines(model, missing, &inherited, forwarding));
    finding.fix(offer(model, location, missing, lines_to_add(model, missing, forwarding)));
}

/// The handshake arrives without what the answer is worked out from.
fn report_key<'c>(model: &Model<'c>, sink: &mut Findings, location: &WebsocketLocation<'c>, missing: &[&'static str]) {
    let by = inherit::value_in_effect(location.proxied.block, "proxy_pass_request_headers");
    let emptied = location.headers.directives.iter().find(|header| {
        header.argument(0).is_some_and(|name| missing.iter().any(|missing| name.text().eq_ignore_ascii_case(missing)))
    });
    let is_for_it = location.is_named_for_it() || model.fixed_value(location, "connection").is_some();
    if emptied.is_none() && !is_for_it {
        // Where no header of the client is wanted, headers that fit ordinary requests as well do not show that
        // handshakes are.
        return;
    }
    let place = emptied.copied().or(by).unwrap_or_else(|| place(location));
    let are = if missing.len() > 1 { "are" } else { "is" };
    let message = format!("WebSocket cannot work here: {} {are} not passed on", missing.join(" and "));
    let finding = sink.error(place.span(), message);
    finding.related(location.proxied.pass.span(), "the request is passed on here");
    finding.help("take this line away, or pass on the headers of the handshake one by one");
}
