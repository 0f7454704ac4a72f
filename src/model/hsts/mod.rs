//! The HSTS policies that servers send, and how the hosts they bind are served.

pub mod answers;
pub mod settings;

use std::ops::Range;

use url::Url;

use crate::config::Directive;
use crate::hsts::{HstsPolicy, ParsedHeader};
use crate::model::hsts::answers::own_settings;
use crate::model::hsts::settings::{HstsSetting, hsts_settings};
use crate::model::values::value::has_variables;
use crate::model::{
    CertificateUse, Coverage, Edge, Family, ListenSocket, Model, Response, ResponseKind, Server, Service,
};
use crate::source::Span;
use crate::syntax::Word;
use crate::tls::Host;

/// A Strict-Transport-Security header that a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HstsHeader<'c> {
    /// The directive that sends it.
    pub directive: Directive<'c>,
    /// Its value, with its variables replaced.
    pub value: String,
    /// What the value says.
    pub parsed: ParsedHeader,
    /// What is said by it to browsers, if they take it.
    pub policy: Option<HstsPolicy>,
}

impl HstsHeader<'_> {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.directive.span()
    }

    /// The place of a part of its value; of the whole directive where the value is not written out.
    #[must_use]
    pub fn place(&self, part: Range<usize>) -> Span {
        let find = |word: Word<'_>| {
            let at = memchr::memmem::find(word.raw(), self.value.as_bytes())?;
            let offset = |at: usize| word.span().start + u32::try_from(at).unwrap_or_default();
            (!part.is_empty()).then(|| Span {
                start: offset(at + part.start),
                end: offset(at + part.end),
                ..word.span()
            })
        };
        self.directive.arguments().find_map(find).unwrap_or(self.span())
    }

    /// Whether its value is written out, so that it is what is sent.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        let is_value = |setting: HstsSetting<'_>| setting.value == self.value;
        crate::model::hsts_setting(self.directive).is_some_and(is_value)
    }

    /// Whether browsers keep its policy: one that they read, and that is no roll-back (`max-age=0`).
    #[must_use]
    pub fn binding(&self) -> Option<HstsPolicy> {
        self.policy.filter(|policy| policy.max_age > 0)
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

impl<'c> Model<'c> {
    /// The HSTS headers that a server sends anywhere, in effect in the server itself or set in one of its blocks: each
    /// value once, and as nothing says that a text without variables is sent, those that no request was found for as
    /// well.
    #[must_use]
    pub fn hsts_headers(&self, server: &Server<'c>) -> &[HstsHeader<'c>] {
        match self.hsts_headers.get(&server.id) {
            Some(headers) => headers,
            None => self.hsts_headers.insert(server.id, self.find_hsts_headers(server)),
        }
    }

    fn find_hsts_headers(&self, server: &Server<'c>) -> Vec<HstsHeader<'c>> {
        let mut headers: Vec<HstsHeader<'c>> = Vec::new();
        let mut add = |directive: Directive<'c>, value: &str| {
            if headers.iter().all(|known| known.value != value) {
                let parsed = ParsedHeader::parse(value);
                headers.push(HstsHeader { directive, value: value.to_owned(), policy: parsed.policy, parsed });
            }
        };
        let around = hsts_settings(server.directive, self.environment.version);
        let settings: Vec<HstsSetting<'c>> = around.into_iter().chain(own_settings(server)).collect();
        for setting in settings.iter().filter(|setting| !setting.value.is_empty()) {
            if !has_variables(&setting.value) {
                add(setting.directive, &setting.value);
                continue;
            }
            let sent = self.https_answers(server.id).iter().flat_map(|answered| &answered.responses);
            for (directive, value) in sent.flat_map(|response| &response.hsts) {
                if let Some(value) = value.known().filter(|_| *directive == setting.directive) {
                    add(setting.directive, value);
                }
            }
        }
        headers
    }

    /// The servers that browsers can reach over TLS; behind an edge that ends it, those that it speaks to.
    pub fn tls_servers(&self) -> impl Iterator<Item = &Server<'c>> {
        let is_reached = |server: &&Server<'c>| {
            let is_over_tls = |socket: &ListenSocket| socket.is_tls || self.environment.edge == Edge::Tls;
            !server.rejects_handshake && self.sockets_of(server.id).any(|socket| !socket.is_quic && is_over_tls(socket))
        };
        self.servers().filter(is_reached)
    }

    /// Whether TLS may end before a plain server: it is said so, it is told the client's address or scheme by what
    /// stands before it, or nothing but this machine reaches it.
    #[must_use]
    pub fn may_sit_behind_tls(&self, server: &Server<'_>) -> bool {
        let is_inner = |socket: &ListenSocket| {
            socket.has_proxy_protocol || !Family::ALL.iter().any(|&family| socket.serves(family))
        };
        let says_scheme = |directive: Directive<'_>| {
            directive.arguments().any(|word| memchr::memmem::find(word.raw(), b"http_x_forwarded_proto").is_some())
        };
        self.environment.edge == Edge::Tls
            || self.sockets_of(server.id).all(is_inner)
            || self.sits_behind_stream_tls(server)
            || server.directive.descendants().any(says_scheme)
    }

    /// The header that an outer block would have put on an answer, and that the `add_header`s of an inner block keep off
    /// it: the header, and the first of these.
    #[must_use]
    pub fn lost_header(&self, response: &Response<'c>) -> Option<(HstsSetting<'c>, Directive<'c>)> {
        let version = self.environment.version;
        if !response.hsts.is_empty() || !hsts_settings(response.block, version).is_empty() {
            return None;
        }
        let mut block = response.block;
        loop {
            let own = block.children_named("add_header").next();
            let outer = match block.parent() {
                Some(outer) => {
                    block = outer;
                    hsts_settings(outer, version)
                }
                None => return None,
            };
            if let Some(setting) = outer.into_iter().rev().find(|setting| setting.applies_to(response.status)) {
                return own.filter(|_| !setting.value.is_empty()).map(|own| (setting, own));
            }
        }
    }

    /// Whether a TLS server that names `host` sends includeSubDomains.
    #[must_use]
    pub fn binds_subdomains(&self, host: &Host) -> bool {
        let owners = self.owners_of(host.name().unwrap_or_default());
        let over_tls = owners.filter(|server| self.tls_sockets_of(server.id).next().is_some());
        let mut policies = over_tls.flat_map(|server| self.hsts_headers(server)).filter_map(HstsHeader::binding);
        policies.any(|policy| policy.include_subdomains)
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

    /// Whether the plain servers of `host` do no more for visitors than send them to https:// on another host.
    #[must_use]
    pub fn only_sends_elsewhere(&self, host: &Host) -> bool {
        let Some(name) = host.name() else { return false };
        let leads_away = |response: &Response<'_>| {
            let target = response.location_header.as_ref().and_then(|header| Url::parse(&header.text).ok());
            response.kind == ResponseKind::Redirect
                && target.is_some_and(|target| target.scheme() == "https" && target.host_str() != Some(name))
        };
        let mut roots = self
            .owners_of(name)
            .flat_map(|server| self.plain_answers(server.id))
            .filter(|answered| answered.is_root() && answered.url.host_str() == Some(name))
            .peekable();
        roots.peek().is_some() && roots.all(|answered| answered.all(leads_away))
    }

    /// Whether `server` names a domain above `host`, too.
    #[must_use]
    pub fn names_above(&self, server: &Server<'_>, host: &Host) -> bool {
        let name = host.name().unwrap_or_default();
        name.match_indices('.').any(|(dot, _)| self.is_owner(server.id, &name[dot + 1..]))
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
                let used = self.presented_use(self.presenting_server(socket, server.id), None);
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
        // One for all names counts as the server of this one.
        match fallback {
            Some(state @ HttpsState::Certificate(..)) => state,
            fallback => self.https_state_of_stream(host).or(fallback).unwrap_or(HttpsState::PlainOnly(None)),
        }
    }
}

/// Top-level domains that are for private networks, tests and the machine itself (RFC 2606, RFC 6761, RFC 8375, ICANN's
/// `.internal`, and what people use).
const PRIVATE_DOMAINS: &[&str] = &[
    "local",
    "localhost",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "test",
    "invalid",
    "onion",
];

/// Whether a host may be a public site: a DNS name of several labels that no private network has for itself.
#[must_use]
pub fn is_public_name(host: &Host) -> bool {
    let Some((_, top_level)) = host.name().and_then(|name| name.rsplit_once('.')) else { return false };
    !PRIVATE_DOMAINS.contains(&top_level)
}

/// Why browsers do not trust a certificate, whatever its names and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// It is signed by its own key.
    SelfSigned,
}

impl<'c> Model<'c> {
    /// Why browsers trust no certificate that a server presents, with the first of them. `None` where they may.
    #[must_use]
    pub fn distrust<'m>(&'m self, server: &'m Server<'c>) -> Option<(Distrust, &'m CertificateUse<'c>)> {
        let distrust = |used: &CertificateUse<'_>| {
            let leaf = self.certificate_file(used)?.leaf()?;
            leaf.is_self_issued.then_some(Distrust::SelfSigned)
        };
        let first = server.certificates.first()?;
        server.certificates.iter().all(|used| distrust(used).is_some()).then_some((distrust(first)?, first))
    }
}
