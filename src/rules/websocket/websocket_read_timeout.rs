//! nginx closes a tunnel over which nobody has sent anything for `proxy_read_timeout`, 60 seconds if nobody says
//! otherwise.
//!
//! The timer starts anew with whatever either side sends (`ngx_http_upstream_process_upgraded`), so that an application
//! that pings more often is safe. `proxy_send_timeout` and `send_timeout` only count while a side does not read.
//!
//! nginx: <https://nginx.org/en/docs/http/websocket.html>

use rustc_hash::FxHashSet;

use super::{meaning, on_host, place, succeeding, title};
use crate::config::Directive;
use crate::model::{Model, WebsocketLocation};
use crate::rules::addition::{Line, beside, within};
use crate::rules::{Findings, Fix, Rule, Severity, edit};
use crate::source::Span;

pub(super) struct WebsocketReadTimeout;

/// What nginx has where nobody says otherwise; up to here a quiet socket is closed while people look at the page.
const USUAL: u64 = 60_000;

impl Rule for WebsocketReadTimeout {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for (location, _) in succeeding(model) {
            report(model, sink, location, &mut told);
        }
    }
}

/// `told` are the places of which it has been told: many locations may have one line, or the lack of it, in common.
fn report<'c>(model: &Model<'c>, sink: &mut Findings, location: &WebsocketLocation<'c>, told: &mut FxHashSet<Span>) {
    let Some((milliseconds, said)) = location.time_in_effect("proxy_read_timeout", model.environment.version) else {
        return;
    };
    let name = location.intent.name.as_ref();
    let application = name.and_then(|name| name.application);
    // The headers of many locations say little of this one, and ordinary answers are not long in coming.
    if name.is_none() && location.own_header().is_none() {
        return;
    }
    let pings = application.and_then(|application| application.pings).map(|seconds| u64::from(seconds) * 1000);
    let lasts = match pings {
        Some(pings) => milliseconds > pings,
        None => milliseconds > USUAL,
    };
    if lasts {
        return;
    }
    let place = said.unwrap_or_else(|| place(location));
    if !told.insert(place.span()) {
        return;
    }
    let reason = match name {
        Some(name) => meaning(location, name),
        None => format!("{} is for WebSocket, too", title(location)),
    };
    let message = match (milliseconds, said) {
        (0, _) => "proxy_read_timeout 0 does not mean for ever: every request is answered with 504 at once".to_owned(),
        (_, Some(_)) => {
            format!("{reason}, but proxy_read_timeout closes the socket after {} without a message", time(milliseconds))
        }
        (_, None) => {
            let unless = match model.config.is_whole() {
                true => "",
                false => ", unless the file that includes this one sets proxy_read_timeout",
            };
            format!(
                "{reason}, but nginx closes the socket{} after {} without a message, its default{unless}",
                on_host(model, location),
                time(milliseconds)
            )
        }
    };
    let severity = match (milliseconds, name) {
        (0, _) => Severity::Error,
        (_, Some(_)) => Severity::Warning,
        (_, None) => Severity::Info,
    };
    let finding = sink.add(severity, place.span(), message);
    if milliseconds > 0 {
        finding.conditional();
    }
    finding.help(match pings {
        Some(pings) => {
            format!("a side sends something every {}; give it longer:\n    proxy_read_timeout 300s;", time(pings))
        }
        None => "let the application ping more often, or give it longer:\n    proxy_read_timeout 300s;".to_owned(),
    });
    if pings.is_none_or(|pings| pings < LONGER.1) {
        finding.fix(longer(model, location, said));
    }
}

/// The time that is recommended, in words and milliseconds.
const LONGER: (&str, u64) = ("300s", 300_000);

/// Ordinary requests wait as long then, should the upstream hang.
fn longer(model: &Model<'_>, location: &WebsocketLocation<'_>, said: Option<Directive<'_>>) -> Option<Fix> {
    let block = location.location();
    let lines = [Line::new("proxy_read_timeout", LONGER.0)];
    let edit = match said {
        Some(said) => said.argument(0).map(|word| edit::word_replaced(word, LONGER.0)),
        None if place(location) == block => {
            beside(within(block, location.proxied.pass)?, &lines, model.environment.version)
        }
        None => beside(place(location), &lines, model.environment.version),
    };
    Fix::risky(format!("wait {} for a message", LONGER.0), [edit])
}

fn time(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1000) { format!("{} s", milliseconds / 1000) } else { format!("{milliseconds} ms") }
}
