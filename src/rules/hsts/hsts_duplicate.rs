//! Of several headers on one answer browsers take the first. RFC 6797, section 8.1.

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::model::{AnsweredUrl, HstsPolicy, Model, Response, Server, UpstreamHint, Value};
use crate::rules::redirect::shown;
use crate::rules::{Findings, Rule, Severity};
use crate::source::Span;

pub(super) struct HstsDuplicate;

impl Rule for HstsDuplicate {
    fn prepare(&self, model: &Model<'_>) {
        model.ask_over_https(|server| model.mentions_hsts(server));
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for server in model.tls_servers().filter(|server| model.mentions_hsts(server)) {
            for answered in model.https_answers(server.id) {
                for response in &answered.responses {
                    let sent = sent(model, response);
                    let [(first, _), .., (last, _)] = sent.as_slice() else { continue };
                    if told.insert((first.span(), last.span())) {
                        report(model, sink, answered, response, &sent);
                    }
                }
            }
            for hint in model.upstream_hints(server) {
                report_hint(sink, &mut told, server, hint);
            }
        }
    }
}

/// The upstream is not seen, but something says that it sends the header.
fn report_hint(sink: &mut Findings, told: &mut FxHashSet<(Span, Span)>, server: &Server<'_>, hint: UpstreamHint<'_>) {
    match hint {
        UpstreamHint::HiddenAround { outer, own } if told.insert((outer.span(), own.span())) => {
            let name = own.name_text();
            let message = format!(
                "the {name} here drops those of the blocks around it: if the upstream sends HSTS, answers of {server} \
                 carry two headers, and browsers take the upstream's"
            );
            sink.warning(own.span(), message)
                .conditional()
                .related(outer.span(), "this one is lost")
                .help(format!("repeat it in this block:\n    {name} Strict-Transport-Security;"));
        }
        UpstreamHint::HiddenElsewhere { hide, pass } if told.insert((hide.span(), pass.span())) => {
            let message = format!(
                "if the upstream sends HSTS, answers of {server} carry two headers, and browsers take the upstream's: it is \
                 not hidden here, as it is elsewhere"
            );
            sink.warning(pass.span(), message).conditional().related(hide.span(), "here it is hidden").help(format!(
                "say it here, too, or in the server:\n    {} Strict-Transport-Security;",
                hide.name_text()
            ));
        }
        _ => {}
    }
}

/// The headers of an answer as they stand on the wire.
fn sent<'c>(model: &Model<'c>, response: &Response<'c>) -> Vec<(Directive<'c>, Value)> {
    let mut sent = model.upstream_hsts(response);
    sent.extend(response.hsts.iter().cloned());
    sent
}

fn report<'c>(
    model: &Model<'c>,
    sink: &mut Findings,
    answered: &AnsweredUrl<'c>,
    response: &Response<'c>,
    sent: &[(Directive<'c>, Value)],
) {
    let [(first, first_value), .., (last, last_value)] = sent else { return };
    let is_same = HstsPolicy::parse(&first_value.text) == HstsPolicy::parse(&last_value.text);
    let severity = if is_same { Severity::Info } else { Severity::Warning };
    let is_certain = answered.all(|other| self::sent(model, other).len() > 1);
    let message = format!(
        "{} carries {} HSTS headers; browsers take the first, `{}`, and ignore this one{}",
        shown(&answered.url),
        sent.len(),
        first_value.text,
        if is_certain { String::new() } else { response.condition_text() }
    );
    let finding = sink.add(severity, last.span(), message);
    if !is_certain {
        finding.conditional();
    }
    if model.upstream_hsts(response).is_empty() {
        finding.related(first.span(), "this one is sent first").help("leave one of the two");
    } else {
        finding
            .related(first.span(), "the upstream sends this one")
            .help("drop the upstream's with proxy_hide_header Strict-Transport-Security, or send none here");
    }
}
