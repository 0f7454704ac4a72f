//! "The method of the request MUST be GET, and the HTTP version MUST be at least 1.1": RFC 6455, section 4.1. HTTP/2 has
//! no Upgrade at all.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version>

use super::{is_reached, own_name, passing, place};
use crate::config::Directive;
use crate::model::websocket::Forwarding;
use crate::model::{Model, UpstreamVersion, WebsocketLocation};
use crate::nginx::NginxVersion;
use crate::rules::addition::{Line, beside, within};
use crate::rules::{Findings, Fix, Rule, edit};

pub(super) struct WebsocketHttpVersion;

impl Rule for WebsocketHttpVersion {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for (location, forwarding) in passing(model).filter(|(_, forwarding)| forwarding.has_headers()) {
            if forwarding.is_get_of_http11() {
                report_default(model, sink, location, forwarding);
            } else if is_reached(model, location) {
                report(model, sink, location, forwarding);
            }
        }
    }
}

fn report<'c>(model: &Model<'c>, sink: &mut Findings, location: &WebsocketLocation<'c>, forwarding: &Forwarding<'c>) {
    if let Some((by, method)) = &forwarding.method {
        let message =
            format!("WebSocket cannot work here: proxy_method makes {method} of the handshake, which is a GET");
        sink.error(by.span(), message).related(location.proxied.pass.span(), "the request is passed on here");
        return;
    }
    let Some(version) = forwarding.version else { return };
    if let Some(by) = forwarding.version_by
        && let Some(since) = refused_before(by, model.environment.version)
    {
        let value = by.argument(0).map(|value| value.text().into_owned()).unwrap_or_default();
        let message = format!(
            "nginx {} does not start with proxy_http_version {value}, a value that it knows from {since} on; WebSocket \
             needs 1.1",
            model.environment.version
        );
        sink.error(by.span(), message).help("say it where the request is passed on:\n    proxy_http_version 1.1;");
        return;
    }
    let why = match version {
        UpstreamVersion::Http2 => "which has no Upgrade",
        _ => "where servers ignore Upgrade",
    };
    let message = format!("WebSocket cannot work here: the upstream is asked with {version}, {why}");
    let finding = match forwarding.version_by {
        Some(by) => sink.error(by.span(), message),
        None if model.config.is_whole() => {
            let default = format!("{message}; that is nginx {}'s default", model.environment.version);
            sink.error(place(location).span(), default)
        }
        None => {
            let unless = format!("{message}, unless the file that includes this one sets proxy_http_version");
            sink.warning(place(location).span(), unless).conditional()
        }
    };
    finding.related(location.proxied.pass.span(), "the request is passed on here");
    finding.help("say it where the request is passed on:\n    proxy_http_version 1.1;");
    finding.fix(match forwarding.version_by {
        Some(by) => of_version(location, version, by),
        None => said(model, location),
    });
}

/// Another version where one is said.
fn of_version(location: &WebsocketLocation<'_>, version: UpstreamVersion, by: Directive<'_>) -> Option<Fix> {
    let edit = by.argument(0).map(|word| edit::word_replaced(word, "1.1"));
    // HTTP/2 is asked for by those who want it for all requests.
    let is_own = within(location.location(), by) == Some(by) && version != UpstreamVersion::Http2;
    let is_for_it_alone = is_own && own_name(location).is_some();
    if is_for_it_alone { Fix::safe(TITLE, [edit]) } else { Fix::risky(TITLE, [edit]) }
}

/// The version where none is said: in the location, or beside the headers that others have in common.
fn said(model: &Model<'_>, location: &WebsocketLocation<'_>) -> Option<Fix> {
    let lines = [Line::new("proxy_http_version", "1.1")];
    let block = location.location();
    let place = place(location);
    let beside_it = if place == block { within(block, location.proxied.pass)? } else { place };
    let edit = beside(beside_it, &lines, model.environment.version);
    let is_own = place == block || place.parent().is_some_and(|level| level.is_named("location"));
    let is_for_it_alone = is_own && own_name(location).is_some();
    if is_for_it_alone { Fix::safe(TITLE, [edit]) } else { Fix::risky(TITLE, [edit]) }
}

const TITLE: &str = "ask the upstream with HTTP/1.1";

/// The release that brought a value which `version` refuses with "invalid value".
fn refused_before(directive: Directive<'_>, version: NginxVersion) -> Option<NginxVersion> {
    let row = directive.name()?.in_context(directive.context())?;
    row.word_since(&directive.argument(0)?.value()).filter(|since| version < *since)
}

/// The default is 1.1 only since 1.29.7.
fn report_default<'c>(
    model: &Model<'c>,
    sink: &mut Findings,
    location: &WebsocketLocation<'c>,
    forwarding: &Forwarding<'c>,
) {
    if forwarding.version_by.is_some() || !model.config.is_whole() || !location.succeeds() {
        return;
    }
    // No fix: what nginx does anyway is said only by those who know that they have an older one, too.
    let finding = sink.info(
        place(location).span(),
        "WebSocket works here from nginx 1.29.7 on only: before, the upstream is asked with HTTP/1.0 if nobody says \
         otherwise",
    );
    finding.help("where the configuration may meet an older nginx, say:\n    proxy_http_version 1.1;");
}
