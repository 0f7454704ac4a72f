//! nginx becomes a tunnel when a `proxy_pass`, `uwsgi_pass` or `scgi_pass` is answered with 101. FastCGI, gRPC and
//! memcached have no such thing: the client waits, and gets nothing or an error.
//!
//! nginx: `u->upgrade` in ngx_http_proxy_module.c, ngx_http_uwsgi_module.c, ngx_http_scgi_module.c; seen on 1.22.1 and
//! 1.31.3 with a FastCGI server that answers 101.

use super::own_upgrade;
use crate::config::Directive;
use crate::model::requests::location::{around, is_content_handler, path, written};
use crate::model::websocket::{Patterns, is_upgrade};
use crate::model::{Model, inherit};
use crate::nginx::Contexts;
use crate::rules::{Findings, Rule};

pub(super) struct WebsocketNotProxied;

/// The handlers that cannot become a tunnel.
const WITHOUT_UPGRADE: &[&str] = &["fastcgi_pass", "grpc_pass", "memcached_pass"];

impl Rule for WebsocketNotProxied {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let patterns = &model.environment.websocket;
        for name in WITHOUT_UPGRADE {
            let contexts = Contexts::LOCATION | Contexts::IF_IN_LOCATION;
            for pass in model.config.directives_named(name, contexts) {
                let Some(location) = around(pass) else { continue };
                let header = own_upgrade(location);
                let inherited = upgrade_in_effect(location);
                let path = path(location).unwrap_or_default();
                let word = patterns.in_path(&path, "").map(|named| named.word);
                // `ws` is also short for web service, unless there are headers for it.
                let word = word.filter(|word| !word.starts_with('/') || inherited.is_some());
                let finding = match (header, word) {
                    (Some(header), _) => {
                        let message = format!("WebSocket cannot work here: {name} takes no upgrade");
                        let finding = sink.error(pass.span(), message);
                        finding.related(header.span(), "this is for proxy_pass only")
                    }
                    (None, Some(word)) => {
                        let word = word.trim_start_matches('/');
                        let message = format!(
                            "location {} is meant for WebSocket (its path says `{word}`), but {name} takes no \
                             upgrade: a WebSocket handshake fails",
                            written(location)
                        );
                        let finding = sink.warning(pass.span(), message).conditional();
                        match inherited {
                            Some(header) => finding.related(header.span(), "this is for proxy_pass only"),
                            None => finding,
                        }
                    }
                    (None, None) => continue,
                };
                finding.help("pass it to the WebSocket server by proxy_pass");
            }
        }
        report_without_handler(model, sink, patterns);
    }
}

/// Headers in a location that passes nothing on: its files are the answer.
fn report_without_handler(model: &Model<'_>, sink: &mut Findings, patterns: &Patterns) {
    for location in model.config.directives_named("location", Contexts::SERVER | Contexts::LOCATION) {
        // Those that a file for all locations brings along mean it where the path says so, too.
        let is_named = || path(location).is_some_and(|path| patterns.in_path(&path, "").is_some());
        let included = || {
            let header = upgrade_in_effect(location).filter(|header| header.parent() == Some(location));
            header.filter(|_| is_named())
        };
        let header = own_upgrade(location).or_else(included);
        let Some(header) = header.filter(|_| !answers_otherwise(location)) else { continue };
        let message =
            format!("no WebSocket handshake gets through location {}: it has no proxy_pass", written(location));
        let finding = sink.warning(location.span(), message).conditional();
        finding.related(header.span(), "this is for proxy_pass only");
        finding.help("pass it to the WebSocket server:\n    proxy_pass http://127.0.0.1:9000;");
    }
}

/// Whether something in a location may have an answer of its own, or lead elsewhere, or is not seen.
fn answers_otherwise(location: Directive<'_>) -> bool {
    const LEADING: &[&str] = &["location", "if", "return", "rewrite", "try_files", "error_page", "internal"];
    let known = |directive: Directive<'_>| directive.name().is_some();
    location.is_incomplete()
        || location.children().any(|directive| {
            !known(directive)
                || is_content_handler(directive)
                || LEADING.iter().any(|name| directive.is_named(name))
                || directive.name_text().contains("_by_lua")
        })
}

/// The Upgrade that a location would pass on, wherever it is set.
fn upgrade_in_effect(location: Directive<'_>) -> Option<Directive<'_>> {
    inherit::in_effect(location, "proxy_set_header").directives.into_iter().find(|header| is_upgrade(*header))
}
