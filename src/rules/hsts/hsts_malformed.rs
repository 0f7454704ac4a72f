//! A header that browsers cannot read is a header that they do not have. RFC 6797, sections 6.1 and 8.1.

use crate::hsts::{BrowsersThatIgnore, HeaderProblemKind};
use crate::model::{HstsHeader, Model};
use crate::rules::{Findings, Rule, Severity};

pub(super) struct HstsMalformed;

impl Rule for HstsMalformed {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for header in model.servers().flat_map(|server| model.hsts_headers(server)) {
            for problem in &header.parsed.problems {
                report(sink, header, &problem.kind, problem.place.clone());
            }
        }
    }
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
        sink.add(severity, header.place(place), message).help(help(kind));
    } else {
        // Which of a map's values is sent depends on the request.
        let message = format!("{message} (its value can be `{}`)", header.value);
        sink.add(severity.min(Severity::Warning), header.span(), message).conditional().help(help(kind));
    }
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
