//! HTTPS that sends the client to http:// gives up what it protected, and with HSTS goes round in a circle.

use super::redirect_empty_host::host_variables;
use super::{AtDirective, answers_without, by_directive, condition_text, over_https, shown};
use crate::config::Directive;
use crate::model::{Coverage, Edge, Leg, Model, Occurrence, Outcome, Way};
use crate::rules::{Findings, Fix, Rule, Severity, edit};

pub(super) struct RedirectToPlainHttp;

impl Rule for RedirectToPlainHttp {
    fn prepare(&self, model: &Model<'_>) {
        model.departures();
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let found = model.departures().iter().flat_map(|departure| departure.occurrences(is_downgrade));
        let mut completed = Vec::new();
        for group in by_directive(found) {
            let is_behind_edge = |leg: &Leg<'_>| {
                model.edge_of_host(leg.url.host_str().unwrap_or_default()) == Edge::Tls && leg.tls.is_none()
            };
            let is_completed = is_completed_by_nginx(group.directive);
            match group.occurrences.first() {
                Some(first) if is_completed && is_behind_edge(first.leg()) => completed.push(group),
                Some(first) => report(model, sink, &group, first),
                None => {}
            }
        }
        // One setting mends them all.
        let server = |group: &AtDirective<'_, '_>| group.occurrences.first().and_then(|first| first.leg().server);
        completed.sort_by_key(server);
        for groups in completed.chunk_by(|a, b| server(a) == server(b)) {
            report_completed(sink, groups);
        }
    }
}

/// Whether HTTPS redirects to http:// on a leg, unless the loop that this is a part of says it all.
fn is_downgrade(way: &Way<'_>, number: usize) -> bool {
    let leg = &way.legs[number];
    let Some(target) = leg.target.as_ref().filter(|_| leg.is_redirect()) else { return false };
    let is_plain = leg.is_upgraded || target.scheme() == "http";
    let is_in_loop = matches!(way.outcome, Outcome::Loop(first) if number >= first);
    leg.url.scheme() == "https" && is_plain && (leg.is_upgraded || !is_in_loop)
}

/// Whether the scheme of the target is not the configuration's, but nginx's own.
fn is_completed_by_nginx(directive: Directive<'_>) -> bool {
    let is_url = directive.arguments().any(|word| {
        let text = word.text();
        text.contains("://") || text.starts_with("$scheme")
    });
    !is_url
}

fn report(model: &Model<'_>, sink: &mut Findings, group: &AtDirective<'_, '_>, first: &Occurrence<'_, '_>) {
    let leg = first.leg();
    let Some(target) = &leg.target else { return };
    let url = shown(&leg.url);
    let plain = shown(target).replacen("https://", "http://", 1);
    let is_external = first.at + 1 == first.way.legs.len() && first.way.outcome == Outcome::External;
    let (severity, message) = match fate(first.way, first.at) {
        Fate::Endless => (
            Severity::Error,
            format!("{url} redirects to {plain} although HSTS is in force there: browsers go round for ever"),
        ),
        Fate::Refused(reason) => {
            (Severity::Error, format!("{url} redirects to {plain}; HSTS makes https:// of it, and {reason}"))
        }
        Fate::Mended => (
            Severity::Warning,
            format!("{url} redirects to {plain}; only browsers that know its HSTS stay on https://"),
        ),
        Fate::Plain if is_external => {
            (Severity::Info, format!("{url} leads to {plain} over plain HTTP; see whether that site has HTTPS"))
        }
        Fate::Plain => (
            Severity::Warning,
            format!(
                "{url} redirects to {plain}: what follows is sent in the clear, for all on the way to read and change"
            ),
        ),
    };
    let severity = if first.is_certain() { severity } else { severity.min(Severity::Warning) };
    let finding = sink.add(severity, group.directive.span(), message + &condition_text(&first.conditions));
    if !first.is_certain() {
        finding.conditional();
    }
    finding.fix(to_https(model, group));
    let has_scheme = group.directive.arguments().any(|word| word.text().contains("$scheme"));
    finding.help(match () {
        () if is_external => "redirect to https:// if that site has it",
        () if has_scheme && leg.tls.is_none() => {
            "$scheme is that of the connection to nginx, which is http behind the edge: write https://"
        }
        () if leg.is_upgraded => "serve the page over https here, and redirect port 80 to it",
        () => {
            "redirect to https://, or serve the page here; the redirect from http:// to https:// belongs into port 80"
        }
    });
}

/// https:// in the target, where this configuration serves it so for all that are sent there.
fn to_https(model: &Model<'_>, group: &AtDirective<'_, '_>) -> Option<Fix> {
    let word = group.directive.arguments().last().filter(|_| group.directive.is_named("return"))?;
    let text = std::str::from_utf8(word.raw()).ok()?;
    let (scheme, rest) = text.split_once("://")?;
    let start = scheme.len().checked_sub("http".len())?;
    let is_plain = matches!(scheme.get(..start)?, "" | "\"" | "'") && scheme[start..].eq_ignore_ascii_case("http");
    if !is_plain || !host_variables(&word.text()).is_empty() {
        return None;
    }
    let is_served = |found: &Occurrence<'_, '_>| {
        let target = found.leg().target.as_ref().filter(|target| target.port().is_none());
        let url = target.and_then(over_https);
        found.leg().tls.is_some() && url.is_some_and(|url| answers_without(model, &url, group.directive))
    };
    let edit = edit::word_replaced(word, format!("{}https://{rest}", &scheme[..start]));
    group.occurrences.iter().all(is_served).then(|| Fix::risky("redirect to https://", [Some(edit)]))?
}

/// What becomes of a browser that is sent to http://.
enum Fate {
    Plain,
    /// HSTS turns it back to where it came from.
    Endless,
    /// HSTS makes https:// of it, which gets no answer.
    Refused(&'static str),
    /// HSTS makes https:// of it, which answers.
    Mended,
}

fn fate(way: &Way<'_>, at: usize) -> Fate {
    if !way.legs.get(at).is_some_and(|leg| leg.is_upgraded) {
        return Fate::Plain;
    }
    if way.is_endless() {
        return Fate::Endless;
    }
    let is_uncovered =
        |leg: &Leg<'_>| leg.tls.as_ref().is_some_and(|handshake| handshake.coverage == Coverage::NotCovered);
    match way.legs.get(at + 1) {
        Some(next) if next.refusal.is_some() => Fate::Refused("nothing answers there"),
        Some(next) if is_uncovered(next) => Fate::Refused("the certificate there does not cover the host"),
        _ => Fate::Mended,
    }
}

/// Behind an edge: redirects of one server whose target nginx itself has completed.
fn report_completed(sink: &mut Findings, groups: &[AtDirective<'_, '_>]) {
    let Some((first, others)) = groups.split_first() else { return };
    let Some(found) = first.occurrences.first() else { return };
    let Some(target) = &found.leg().target else { return };
    let message = format!(
        "{} redirects to {}: TLS ends before nginx, which completes a target without scheme by its own, http",
        shown(&found.leg().url),
        shown(target)
    );
    let message = message + &condition_text(&found.conditions);
    let finding = sink.warning(first.directive.span(), message);
    if !found.is_certain() {
        finding.conditional();
    }
    for other in others.iter().take(4) {
        finding.related(other.directive.span(), "so does this");
    }
    finding.help(
        "say `absolute_redirect off;` in the server, so that the target stays relative to the URL of the browser",
    );
}
