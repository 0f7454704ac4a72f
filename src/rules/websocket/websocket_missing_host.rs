//! Without a `proxy_set_header Host` the upstream is asked for the name in `proxy_pass`. Browsers send the site's own name
//! in Origin, and applications that compare the two refuse the handshake.
//!
//! RFC 6455, section 10.2; nginx:
//! <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>

use super::{meaning, passing, place, title};
use crate::model::{Model, WebsocketLocation};
use crate::rules::{Findings, Rule, Severity};

pub(super) struct WebsocketMissingHost;

impl Rule for WebsocketMissingHost {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for (location, forwarding) in passing(model) {
            if let Some(host) = forwarding.inner_host.as_deref().filter(|_| forwarding.succeeds()) {
                report(model, sink, location, host);
            }
        }
    }
}

fn report<'c>(model: &Model<'c>, sink: &mut Findings, location: &WebsocketLocation<'c>, host: &str) {
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
}
