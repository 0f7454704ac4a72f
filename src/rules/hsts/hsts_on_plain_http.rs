//! A browser ignores Strict-Transport-Security that arrives over plain HTTP, so the header promises what nobody gets.
//! RFC 6797, section 8.1.

use rustc_hash::FxHashSet;

use super::without_header;
use crate::config::Directive;
use crate::model::{Model, Server};
use crate::rules::{Findings, Fix, Rule, Severity};
use crate::source::Span;

pub(super) struct HstsOnPlainHttp;

const HTTP_PORT: u16 = 80;

const TITLE: &str = "remove the header";

impl Rule for HstsOnPlainHttp {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let is_plain = |server: &&Server<'_>| {
            let mut sockets = model.sockets_of(server.id).peekable();
            sockets.peek().is_some() && sockets.all(|socket| !socket.is_tls)
        };
        let candidates: Vec<&Server<'_>> = model
            .servers()
            .filter(is_plain)
            .filter(|server| model.mentions_hsts(server) && !model.may_sit_behind_tls(server))
            .collect();
        if candidates.is_empty() {
            return;
        }
        let over_tls: FxHashSet<Span> =
            model.tls_servers().flat_map(|server| model.hsts_headers(server)).map(|header| header.span()).collect();
        let speaks_tls = model.sockets().any(|socket| socket.is_tls);
        for server in candidates {
            for directive in sent_by(model, server) {
                let is_own = directive.ancestors().any(|block| block == server.directive);
                let is_shared = over_tls.contains(&directive.span());
                // What stands in http is meant for the TLS servers, and does no harm here.
                if !is_own && is_shared {
                    continue;
                }
                // So does a snippet that all servers include.
                let severity = if is_shared || !speaks_tls { Severity::Info } else { Severity::Warning };
                let unless = if speaks_tls { "" } else { ", unless TLS ends before nginx (--edge tls)" };
                let message = format!("{server} sends HSTS over plain HTTP, where browsers ignore it{unless}");
                let finding = sink.add(severity, directive.span(), message);
                if !speaks_tls {
                    finding.conditional();
                }
                if let Some(include) = directive.included_by().filter(|_| is_own) {
                    finding.related(include.span(), "it comes in here");
                }
                finding.related(server.listen_span(0), "this socket has no `ssl`");
                finding.help("send the header from the server that speaks TLS; redirect to https:// here");
                // Something that ends TLS before nginx may be there, on a port of its own.
                let edits = [without_header(model, directive).filter(|_| is_own && !is_shared && speaks_tls)];
                let is_known = model.sockets_of(server.id).all(|socket| socket.endpoint.port == HTTP_PORT);
                finding.fix(if is_known { Fix::safe(TITLE, edits) } else { Fix::risky(TITLE, edits) });
            }
        }
    }
}

/// The directives whose headers answers carry, each once.
fn sent_by<'c>(model: &Model<'c>, server: &Server<'c>) -> Vec<Directive<'c>> {
    let answers = model.plain_answers(server.id);
    let responses = answers.iter().flat_map(|answered| &answered.responses);
    let mut sent: Vec<Directive<'c>> =
        responses.flat_map(|response| &response.hsts).map(|(directive, _)| *directive).collect();
    sent.sort_by_key(Directive::id);
    sent.dedup();
    sent
}
