//! Upgrade and Connection have one value each with which a handshake works, `websocket` and `upgrade`; everything else is
//! an ordinary request to the upstream.
//!
//! RFC 6455, section 4.2.1; nginx: <https://nginx.org/en/docs/http/websocket.html>

use super::{connection_to_send, is_for_handshakes_alone, is_reached, passing, value_to_send};
use crate::config::Directive;
use crate::model::websocket::{Forwarding, MapBehind, Sent};
use crate::model::{Model, WebsocketLocation};
use crate::rules::addition::within;
use crate::rules::{Findings, Fix, Rule, edit};
use crate::syntax::Word;

pub(super) struct WebsocketHeaderValue;

impl Rule for WebsocketHeaderValue {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for (location, forwarding) in passing(model).filter(|(location, _)| location.intent.header.is_some()) {
            for fault in faults(forwarding) {
                if is_reached(model, location) {
                    report(model, sink, location, &fault, "");
                }
            }
            let firefox = location.with_firefox.as_ref();
            for fault in firefox.into_iter().flat_map(faults) {
                let who = " of Firefox, which sends `Connection: keep-alive, Upgrade`";
                if is_reached(model, location) {
                    report(model, sink, location, &fault, who);
                }
            }
        }
    }
}

/// A header that is set to what does not work.
struct Fault<'c> {
    name: &'static str,
    wanted: &'static str,
    by: Directive<'c>,
    /// Empty where it is not sent.
    value: String,
}

fn faults<'c>(forwarding: &Forwarding<'c>) -> impl Iterator<Item = Fault<'c>> + use<'c> {
    let both = [
        ("Upgrade", "websocket", forwarding.upgrade.clone()),
        ("Connection", "upgrade", forwarding.connection.clone()),
    ];
    both.into_iter().filter_map(|(name, wanted, sent)| match sent {
        Sent::Empty(by) => Some(Fault { name, wanted, by, value: String::new() }),
        Sent::Wrong(by, value) => Some(Fault { name, wanted, by, value }),
        Sent::Works | Sent::Missing => None,
    })
}

fn report<'c>(model: &Model<'c>, sink: &mut Findings, location: &WebsocketLocation<'c>, fault: &Fault<'c>, who: &str) {
    let Fault { name, wanted, by, value } = fault;
    let map = model.map_behind(*by).filter(|_| *name == "Connection");
    let written = by.argument(1).map(|value| value.text().into_owned()).unwrap_or_default();
    let (place, message) = match &map {
        Some(map) => (map.block, of_map(model, location, map, value, who)),
        None => {
            let said = match (value.is_empty(), written.is_empty()) {
                (true, true) => format!("{name} is set to an empty value, so that nginx does not send it"),
                (true, false) => format!("{name} is not sent for a handshake{who}: {written} is empty then"),
                (false, false) if is_number(value) && written.starts_with('$') => {
                    format!("{name} is sent as a number, which is what {written} holds")
                }
                (false, _) if written == *value => format!("{name} is sent as `{value}`"),
                (false, _) => format!("{name} is sent as `{value}` for a handshake{who}"),
            };
            (*by, format!("{said}: a WebSocket handshake needs `{name}: {wanted}` and fails"))
        }
    };
    let finding = if who.is_empty() {
        sink.error(place.span(), message)
    } else {
        sink.warning(place.span(), message).conditional()
    };
    if map.is_some() {
        finding.related(by.span(), format!("{name} is sent here"));
    }
    finding.help(help(model, name, &written, map.as_ref()));
    finding.fix(match &map {
        None => with_value_that_works(model, location, fault),
        Some(map) => with_map_that_works(model, map),
    });
}

/// A map of $http_upgrade with `default upgrade`: added where it has none, or swapped with that for `''`. Whoever else
/// reads its variable gets another value, too.
fn with_map_that_works<'c>(model: &Model<'c>, map: &MapBehind<'c>) -> Option<Fix> {
    if !matches!(map.source.to_ascii_lowercase().as_str(), "$http_upgrade" | "${http_upgrade}") {
        return None;
    }
    let named = |name: &str| map.block.children().find(|entry| entry.name_text() == name)?.argument(0);
    match (named("default"), named("")) {
        (None, Some(_)) if !map.has_default => {
            let edits = [edit::lines_first_in(map.block, &["default upgrade;".to_owned()])];
            let title = "send upgrade for a handshake";
            if is_for_connection_alone(model, map) { Fix::safe(title, edits) } else { Fix::risky(title, edits) }
        }
        (Some(default), Some(empty)) if empty.text().eq_ignore_ascii_case("upgrade") => {
            let raw = |word: Word<'_>| String::from_utf8(word.raw().to_vec()).ok();
            let swap = |word, other| raw(other).map(|text| edit::word_replaced(word, text));
            let edits = [swap(default, empty), swap(empty, default)];
            let sends = |location: &&WebsocketLocation<'c>| {
                location.headers.directives.iter().any(|header| model.map_behind(*header).as_ref() == Some(map))
            };
            let mut senders = model.websocket_locations().iter().filter(sends);
            let is_left = senders.all(|location| model.leaves_ordinary_requests(location, &default.text()));
            let is_safe = is_left && is_for_connection_alone(model, map);
            if is_safe { Fix::safe("turn the map round", edits) } else { Fix::risky("turn the map round", edits) }
        }
        _ => None,
    }
}

/// Whether the variable of a map is sent as Connection and used for nothing else.
fn is_for_connection_alone(model: &Model<'_>, map: &MapBehind<'_>) -> bool {
    model.config.is_whole()
        && model.readers_of(&map.variable).all(|reader| {
            reader.is_named("proxy_set_header")
                && reader.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case("connection"))
        })
}

fn with_value_that_works<'c>(model: &Model<'c>, location: &WebsocketLocation<'c>, fault: &Fault<'c>) -> Option<Fix> {
    // A map is meant, which is not there.
    if fault.by.argument(1).is_some_and(|value| value.is("$connection")) && model.upgrade_variable().is_none() {
        return None;
    }
    let value = value_to_send(model, fault.name);
    let title = format!("send {value} as {}", fault.name);
    let edit = fault.by.argument(1).map(|word| edit::word_replaced(word, value));
    let is_own = within(location.location(), fault.by) == Some(fault.by);
    let connection = connection_to_send(model, &[fault.name]);
    if is_own && is_for_handshakes_alone(model, location, connection.as_deref()) {
        Fix::safe(title, [edit])
    } else {
        Fix::risky(title, [edit])
    }
}

/// What is wrong with the map that Connection is taken from.
fn of_map<'c>(
    model: &Model<'c>,
    location: &WebsocketLocation<'c>,
    map: &MapBehind<'c>,
    value: &str,
    who: &str,
) -> String {
    let MapBehind { variable, source, .. } = map;
    let gives = if value.is_empty() { "nothing".to_owned() } else { format!("`{value}`") };
    let said = format!("${variable} is {gives} for a WebSocket handshake{who}, which needs `upgrade` and fails");
    if !who.is_empty() {
        return said;
    }
    if !source.to_ascii_lowercase().contains("http_upgrade") {
        format!("{said}: the map looks at {source}, not at $http_upgrade")
    } else if model.fixed_value(location, "connection").is_some() {
        format!("{said}: the map is the wrong way round")
    } else if value.is_empty() && !map.has_default {
        format!("{said}: the map has no default")
    } else {
        said
    }
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

fn help(model: &Model<'_>, name: &'static str, written: &str, map: Option<&MapBehind<'_>>) -> String {
    let value = value_to_send(model, name);
    match map {
        Some(map) => {
            format!(
                "write the map as:\n    map $http_upgrade ${} {{\n        default upgrade;\n        '' close;\n    }}",
                map.variable
            )
        }
        None if name == "Upgrade" => {
            "pass on what the client sends:\n    proxy_set_header Upgrade $http_upgrade;".to_owned()
        }
        None if model.upgrade_variable().is_some() => {
            format!("take it from the map of $http_upgrade that is there:\n    proxy_set_header Connection {value};")
        }
        None if written == "$connection" => "$connection_upgrade is meant, which a map in http makes:\n    \
             proxy_set_header Connection $connection_upgrade;\n    \
             map $http_upgrade $connection_upgrade {\n        default upgrade;\n        '' close;\n    }"
            .to_owned(),
        None => format!(
            "say so in words, or by a map of $http_upgrade where ordinary requests come, too:\n    \
             proxy_set_header Connection {value};"
        ),
    }
}
