//! What speaks TLS besides the servers of `http`: those of `stream` and `mail`, and nginx itself as a client of upstreams.

use std::path::PathBuf;

use crate::config::{Config, Directive};
use crate::model::inherit;
use crate::model::sockets::server::{CertificateUse, Server, ServerId, certificates, password_file};
use crate::model::sockets::server_names::ServerName;
use crate::model::sockets::socket::ListenSocket;
use crate::model::values::value::has_variables;
use crate::nginx::tls_files::{
    EMPTY_CERTIFICATE_SINCE, STREAM_NAMES_SINCE, TLS_FILES, TLS_PASSES, TlsFileKind, TlsPass, TlsSide,
};
use crate::nginx::{Contexts, NginxVersion};

/// A [`TlsEndpoint`] of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(pub u32);

/// Which part of nginx an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointKind {
    /// A `server` of `stream`.
    StreamServer,
    /// A `server` of `mail`.
    MailServer,
    /// A client of upstreams: `proxy_pass` and its like.
    Client,
}

/// What comes of a server of `stream` or `mail` that has to speak TLS and has no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutCertificate {
    /// nginx does not start.
    StopsNginx,
    /// It presents the certificate of the default server of its socket.
    Borrows(EndpointId),
}

/// One side of TLS connections (RFC 8446, section 1.1), as far as its certificates go.
#[derive(Debug)]
pub struct TlsEndpoint<'c> {
    /// Its number.
    pub id: EndpointId,
    /// Which part of nginx it is.
    pub kind: EndpointKind,
    /// The `server` block, or the directive that passes requests on.
    pub directive: Directive<'c>,
    /// The block whose settings are in effect.
    pub block: Directive<'c>,
    /// Whose settings those are.
    pub side: TlsSide,
    /// In `stream`, the names by which clients select it; in `mail`, the name with which it greets.
    pub names: Vec<ServerName<'c>>,
    /// The certificates in effect.
    pub certificates: Vec<CertificateUse<'c>>,
    /// The keys in effect: nginx takes the first for the first certificate, and so on.
    pub certificate_keys: Vec<CertificateUse<'c>>,
    /// The file of passwords in effect.
    pub password_file: Option<PathBuf>,
    /// Whether there may be others in a file whose include could not be followed.
    pub has_unseen_certificates: bool,
    /// Whether nginx opens its files as it starts.
    pub opens_files: bool,
    /// Whether peers get its certificates: it is reached over TLS, or reaches upstreams so, or may do so.
    pub speaks_tls: bool,
    /// What comes of having none.
    pub without_certificate: Option<WithoutCertificate>,
}

impl<'c> TlsEndpoint<'c> {
    /// Those of a configuration: of `stream`, of `mail`, towards upstreams.
    pub(crate) fn all(config: &'c Config<'c>, version: NginxVersion) -> Vec<TlsEndpoint<'c>> {
        let mut endpoints = stream_servers(config, version);
        endpoints.extend(blocks(config, Contexts::MAIL).map(mail_server));
        let sides = named_sides(config);
        for pass in TLS_PASSES.iter().filter(|pass| sides.contains(&pass.side)) {
            let contexts = Contexts::LOCATION | Contexts::IF_IN_LOCATION | Contexts::LIMIT_EXCEPT;
            let passes = config.directives_named(pass.directive, contexts);
            endpoints.extend(passes.filter_map(|directive| passing(pass, directive, version)));
        }
        if sides.contains(&TlsSide::Proxy) {
            let proxies = blocks(config, Contexts::STREAM).filter_map(|server| stream_proxy(server, version));
            endpoints.extend(proxies);
        }
        for (number, endpoint) in (0..).zip(&mut endpoints) {
            endpoint.id = EndpointId(number);
        }
        endpoints
    }

    fn new(kind: EndpointKind, side: TlsSide, directive: Directive<'c>, block: Directive<'c>) -> TlsEndpoint<'c> {
        let is_partial =
            |kind| side.directive(kind).is_some_and(|directive| inherit::in_effect(block, directive).is_partial);
        TlsEndpoint {
            id: EndpointId(0),
            kind,
            directive,
            block,
            side,
            names: Vec::new(),
            certificates: certificates(block, side, TlsFileKind::Certificate),
            certificate_keys: certificates(block, side, TlsFileKind::Key),
            password_file: password_file(block, side),
            has_unseen_certificates: is_partial(TlsFileKind::Certificate) || is_partial(TlsFileKind::Key),
            opens_files: false,
            speaks_tls: false,
            without_certificate: None,
        }
    }

    /// Whether it is a server.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.kind != EndpointKind::Client
    }

    /// Whether clients get it for whatever name they ask: `mail` selects no server by SNI.
    #[must_use]
    pub fn answers_any_name(&self) -> bool {
        self.names.is_empty() || self.kind == EndpointKind::MailServer
    }

    /// The `listen` by which it speaks TLS, else its first one.
    #[must_use]
    pub fn listen(&self) -> Option<Directive<'c>> {
        let listens = || self.directive.children_named("listen");
        listens().find(|listen| has_parameter(*listen, "ssl")).or(listens().next())
    }
}

fn blocks<'c>(config: &'c Config<'c>, context: Contexts) -> impl Iterator<Item = Directive<'c>> {
    config.directives_named("server", context).filter(Directive::is_block)
}

fn has_parameter(listen: Directive<'_>, parameter: &str) -> bool {
    listen.arguments().skip(1).any(|word| word.is(parameter))
}

/// The sides for which the configuration names any file.
fn named_sides(config: &Config<'_>) -> Vec<TlsSide> {
    let mut sides = Vec::new();
    for name in config.directives().filter_map(|directive| directive.name()) {
        // Most directives are about something else.
        if name.as_str().contains("_ssl_")
            && let Some(row) = TLS_FILES.iter().find(|row| row.directive == name.as_str())
            && !sides.contains(&row.side)
        {
            sides.push(row.side);
        }
    }
    sides
}

fn stream_servers<'c>(config: &'c Config<'c>, version: NginxVersion) -> Vec<TlsEndpoint<'c>> {
    let mut servers: Vec<Server<'c>> =
        (0..).zip(blocks(config, Contexts::STREAM)).map(|(id, block)| Server::new(ServerId(id), block)).collect();
    for server in &mut servers {
        // A UDP socket is another one; nginx speaks no DTLS.
        server.listens.retain(|listen| listen.directive.is_some_and(|listen| !has_parameter(listen, "udp")));
    }
    let sockets = ListenSocket::all(&servers, 0..servers.len());
    let shares_sockets = version >= STREAM_NAMES_SINCE;
    let mut endpoints = Vec::new();
    for server in &mut servers {
        let mut endpoint =
            TlsEndpoint::new(EndpointKind::StreamServer, TlsSide::Server, server.directive, server.directive);
        let rejects = shares_sockets && server.rejects_handshake;
        let own =
            |socket: &&ListenSocket| socket.is_tls && socket.members.iter().any(|member| member.server == server.id);
        let is_on_tls = sockets.iter().any(|socket| own(&socket));
        endpoint.opens_files = if shares_sockets { !endpoint.certificates.is_empty() || rejects } else { is_on_tls };
        endpoint.speaks_tls = is_on_tls && !rejects;
        let is_heard = |name: usize| sockets.iter().filter(own).any(|socket| !socket.ignores(server.id, name));
        let heard: Vec<bool> = (0..server.names.len()).map(is_heard).collect();
        let mut heard = heard.into_iter();
        endpoint.names = std::mem::take(&mut server.names);
        endpoint.names.retain(|name| name.word.is_some() && heard.next().unwrap_or(false));
        endpoints.push(endpoint);
    }
    for socket in sockets.iter().filter(|socket| socket.is_tls) {
        lacking_certificates(&servers, socket, &mut endpoints);
    }
    endpoints
}

/// The servers of a socket without a certificate (`ngx_stream_ssl_init`, src/stream/ngx_stream_ssl_module.c).
fn lacking_certificates(servers: &[Server<'_>], socket: &ListenSocket, endpoints: &mut [TlsEndpoint<'_>]) {
    let has_none = |server: &Server<'_>| {
        server.certificates.is_empty() && !server.has_unseen_certificates && !server.rejects_handshake
    };
    let Some(default) = servers.get(socket.default.server.0 as usize) else { return };
    for member in &socket.members {
        let Some(server) = servers.get(member.server.0 as usize).filter(|server| has_none(server)) else { continue };
        let lack = if server.id == default.id || default.rejects_handshake {
            WithoutCertificate::StopsNginx
        } else if default.certificates.is_empty() {
            // What is wrong is told of the default server, or is not to be seen.
            continue;
        } else {
            WithoutCertificate::Borrows(EndpointId(default.id.0))
        };
        if let Some(endpoint) = endpoints.get_mut(member.server.0 as usize)
            && endpoint.without_certificate != Some(WithoutCertificate::StopsNginx)
        {
            endpoint.without_certificate = Some(lack);
        }
    }
}

/// nginx: `ngx_mail_ssl_merge_conf`, src/mail/ngx_mail_ssl_module.c.
fn mail_server(directive: Directive<'_>) -> TlsEndpoint<'_> {
    let mut endpoint = TlsEndpoint::new(EndpointKind::MailServer, TlsSide::Server, directive, directive);
    let starttls = inherit::value_in_effect(directive, "starttls").and_then(|starttls| starttls.argument(0));
    endpoint.speaks_tls = directive.children_named("listen").any(|listen| has_parameter(listen, "ssl"))
        // Of nginx before 1.25.1.
        || inherit::flag_in_effect(directive, "ssl") == Some(true)
        || starttls.is_some_and(|value| value.is("on") || value.is("only"));
    endpoint.opens_files = endpoint.speaks_tls;
    if endpoint.speaks_tls && endpoint.certificates.is_empty() && !endpoint.has_unseen_certificates {
        endpoint.without_certificate = Some(WithoutCertificate::StopsNginx);
    }
    let names = directive.children_named("server_name");
    endpoint.names = names.flat_map(|names| names.arguments().map(ServerName::parse)).collect();
    endpoint
}

/// A directive of `http` that passes requests on, unless it does so without TLS.
fn passing<'c>(pass: &TlsPass, directive: Directive<'c>, version: NginxVersion) -> Option<TlsEndpoint<'c>> {
    let text = directive.argument(0)?.text();
    let before = text.split('$').next().unwrap_or_default();
    let length = before.len().min(pass.scheme.len());
    let may_be_tls = before.get(..length).is_some_and(|start| pass.scheme[..length].eq_ignore_ascii_case(start))
        && (length == pass.scheme.len() || has_variables(&text));
    if !may_be_tls && !has_variables(&text) {
        return None;
    }
    let mut endpoint = TlsEndpoint::new(EndpointKind::Client, pass.side, directive, directive.parent()?);
    endpoint.opens_files = true;
    endpoint.speaks_tls = may_be_tls;
    endpoint.without_empty_certificate(version);
    Some(endpoint)
}

/// `proxy_ssl on` of a server of `stream`; nginx opens the files even if it passes nothing on.
fn stream_proxy(server: Directive<'_>, version: NginxVersion) -> Option<TlsEndpoint<'_>> {
    if inherit::flag_in_effect(server, "proxy_ssl") != Some(true) {
        return None;
    }
    let pass = server.children_named("proxy_pass").next();
    let mut endpoint = TlsEndpoint::new(EndpointKind::Client, TlsSide::Proxy, pass.unwrap_or(server), server);
    endpoint.opens_files = true;
    endpoint.speaks_tls = pass.is_some();
    endpoint.without_empty_certificate(version);
    Some(endpoint)
}

impl TlsEndpoint<'_> {
    fn without_empty_certificate(&mut self, version: NginxVersion) {
        if version >= EMPTY_CERTIFICATE_SINCE {
            self.certificates.retain(|used| !used.word.value().is_empty());
        }
    }
}
