//! What a proxied location sends upstream.

use crate::config::Directive;
use crate::model::inherit::{self, InEffect};
use crate::model::requests::location;

/// A block with a `proxy_pass` of its own: a `location`, an `if` in one, or a `limit_except`.
#[derive(Debug, Clone, Copy)]
pub struct ProxiedBlock<'c> {
    /// The block.
    pub block: Directive<'c>,
    /// The `proxy_pass`.
    pub pass: Directive<'c>,
}

impl<'c> ProxiedBlock<'c> {
    /// The `proxy_set_header` directives in effect: the block's own, or the nearest outer list.
    #[must_use]
    pub fn headers(&self) -> InEffect<'c> {
        inherit::in_effect(self.block, "proxy_set_header")
    }

    /// The location that it is, or that it stands in.
    #[must_use]
    pub fn location(&self) -> Directive<'c> {
        let around = std::iter::once(self.block).chain(self.block.ancestors());
        around.into_iter().find(|block| block.is_named("location")).unwrap_or(self.block)
    }

    /// What the location matches, without its modifier; `None` for a named one.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let (modifier, _, pattern) = location::matcher(self.location())?;
        (modifier != location::Modifier::Named).then(|| pattern.replace('\\', ""))
    }

    /// The host or upstream group that `proxy_pass` names, as written: without scheme, port and path.
    #[must_use]
    pub fn upstream_name(&self) -> Option<String> {
        let text = self.pass.argument(0)?.text().into_owned();
        let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
        let end = rest.find(['/', ':', '?']).unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    }
}

/// The headers that `pass` in `block` sends upstream besides those of the client, by name in lower case, as they are
/// written. One with an empty value is not sent.
///
/// nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>
#[must_use]
pub fn headers_sent(block: Directive<'_>, pass: Directive<'_>) -> Vec<(String, String)> {
    let setter = match &*pass.name_text() {
        "proxy_pass" => "proxy_set_header",
        "grpc_pass" => "grpc_set_header",
        _ => return Vec::new(),
    };
    let headers = inherit::in_effect(block, setter).directives.into_iter().filter_map(|header| {
        let name = header.argument(0)?.text().to_ascii_lowercase();
        Some((name, header.argument(1)?.text().into_owned()))
    });
    // nginx has a Connection of its own, which an empty one takes away.
    headers.filter(|(name, value)| !value.is_empty() || name == "connection").collect()
}

/// What a list of `proxy_set_header` says of a WebSocket handshake.
#[derive(Debug, Clone, Copy, Default)]
pub struct Upgrading<'c> {
    /// The one that sends Upgrade.
    pub upgrade: Option<Directive<'c>>,
    /// The one that sends Connection.
    pub connection: Option<Directive<'c>>,
    /// The first of the two whose value asks for an upgrade, for which the headers are there at all:
    /// `Upgrade` with any value but the empty one, `Connection` with one that says so.
    pub upgrades: Option<Directive<'c>>,
}

impl<'c> Upgrading<'c> {
    /// Looks through the headers in effect.
    #[must_use]
    pub fn of(headers: &[Directive<'c>]) -> Upgrading<'c> {
        let named = |wanted: &str| {
            let is_wanted = |header: &&Directive<'_>| {
                header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case(wanted))
            };
            headers.iter().rfind(is_wanted).copied()
        };
        let value = |header: &Directive<'_>| {
            header.argument(1).map(|value| value.text().trim().to_ascii_lowercase()).unwrap_or_default()
        };
        let (upgrade, connection) = (named("upgrade"), named("connection"));
        // `Connection` has other uses; `upgrade`, `$connection_upgrade`, `$http_upgrade` have not.
        let upgrades = upgrade
            .filter(|header| !value(header).is_empty())
            .or(connection.filter(|header| value(header).contains("upgrade")));
        Upgrading { upgrade, connection, upgrades }
    }
}
