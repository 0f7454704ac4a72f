//! What the upstream of a location receives of a handshake, and whether it can accept it.
//!
//! nginx itself asks nothing of the two headers: it sends what `proxy_set_header` says, and becomes a tunnel when the
//! upstream answers 101 (`ngx_http_proxy_process_header`). It is the upstream that must find all that RFC 6455, section
//! 4.2.1, lists.

use crate::config::Directive;
use crate::model::requests::response::Value;
use crate::model::requests::upstream_request::{UpstreamHeader, UpstreamRequest, UpstreamVersion};
use crate::model::websocket::handshake::{asks_for_websocket, says_upgrade};
use crate::model::{Response, ResponseKind, inherit, is_public_name};
use crate::tls::Host;

/// What becomes of one header of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent<'c> {
    /// It arrives with a value that works, or may do so.
    Works,
    /// Nothing says that it is to be passed on.
    Missing,
    /// A directive says so, with a value that comes out empty: nginx does not send it then.
    Empty(Directive<'c>),
    /// It arrives with a value that does not work.
    Wrong(Directive<'c>, String),
}

impl Sent<'_> {
    /// Whether it arrives with a value that works.
    #[must_use]
    pub fn works(&self) -> bool {
        *self == Sent::Works
    }

    /// Whether the upstream does not get it at all.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Sent::Missing | Sent::Empty(_))
    }

    fn of<'c>(request: &UpstreamRequest<'c>, name: &str, is_right: fn(&str) -> bool) -> Sent<'c> {
        let lines = || request.headers_named(name);
        // Several lines of one name are one list (RFC 9110, section 5.3).
        if lines().any(|line| line.value.known().is_none_or(is_right)) {
            return Sent::Works;
        }
        let wrong = lines().filter(|line| !line.value.text.is_empty()).filter_map(|line| Some((line.by?, line))).last();
        let emptied = lines().filter_map(|line| line.by).last();
        match (wrong, emptied) {
            (Some((by, line)), _) => Sent::Wrong(by, line.value.text.clone()),
            (None, Some(by)) => Sent::Empty(by),
            (None, None) => Sent::Missing,
        }
    }
}

/// What a `proxy_pass` has sent, on one assignment of what is unknown.
#[derive(Debug, Clone)]
pub(crate) struct Passed<'c> {
    pub(crate) pass: Directive<'c>,
    pub(crate) block: Directive<'c>,
    pub(crate) request: UpstreamRequest<'c>,
    /// The URL that the upstream is asked for.
    pub(crate) target: Value,
    pub(crate) host: Option<Value>,
}

impl<'c> Passed<'c> {
    /// `None` for an answer that is none of a `proxy_pass`.
    pub(crate) fn of(response: Response<'c>) -> Option<Passed<'c>> {
        let pass = response.by.filter(|by| response.kind == ResponseKind::Proxy && by.is_named("proxy_pass"))?;
        Some(Passed {
            pass,
            block: response.block,
            request: *response.upstream_request?,
            target: response.target?,
            host: response.upstream_host,
        })
    }
}

/// What the upstream of one `proxy_pass` receives of a handshake. What differs from one request to the next is told as
/// it is where it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarding<'c> {
    /// Upgrade.
    pub upgrade: Sent<'c>,
    /// Connection.
    pub connection: Sent<'c>,
    /// Sec-WebSocket-Key.
    pub key: Sent<'c>,
    /// Sec-WebSocket-Version.
    pub protocol_version: Sent<'c>,
    /// The `proxy_method` that makes another request than a GET of it, and the method.
    pub method: Option<(Directive<'c>, String)>,
    /// The HTTP version; `None` where it is none that nginx knows.
    pub version: Option<UpstreamVersion>,
    /// The `proxy_http_version` that says so.
    pub version_by: Option<Directive<'c>>,
    /// The `proxy_set_header` that says Host.
    pub host_by: Option<Directive<'c>>,
    /// The `proxy_set_header` that makes Host empty, so that it is not sent at all.
    pub host_emptied_by: Option<Directive<'c>>,
    /// The Host that nginx sends by itself, where no `proxy_set_header` says another and it is no name that the world
    /// knows the site by: an address, or a name of this network.
    pub inner_host: Option<String>,
    /// The `proxy_cache` that may have an answer to the handshake.
    pub cached_by: Option<Directive<'c>>,
    /// The `proxy_hide_header` that keeps the answer's Upgrade from the client.
    pub hides_upgrade: Option<Directive<'c>>,
}

impl<'c> Forwarding<'c> {
    /// Of one `proxy_pass` on every assignment; `None` where it is not reached on any.
    pub(crate) fn of(passed: &[Passed<'c>], pass: Directive<'c>) -> Option<Forwarding<'c>> {
        let own = || passed.iter().filter(move |passed| passed.pass == pass);
        let block = own().next()?.block;
        let best = |name: &str, is_right: fn(&str) -> bool| {
            let mut sent = own().map(|passed| Sent::of(&passed.request, name, is_right));
            let first = sent.next()?;
            Some(if first.works() { first } else { sent.find(Sent::works).unwrap_or(first) })
        };
        let is_get = |passed: &Passed<'_>| passed.request.method.known().is_none_or(|method| method == "GET");
        let by = inherit::value_in_effect(block, "proxy_method");
        let method = if own().any(is_get) { None } else { own().next().map(|first| first.request.method.text.clone()) };
        let is_host = |header: &&UpstreamHeader<'_>| header.value.known().is_none_or(|value| !value.is_empty());
        let host = own().find_map(|passed| passed.request.headers_named("host").filter(is_host).last());
        Some(Forwarding {
            upgrade: best("upgrade", asks_for_websocket)?,
            connection: best("connection", says_upgrade)?,
            key: best("sec-websocket-key", |key| !key.is_empty())?,
            protocol_version: best("sec-websocket-version", |version| version == "13")?,
            method: by.zip(method),
            version: own().next()?.request.version,
            version_by: inherit::value_in_effect(block, "proxy_http_version"),
            host_by: host.and_then(|host| host.by),
            host_emptied_by: own()
                .next()?
                .request
                .headers_named("host")
                .last()
                .filter(|_| host.is_none())
                .and_then(|line| line.by),
            inner_host: own().next()?.host.as_ref().and_then(inner_host).filter(|_| host.is_none()),
            cached_by: if own().all(|passed| passed.request.cache.is_some()) {
                own().next()?.request.cache
            } else {
                None
            },
            hides_upgrade: hides_upgrade(block),
        })
    }

    /// Whether all headers of the handshake arrive as they must.
    #[must_use]
    pub fn has_headers(&self) -> bool {
        [&self.upgrade, &self.connection, &self.key, &self.protocol_version].into_iter().all(Sent::works)
    }

    /// Whether the request is one that may ask for an upgrade: a GET of HTTP/1.1.
    #[must_use]
    pub fn is_get_of_http11(&self) -> bool {
        self.method.is_none() && self.version.is_none_or(|version| version == UpstreamVersion::Http11)
    }

    /// Whether a server that speaks WebSocket accepts it, and the client its answer.
    #[must_use]
    pub fn succeeds(&self) -> bool {
        self.has_headers() && self.is_get_of_http11() && self.hides_upgrade.is_none()
    }
}

fn inner_host(host: &Value) -> Option<String> {
    let text = host.known()?;
    if text.starts_with("unix:") {
        return Some("localhost".to_owned());
    }
    let name = match text.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    };
    let is_public = Host::parse(name.as_bytes()).is_ok_and(|host| is_public_name(&host));
    (!is_public).then(|| text.to_owned())
}

/// The `proxy_hide_header` for a header of the answer without which a client gives up. nginx copies Upgrade, unless it
/// is told to hide it; Connection is its own (`ngx_http_upstream_copy_upgrade`, `ngx_http_header_filter`).
fn hides_upgrade(block: Directive<'_>) -> Option<Directive<'_>> {
    const NEEDED: &[&str] = &["upgrade", "sec-websocket-accept"];
    let name = |directive: &Directive<'_>| directive.argument(0).map(|name| name.text().to_ascii_lowercase());
    let passed: Vec<_> = inherit::in_effect(block, "proxy_pass_header").directives.iter().filter_map(name).collect();
    let hidden = inherit::in_effect(block, "proxy_hide_header").directives;
    let is_hidden = |hidden: &Directive<'_>| {
        name(hidden).is_some_and(|name| NEEDED.contains(&name.as_str()) && !passed.contains(&name))
    };
    hidden.into_iter().find(is_hidden)
}
