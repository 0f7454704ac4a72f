//! A client takes a 101 only with `Upgrade: websocket` and Sec-WebSocket-Accept in it: RFC 6455, section 4.1. nginx passes
//! them on, unless it is told to hide them.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_hide_header>

use super::{is_reached, own_name, passing};
use crate::config::Directive;
use crate::model::{Model, WebsocketLocation, inherit};
use crate::rules::addition::within;
use crate::rules::{Findings, Fix, Rule, edit};

pub(super) struct WebsocketUpgradeHidden;

impl Rule for WebsocketUpgradeHidden {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for (location, forwarding) in passing(model) {
            let hidden = forwarding.hides_upgrade.filter(|_| forwarding.has_headers() && forwarding.is_get_of_http11());
            let Some(hidden) = hidden.filter(|_| is_reached(model, location)) else { continue };
            let name = hidden.argument(0).map(|name| name.text().into_owned()).unwrap_or_default();
            let message =
                format!("WebSocket cannot work here: {name} is hidden from the client, which gives up without it");
            let finding = sink.error(hidden.span(), message);
            finding.related(location.proxied.pass.span(), "the answer to the handshake comes from here");
            finding
                .help("hide it in other locations only; a location with a proxy_hide_header of its own inherits none");
            finding.fix(shown(location, hidden, &name));
        }
    }
}

/// The line away, if the block inherits no others for it.
fn shown(location: &WebsocketLocation<'_>, hidden: Directive<'_>, name: &str) -> Option<Fix> {
    let level = hidden.parent()?;
    let is_alone = level.children_named("proxy_hide_header").nth(1).is_none();
    if is_alone && level.parent().is_some_and(|outer| inherit::has_in_effect(outer, "proxy_hide_header")) {
        return None;
    }
    let title = format!("let the client have {name}");
    let edits = [edit::without(hidden)];
    // The Upgrade of ordinary answers, as of Apache (`h2,h2c`), is hidden on purpose.
    let is_own = within(location.location(), hidden) == Some(hidden) && own_name(location).is_some();
    if is_own { Fix::safe(title, edits) } else { Fix::risky(title, edits) }
}
