//! What a proxied location sends upstream.

use super::inherit::{self, InEffect};
use crate::config::Directive;

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

    /// The host or upstream group that `proxy_pass` names, as written: without scheme, port and path.
    #[must_use]
    pub fn upstream_name(&self) -> Option<String> {
        let text = self.pass.argument(0)?.text().into_owned();
        let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
        let end = rest.find(['/', ':', '?']).unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    }
}
