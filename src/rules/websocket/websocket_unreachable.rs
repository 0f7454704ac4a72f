//! A location for WebSocket that no handshake gets to: a regex location takes its requests, a `return` or a `rewrite`
//! stands before it, or its methods are limited. A client does not follow a redirect in a handshake.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>; RFC 6455, section 4.1

use super::{locations, title};
use crate::config::Directive;
use crate::model::requests::location::{matcher, written};
use crate::model::websocket::{Barrier, Reach};
use crate::model::{Model, ResponseKind, StepKind, WebsocketLocation, inherit};
use crate::rules::redirect::shown;
use crate::rules::{Findings, Rule};

pub(super) struct WebsocketUnreachable;

impl Rule for WebsocketUnreachable {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for location in locations(model) {
            if let Some(by) = location.subrequest_of.filter(|by| by.is_named("mirror")) {
                report_mirror(model, sink, location, by);
            } else if location.is_itself_for_it()
                && let Reach::Ends(barrier) = model.websocket_reach(location)
                && !is_closed_by_itself(location, &barrier)
            {
                report(sink, location, &barrier);
            }
        }
    }
}

/// Whether a location without any header for handshakes refuses them itself: it is closed, and not forgotten.
fn is_closed_by_itself(location: &WebsocketLocation<'_>, barrier: &Barrier<'_>) -> bool {
    let own = location.location();
    let is_inside = |by: Directive<'_>| by.ancestors().any(|block| block == own);
    location.intent.header.is_none() && barrier.response.by.is_some_and(is_inside)
}

/// nginx takes no upgrade for a subrequest, and ends the request of the client with it: "connection upgrade in
/// subrequest" (`ngx_http_upstream_upgrade`).
fn report_mirror<'c>(model: &Model<'c>, sink: &mut Findings, location: &WebsocketLocation<'c>, by: Directive<'c>) {
    let is_mirrored = |other: &&WebsocketLocation<'c>| {
        other.subrequest_of.is_none()
            && other.succeeds()
            && inherit::in_effect(other.proxied.block, "mirror").directives.contains(&by)
    };
    let Some(mirrored) = locations(model).iter().find(is_mirrored).filter(|_| location.succeeds()) else { return };
    let message = format!(
        "{} gets the copies of handshakes, and passes them on as such: nginx closes the WebSocket of the client as soon \
         as this upstream accepts one",
        title(location)
    );
    let finding = sink.warning(location.location().span(), message);
    finding.conditional();
    finding.related(by.span(), "the copies are made here");
    if mirrored.location() != location.location() {
        finding.related(mirrored.location().span(), "handshakes come here");
    }
    finding.help(
        "let the copy be an ordinary request, without Upgrade and Connection, or make none of handshakes:\n    mirror off;",
    );
}

fn report<'c>(sink: &mut Findings, location: &WebsocketLocation<'c>, barrier: &Barrier<'c>) {
    let response = &barrier.response;
    let url = shown(&barrier.url);
    let answers = match response.location.filter(|found| *found != location.location()) {
        Some(other) => format!("location {} answers {url}", written(other)),
        None => format!("{url} is answered"),
    };
    let with = match (response.kind, response.status) {
        (ResponseKind::Redirect, Some(status)) => {
            let target = response.location_header.as_ref().map(|header| header.text.clone()).unwrap_or_default();
            format!(" with {status} to {target}, which clients do not follow")
        }
        (ResponseKind::Proxy, _) => ", without the headers of a handshake".to_owned(),
        (_, Some(status)) => format!(" with {status}"),
        (_, None) => String::new(),
    };
    let message = format!("no WebSocket handshake gets to {}: {answers}{with}", title(location));
    let finding = sink.warning(location.location().span(), message);
    if let Some(header) = location.own_header().or_else(|| location.included_header()) {
        finding.related(header.span(), "this is sent to nobody");
    }
    let rewrites = response.steps.iter().filter(|step| matches!(step.kind, StepKind::Rewrite | StepKind::Replace));
    let by = rewrites.filter_map(|step| step.by).next().or(response.by);
    let other = response.location.filter(|found| *found != location.location());
    if let Some(by) = by {
        finding.related(by.span(), "this decides it");
    }
    if let Some(other) = other {
        let because = if is_regex(other) { ": a regex goes before a prefix" } else { "" };
        finding.related(other.span(), format!("it gets the requests{because}"));
    }
    finding.help(help(location, other, by));
}

fn is_regex(location: Directive<'_>) -> bool {
    matcher(location).is_some_and(|(modifier, ..)| modifier.is_regex())
}

fn help(location: &WebsocketLocation<'_>, other: Option<Directive<'_>>, by: Option<Directive<'_>>) -> String {
    let path = location.proxied.path().unwrap_or_default();
    match other {
        Some(other) if is_regex(other) && !is_regex(location.location()) => {
            format!("a prefix that keeps regexes away gets them:\n    location ^~ {path} {{")
        }
        _ if by.is_some_and(|by| by.is_named("return") || by.is_named("rewrite")) => {
            "let it pass requests for this location, or move the headers to where they end".to_owned()
        }
        _ => "let handshakes, which are GET requests, get here".to_owned(),
    }
}
