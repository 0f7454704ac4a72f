//! What is sent to an upstream with the ordinary requests of a location that handshakes come to as well, and what another
//! Connection would be to them.
//!
//! nginx keeps a connection to an upstream where a group has places for it and neither side says `close`
//! (`ngx_http_upstream_free_keepalive_peer`); from 1.29.7 on each group has them, and nothing else has.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive>

use super::forwarding::Passed;
use super::handshake::{Asked, asks_for_websocket, says_upgrade};
use super::locations::{Asking, WebsocketLocation};
use crate::config::Directive;
use crate::model::Model;
use crate::model::requests::proxy::authority;
use crate::model::requests::upstream_request::UpstreamVersion;
use crate::model::requests::upstreams::UpstreamKind;
use crate::model::values::map::Entry;
use crate::nginx::{Contexts, DirectiveName, NginxVersion, default_value};

impl<'c> Model<'c> {
    /// What a header is for an ordinary request that the same `proxy_pass` gets, where it says upgrade (Connection) or
    /// asks for a WebSocket (Upgrade) even then, on every assignment of the unknowns.
    #[must_use]
    pub fn fixed_value(&self, location: &WebsocketLocation<'c>, name: &str) -> Option<String> {
        let is_fixed = if name == "upgrade" { asks_for_websocket } else { says_upgrade };
        let values = self.ordinary(location).into_iter().map(|passed| {
            let mut lines = passed.request.headers_named(name);
            lines.find_map(|line| line.value.known().filter(|value| is_fixed(value)).map(str::to_owned))
        });
        values.collect::<Option<Vec<String>>>()?.into_iter().next()
    }

    /// Whether ordinary requests of a location arrive as they do now when `value`, as it is written, is sent as
    /// Connection with HTTP/1.1: they do not begin to ask for an upgrade, and their connections are kept as long.
    #[must_use]
    pub fn leaves_ordinary_requests(&self, location: &WebsocketLocation<'c>, value: &str) -> bool {
        let Some(after) = self.without_upgrade(value) else { return false };
        let passed = self.ordinary(location);
        let is_left = |passed: &Passed<'c>| {
            let Some(before) = connection(passed) else { return false };
            let closed = passed.request.version == Some(UpstreamVersion::Http10) || closes(before);
            (says_upgrade(before) || !says_upgrade(&after))
                && (closed == closes(&after) || !self.keeps_connections(passed))
        };
        !passed.is_empty() && passed.iter().all(is_left)
    }

    /// What a value is where the client sends no Upgrade: a text, or the variable of a map of `$http_upgrade`.
    fn without_upgrade(&self, value: &str) -> Option<String> {
        let value = value.trim_matches(['"', '\'']);
        if !value.contains('$') {
            return Some(value.to_owned());
        }
        let name = value.strip_prefix('$')?.trim_matches(['{', '}']).to_ascii_lowercase();
        let table = self.definitions().table(&name)?;
        let source = table.source?.text().to_ascii_lowercase();
        match table.look_up("").filter(|_| matches!(source.as_str(), "$http_upgrade" | "${http_upgrade}"))? {
            Entry::Value(value) => Some(value.map(|value| value.text().into_owned()).unwrap_or_default()),
            _ => None,
        }
    }

    /// Whether connections to the upstream can be kept; they can where it is not known.
    fn keeps_connections(&self, passed: &Passed<'c>) -> bool {
        let Some(url) = passed.target.known() else { return true };
        match self.upstream(Contexts::HTTP, authority(url), 80).kind {
            UpstreamKind::Group(group) => keeps(group, self.environment.version),
            UpstreamKind::Address(_) | UpstreamKind::Name => false,
        }
    }

    fn ordinary(&self, location: &WebsocketLocation<'c>) -> Vec<Passed<'c>> {
        let mut asking = Asking::new(self);
        let passed = asking.ask(location.location(), Asked::Ordinary);
        passed.iter().filter(|passed| passed.pass == location.proxied.pass).cloned().collect()
    }
}

/// What is sent as Connection; empty where nothing is. `None` where it is not known.
fn connection<'p>(passed: &'p Passed<'_>) -> Option<&'p str> {
    let mut sent = "";
    for line in passed.request.headers_named("connection") {
        sent = line.value.known()?;
    }
    Some(sent)
}

fn closes(connection: &str) -> bool {
    connection.split([',', ' ', '\t']).any(|part| part.eq_ignore_ascii_case("close"))
}

/// Whether a group has places for connections that nobody uses now.
fn keeps(group: Directive<'_>, version: NginxVersion) -> bool {
    match group.children_named("keepalive").last().and_then(|keepalive| keepalive.argument(0)) {
        Some(places) => !places.is("0"),
        None => {
            let name = DirectiveName::find(b"keepalive");
            group.is_incomplete() || name.is_some_and(|name| default_value(name, Contexts::UPSTREAM, version).is_some())
        }
    }
}
