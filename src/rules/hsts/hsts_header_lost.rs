//! A block with an `add_header` of its own sees none of the blocks around it, the one for HSTS included.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header>

use rustc_hash::FxHashSet;

use super::hsts_not_always::is_to_become_always;
use super::text_of;
use crate::config::Directive;
use crate::model::{
    AnsweredUrl, HstsPolicy, HstsSetting, HstsSettingKind, Model, Response, ResponseKind, Server, hsts_settings,
    inherit,
};
use crate::nginx::NginxVersion;
use crate::rules::addition::{Line, beside, within};
use crate::rules::{Edit, Finding, Findings, Fix, Rule, Severity};
use crate::source::Span;

pub(super) struct HstsHeaderLost;

impl Rule for HstsHeaderLost {
    fn prepare(&self, model: &Model<'_>) {
        model.ask_over_https(|server| model.mentions_hsts(server));
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for server in model.tls_servers().filter(|server| model.mentions_hsts(server)) {
            report_answers(model, sink, &mut told, server);
            for lost in model.headers_lost_on_errors(server) {
                if model.scripts_headers(lost.location) || !told.insert(lost.own.span()) {
                    continue;
                }
                let statuses: Vec<String> = lost.statuses.iter().map(u16::to_string).collect();
                let message = format!(
                    "{server} answers errors ({}) without HSTS: the add_header here drops those of the blocks around it",
                    statuses.join(", ")
                );
                let finding = sink.info(lost.own.span(), message).conditional();
                finding.related(lost.page.span(), "this leads here");
                advise(model, finding, &lost.outer, lost.own);
            }
        }
    }
}

fn report_answers<'c>(model: &Model<'c>, sink: &mut Findings, told: &mut FxHashSet<Span>, server: &Server<'c>) {
    for answered in model.https_answers(server.id) {
        for response in &answered.responses {
            let Some((outer, own)) = model.lost_header(response) else { continue };
            if is_refused(response) || model.scripts_headers(response.block) || !told.insert(own.span()) {
                continue;
            }
            let is_lost = answered.all(|other| model.lost_header(other).is_some());
            let is_seen_whole = !inherit::in_effect(response.block, "add_header").is_partial;
            let message = format!(
                "{} answered without HSTS: the add_header here drops those of the blocks around it{}{}",
                text_of(answered, "is", "are"),
                if is_lost { String::new() } else { response.condition_text() },
                if is_seen_whole { "" } else { ", unless a file that could not be read sends it" }
            );
            let is_certain = is_lost && is_seen_whole;
            let severity = if is_no_page(answered, response) { Severity::Info } else { Severity::Warning };
            let finding = sink.add(severity, own.span(), message);
            if !is_certain {
                finding.conditional();
            }
            advise(model, finding, &outer, own);
        }
    }
}

fn advise<'c>(model: &Model<'c>, finding: &mut Finding, outer: &HstsSetting<'c>, own: Directive<'c>) {
    finding.related(outer.directive.span(), "this header is lost");
    let always = if outer.kind == (HstsSettingKind::Add { is_always: true }) { " always" } else { "" };
    let line = format!("add_header Strict-Transport-Security \"{}\"{always};", outer.value);
    finding.help(help(model.environment.version, &line));
    // Its copy is to be what it becomes.
    if is_to_become_always(model, outer.directive) {
        return;
    }
    let edits = [repeated(model, outer, own)];
    let is_open = own.in_each_reading().any(|own| own.parent().is_none_or(|block| block.is_incomplete()));
    const TITLE: &str = "send HSTS from here, too";
    finding.fix(if is_open { Fix::risky(TITLE, edits) } else { Fix::safe(TITLE, edits) });
}

/// Whether the location is an internal one that clients are kept out of.
fn is_refused(response: &Response<'_>) -> bool {
    response.kind == ResponseKind::Error
        && response.internal_redirects().next().is_none()
        && response.location.is_some_and(|location| inherit::has_in_effect(location, "internal"))
}

/// Whether the answer is nothing that a visit begins with: a file that pages load, robots.txt, the fixed text of a
/// health check.
fn is_no_page(answered: &AnsweredUrl<'_>, response: &Response<'_>) -> bool {
    const PAGES: &[&str] = &["html", "htm", "php"];
    let name = answered.url.path().rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
    let is_file = extension.is_some_and(|extension| !PAGES.contains(&extension));
    let is_for_machines = answered.url.path().starts_with("/.well-known");
    is_file || is_for_machines || response.kind == ResponseKind::Return && !answered.is_root()
}

fn help(version: NginxVersion, line: &str) -> String {
    const MERGE_SINCE: NginxVersion = NginxVersion::new(1, 29, 3);
    if version >= MERGE_SINCE {
        format!("repeat it in this block, or say `add_header_inherit merge;` there:\n    {line}")
    } else {
        format!("repeat it in this block:\n    {line}")
    }
}

/// The header once more, in the block that drops it, where all who read that drop the same one and nothing else sends it.
fn repeated<'c>(model: &Model<'c>, outer: &HstsSetting<'c>, own: Directive<'c>) -> Option<Edit> {
    let (version, block) = (model.environment.version, own.parent()?);
    // What binds the names below is not to come into force by this.
    let is_plain = HstsPolicy::parse(&outer.value).is_some_and(|policy| !policy.include_subdomains);
    let is_lost = |block: Directive<'_>| {
        let around = block.parent().map(|around| hsts_settings(around, version)).unwrap_or_default();
        let is_it = around.last().is_some_and(|last| last.directive.span() == outer.directive.span());
        let is_known =
            |server: &Server<'c>| is_plain || model.hsts_headers(server).iter().any(|it| it.value == outer.value);
        let is_right = |server: &Server<'c>| model.tls_sockets_of(server.id).next().is_some() && is_known(server);
        is_it && model.server_around(block).is_some_and(is_right)
    };
    let answers = model.tls_servers().flat_map(|server| model.https_answers(server.id));
    // A block inside may have its headers from this one.
    let takes_them = |inner: Directive<'_>| {
        let is_inside = std::iter::once(inner).chain(inner.ancestors()).any(|it| it.span() == block.span());
        is_inside && inherit::headers_in_effect(inner, version).iter().any(|it| it.span() == own.span())
    };
    let mut taking = answers.flat_map(|it| &it.responses).filter(|it| takes_them(it.block));
    let is_open = taking.all(|response| response.hsts.is_empty()) && model.hides_upstream_hsts_as_elsewhere(block);
    let is_added = matches!(outer.kind, HstsSettingKind::Add { .. });
    if !is_added || !is_open || !block.in_each_reading().all(is_lost) {
        return None;
    }
    beside(within(block, own)?, &[Line::like("add_header", outer.directive)], version)
}
