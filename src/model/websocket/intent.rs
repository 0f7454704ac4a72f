//! Whether a location is meant for WebSocket.

use crate::config::Directive;
use crate::model::inherit::InEffect;
use crate::model::requests::location;
use crate::model::requests::proxy::{ProxiedBlock, authority};
use crate::model::websocket::applications::{Application, Patterns};
use crate::model::websocket::forwarding::Passed;
use crate::model::websocket::handshake::{asks_for_websocket, says_upgrade};

/// What says that a location is for WebSocket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intent<'c> {
    /// A header that only a handshake needs: the first of Upgrade and Connection whose value asks for an upgrade.
    pub header: Option<Directive<'c>>,
    /// A word in the path of the location, or in its upstream's name.
    pub name: Option<NameIntent>,
    /// The location that leads here by `try_files`, where it is that one's path that says so, or its headers.
    pub led_by: Option<Directive<'c>>,
    /// The same location of another server of this host, with the same upstream, which upgrades.
    pub twin: Option<Directive<'c>>,
}

/// A name that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameIntent {
    /// The word.
    pub word: String,
    /// Whose word it is.
    pub application: Option<&'static Application>,
    /// The upstream's name, where it is that which says so, and not the path.
    pub upstream: Option<String>,
}

impl NameIntent {
    /// What the path of a block says, or the URL that it passes requests to.
    pub(crate) fn of(proxied: &ProxiedBlock<'_>, url: &str, patterns: &Patterns) -> Option<NameIntent> {
        let authority = authority(url);
        NameIntent::of_location(proxied.location(), url, patterns).or_else(|| {
            // A named location has no path, but whatever is passed to such an upstream is for WebSocket.
            let name = &authority[..authority.find(':').unwrap_or(authority.len())];
            let found = patterns.in_upstream(name)?;
            let word = found.word.to_owned();
            Some(NameIntent { word, application: found.application, upstream: Some(name.to_owned()) })
        })
    }

    /// What the path of a location says whose requests are passed to `url`.
    pub(crate) fn of_location(location: Directive<'_>, url: &str, patterns: &Patterns) -> Option<NameIntent> {
        let found = patterns.in_path(&location::path(location)?, authority(url))?;
        Some(NameIntent { word: found.word.to_owned(), application: found.application, upstream: None })
    }

    /// Whether the word means nothing else: `ws` is also short for web service.
    #[must_use]
    pub fn is_unmistakable(&self) -> bool {
        !self.word.starts_with('/') && self.upstream.is_none()
    }
}

/// Whether headers may have to do with WebSocket at all; it looks at no request.
pub(crate) fn mentions_upgrade(headers: &InEffect<'_>) -> bool {
    headers.directives.iter().any(|header| {
        let is_named = |name: &str| header.argument(0).is_some_and(|word| word.text().eq_ignore_ascii_case(name));
        let value = header.argument(1).map(|value| value.text().to_ascii_lowercase()).unwrap_or_default();
        is_named("upgrade") && !value.is_empty() || is_named("connection") && value.contains(['$', 'u'])
    })
}

/// The header that asks for an upgrade. Connection has other uses, such as keeping a connection: it counts when its
/// value says upgrade, when a variable of it does by its name, or when it is another one for a handshake.
pub(crate) fn upgrading_header<'c>(
    headers: &InEffect<'c>,
    handshake: &[Passed<'c>],
    ordinary: impl FnOnce() -> Vec<Passed<'c>>,
) -> Option<Directive<'c>> {
    let named = |wanted: &str| {
        let is_wanted =
            |header: &&Directive<'_>| header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case(wanted));
        headers.directives.iter().rfind(is_wanted).copied()
    };
    let text = |header: &Directive<'_>| {
        header.argument(1).map(|value| value.text().trim().to_ascii_lowercase()).unwrap_or_default()
    };
    let is_upgrade = |header: &Directive<'_>| {
        let text = text(header);
        text.contains('$') || asks_for_websocket(&text)
    };
    if let Some(upgrade) = named("upgrade").filter(is_upgrade) {
        return Some(upgrade);
    }
    let connection = named("connection")?;
    let text = text(&connection);
    let sent = handshake.iter().flat_map(|passed| passed.request.headers_named("connection"));
    let says = text.contains("upgrade") || sent.into_iter().any(|line| line.value.known().is_some_and(says_upgrade));
    let differs = || text.contains('$') && differs(handshake, &ordinary(), connection);
    (says || differs()).then_some(connection)
}

/// Whether a header is another one for a handshake than for an ordinary request, as far as both are known.
fn differs(handshake: &[Passed<'_>], ordinary: &[Passed<'_>], header: Directive<'_>) -> bool {
    let value = |passed: &[Passed<'_>]| {
        let lines = passed.iter().flat_map(|passed| &passed.request.headers);
        lines.filter(|line| line.by == Some(header)).find_map(|line| line.value.known().map(str::to_owned))
    };
    value(handshake).zip(value(ordinary)).is_some_and(|(handshake, ordinary)| handshake != ordinary)
}
