//! Of several headers on one answer browsers take the first. RFC 6797, section 8.1.

use rustc_hash::FxHashSet;

use super::{text_of, without_header};
use crate::config::Directive;
use crate::model::{AnsweredUrl, HstsPolicy, Model, Response, Server, UpstreamHint, hsts_setting, inherit};
use crate::nginx::DirectiveName;
use crate::rules::addition::{Line, beside, within};
use crate::rules::{Edit, Finding, Findings, Fix, Rule, Severity};
use crate::source::Span;

pub(super) struct HstsDuplicate;

impl Rule for HstsDuplicate {
    fn prepare(&self, model: &Model<'_>) {
        model.ask_over_https(|server| model.mentions_hsts(server));
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for server in model.tls_servers().filter(|server| model.mentions_hsts(server)) {
            let hints = model.upstream_hints(server);
            for answered in model.https_answers(server.id) {
                for response in &answered.responses {
                    let [(first, _), .., (last, _)] = response.hsts.as_slice() else { continue };
                    if told.insert((first.span(), last.span())) {
                        let hint = hints.iter().find(|hint| Some(hint.pass()) == response.by);
                        report(model, sink, answered, response, hint);
                    }
                }
            }
            // What an upstream that is seen sends is told above, if it sends any.
            for hint in hints.iter().filter(|hint| !model.sees_upstream(server, hint.pass())) {
                report_hint(model, sink, &mut told, server, hint);
            }
        }
    }
}

fn report<'c>(
    model: &Model<'c>,
    sink: &mut Findings,
    answered: &AnsweredUrl<'c>,
    response: &Response<'c>,
    hint: Option<&UpstreamHint<'c>>,
) {
    let [(first, first_value), .., (last, last_value)] = response.hsts.as_slice() else { return };
    let is_same = HstsPolicy::parse(&first_value.text) == HstsPolicy::parse(&last_value.text);
    let severity = if is_same { Severity::Info } else { Severity::Warning };
    let is_certain = answered.all(|other| other.hsts.len() > 1);
    let is_upstreams = response.upstream_hsts.is_some_and(|count| count > 0);
    let hint = hint.filter(|_| is_upstreams);
    let (span, ignored) = match hint {
        Some(hint) => (place(hint), format!("the upstream's, which is not hidden here as it is {}", elsewhere(hint))),
        None => (last.span(), "and ignore this one".to_owned()),
    };
    let message = format!(
        "{} {} HSTS headers; browsers take the first, `{}`, {ignored}{}",
        text_of(answered, "carries", "carry"),
        response.hsts.len(),
        first_value.text,
        if is_certain { String::new() } else { response.condition_text() }
    );
    let finding = sink.add(severity, span, message);
    if !is_certain {
        finding.conditional();
    }
    let (who, help) = if is_upstreams {
        (
            "the upstream sends this one",
            "drop the upstream's with proxy_hide_header Strict-Transport-Security, or send none here",
        )
    } else {
        ("this one is sent first", "leave one of the two")
    };
    finding.related(first.span(), who);
    match hint {
        Some(hint) => {
            finding.related(last.span(), "this one is ignored");
            relate_hint(finding, hint);
        }
        None => {
            finding.help(help);
        }
    }
    let fixed = |title: &str, is_safe: bool, edit: Option<Edit>| {
        if is_safe { Fix::safe(title, [edit]) } else { Fix::risky(title, [edit]) }
    };
    finding.fix(match response.by {
        Some(pass) if is_upstreams => {
            // On errors it would be missed.
            let is_full = !hsts_setting(*last).is_some_and(|setting| setting.leaves_out_errors());
            // Names below the host may not be ready for it.
            let binds_subdomains =
                |value: &str| HstsPolicy::parse(value).is_some_and(|policy| policy.include_subdomains);
            let is_wider = binds_subdomains(&last_value.text) && !binds_subdomains(&first_value.text);
            fixed(HIDE, is_same && is_full, hidden(model, response.block, pass).filter(|_| !is_wider))
        }
        _ => fixed("remove the one that is ignored", is_same, without_second(model, *first, *last)),
    });
}

const HIDE: &str = "hide the upstream's header";

/// Hides the header of the upstream that `pass` asks in a block.
fn hidden<'c>(model: &Model<'c>, block: Directive<'c>, pass: Directive<'c>) -> Option<Edit> {
    let module = pass.name_text().strip_suffix("pass")?.to_owned();
    let name = DirectiveName::find(format!("{module}hide_header").as_bytes())?.as_str();
    let header = "Strict-Transport-Security";
    let list = inherit::in_effect(block, name);
    let passed = inherit::in_effect(block, &format!("{module}pass_header")).directives;
    let is_passed =
        passed.iter().filter_map(|passed| passed.argument(0)).any(|word| word.text().eq_ignore_ascii_case(header));
    // A list that is in effect from outside would not be any more.
    if is_passed || list.is_partial || list.level != Some(block) && !list.directives.is_empty() {
        return None;
    }
    let place = list.directives.last().copied().unwrap_or(pass);
    beside(within(block, place)?, &[Line::new(name, header)], model.environment.version)
}

/// Takes the second of two away that stand in one block, if it never goes out without the first.
fn without_second(model: &Model<'_>, first: Directive<'_>, second: Directive<'_>) -> Option<Edit> {
    let (before, behind) = (hsts_setting(first)?, hsts_setting(second)?);
    let goes_along = before.kind == behind.kind || behind.leaves_out_errors();
    let is_literal = !before.value.is_empty() && !before.value.contains('$');
    let is_beside = first.parent() == second.parent() && first != second;
    if is_beside && is_literal && goes_along { without_header(model, second) } else { None }
}

/// The upstream is not seen, but something says that it sends the header.
fn report_hint<'c>(
    model: &Model<'c>,
    sink: &mut Findings,
    told: &mut FxHashSet<(Span, Span)>,
    server: &Server<'c>,
    hint: &UpstreamHint<'c>,
) {
    let sends = format!("if the upstream sends HSTS, answers of {server} carry two headers, and browsers take the");
    let (other, message) = match hint {
        UpstreamHint::HiddenAround { outer, own, .. } => {
            let name = own.name_text();
            (outer, format!("the {name} here drops those of the blocks around it: {sends} upstream's"))
        }
        UpstreamHint::HiddenElsewhere { hide, .. } => {
            (hide, format!("{sends} upstream's: it is not hidden here, as it is elsewhere"))
        }
    };
    if told.insert((other.span(), place(hint))) {
        let finding = sink.warning(place(hint), message).conditional();
        relate_hint(finding, hint);
        let edit = hint.pass().parent().and_then(|block| hidden(model, block, hint.pass()));
        finding.fix(Fix::risky(HIDE, [edit]));
    }
}

/// The directive to change.
fn place(hint: &UpstreamHint<'_>) -> Span {
    match hint {
        UpstreamHint::HiddenAround { own, .. } => own.span(),
        UpstreamHint::HiddenElsewhere { pass, .. } => pass.span(),
    }
}

/// Where the upstream's header is hidden.
fn elsewhere(hint: &UpstreamHint<'_>) -> String {
    match hint {
        UpstreamHint::HiddenAround { own, .. } => {
            format!("in the blocks around: the {} here drops theirs", own.name_text())
        }
        UpstreamHint::HiddenElsewhere { .. } => "elsewhere".to_owned(),
    }
}

fn relate_hint(finding: &mut Finding, hint: &UpstreamHint<'_>) {
    match hint {
        UpstreamHint::HiddenAround { outer, own, .. } => finding
            .related(outer.span(), "this one is lost")
            .help(format!("repeat it in this block:\n    {} Strict-Transport-Security;", own.name_text())),
        UpstreamHint::HiddenElsewhere { hide, .. } => finding
            .related(hide.span(), "here it is hidden")
            .help(format!("say it here, too, or in the server:\n    {} Strict-Transport-Security;", hide.name_text())),
    };
}
