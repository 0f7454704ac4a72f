//! `https:///cart` has no host: browsers take the first part of the path for it, others refuse it.

use super::{AtDirective, by_directive, condition_text, leads_back, names, over_https, shown};
use crate::config::Directive;
use crate::model::values::value::{Piece, pieces};
use crate::model::{Model, NameKind, Server};
use crate::rules::{Findings, Fix, Rule, edit};

pub(super) struct RedirectEmptyHost;

impl Rule for RedirectEmptyHost {
    fn prepare(&self, model: &Model<'_>) {
        model.departures();
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let found = model.departures().iter().flat_map(|departure| {
            departure.occurrences(|way, number| {
                let leg = &way.legs[number];
                let header = leg.location_header.as_ref().filter(|_| leg.is_redirect());
                header.is_some_and(|header| has_empty_host(&header.text)) && leg.by.is_some_and(|by| !is_of_client(by))
            })
        });
        for group in by_directive(found) {
            report(model, sink, &group);
        }
    }
}

/// Whether a URL has a scheme and no host.
fn has_empty_host(url: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let head = url.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &url[scheme.len()..])
    });
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#', ':']))
}

/// The parameter of a directive that becomes the Location header.
fn target(directive: Directive<'_>) -> Option<String> {
    let words: Vec<String> = directive.arguments().map(|word| word.text().into_owned()).collect();
    let target = match &*directive.name_text() {
        "return" => words.last(),
        "rewrite" => words.get(1),
        "error_page" => words.last(),
        _ => None,
    };
    target.cloned()
}

/// The variables in the place of the host.
pub(super) fn host_variables(target: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let rest = target.split_once("://").map_or("", |(_, rest)| rest);
    for piece in pieces(rest) {
        match piece {
            Piece::Text(text) if text.starts_with(['/', '?', '#', ':']) => break,
            Piece::Variable("request_uri" | "uri" | "document_uri") => break,
            Piece::Text(_) => {}
            variable => found.push(variable),
        }
    }
    found
}

/// Whether the client says in its URL which host is meant: it may say none only here, where none was asked with.
fn is_of_client(directive: Directive<'_>) -> bool {
    const SAID: &[&str] = &["arg_", "args", "query_string", "is_args", "cookie_", "http_"];
    let Some(target) = target(directive) else { return false };
    host_variables(&target).iter().any(|piece| match piece {
        Piece::Variable(name) => SAID.iter().any(|said| name.starts_with(said)),
        Piece::Capture(_) => captures_path(directive),
        Piece::Text(_) => false,
    })
}

/// Whether what a directive sees as `$1` is a part of the path.
fn captures_path(directive: Directive<'_>) -> bool {
    if directive.is_named("rewrite") {
        return true;
    }
    let asks = directive.ancestors().find(|block| block.is_named("if")).and_then(|block| block.argument(0));
    match asks {
        Some(asked) => !asked.text().contains("host") && !asked.text().contains("$server_name"),
        None => directive.ancestors().any(|block| block.is_named("location")),
    }
}

fn report(model: &Model<'_>, sink: &mut Findings, group: &AtDirective<'_, '_>) {
    let Some(target) = target(group.directive) else { return };
    let is_written = host_variables(&target).is_empty();
    // A host that stands for many says nothing of those that the configuration spells out.
    let by_name = group.occurrences.iter().find(|found| {
        let host = found.departure.url.host_str().unwrap_or_default();
        names(model, found.departure.server, host)
    });
    let Some(found) = by_name.or(group.occurrences.first()) else { return };
    let leg = found.leg();
    let sent = leg.location_header.as_ref().map_or("", |header| header.text.as_str());
    let url = shown(&leg.url);
    let message = if is_written {
        format!(
            "{target} has no host: {url} is sent to {sent}, of which browsers take the first part of the path for one"
        )
    } else {
        format!("the host in {target} is empty: {url} is sent to {sent}")
    };
    let is_certain = found.is_certain() && (is_written || by_name.is_some());
    let finding = if is_certain {
        sink.error(group.directive.span(), message)
    } else if found.is_certain() {
        sink.warning(group.directive.span(), format!("{message}, for a host that nothing here knows")).conditional()
    } else {
        sink.warning(group.directive.span(), message + &condition_text(&found.conditions)).conditional()
    };
    for name in host_variables(&target) {
        if let Piece::Variable(name) = name
            && let Some(place) = definition(model, name)
        {
            finding.related(place.span(), format!("${name} gets its value here"));
        }
    }
    if is_written {
        finding.fix(with_host(model, group));
    }
    let has_pattern = |server: &Server<'_>| server.names.iter().any(|name| matches!(name.kind, NameKind::Regex(_)));
    finding.help(match () {
        () if is_written => "write the host: `https://$host$request_uri`, or a name of its own".to_owned(),
        () if has_pattern(model.server(found.departure.server)) => {
            format!("see that every name of the server gives {} a value, or write the host", variables(&target))
        }
        () => format!("give {} a value on every way that leads here, or write $host instead", variables(&target)),
    });
}

/// `$host` where it was forgotten. From https to https it would lead to itself.
fn with_host(model: &Model<'_>, group: &AtDirective<'_, '_>) -> Option<Fix> {
    let word = group.directive.arguments().last().filter(|_| group.directive.is_named("return"))?;
    let text = std::str::from_utf8(word.raw()).ok()?;
    let (scheme, path) = text.split_once("://")?;
    if !["$request_uri", "${request_uri}"].iter().any(|variable| path.starts_with(variable)) {
        return None;
    }
    let leads_on = group.occurrences.iter().all(|found| {
        let url = &found.leg().url;
        let Some(https) = over_https(url).filter(|_| scheme.ends_with("https")) else { return false };
        url.scheme() == "http" && !leads_back(model, &https, group.directive)
    });
    let edit = edit::word_replaced(word, format!("{scheme}://$host{path}"));
    leads_on.then(|| Fix::risky("redirect to the same host", [Some(edit)]))?
}

fn variables(target: &str) -> String {
    let names = host_variables(target).into_iter().map(|piece| match piece {
        Piece::Variable(name) => format!("${name}"),
        Piece::Capture(number) => format!("${number}"),
        Piece::Text(text) => text.to_owned(),
    });
    names.collect::<Vec<_>>().join(" and ")
}

/// The first `map`, `geo`, `split_clients` or `set` of a variable.
fn definition<'c>(model: &Model<'c>, name: &str) -> Option<Directive<'c>> {
    let is_it = |word: Option<crate::syntax::Word<'_>>| {
        word.is_some_and(|word| word.text().strip_prefix('$').is_some_and(|text| text.eq_ignore_ascii_case(name)))
    };
    model.config.directives().find(|directive| match &*directive.name_text() {
        "map" | "geo" | "split_clients" => is_it(directive.argument(1).or(directive.argument(0))),
        "set" => is_it(directive.argument(0)),
        _ => false,
    })
}
