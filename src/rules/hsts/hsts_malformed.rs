//! A header that browsers cannot read is a header that they do not have. RFC 6797, sections 6.1 and 8.1.

use super::with_value;
use crate::hsts::{BrowsersThatIgnore, Corrected, HeaderProblemKind, corrected};
use crate::model::{HstsHeader, HstsPolicy, HstsSettingKind, Model, hsts_setting};
use crate::rules::{Findings, Fix, Rule, Severity};
use crate::source::Span;

pub(super) struct HstsMalformed;

impl Rule for HstsMalformed {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for header in model.servers().flat_map(|server| model.hsts_headers(server)) {
            if let Some(place) = inner_quotes(header) {
                sink.error(place, "browsers ignore this HSTS header: the inner quotes are sent with it")
                    .help("write the value in one pair of quotes");
                continue;
            }
            for problem in &header.parsed.problems {
                report(sink, header, &problem.kind, problem.place.clone());
            }
        }
    }
}

/// The place of a value that is in quotes once more than nginx takes away, so that browsers read none of it.
fn inner_quotes(header: &HstsHeader<'_>) -> Option<Span> {
    let quote = header.value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let inner = header.value.strip_prefix(quote)?.strip_suffix(quote)?;
    let is_whole = HstsPolicy::parse(inner).is_some() && header.policy.is_none();
    (is_whole && header.is_literal()).then(|| header.place(0..header.value.len()))
}

fn report(sink: &mut Findings, header: &HstsHeader<'_>, kind: &HeaderProblemKind, place: std::ops::Range<usize>) {
    let who = match kind.ignored_by() {
        BrowsersThatIgnore::All => Some("browsers ignore"),
        BrowsersThatIgnore::Chromium => Some("Chrome ignores"),
        BrowsersThatIgnore::Firefox => Some("Firefox ignores"),
        BrowsersThatIgnore::None => None,
    };
    let message = match who {
        Some(who) => format!("{who} this HSTS header: {kind}"),
        None => format!("HSTS header: {kind}"),
    };
    let severity = match (kind.ignored_by(), kind) {
        (BrowsersThatIgnore::All, _) => Severity::Error,
        (BrowsersThatIgnore::None, HeaderProblemKind::RepeatedOther(_)) => Severity::Info,
        _ => Severity::Warning,
    };
    if header.is_literal() {
        let finding = sink.add(severity, header.place(place), message);
        finding.help(help(kind));
        finding.fix(as_meant(header));
    } else {
        // Which of a map's values is sent depends on the request.
        let message = format!("{message} (its value can be `{}`)", header.value);
        sink.add(severity.min(Severity::Warning), header.span(), message).conditional().help(help(kind));
    }
}

/// The value that is meant, which browsers then keep to, where they did not.
fn as_meant(header: &HstsHeader<'_>) -> Option<Fix> {
    let Corrected { value, has_always } = corrected(&header.value)?;
    let setting = hsts_setting(header.directive)?;
    let behind = match (&setting.kind, has_always) {
        (_, false) | (HstsSettingKind::Add { is_always: true }, true) => "",
        (HstsSettingKind::Add { is_always: false }, true) => " always",
        _ => return None,
    };
    let title = format!("write `{value}`{}", if behind.is_empty() { "" } else { ", and `always` behind it" });
    Fix::risky(title, [with_value(header.directive, &header.value, &value, behind)])
}

fn help(kind: &HeaderProblemKind) -> &'static str {
    match kind {
        HeaderProblemKind::Misspelt { meant: "includeSubDomains", .. } => "write includeSubDomains",
        HeaderProblemKind::Misspelt { meant, .. } => meant_help(meant),
        HeaderProblemKind::Repeated(_) | HeaderProblemKind::RepeatedOther(_) => "leave one of the two",
        _ => "write it as in \"max-age=31536000\" or \"max-age=31536000; includeSubDomains\"",
    }
}

fn meant_help(meant: &str) -> &'static str {
    if meant == "max-age" { "write max-age" } else { "write preload" }
}
