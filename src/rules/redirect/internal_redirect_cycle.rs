//! nginx changes a URI ten times at most, then it answers 500 ("rewrite or internal redirection cycle").

use rayon::prelude::*;

use super::{AtDirective, by_directive, condition_text, shown};
use crate::config::Directive;
use crate::model::requests::fallback::FallbackCycle;
use crate::model::{Model, Server, Step, StepKind};
use crate::rules::{Findings, Rule};

pub(super) struct InternalRedirectCycle;

/// URIs of a cycle that a message spells out.
const SPELLED_OUT: usize = 4;

impl Rule for InternalRedirectCycle {
    fn prepare(&self, model: &Model<'_>) {
        model.departures();
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let found = model.departures().iter().flat_map(|departure| {
            departure.occurrences(|way, number| {
                // A fallback to a file that is missing is told below.
                let cycle = &way.legs[number].cycle;
                !cycle.is_empty() && cycle.iter().all(|step| step.kind != StepKind::TryFiles)
            })
        });
        let mut told = Vec::new();
        for group in by_directive(found) {
            told.push(group.directive.id());
            report(sink, &group);
        }
        let servers: Vec<&Server<'_>> = model.servers().collect();
        let missing: Vec<_> = servers.into_par_iter().flat_map_iter(|server| model.fallback_cycles(server)).collect();
        for cycle in missing {
            let by = cycle.by;
            if told.contains(&by.id()) {
                continue;
            }
            told.push(by.id());
            report_fallback(sink, &cycle);
        }
    }
}

fn report_fallback(sink: &mut Findings, cycle: &FallbackCycle<'_>) {
    let (by, target, url) = (cycle.by, &cycle.target, shown(&cycle.url));
    let Some(root) = &cycle.root else {
        let message = format!("index leads to {target} and so back to itself: nginx answers 500 to {url}");
        sink.error(by.span(), message)
            .help("name a file; a slash at the end is a directory, whose index is looked for");
        return;
    };
    if target.contains('$') {
        let message = format!(
            "try_files falls back to {target}, and from there again: nginx answers 500 after ten internal redirects to \
             every URL without a file, such as {url}"
        );
        let finding = sink.warning(by.span(), message).conditional();
        finding.help(format!("end the list with `=404`, or give what {target} leads to a location of its own"));
        return;
    }
    let message = format!(
        "try_files falls back to {target}, which is not among the files of {root}: nginx answers 500 after ten internal \
         redirects to every URL without a file, such as {url}"
    );
    sink.warning(by.span(), message).conditional().help(format!(
        "see why {target} is not there; end the list with `=404`, or give {target} a location of its own"
    ));
}

fn report(sink: &mut Findings, group: &AtDirective<'_, '_>) {
    let Some(found) = group.occurrences.first() else { return };
    let leg = found.leg();
    let changes: Vec<&Step<'_>> = leg.cycle.iter().filter(|step| step.kind != StepKind::Replace).collect();
    let mut directives: Vec<Directive<'_>> = changes.iter().rev().take(6).filter_map(|step| step.by).collect();
    directives.sort_by_key(Directive::id);
    directives.dedup();
    let Some(primary) = directives.first() else { return };
    let uris: Vec<&str> = changes.iter().take(SPELLED_OUT).map(|step| step.uri.as_str()).collect();
    let message = format!(
        "{} goes in a circle inside nginx, which answers 500 after ten changes: {} -> {} -> …",
        shown(&leg.url),
        leg.url.path(),
        uris.join(" -> ")
    );
    let finding = if found.is_certain() {
        sink.error(primary.span(), message)
    } else {
        sink.warning(primary.span(), message + &condition_text(&found.conditions)).conditional()
    };
    for other in directives.iter().skip(1) {
        finding.hop(other.span(), "and this changes it again");
    }
    let is_rewrite = primary.is_named("rewrite");
    finding.help(if is_rewrite {
        "end with `break` instead of `last`, or let the regex leave out what it has made"
    } else {
        "let the page that this leads to be answered without another error: give it a location of its own"
    });
}
