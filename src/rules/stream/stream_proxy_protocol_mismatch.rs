//! The PROXY protocol has to be spoken by both ends of a connection, or by neither.

use crate::config::Directive;
use crate::model::stream::Module;
use crate::model::stream::proxy_protocol::{Mismatch, ProxyProtocolMismatch};
use crate::model::stream::server::Handling;
use crate::model::stream::target::Taker;
use crate::model::{Model, Server};
use crate::rules::{Finding, Findings, Rule};
use crate::source::Span;

pub(super) struct StreamProxyProtocolMismatch;

impl Rule for StreamProxyProtocolMismatch {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.stream_servers() {
            let handling = Handling::of(server);
            for mismatch in model.proxy_protocol_mismatches(server) {
                report(model, sink, server, &handling, &mismatch);
            }
        }
    }
}

fn report(
    model: &Model<'_>,
    sink: &mut Findings,
    server: &Server<'_>,
    handling: &Handling<'_>,
    mismatch: &ProxyProtocolMismatch<'_, '_>,
) {
    let ProxyProtocolMismatch { kind, target, taker, is_all } = mismatch;
    let Some(handler) = handling.handler else { return };
    let from = model.stream_server_text(server);
    let to = &taker.socket.endpoint;
    let entry = target.entry.filter(|_| !is_all).map(|entry| entry.span());
    let place = |directive: Directive<'_>| entry.unwrap_or(directive.span());
    let finding = match (kind, handling.proxy_protocol) {
        (Mismatch::Unexpected, Some(sending)) => {
            let message =
                format!("{from} sends the PROXY protocol to {to}, which does not expect it: {}", fails(*taker));
            sink.error(place(sending), message)
        }
        (Mismatch::MissingUnlessSent, _) => {
            let message = format!(
                "{to} expects the PROXY protocol, and {from} sends none: it closes every connection that brings no header \
                 of its own"
            );
            sink.warning(place(handler), message).conditional()
        }
        (_, sending) => {
            let message = format!("{to} expects the PROXY protocol, and {from} sends none: it closes every connection");
            let finding = sink.error(place(handler), message);
            if let Some(sending) = sending {
                finding.related(sending.span(), "this is for proxy_pass; pass sends nothing");
            }
            finding
        }
    };
    if entry.is_some() {
        finding.related(handler.span(), "it is sent for all addresses of a proxy_pass, or for none");
    }
    point_at_listen(model, finding, *taker, *kind);
    finding.help(help(*kind, handling.passes(), &to.to_string()));
}

/// What becomes of a connection that begins with a header which nobody expects.
fn fails(taker: Taker<'_>) -> &'static str {
    match taker.module {
        Module::Http | Module::Stream if taker.socket.is_tls => "every handshake fails",
        Module::Http => "it answers 400 to everything",
        Module::Stream => "it finds no name in what it reads",
        Module::Mail | Module::Rtmp => "no connection is understood",
    }
}

fn point_at_listen(model: &Model<'_>, finding: &mut Finding, taker: Taker<'_>, kind: Mismatch) {
    let says = |(listen, has): (Span, bool)| (kind == Mismatch::Unexpected || has).then_some(listen);
    let listens = taker.socket.members.iter().map(|member| {
        let server = model.server(member.server);
        let has = server.listens.get(member.listen).is_some_and(|listen| listen.has_proxy_protocol);
        (server.listen_span(member.listen), has)
    });
    if let Some(span) = listens.into_iter().find_map(says) {
        finding.related(
            span,
            match kind {
                Mismatch::Unexpected => "this socket has no `proxy_protocol`",
                Mismatch::Missing | Mismatch::MissingUnlessSent => "this `proxy_protocol` belongs to the whole socket",
            },
        );
    }
}

fn help(kind: Mismatch, passes: bool, to: &str) -> String {
    match (kind, passes) {
        (Mismatch::Unexpected, _) => {
            format!("add `proxy_protocol` to the listen of {to}, or take `proxy_protocol on;` away")
        }
        (_, true) => {
            format!("use proxy_pass with `proxy_protocol on;`, or take `proxy_protocol` from the listen of {to}")
        }
        (_, false) => {
            format!("add `proxy_protocol on;` beside proxy_pass, or take `proxy_protocol` from the listen of {to}")
        }
    }
}
