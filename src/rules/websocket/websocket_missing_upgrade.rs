//! Upgrade and Connection are hop-by-hop: nginx drops both unless `proxy_set_header` sends them on,
//! and the backend answers the handshake with 400 or an ordinary page.
//!
//! nginx: <https://nginx.org/en/docs/http/websocket.html>

use serde::Deserialize;

use crate::config::Directive;
use crate::model::{Model, ProxiedBlock, Upgrading};
use crate::rules::{Finding, Findings, Options, Rule};

pub(super) struct WebsocketMissingUpgrade;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Words {
    segments: Vec<String>,
    parts: Vec<String>,
    upstream_words: Vec<String>,
}

impl Options for Words {}

impl Rule for WebsocketMissingUpgrade {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let words = Words::defaults("websocket-missing-upgrade");
        for proxied in model.proxied_blocks() {
            let headers = proxied.headers();
            let sent = Upgrading::of(&headers.directives);
            let missing: Vec<&str> = [("Upgrade", sent.upgrade), ("Connection", sent.connection)]
                .into_iter()
                .filter_map(|(name, header)| header.is_none().then_some(name))
                .collect();
            if missing.is_empty() || headers.is_partial {
                continue;
            }
            if let Some(evidence) = sent.upgrades {
                // Inherited from an outer level, the fault is there and not in each location.
                let is_own = headers.level.is_none_or(|level| level == proxied.block || level == proxied.location());
                let place = if is_own { proxied.location() } else { evidence };
                report_half(sink, place, evidence, &missing);
            } else if let Some(reason) = words.reason(&proxied) {
                let sees_all = model.config.is_whole() || !headers.directives.is_empty();
                let host = model.server_around(proxied.block).map(ToString::to_string);
                let inherited = if headers.level == Some(proxied.block) { Vec::new() } else { headers.directives };
                let finding = report_named(sink, &proxied, &missing, &reason, host.as_deref(), sees_all);
                finding.help(lines(&missing, &inherited));
            }
        }
    }
}

/// One of the two headers is sent on: somebody meant it, and it cannot work.
fn report_half(sink: &mut Findings, place: Directive<'_>, evidence: Directive<'_>, missing: &[&str]) {
    let name = evidence.argument(0).map(|name| name.text().into_owned()).unwrap_or_default();
    let message = format!("WebSocket cannot work here: {name} is passed on, but {} is not", missing.join(" and "));
    let finding = sink.error(place.span(), message);
    if place != evidence {
        finding.related(evidence.span(), format!("{name} is set here"));
    }
    // The list that has the one is the list that lacks the other.
    finding.help(lines(missing, &[]));
}

fn report_named<'f>(
    sink: &'f mut Findings,
    proxied: &ProxiedBlock<'_>,
    missing: &[&str],
    reason: &str,
    host: Option<&str>,
    sees_all: bool,
) -> &'f mut Finding {
    let of = host.map(|host| format!(" on {host}")).unwrap_or_default();
    let unless = if sees_all { "" } else { ", unless the file that includes this one sets them" };
    let are = if missing.len() > 1 { "are" } else { "is" };
    let missing = missing.join(" and ");
    let message = format!("{reason}, but {missing} {are} not passed on: a WebSocket handshake{of} fails{unless}");
    let finding = sink.warning(proxied.location().span(), message);
    finding.conditional();
    finding.related(proxied.pass.span(), "the request is passed on here");
    finding
}

/// The lines to add. A block that gets its first `proxy_set_header` loses all inherited ones, so these
/// are repeated.
fn lines(missing: &[&str], inherited: &[Directive<'_>]) -> String {
    let mut lines = vec!["add to the block that sets the headers:".to_owned(), "proxy_http_version 1.1;".to_owned()];
    if !inherited.is_empty() {
        lines[0] = "add to this block, with the headers that it would no longer inherit:".to_owned();
    }
    for header in inherited {
        let words: Vec<_> = header.arguments().map(|word| String::from_utf8_lossy(word.raw())).collect();
        lines.push(format!("proxy_set_header {};", words.join(" ")));
    }
    for name in missing {
        let value = if *name == "Upgrade" { "$http_upgrade" } else { "\"upgrade\"" };
        lines.push(format!("proxy_set_header {name} {value};"));
    }
    lines.join("\n    ")
}

impl Words {
    /// What says that a block is meant for WebSocket: a segment of its path, or its upstream's name.
    fn reason(&self, proxied: &ProxiedBlock<'_>) -> Option<String> {
        let path = proxied.path()?;
        if let Some(word) = self.word_in(&path, &self.segments, &['/', '(', ')', '|', '^', '$', '?']) {
            return Some(format!("location {path} is meant for WebSocket (its path says `{word}`)"));
        }
        let upstream = proxied.upstream_name()?;
        let word = self.word_in(&upstream, &self.upstream_words, &['.', '-', '_'])?;
        Some(format!("location {path} is meant for WebSocket (its upstream {upstream} says `{word}`)"))
    }

    fn word_in<'w>(&'w self, text: &str, words: &'w [String], separators: &[char]) -> Option<&'w str> {
        let text = text.to_ascii_lowercase();
        let part = self.parts.iter().find(|part| text.contains(part.as_str()));
        let mut segments = text.split(separators);
        let segment = || segments.find_map(|segment| words.iter().find(|word| *word == segment));
        part.or_else(segment).map(String::as_str)
    }
}
