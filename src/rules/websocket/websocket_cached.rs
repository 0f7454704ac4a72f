//! A cache looks at the URL, not at Upgrade: once it has an ordinary answer for the URL of a socket, handshakes get that
//! answer, and the upstream never hears of them.
//!
//! Seen on nginx 1.22.1 and 1.31.3; nginx:
//! <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_bypass>

use rustc_hash::FxHashSet;

use super::{is_reached, meaning, succeeding, title};
use crate::model::Model;
use crate::rules::{Findings, Rule, Severity};

pub(super) struct WebsocketCached;

impl Rule for WebsocketCached {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for (location, forwarding) in succeeding(model) {
            let Some(cache) = forwarding.cached_by.filter(|_| is_reached(model, location)) else { continue };
            // One line may be for many locations.
            if !told.insert(cache.span()) {
                continue;
            }
            let (severity, reason) = match &location.intent.name {
                Some(name) => (Severity::Warning, meaning(location, name)),
                None => (Severity::Info, format!("{} is for WebSocket, too", title(location))),
            };
            let message = format!(
                "{reason}, but its answers may come from the cache: an ordinary one for the same URL then answers the \
                 handshake"
            );
            let finding = sink.add(severity, cache.span(), message);
            finding.conditional();
            finding.help("let handshakes pass the cache by:\n    proxy_cache_bypass $http_upgrade;");
        }
    }
}
