//! WebSocket handshakes that never become a connection, and connections that end too soon. RFC 6455, section 4.
//!
//! One fault is told once. What keeps the handshake from the location goes first (`websocket-unreachable`,
//! `websocket-not-proxied`); then its headers: lost to a `proxy_set_header` (`websocket-headers-not-inherited`), not
//! passed on (`websocket-missing-upgrade`), or with a value that does not work (`websocket-header-value`); then the
//! request and the answer around them (`websocket-http-version`, `websocket-upgrade-hidden`). Only of a location whose
//! handshakes succeed it is told what ends the connection, or could be better.

use super::addition::{Line, beside, within};
use super::declare::declare_rules;
use super::{Edit, edit};
use crate::config::Directive;
use crate::model::inherit;
use crate::model::requests::location::written;
use crate::model::websocket::{Forwarding, NameIntent, Reach, Sent, is_upgrade};
use crate::model::{Model, UpstreamVersion, WebsocketLocation};

declare_rules! { "websocket":
    websocket_cached::WebsocketCached = "websocket-cached",
    websocket_connection_hardcoded::WebsocketConnectionHardcoded = "websocket-connection-hardcoded",
    websocket_header_value::WebsocketHeaderValue = "websocket-header-value",
    websocket_headers_not_inherited::WebsocketHeadersNotInherited = "websocket-headers-not-inherited",
    websocket_http_version::WebsocketHttpVersion = "websocket-http-version",
    websocket_missing_host::WebsocketMissingHost = "websocket-missing-host",
    websocket_missing_upgrade::WebsocketMissingUpgrade = "websocket-missing-upgrade",
    websocket_not_proxied::WebsocketNotProxied = "websocket-not-proxied",
    websocket_read_timeout::WebsocketReadTimeout = "websocket-read-timeout",
    websocket_unreachable::WebsocketUnreachable = "websocket-unreachable",
    websocket_upgrade_hidden::WebsocketUpgradeHidden = "websocket-upgrade-hidden",
}

/// The locations that are meant for WebSocket.
pub(super) fn locations<'m, 'c>(model: &'m Model<'c>) -> &'m [WebsocketLocation<'c>] {
    model.websocket_locations()
}

/// The Upgrade that a block itself passes on.
fn own_upgrade<'c>(block: Directive<'c>) -> Option<Directive<'c>> {
    // Those of a file that others include are there for others, too.
    let own = block.children_named("proxy_set_header").filter(|header| header.span().file == block.span().file);
    own.into_iter().find(|header| is_upgrade(*header))
}

/// Those that pass handshakes on, with what the upstream gets, as far as all of it is seen.
fn passing<'m, 'c>(
    model: &'m Model<'c>,
) -> impl Iterator<Item = (&'m WebsocketLocation<'c>, &'m Forwarding<'c>)> + use<'m, 'c> {
    let is_asked = |location: &&WebsocketLocation<'_>| location.subrequest_of.is_none() && !location.headers.is_partial;
    let seen = locations(model).iter().filter(is_asked);
    seen.filter_map(|location| Some((location, location.forwarding.as_ref()?)))
}

/// Those whose handshakes succeed, those first that their names say to be for WebSocket.
fn succeeding<'m, 'c>(model: &'m Model<'c>) -> Vec<(&'m WebsocketLocation<'c>, &'m Forwarding<'c>)> {
    let mut all: Vec<_> = passing(model).filter(|(_, forwarding)| forwarding.succeeds()).collect();
    all.sort_by_key(|(location, _)| !location.is_named_for_it());
    all
}

/// Whether handshakes get to a location at all. It is asked where something is to be told of it only.
fn is_reached<'c>(model: &Model<'c>, location: &WebsocketLocation<'c>) -> bool {
    matches!(model.websocket_reach(location), Reach::Arrives)
}

/// The place that stands for a fault in what a block lacks: its location, or the header that shows what was meant where
/// that stands further out, or in a file of its own, and others have the same fault.
fn place<'c>(location: &WebsocketLocation<'c>) -> Directive<'c> {
    let block = location.location();
    let Some(header) = location.intent.header else { return block };
    let is_own = location.headers.level.is_none_or(|level| level == location.proxied.block || level == block);
    if is_own && header.span().file == block.span().file { block } else { header }
}

/// `location /ws/ is meant for WebSocket (its path says `ws`)`
fn meaning(location: &WebsocketLocation<'_>, name: &NameIntent) -> String {
    let path = title(location);
    let word = name.word.trim_start_matches('/');
    let known = name.application.map(|application| application.name.as_str());
    let is_told = |known: &&str| !known.eq_ignore_ascii_case(word) && *known != "WebSocket";
    let known = known.filter(is_told).map(|known| format!(", as with {known}")).unwrap_or_default();
    if let Some(leads) = location.intent.led_by {
        let leads = written(leads);
        return format!(
            "{path} is meant for WebSocket (the path of location {leads}, which leads to it, says `{word}`{known})"
        );
    }
    match &name.upstream {
        Some(upstream) => format!("{path} is meant for WebSocket (its upstream {upstream} says `{word}`{known})"),
        None => format!("{path} is meant for WebSocket (its path says `{word}`{known})"),
    }
}

/// `location /ws/`
fn title(location: &WebsocketLocation<'_>) -> String {
    format!("location {}", written(location.location()))
}

/// ` on shop.example`
fn on_host(model: &Model<'_>, location: &WebsocketLocation<'_>) -> String {
    model.server_around(location.proxied.block).map(|server| format!(" on {server}")).unwrap_or_default()
}

/// The headers that the upstream does not get. Where one of Upgrade and Connection shows what was meant, an empty or
/// wrong other one is a matter of its value.
fn missing(location: &WebsocketLocation<'_>, forwarding: &Forwarding<'_>) -> Vec<&'static str> {
    let both = [("Upgrade", &forwarding.upgrade), ("Connection", &forwarding.connection)];
    let is_missing = |sent: &Sent<'_>| match location.intent.header {
        Some(_) => *sent == Sent::Missing,
        None => !sent.works(),
    };
    let missing: Vec<_> = both.iter().filter(|(_, sent)| is_missing(sent)).map(|(name, _)| *name).collect();
    if !missing.is_empty() || both.iter().any(|(_, sent)| !sent.works()) {
        return missing;
    }
    let others = [("Sec-WebSocket-Key", &forwarding.key), ("Sec-WebSocket-Version", &forwarding.protocol_version)];
    others.iter().filter(|(_, sent)| !sent.works()).map(|(name, _)| *name).collect()
}

/// The lines to add: those of the fix. A block that gets its first `proxy_set_header` loses all inherited ones, so these
/// are repeated.
fn lines(
    model: &Model<'_>,
    missing: &[&'static str],
    inherited: &[Directive<'_>],
    forwarding: &Forwarding<'_>,
) -> String {
    let lead = match inherited {
        [] => "add to the block that sets the headers:",
        _ => "add to this block, with the headers that it would no longer inherit:",
    };
    lines_behind(lead, model, missing, inherited, forwarding)
}

fn lines_behind(
    lead: &str,
    model: &Model<'_>,
    missing: &[&'static str],
    inherited: &[Directive<'_>],
    forwarding: &Forwarding<'_>,
) -> String {
    let headers = headers_to_add(model, missing);
    let is_replaced = |header: &Directive<'_>| headers.iter().any(|line| line.is_said_by(*header));
    let kept = inherited.iter().filter(|header| !is_replaced(header)).map(|header| Line::like(HEADER, *header));
    let lines = version_to_add(forwarding).into_iter().chain(kept).chain(headers.iter().cloned());
    std::iter::once(lead.to_owned()).chain(lines.map(|line| line.to_string())).collect::<Vec<_>>().join("\n    ")
}

/// What sends `missing` on, with the version where it is needed.
fn lines_to_add(model: &Model<'_>, missing: &[&'static str], forwarding: &Forwarding<'_>) -> Vec<Line> {
    version_to_add(forwarding).into_iter().chain(headers_to_add(model, missing)).collect()
}

/// The version, where nobody says it and this nginx has another one by itself.
fn version_to_add(forwarding: &Forwarding<'_>) -> Option<Line> {
    let is_right = forwarding.version == Some(UpstreamVersion::Http11);
    (forwarding.version_by.is_none() && !is_right).then(|| Line::new("proxy_http_version", "1.1"))
}

fn headers_to_add(model: &Model<'_>, missing: &[&'static str]) -> Vec<Line> {
    missing.iter().map(|name| Line::new(HEADER, format!("{name} {}", value_to_send(model, name)))).collect()
}

const HEADER: &str = "proxy_set_header";

/// The value with which a handshake works and, if a `map` is there for it, ordinary requests are what they were.
fn value_to_send(model: &Model<'_>, name: &str) -> String {
    match name {
        "Upgrade" => "$http_upgrade".to_owned(),
        _ => model.upgrade_variable().unwrap_or_else(|| "\"upgrade\"".to_owned()),
    }
}

/// Whether handshakes can be let through and ordinary requests stay what they are, as far as the location is there for
/// any: they arrive with the same version of HTTP, ask for no upgrade and keep their connections as before. `connection`
/// is what is to be sent as Connection, if that is to be another than now.
fn is_for_handshakes_alone<'c>(model: &Model<'c>, location: &WebsocketLocation<'c>, connection: Option<&str>) -> bool {
    let is_version_kept =
        || location.forwarding.as_ref().is_some_and(|sent| sent.version == Some(UpstreamVersion::Http11));
    let Some(connection) = connection else { return own_name(location).is_some() || is_version_kept() };
    let keeps = |header: &Directive<'_>| {
        header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case("connection"))
            && header.argument(1).is_some_and(|value| value.text().is_empty() || value.text().contains('$'))
    };
    let is_named = |name: &NameIntent| name.is_unmistakable() || connection.starts_with('$');
    own_name(location).is_some_and(is_named) && !location.headers.directives.iter().any(keeps)
        || model.leaves_ordinary_requests(location, connection) && is_version_kept()
}

/// What a fix sends as Connection, if it is about that header.
fn connection_to_send(model: &Model<'_>, names: &[&str]) -> Option<String> {
    names.contains(&"Connection").then(|| value_to_send(model, "Connection"))
}

/// The word of its path that says what a location is there for, so that ordinary requests are of little account.
fn own_name<'l>(location: &'l WebsocketLocation<'_>) -> Option<&'l NameIntent> {
    location.intent.name.as_ref().filter(|name| name.upstream.is_none())
}

/// The edits that make lines hold for a location. Its first header ends what it inherits, so that this is repeated.
fn added(model: &Model<'_>, location: &WebsocketLocation<'_>, lines: Vec<Line>) -> Vec<Option<Edit>> {
    let version = model.environment.version;
    let block = location.location();
    let Some(pass) = within(block, location.proxied.pass) else { return vec![None] };
    let (headers, mut others): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(Line::is_header);
    let list = &location.headers;
    if headers.is_empty() {
        return vec![beside(pass, &others, version)];
    }
    if list.level != Some(block) {
        // A list that is not seen, or not the same for all who read the file, cannot be repeated.
        let is_known = !list.directives.is_empty() || model.config.is_whole();
        let spans = |block: Directive<'_>| -> Vec<_> {
            inherit::in_effect(block, HEADER).directives.iter().map(Directive::span).collect()
        };
        let is_same = is_known && block.in_each_reading().all(|other| spans(other) == spans(block));
        let kept = list.directives.iter().filter(|header| !headers.iter().any(|line| line.is_said_by(**header)));
        others.extend(kept.map(|header| Line::like(HEADER, *header)));
        others.extend(headers);
        return vec![if is_same { beside(pass, &others, version) } else { None }];
    }
    let mut edits = Vec::new();
    let mut missing = Vec::new();
    for line in headers {
        match list.directives.iter().rfind(|header| line.is_said_by(**header)) {
            Some(header) => edits.push(with_value(location, *header, &line)),
            None => missing.push(line),
        }
    }
    let last = list.directives.iter().rev().find_map(|header| within(block, *header));
    let anchor = last.filter(|_| !missing.is_empty()).unwrap_or(pass);
    if anchor != pass && !others.is_empty() {
        edits.push(beside(pass, &others, version));
    } else {
        missing.splice(0..0, others);
    }
    if !missing.is_empty() {
        edits.push(beside(anchor, &missing, version));
    }
    edits
}

/// Another value for a header that is set in the text of the location itself.
fn with_value(location: &WebsocketLocation<'_>, header: Directive<'_>, line: &Line) -> Option<Edit> {
    let is_own = within(location.location(), header) == Some(header);
    let value = header.argument(1).filter(|_| is_own)?;
    Some(edit::word_replaced(value, line.value()))
}
