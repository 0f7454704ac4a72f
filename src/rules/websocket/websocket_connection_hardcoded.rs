//! `Connection: upgrade` says that there is an Upgrade to look at. Where it is fixed, ordinary requests say so, too, with
//! none to be found.
//!
//! RFC 9110, section 7.8; nginx: <https://nginx.org/en/docs/http/websocket.html>

use super::passing;
use crate::config::Directive;
use crate::model::requests::location::{Modifier, matcher};
use crate::model::websocket::Sent;
use crate::model::{Model, WebsocketLocation};
use crate::rules::addition::within;
use crate::rules::{Findings, Fix, Rule, edit};

pub(super) struct WebsocketConnectionHardcoded;

impl Rule for WebsocketConnectionHardcoded {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for (location, forwarding) in passing(model) {
            if forwarding.connection != Sent::Works || !is_for_all(location) {
                continue;
            }
            let Some(value) = model.fixed_value(location, "connection") else { continue };
            let by =
                location.headers.directives.iter().rfind(|header| {
                    header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case("connection"))
                });
            let Some(by) = by else { continue };
            let map = model.map_behind(*by);
            let asks = match model.fixed_value(location, "upgrade") {
                Some(_) => " and even asks for a WebSocket",
                None => "",
            };
            let message = match &map {
                Some(map) => format!(
                    "${} is `{value}` for ordinary requests as well: the map has no other value for a request without \
                     {}",
                    map.variable, map.source
                ),
                None => format!("every request of this location, ordinary ones too, says `Connection: {value}`{asks}"),
            };
            let place = map.as_ref().map_or(*by, |map| map.block);
            let finding = sink.info(place.span(), message);
            if map.is_some() {
                finding.related(by.span(), "it is sent here");
            }
            if map.is_none() {
                finding.fix(from_map(model, location, *by));
            }
            finding.help(match model.upgrade_variable() {
                Some(variable) => {
                    format!("take it from the map that is there:\n    proxy_set_header Connection {variable};")
                }
                None => {
                    "take it from a map in http, and send `proxy_set_header Connection $connection_upgrade;`:\n    \
                         map $http_upgrade $connection_upgrade {\n        default upgrade;\n        '' close;\n    }"
                        .to_owned()
                }
            });
        }
    }
}

/// The variable of a map that is there, in the place of a fixed value. Where it is `close` for ordinary requests, their
/// connections to the upstream end, which may have been kept until now; and others may send the same line.
fn from_map<'c>(model: &Model<'c>, location: &WebsocketLocation<'c>, by: Directive<'c>) -> Option<Fix> {
    let variable = model.upgrade_variable()?;
    let title = format!("take Connection from {variable}");
    let leaves = within(location.location(), by) == Some(by) && model.leaves_ordinary_requests(location, &variable);
    let edits = [by.argument(1).map(|value| edit::word_replaced(value, variable))];
    if leaves { Fix::safe(title, edits) } else { Fix::risky(title, edits) }
}

/// Whether ordinary requests certainly come to a location: it is the one for all that no other is for.
pub(super) fn is_for_all(location: &WebsocketLocation<'_>) -> bool {
    let is_root = matcher(location.location()).is_some_and(|(modifier, _, pattern)| match modifier {
        Modifier::Prefix | Modifier::PrefixOnly | Modifier::Exact => pattern == "/",
        _ => false,
    });
    is_root && location.intent.name.is_none()
}
