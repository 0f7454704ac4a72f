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
        location::path(self.location())
    }

    /// The host or upstream group that `proxy_pass` names, as written: without scheme, port and path.
    #[must_use]
    pub fn upstream_name(&self) -> Option<String> {
        let url = self.pass.argument(0)?.text().into_owned();
        let authority = authority(&url);
        Some(authority[..authority.find(':').unwrap_or(authority.len())].to_owned())
    }
}

/// The host, or upstream group, of a URL, with its port.
pub(crate) fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    &rest[..rest.find(['/', '?']).unwrap_or(rest.len())]
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
