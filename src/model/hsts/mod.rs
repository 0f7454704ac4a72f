//! The HSTS policies that servers send, and how the hosts they bind are served.

pub mod answers;
pub mod eligibility;
pub mod errors;
pub mod mentions;
pub mod public_names;
pub mod settings;
pub mod subdomains;
pub mod trust;
pub mod upstreams;

use std::ops::Range;

use crate::config::Directive;
use crate::hsts::{HstsPolicy, ParsedHeader};
use crate::model::hsts::answers::own_settings;
use crate::model::hsts::settings::{HstsSetting, hsts_settings};
use crate::model::values::value::has_variables;
use crate::model::{
    AnsweredUrl, Edge, Family, ListenSocket, Model, Response, ResponseKind, Server, Service, StepKind, inherit,
};
use crate::source::Span;
use crate::syntax::Word;
use crate::tls::{CertificateName, Host};

/// A Strict-Transport-Security header that a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HstsHeader<'c> {
    /// The directive that sends it.
    pub directive: Directive<'c>,
    /// Its value, with its variables replaced.
    pub value: String,
    /// What the value says.
    pub parsed: ParsedHeader,
    /// What is said by it to browsers, if they take it: if they can read it, and another one does not always come before
    /// it (RFC 6797, section 8.1).
    pub policy: Option<HstsPolicy>,
    /// Whether it comes from an upstream of the server.
    pub is_of_upstream: bool,
    /// The hosts that get this value, where it depends on the host; empty: all hosts of the server.
    hosts: Vec<Host>,
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

    /// Whether a host of the server gets this value, as far as it was asked.
    #[must_use]
    pub fn is_sent_for(&self, host: &Host) -> bool {
        self.hosts.is_empty() || self.hosts.contains(host)
    }

    /// Whether browsers keep its policy: one that they read, and that is no roll-back (`max-age=0`).
    #[must_use]
    pub fn binding(&self) -> Option<HstsPolicy> {
        self.policy.filter(|policy| policy.max_age > 0)
    }
}

impl<'c> Model<'c> {
    /// The HSTS headers that a server sends anywhere, in effect in the server itself or set in one of its blocks: each
    /// value once, and as nothing says that a text without variables is sent, those that no request was found for as
    /// well. Those that another server of this configuration puts on an answer as its upstream come last.
    #[must_use]
    pub fn hsts_headers(&self, server: &Server<'c>) -> &[HstsHeader<'c>] {
        self.hsts_headers[server.id.0 as usize].get_or_init(|| self.find_hsts_headers(server))
    }

    fn find_hsts_headers(&self, server: &Server<'c>) -> Vec<HstsHeader<'c>> {
        let mut headers: Vec<HstsHeader<'c>> = Vec::new();
        let mut add = |directive: Directive<'c>, value: &str, is_of_upstream: bool, hosts: Vec<Host>| {
            if headers.iter().all(|known| known.value != value) {
                let parsed = ParsedHeader::parse(value);
                let (value, policy) = (value.to_owned(), parsed.policy);
                headers.push(HstsHeader { directive, value, parsed, policy, is_of_upstream, hosts });
            }
        };
        let around = hsts_settings(server.directive, self.environment.version);
        let settings: Vec<HstsSetting<'c>> = around.into_iter().chain(own_settings(server)).collect();
        for setting in settings.iter().filter(|setting| !setting.value.is_empty()) {
            if !has_variables(&setting.value) {
                add(setting.directive, &setting.value, false, Vec::new());
                continue;
            }
            let sent = self.https_answers(server.id).iter().flat_map(|answered| &answered.responses);
            for (directive, value) in sent.flat_map(|response| &response.hsts) {
                if let Some(value) = value.known().filter(|_| *directive == setting.directive) {
                    add(setting.directive, value, false, self.hosts_that_get(server, value));
                }
            }
        }
        if server.directive.descendants().any(|directive| self.asks_itself(directive)) {
            let answers = self.https_answers(server.id).iter().flat_map(|answered| &answered.responses);
            for response in answers {
                for (directive, value) in response.hsts.iter().take(response.upstream_hsts.unwrap_or_default()) {
                    if let Some(value) = value.known() {
                        add(*directive, value, true, self.hosts_that_get(server, value));
                    }
                }
            }
        }
        if headers.len() > 1 {
            for header in &mut headers {
                header.policy = header.policy.filter(|_| self.is_hsts_in_effect(server, &header.value));
            }
        }
        headers
    }

    /// The hosts of a server whose front page carries a value; empty where that of each does, or none.
    fn hosts_that_get(&self, server: &Server<'c>, value: &str) -> Vec<Host> {
        let carries = |answered: &&AnsweredUrl<'c>| {
            let mut sent = answered.responses.iter().flat_map(|response| &response.hsts);
            sent.any(|(_, sent)| sent.known() == Some(value))
        };
        let (with, without): (Vec<_>, Vec<_>) =
            self.https_answers(server.id).iter().filter(|answered| answered.is_root()).partition(carries);
        if without.is_empty() {
            return Vec::new();
        }
        with.iter().filter_map(|answered| Host::parse(answered.url.host_str()?.as_bytes()).ok()).collect()
    }

    /// The hosts that a header of a server binds: its names, or, where it has none and answers for all, those of its
    /// certificates; no addresses, which browsers never note (RFC 6797, section 8.1.1).
    #[must_use]
    pub fn bound_hosts(&self, server: &Server<'c>, header: &HstsHeader<'c>) -> Vec<Host> {
        let is_bound = |host: &Host| host.name().is_some() && header.is_sent_for(host);
        let mut hosts: Vec<Host> = server.hosts().filter(is_bound).collect();
        let socket = self.tls_sockets_of(server.id).find(|socket| socket.default.server == server.id);
        if let Some(socket) = socket.filter(|_| !server.has_real_name()) {
            for name in self.certificate_names(server) {
                let CertificateName::Dns(name) = name else { continue };
                let Ok(host) = Host::parse(name.as_bytes()) else { continue };
                if matches!(self.service(socket, &host), Service::ForAll(..)) && !hosts.contains(&host) {
                    hosts.push(host);
                }
            }
        }
        hosts
    }

    /// The servers that browsers can reach over TLS; behind an edge that ends it, those that it speaks to.
    pub fn tls_servers(&self) -> impl Iterator<Item = &Server<'c>> {
        self.servers().filter(|server| self.is_reached_over_tls(server))
    }

    /// Those of them that name `host` exactly.
    pub fn tls_owners<'m>(&'m self, host: &Host) -> impl Iterator<Item = &'m Server<'c>> + use<'m, 'c> {
        self.owners_of(host.name().unwrap_or_default()).filter(|server| self.is_reached_over_tls(server))
    }

    fn is_reached_over_tls(&self, server: &Server<'_>) -> bool {
        let is_over_tls = |socket: &ListenSocket| socket.is_tls || self.edge_of(server) == Edge::Tls;
        !server.rejects_handshake && self.sockets_of(server.id).any(|socket| !socket.is_quic && is_over_tls(socket))
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
        self.edge_of(server) == Edge::Tls
            || self.sockets_of(server.id).all(is_inner)
            || self.sits_behind_stream_tls(server)
            || server.directive.descendants().any(says_scheme)
    }

    /// The header that an outer block would have put on an answer, and that the `add_header`s of an inner block keep off
    /// it: the header, and the first of these. None where that is said to be meant (`add_header_inherit off`), or where
    /// the header would take the policy back.
    #[must_use]
    pub fn lost_header(&self, response: &Response<'c>) -> Option<(HstsSetting<'c>, Directive<'c>)> {
        if !response.hsts.is_empty() || is_directory_for_a_page(response) {
            return None;
        }
        self.lost_in(response.block, response.status)
    }

    /// The same for the answers of a block with this status.
    pub(crate) fn lost_in(
        &self,
        block: Directive<'c>,
        status: Option<u16>,
    ) -> Option<(HstsSetting<'c>, Directive<'c>)> {
        let version = self.environment.version;
        if !hsts_settings(block, version).is_empty() {
            return None;
        }
        let mut block = block;
        loop {
            let own = block.children_named("add_header").next().filter(|_| !inherit::drops_headers(block, version));
            let outer = match block.parent() {
                Some(outer) => {
                    block = outer;
                    hsts_settings(outer, version)
                }
                None => return None,
            };
            if let Some(setting) = outer.into_iter().rev().find(|setting| setting.applies_to(status)) {
                let is_rollback = HstsPolicy::parse(&setting.value).is_some_and(|policy| policy.max_age == 0);
                return own.filter(|_| !setting.value.is_empty() && !is_rollback).map(|own| (setting, own));
            }
        }
    }

    /// Whether a TLS server that names `host` sends it a header that browsers keep.
    #[must_use]
    pub fn sends_policy(&self, host: &Host) -> bool {
        let headers = self.tls_owners(host).flat_map(|server| self.hsts_headers(server));
        headers.filter(|header| header.is_sent_for(host)).any(|header| header.binding().is_some())
    }

    /// Whether a TLS server that names `host` sends includeSubDomains.
    #[must_use]
    pub fn binds_subdomains(&self, host: &Host) -> bool {
        let headers = self.tls_owners(host).flat_map(|server| self.hsts_headers(server));
        let mut policies = headers.filter_map(HstsHeader::binding);
        policies.any(|policy| policy.include_subdomains)
    }

    /// Whether a TLS server that names a domain above `host` sends includeSubDomains.
    #[must_use]
    pub fn is_bound_from_above(&self, host: &Host) -> bool {
        self.domain_that_binds(host).is_some()
    }

    /// The nearest of these domains.
    #[must_use]
    pub fn domain_that_binds(&self, host: &Host) -> Option<Host> {
        let owned = domains_above(host).filter(|domain| self.owns(domain));
        let mut owned = owned.filter_map(|domain| Host::parse(domain.as_bytes()).ok());
        owned.find(|domain| self.binds_subdomains(domain))
    }

    /// Whether `server` names a domain above `host`, too.
    #[must_use]
    pub fn names_above(&self, server: &Server<'_>, host: &Host) -> bool {
        domains_above(host).any(|domain| self.is_owner(server.id, domain))
    }

    /// Whether another server names the domain directly above `host`.
    #[must_use]
    pub fn names_parent_of(&self, host: &Host) -> bool {
        let parent = host.name().and_then(|name| name.split_once('.')).map(|(_, parent)| parent);
        parent.is_some_and(|parent| self.owns(parent))
    }
}

/// Whether the page for an error is taken for a directory, where its files cannot be seen: nobody means that.
fn is_directory_for_a_page(response: &Response<'_>) -> bool {
    let is_for_error = response.steps.iter().any(|step| matches!(step.kind, StepKind::ErrorPage(_)));
    let is_assumed = response.conditions.iter().any(|condition| condition.is_open && condition.is_of_files());
    is_for_error && response.kind == ResponseKind::Redirect && is_assumed && response.location_header.is_some()
}

fn domains_above(host: &Host) -> impl Iterator<Item = &str> {
    let name = host.name().unwrap_or_default();
    name.match_indices('.').map(|(dot, _)| &name[dot + 1..])
}
