//! Who uses certificates, keys and the other files of TLS.

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::certificates::tls_endpoint::{EndpointId, EndpointKind, TlsEndpoint};
use crate::model::inherit;
use crate::model::{CertificateUse, Model, ServerId};
use crate::nginx::Contexts;
use crate::nginx::tls_files::{TRUST_ALONE_SINCE, TlsSide};

/// A server of `http`, or another endpoint of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsUser {
    /// A server of `http`.
    Server(ServerId),
    /// A server of `stream` or `mail`, or a client of upstreams.
    Endpoint(EndpointId),
}

/// What becomes of peers whose certificate no authority vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerVerification {
    /// Nothing: their certificates are not looked at.
    Off,
    /// Nothing either, but `$ssl_client_verify` says so: `ssl_verify_client optional_no_ca`.
    Told,
    /// They are refused if they present one: `ssl_verify_client optional`.
    Optional,
    /// They are refused.
    On,
}

impl PeerVerification {
    /// Of the settings of a side in effect in a block. nginx reads such words without case.
    pub(crate) fn of(block: Directive<'_>, side: TlsSide) -> PeerVerification {
        let value = inherit::value_in_effect(block, side.verify()).and_then(|verify| verify.argument(0));
        match value.map(|word| word.text().to_ascii_lowercase()).as_deref() {
            Some("on") => PeerVerification::On,
            Some("optional") => PeerVerification::Optional,
            Some("optional_no_ca") => PeerVerification::Told,
            _ => PeerVerification::Off,
        }
    }
}

impl<'c> Model<'c> {
    /// What speaks TLS besides the servers of `http`.
    pub fn tls_endpoints(&self) -> impl ExactSizeIterator<Item = &TlsEndpoint<'c>> {
        self.tls_endpoints.iter()
    }

    /// The endpoint behind an id of this model.
    #[must_use]
    pub fn tls_endpoint(&self, id: EndpointId) -> &TlsEndpoint<'c> {
        &self.tls_endpoints[id.0 as usize]
    }

    pub(crate) fn find_endpoint(&self, user: TlsUser) -> Option<&TlsEndpoint<'c>> {
        match user {
            TlsUser::Server(_) => None,
            TlsUser::Endpoint(id) => Some(self.tls_endpoint(id)),
        }
    }

    /// The certificates of a user, and their keys.
    #[must_use]
    pub fn certificates_of(&self, user: TlsUser) -> (&[CertificateUse<'c>], &[CertificateUse<'c>]) {
        match user {
            TlsUser::Server(id) => (&self.server(id).certificates, &self.server(id).certificate_keys),
            TlsUser::Endpoint(id) => {
                let endpoint = self.tls_endpoint(id);
                (&endpoint.certificates, &endpoint.certificate_keys)
            }
        }
    }

    /// The servers that are to refuse clients whose certificate no authority vouches for, and for which no authority is
    /// named, each with its `ssl_verify_client`: with them nginx does not start. Nothing of a lone snippet, for the
    /// authority may be named around it.
    ///
    /// `ngx_http_ssl_merge_srv_conf` and its like; nginx 1.22.1 and 1.31.3 were asked.
    #[must_use]
    pub fn verifying_without_trust(&self) -> Vec<(Directive<'c>, TlsUser)> {
        if !self.config.is_whole() {
            return Vec::new();
        }
        let servers = self.servers().filter(|server| !server.certificates.is_empty() || server.rejects_handshake);
        let servers = servers.map(|server| (TlsUser::Server(server.id), server.directive));
        let endpoints = self.tls_endpoints().filter(|endpoint| endpoint.is_server() && endpoint.opens_files);
        let endpoints = endpoints.map(|endpoint| (TlsUser::Endpoint(endpoint.id), endpoint.block));
        let is_lacking = |block: Directive<'c>, name: &str| {
            let named = inherit::in_effect(block, name);
            let names_a_file =
                |directive: &Directive<'_>| directive.argument(0).is_some_and(|word| !word.value().is_empty());
            !named.is_partial && !named.directives.last().is_some_and(names_a_file)
        };
        let is_enough = self.environment.version >= TRUST_ALONE_SINCE;
        let untrusting = servers.chain(endpoints).filter(|&(_, block)| {
            matches!(PeerVerification::of(block, TlsSide::Server), PeerVerification::On | PeerVerification::Optional)
                && is_lacking(block, "ssl_client_certificate")
                && (!is_enough || is_lacking(block, "ssl_trusted_certificate"))
        });
        untrusting
            .filter_map(|(user, block)| Some((inherit::value_in_effect(block, TlsSide::Server.verify())?, user)))
            .collect()
    }

    /// What a user makes of the certificates of its peers.
    #[must_use]
    pub fn peer_verification(&self, user: TlsUser) -> PeerVerification {
        match user {
            TlsUser::Server(id) => PeerVerification::of(self.server(id).directive, TlsSide::Server),
            TlsUser::Endpoint(id) => {
                let endpoint = self.tls_endpoint(id);
                PeerVerification::of(endpoint.block, endpoint.side)
            }
        }
    }

    /// How messages call a user: `shop.example`, `the mail server on 993`, `proxy_pass in location / of shop.example`.
    #[must_use]
    pub fn user_text(&self, user: TlsUser) -> String {
        let endpoint = match user {
            TlsUser::Server(id) => return self.server(id).to_string(),
            TlsUser::Endpoint(id) => self.tls_endpoint(id),
        };
        let listen = || {
            let address = endpoint.listen().and_then(|listen| listen.argument(0));
            address.map(|address| format!(" on {}", address.text())).unwrap_or_default()
        };
        match endpoint.kind {
            EndpointKind::StreamServer => match endpoint.names.iter().find(|name| !name.is_no_host()) {
                Some(name) => format!("{name} (stream)"),
                None => format!("the stream server{}", listen()),
            },
            EndpointKind::MailServer => format!("the mail server{}", listen()),
            EndpointKind::Client => self.client_text(endpoint),
        }
    }

    /// How messages call several users, each once.
    #[must_use]
    pub fn users_text(&self, users: impl IntoIterator<Item = TlsUser>) -> String {
        let mut seen = FxHashSet::default();
        let names = users.into_iter().map(|user| self.user_text(user));
        spelled_out(&names.filter(|name| seen.insert(name.clone())).collect::<Vec<_>>())
    }

    fn client_text(&self, client: &TlsEndpoint<'_>) -> String {
        let name = client.directive.name_text();
        if client.block.context() == Contexts::STREAM {
            // They come first, in the order of the configuration.
            let count = self.tls_endpoints.partition_point(|endpoint| endpoint.kind == EndpointKind::StreamServer);
            let servers = self.tls_endpoints.get(..count).unwrap_or_default();
            let server = servers.binary_search_by_key(&client.block.id(), |server| server.directive.id()).ok();
            let server = server.and_then(|at| servers.get(at));
            let server = server.map(|server| self.user_text(TlsUser::Endpoint(server.id))).unwrap_or_default();
            return format!("proxy_pass of {server}");
        }
        let inside = match () {
            () if client.block.is_named("if") => " in an if",
            () if client.block.is_named("limit_except") => " in a limit_except",
            () => "",
        };
        let mut around = std::iter::once(client.block).chain(client.block.ancestors());
        let location = around.find(|block| block.is_named("location"));
        let location = location.map(|location| {
            let words: Vec<_> = location.arguments().map(|word| word.text()).collect();
            format!(" in location {}", words.join(" "))
        });
        let server = self.server_around(client.directive).map(|server| format!(" of {server}"));
        format!("{name}{inside}{}{}", location.unwrap_or_default(), server.unwrap_or_default())
    }
}
