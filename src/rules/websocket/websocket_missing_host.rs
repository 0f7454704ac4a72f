//! Without a `proxy_set_header Host` the upstream is asked for the name in `proxy_pass`. Browsers send the site's own name
//! in Origin, and applications that compare the two refuse the handshake. Without any Host it is no request of HTTP/1.1.
//!
//! RFC 6455, section 10.2; RFC 9112, section 3.2; nginx:
//! <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>

use rustc_hash::FxHashSet;

use super::{added, meaning, place, succeeding, title};
use crate::config::Directive;
use crate::model::{Model, WebsocketLocation};
use crate::rules::addition::{Line, beside};
use crate::rules::{Findings, Fix, Rule, Severity};
use crate::source::Span;

pub(super) struct WebsocketMissingHost;

impl Rule for WebsocketMissingHost {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for (location, forwarding) in succeeding(model) {
            if let Some(by) = forwarding.host_emptied_by {
                if told.insert(by.span()) {
                    report_none(sink, location, by);
                }
            } else if let Some(host) = forwarding.inner_host.as_deref() {
                report(model, sink, location, host, &mut told);
            }
        }
    }
}

/// "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header
/// field": RFC 9112, section 3.2.
fn report_none<'c>(sink: &mut Findings, location: &WebsocketLocation<'c>, by: Directive<'c>) {
    let reason = match &location.intent.name {
        Some(name) => meaning(location, name),
        None => format!("{} is for WebSocket, too", title(location)),
    };
    let message = format!(
        "{reason}, but Host is set to an empty value, so that nginx does not send it: a server answers 400 to a request \
         of HTTP/1.1 without Host"
    );
    let finding = sink.warning(by.span(), message);
    finding.conditional();
    finding.related(location.proxied.pass.span(), "the request is passed on here");
    finding.help("say which host the client has asked for:\n    proxy_set_header Host $host;");
}

/// `told` are the places of which it has been told: many locations may have one list of headers.
fn report<'c>(
    model: &Model<'c>,
    sink: &mut Findings,
    location: &WebsocketLocation<'c>,
    host: &str,
    told: &mut FxHashSet<Span>,
) {
    let name = location.intent.name.as_ref();
    let checks = name.and_then(|name| name.application).and_then(|application| application.checks_origin);
    if checks == Some(false) {
        return;
    }
    let severity = match name {
        Some(_) => Severity::Warning,
        // The headers of many locations say little of this one.
        None if location.own_header().is_none() => return,
        None => Severity::Info,
    };
    if !told.insert(place(location).span()) {
        return;
    }
    let reason = match name {
        Some(name) => meaning(location, name),
        None => format!("{} is for WebSocket, too", title(location)),
    };
    let refuses = match checks {
        Some(true) => "it refuses handshakes whose Origin names another host",
        _ => "an application that compares Origin with it refuses the handshake",
    };
    let server = model.server_around(location.proxied.block).map(|server| format!(" for {server}")).unwrap_or_default();
    let message = format!("{reason}, but Host is not passed on: the upstream gets {host}{server}, and {refuses}");
    let finding = sink.add(severity, place(location).span(), message);
    finding.conditional();
    finding.related(location.proxied.pass.span(), "the name comes from here");
    finding.help("add to the block that sets the other headers:\n    proxy_set_header Host $host;");
    let list = location.headers.directives.iter();
    // The list of many locations lacks it for all of them.
    let edits = if place(location) == location.location() {
        added(model, location, vec![host_line()])
    } else {
        vec![list.last().and_then(|header| beside(*header, &[host_line()], model.environment.version))]
    };
    finding.fix(Fix::risky("send the Host of the client on", edits));
}

fn host_line() -> Line {
    Line::new("proxy_set_header", "Host $host")
}
