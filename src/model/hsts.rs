//! The HSTS policies that servers send, and how the hosts they bind are served.

use super::{Coverage, Model, Server, Service, inherit};
use crate::config::Directive;
use crate::source::Span;
use crate::tls::Host;

/// A Strict-Transport-Security header that an `add_header` sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HstsHeader<'c> {
    /// The `add_header`.
    pub directive: Directive<'c>,
    /// Where it stands.
    pub span: Span,
    /// What its value says.
    pub policy: HstsPolicy,
}

/// What a header says (RFC 6797, section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HstsPolicy {
    /// Seconds; 0 ends the policy.
    pub max_age: u64,
    /// `includeSubDomains`.
    pub include_subdomains: bool,
    /// `preload`, which is no part of the RFC: the site asks to be put on the browsers' list.
    pub preload: bool,
}

impl HstsPolicy {
    /// Reads a header's value; `None` without a valid max-age, which browsers ignore.
    #[must_use]
    pub fn parse(value: &str) -> Option<HstsPolicy> {
        let mut max_age = None;
        let mut include_subdomains = false;
        let mut preload = false;
        for directive in value.split(';') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "max-age" => max_age = value.trim().trim_matches('"').parse().ok(),
                "includesubdomains" => include_subdomains = true,
                "preload" => preload = true,
                _ => {}
            }
        }
        max_age.map(|max_age| HstsPolicy { max_age, include_subdomains, preload })
    }
}

/// How a host is served over HTTPS by this configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpsState {
    /// With a certificate; the path of the first one.
    Certificate(Coverage, String),
    /// No TLS server has the name; the certificate that the default server presents instead, if there
    /// is a TLS socket at all.
    PlainOnly(Option<String>),
    /// The default server of the TLS socket rejects the handshake, and none has the name.
    Rejected,
    /// It cannot be told.
    Unknown,
}

/// The HSTS header that an `add_header` sends, if its value is written out.
fn hsts_header(directive: Directive<'_>) -> Option<HstsHeader<'_>> {
    let name = directive.argument(0)?;
    if !name.text().eq_ignore_ascii_case("strict-transport-security") {
        return None;
    }
    let value = directive.argument(1)?.text();
    if super::value::has_variables(&value) {
        return None;
    }
    Some(HstsHeader { directive, span: directive.span(), policy: HstsPolicy::parse(&value)? })
}

/// The HSTS header in effect in a block: of a `server`, a `location` or an `if`.
#[must_use]
pub fn hsts_in_effect<'c>(model: &Model<'c>, block: Directive<'c>) -> Option<HstsHeader<'c>> {
    inherit::headers_in_effect(block, model.environment.version).into_iter().find_map(hsts_header)
}

impl<'c> Model<'c> {
    /// The HSTS headers that a server sends anywhere: in effect in the server itself, or set in one
    /// of its blocks.
    #[must_use]
    pub fn hsts_headers(&self, server: &Server<'c>) -> Vec<HstsHeader<'c>> {
        let mut headers: Vec<HstsHeader<'c>> = hsts_in_effect(self, server.directive).into_iter().collect();
        let inside = server.directive.descendants().filter(|directive| directive.is_named("add_header"));
        for header in inside.filter_map(hsts_header) {
            // One finding for each policy is enough; a location usually repeats the server's.
            if headers.iter().all(|known| known.policy != header.policy) {
                headers.push(header);
            }
        }
        headers
    }

    /// The hosts below `domain` that this configuration names, each once, with the place.
    #[must_use]
    pub fn hosts_below(&self, domain: &Host) -> Vec<(Host, Span)> {
        let names = self.names_below(domain);
        let mut found: Vec<(Host, Span)> = names.filter_map(|name| Some((name.host()?, name.span()?))).collect();
        found.sort();
        found.dedup_by(|later, first| later.0 == first.0);
        found
    }

    /// Whether another server names the domain directly above `host`.
    #[must_use]
    pub fn names_parent_of(&self, host: &Host) -> bool {
        let parent = host.name().and_then(|name| name.split_once('.')).map(|(_, parent)| parent);
        parent.is_some_and(|parent| self.owns(parent))
    }

    /// How `host` is served over HTTPS.
    #[must_use]
    pub fn https_state(&self, host: &Host) -> HttpsState {
        let mut fallback = None;
        for socket in self.sockets().filter(|socket| socket.is_tls && !socket.is_quic) {
            let path = |server: &Server<'_>| {
                let used = self.presenting_server(socket, server.id).certificates.first();
                used.map(|used| used.word.text().into_owned()).unwrap_or_default()
            };
            match self.service(socket, host) {
                Service::Unknown => return HttpsState::Unknown,
                Service::Named(server) if !server.rejects_handshake => {
                    let coverage = self.coverage(self.presenting_server(socket, server.id), host);
                    return HttpsState::Certificate(coverage, path(server));
                }
                Service::Named(_) | Service::Rejected(_) => fallback = fallback.or(Some(HttpsState::Rejected)),
                // One with a name is another site, whatever its certificate covers.
                Service::ForAll(server, coverage) if !server.has_real_name() => {
                    fallback = Some(HttpsState::Certificate(coverage, path(server)));
                }
                Service::ForAll(server, _) | Service::Stranger(server, _) => {
                    fallback = fallback.or(Some(HttpsState::PlainOnly(Some(path(server)))));
                }
            }
        }
        fallback.unwrap_or(HttpsState::PlainOnly(None))
    }
}
