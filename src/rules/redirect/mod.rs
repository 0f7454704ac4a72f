//! Redirects that lead nowhere.

use super::declare::declare_rules;
use crate::config::Directive;
use crate::model::{Condition, Coverage, Model, Occurrence, Outcome, ServerId, Start, Trace, Verdict};

declare_rules! { "redirect":
    internal_redirect_cycle::InternalRedirectCycle = "internal-redirect-cycle",
    proxy_loop::ProxyLoop = "proxy-loop",
    redirect_chain::RedirectChain = "redirect-chain",
    redirect_edge_loop::RedirectEdgeLoop = "redirect-edge-loop",
    redirect_empty_host::RedirectEmptyHost = "redirect-empty-host",
    redirect_loop::RedirectLoop = "redirect-loop",
    redirect_to_plain_http::RedirectToPlainHttp = "redirect-to-plain-http",
    redirect_to_unserved_host::RedirectToUnservedHost = "redirect-to-unserved-host" reads certificates,
}

/// The URL as a message shows it; a host that stands for any name is shown as `$host`.
pub(super) fn shown(url: &url::Url) -> String {
    url.as_str().replacen(crate::model::following::starts::ANY_HOST, "$host", 1)
}

/// Whether a server has a name that is written out.
fn names(model: &Model<'_>, server: ServerId, host: &str) -> bool {
    model.owners_of(host).any(|owner| owner.id == server)
}

/// What happens at one directive, from all URLs: the certain first.
struct AtDirective<'d, 'c> {
    directive: Directive<'c>,
    occurrences: Vec<Occurrence<'d, 'c>>,
}

/// Occurrences by the directive that makes the answer, in the order of the configuration.
fn by_directive<'d, 'c>(occurrences: impl Iterator<Item = Occurrence<'d, 'c>>) -> Vec<AtDirective<'d, 'c>> {
    let mut sorted: Vec<(Directive<'c>, Occurrence<'d, 'c>)> =
        occurrences.filter_map(|found| Some((found.leg().by?, found))).collect();
    sorted.sort_by_key(|(directive, found)| (directive.id(), !found.is_certain()));
    let mut groups: Vec<AtDirective<'d, 'c>> = Vec::new();
    for (directive, found) in sorted {
        match groups.last_mut().filter(|last| last.directive == directive) {
            Some(last) => last.occurrences.push(found),
            None => groups.push(AtDirective { directive, occurrences: vec![found] }),
        }
    }
    groups
}

/// Assumptions that a message spells out.
const SPELLED_OUT: usize = 4;

/// The assumptions as the end of a sentence: `, if … and …`; empty where there are none. Where some `if` has to hold,
/// those before it that must not are left out.
fn condition_text(conditions: &[&Condition<'_>]) -> String {
    let fails = |condition: &Condition<'_>| condition.text.ends_with("` does not hold");
    let is_one_held = conditions.iter().any(|condition| condition.text.ends_with("` holds"));
    let conditions: Vec<_> = conditions.iter().filter(|condition| !is_one_held || !fails(condition)).collect();
    let mut texts: Vec<&str> = conditions.iter().take(SPELLED_OUT).map(|condition| condition.text.as_str()).collect();
    let more = format!("{} other conditions hold", conditions.len().saturating_sub(SPELLED_OUT));
    if conditions.len() > SPELLED_OUT {
        texts.push(&more);
    }
    if texts.is_empty() { String::new() } else { format!(", if {}", texts.join(" and ")) }
}

/// The same URL with https, on the port that is meant by that.
fn over_https(url: &url::Url) -> Option<url::Url> {
    let mut url = url.clone();
    url.set_scheme("https").ok()?;
    url.set_port(None).ok()?;
    Some(url)
}

/// Whether a request for a URL may come to a directive, or find no end.
fn leads_back(model: &Model<'_>, url: &url::Url, directive: Directive<'_>) -> bool {
    let is_endless = |trace: &Trace<'_, '_>| matches!(trace.outcome, Outcome::Loop(_) | Outcome::Truncated);
    traces(model, url).0.iter().any(|trace| is_endless(trace) || passes(trace, directive))
}

fn passes(trace: &Trace<'_, '_>, directive: Directive<'_>) -> bool {
    trace.hops.iter().any(|hop| hop.response.as_ref().is_some_and(|response| response.by == Some(directive)))
}

/// The ways from a URL, and whether these are all.
fn traces<'m, 'c>(model: &'m Model<'c>, url: &url::Url) -> (Vec<Trace<'m, 'c>>, bool) {
    Start::new(url.clone(), None).map(|start| model.tracer().traces_settling_files(&start)).unwrap_or_default()
}

/// Whether this configuration answers at a URL, over certificates that are for the hosts, without `except`.
fn answers_without(model: &Model<'_>, url: &url::Url, except: Directive<'_>) -> bool {
    let (traces, is_complete) = traces(model, url);
    let is_good = |trace: &Trace<'_, '_>| {
        let is_covered = trace.hops.iter().all(|hop| hop.tls.is_some() && hop.coverage() == Coverage::Covered);
        trace.outcome == Outcome::Answered
            && Verdict::of(trace) == Verdict::Answered
            && is_covered
            && !passes(trace, except)
    };
    is_complete && !traces.is_empty() && traces.iter().all(is_good)
}
