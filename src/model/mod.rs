//! What nginx would do with a configuration.
//!
//! It owns listen sockets, server selection, inheritance, locations and redirects. It reads the tree
//! of [`crate::config`], the facts of [`crate::nginx`] and the certificates of [`crate::tls`], and
//! never judges: that is for the rules.

pub mod certificates;
pub mod edge;
pub mod following;
pub mod hsts;
pub mod inherit;
mod processing;
pub mod requests;
pub mod sockets;
pub mod stream;
pub mod upstream_tls;
pub mod values;
pub mod websocket;

#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use elsa::sync::FrozenMap;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::config::{Config, Directive, ItemId};
use crate::nginx::tls_files::{TLS_FILES, TlsFileKind};
use crate::nginx::{Contexts, NginxVersion};
use crate::source::{FileSystem, Span};
use crate::syntax::Word;
use crate::tls::{CertificateFile, CertificateStore, Host, KeyStore, TrustAnchors, UnixTime, Verification};

pub use crate::hsts::HstsPolicy;
pub use certificates::certificate_use::UsedCertificate;
pub use certificates::inventory::Inventory;
pub use certificates::key_use::UsedKey;
pub use certificates::stapling::{IgnoredStapling, StaplingProblem};
pub use certificates::takers::Takers;
pub use certificates::tls_endpoint::{EndpointId, EndpointKind, TlsEndpoint, WithoutCertificate};
use certificates::tls_file_use::TlsFiles;
pub use certificates::tls_file_use::{TlsFileContent, UsedTlsFile};
pub use certificates::tls_user::{PeerVerification, TlsUser};
pub use edge::{Edge, Edges};
pub use following::survey::{Departure, Leg, Occurrence, Way};
pub use following::trace::{Handshake, Hop, KnownHstsHost, Outcome, Refusal, Start, Trace};
pub use following::tracer::{MAX_HOPS, Tracer};
pub use following::verdict::Verdict;
pub use hsts::HstsHeader;
pub use hsts::answers::AnsweredUrl;
pub use hsts::eligibility::{PreloadRefusal, PreloadRefusalKind};
pub use hsts::mentions::MentionKind;
use hsts::mentions::Mentions;
pub use hsts::public_names::{is_public_name, is_public_suffix, registrable_domain};
pub use hsts::settings::{HstsSetting, HstsSettingKind, hsts_setting, hsts_settings};
use hsts::subdomains::PatternNames;
pub use hsts::subdomains::{HttpsState, Lockout, Subdomain, SubdomainState};
pub use hsts::trust::Distrust;
pub use hsts::upstreams::UpstreamHint;
pub use requests::choices::{Choices, Condition, explore};
use requests::document_files::DocumentFiles;
use requests::location::LocationTable;
pub use requests::proxy::ProxiedBlock;
pub use requests::request::{OtherHeaders, Request};
pub use requests::response::{Response, ResponseKind, Step, StepKind, Value};
pub use requests::upstream_request::UpstreamVersion;
use requests::upstreams::Upstreams;
pub use sockets::https_service::{Family, Service};
pub use sockets::request_host::{InvalidHost, RequestHost};
pub use sockets::selection::Selected;
use sockets::served_hosts::ServedHosts;
pub use sockets::server::{CertificateSource, CertificateUse, Server, ServerId};
pub use sockets::server_names::{NameKind, SelectedBy, ServerName};
pub use sockets::socket::{ListenSocket, Member};
pub use sockets::tls_side::TlsSide;
pub use stream::Module;
use upstream_tls::pass::TlsPass;
use values::definitions::Definitions;
pub use values::pattern::Pattern;
pub use websocket::WebsocketLocation;

/// What is known of a value that may depend on things outside the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled<T> {
    /// It is this, whatever the rest of the world does.
    Known(T),
    /// It depends on what cannot be seen.
    Unknown,
}

impl<T> Settled<T> {
    /// The value, if it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Settled::Known(value) => Some(value),
            Settled::Unknown => None,
        }
    }
}

/// What a run assumes of the world around a configuration.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The nginx that will run the configuration.
    pub version: NginxVersion,
    /// The time against which certificates are judged.
    pub now: UnixTime,
    /// What is done about certificate files.
    pub certificates: CertificateMode,
    /// The roots that clients trust.
    pub anchors: Arc<TrustAnchors>,
    /// nginx's `-p`, the base of relative `root` paths; `None` where it is not known.
    pub prefix: Option<PathBuf>,
    /// Whether files below document roots are looked for.
    pub document_files: bool,
    /// Where TLS ends.
    pub edge: Edges,
    /// The words by which locations say that they are for WebSocket.
    pub websocket: websocket::Patterns,
}

/// What is done about certificate files (`--certs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CertificateMode {
    /// As `Require` when any of the configuration's can be read; else nothing is said of them.
    #[default]
    Auto,
    /// One that cannot be read is an error.
    Require,
    /// They are not opened.
    Skip,
}

/// Whether the certificate that a server presents is good for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// A certificate names the host.
    Covered,
    /// None does.
    NotCovered,
    /// A certificate is not known: a variable, or a file that cannot be read.
    Unknown,
}

/// Names of servers, each by its server and number, by what they have in common.
type NamesByDomain = FxHashMap<Box<str>, Vec<(ServerId, usize)>>;

/// The model of one configuration.
#[derive(Debug)]
pub struct Model<'c> {
    /// The tree it was made from.
    pub config: &'c Config<'c>,
    /// The certificates that the configuration names.
    pub certificates: CertificateStore,
    /// Their keys.
    pub keys: KeyStore<'c>,
    /// Whether none of the configuration's certificates and keys can be read, or it has none, so that it may be a
    /// repository without its secrets.
    pub lacks_certificates: bool,
    /// Whether some of the certificates that were read may be others than nginx has: they stand somewhere else here.
    pub has_certificates_elsewhere: bool,
    /// What is assumed of the world.
    pub environment: Environment,
    documents: DocumentFiles<'c>,
    /// Those of `http` first, then those of other modules.
    servers: Vec<Server<'c>>,
    tls_endpoints: Vec<TlsEndpoint<'c>>,
    /// `None` where they are not opened.
    tls_files: Option<TlsFiles<'c>>,
    /// How many of them are of `http`.
    http_servers: usize,
    sockets: Vec<ListenSocket>,
    /// Ports of long ranges that have no socket here.
    further_ports: Vec<RangeInclusive<u16>>,
    /// For each server the sockets it listens on.
    sockets_by_server: Vec<Vec<u32>>,
    /// The servers that name a host, by the host, and by `*.` and its parent domain.
    owners: OnceLock<FxHashMap<Box<str>, Vec<ServerId>>>,
    /// The names of hosts below a domain, by the domain.
    below: OnceLock<NamesByDomain>,
    /// The `ssl_certificate`s with the servers that they are in effect in.
    certificate_uses: OnceLock<Vec<certificates::certificate_use::Usage>>,
    certificate_files: OnceLock<Vec<certificates::certificate_use::Usage>>,
    /// Compiled regexes by the word that holds them.
    patterns: FrozenMap<Span, Arc<Pattern>>,
    /// The same by what they are: many sites have the same regex.
    patterns_by_text: Mutex<FxHashMap<(String, bool), Arc<Pattern>>>,
    /// The locations of servers and locations that were asked for.
    location_tables: FrozenMap<ItemId, Box<LocationTable<'c>>>,
    no_locations: LocationTable<'c>,
    definitions: OnceLock<Definitions<'c>>,
    served_hosts: OnceLock<ServedHosts>,
    /// The headers of each server, once they are asked for.
    hsts_headers: Vec<OnceLock<Vec<HstsHeader<'c>>>>,
    /// Whether each server has a directive about HSTS, once it is asked for.
    hsts_mentions: Vec<OnceLock<bool>>,
    /// The answers over HTTPS of each server, once they are asked for.
    https_answers: Vec<OnceLock<Vec<AnsweredUrl<'c>>>>,
    mentions: OnceLock<Mentions>,
    patterns_below: OnceLock<PatternNames>,
    departures: OnceLock<Vec<Departure<'c>>>,
    upstreams: OnceLock<Upstreams<'c>>,
    tls_passes: OnceLock<Vec<TlsPass<'c>>>,
    /// The files against which upstreams are verified.
    trusted: CertificateStore,
    websocket_locations: OnceLock<Vec<WebsocketLocation<'c>>>,
    upgrade_variable: OnceLock<Option<String>>,
    stream: stream::StreamSide<'c>,
    /// What they make of the certificates in other files, by both files and the depth.
    verifications: FrozenMap<(PathBuf, PathBuf, usize), Box<Verification>>,
}

impl<'c> Model<'c> {
    /// Models a configuration; certificate files are read through `files`.
    pub fn build(config: &'c Config<'c>, files: &'c dyn FileSystem, environment: Environment) -> Model<'c> {
        let blocks = config.directives_named("server", Contexts::HTTP).filter(Directive::is_block);
        let blocks: Vec<Directive<'c>> = blocks.collect();
        let blocks = blocks.into_par_iter().enumerate();
        let mut servers: Vec<Server<'c>> = blocks.map(|(id, block)| Server::new(ServerId(id as u32), block)).collect();
        let http_servers = servers.len();
        let stream = stream::StreamSide::build(config, &mut servers);
        let endpoints = TlsEndpoint::all(config, environment.version);
        let (mut certificates, mut pairs, mut tls_files) = (CertificateStore::default(), Vec::new(), None);
        let mut trusted = CertificateStore::default();
        if environment.certificates != CertificateMode::Skip {
            let paths = certificates::certificate_use::paths(&servers[..http_servers], &endpoints, files);
            certificates = CertificateStore::load(files, paths);
            pairs = certificates::key_use::pairs(&servers[..http_servers], &endpoints, files);
            trusted = CertificateStore::load(files, upstream_tls::verdict::trusted_files(config));
            tls_files = Some(TlsFiles::new(config, files, &servers[..http_servers], &endpoints, environment.version));
        }
        let keys = KeyStore::new(files, pairs);
        let lacks_certificates = environment.certificates == CertificateMode::Auto
            && certificates.files().all(CertificateFile::is_unreadable)
            && !has_key(config, files);
        let has_certificates_elsewhere =
            certificates.files().chain(trusted.files()).any(|file| files.is_elsewhere(&file.path));
        let sockets = ListenSocket::all(&servers, 0..http_servers);
        let mut sockets_by_server = vec![Vec::new(); servers.len()];
        for (number, socket) in sockets.iter().enumerate() {
            for member in &socket.members {
                sockets_by_server[member.server.0 as usize].push(number as u32);
            }
        }
        let further_ports = further_ports(&servers[..http_servers]);
        let documents = DocumentFiles::new(files, environment.document_files);
        let hsts_headers = servers.iter().map(|_| OnceLock::new()).collect();
        let hsts_mentions = servers.iter().map(|_| OnceLock::new()).collect();
        let https_answers = servers.iter().map(|_| OnceLock::new()).collect();
        Model {
            config,
            certificates,
            keys,
            lacks_certificates,
            has_certificates_elsewhere,
            environment,
            documents,
            servers,
            tls_endpoints: endpoints,
            tls_files,
            http_servers,
            sockets,
            further_ports,
            sockets_by_server,
            owners: OnceLock::new(),
            below: OnceLock::new(),
            certificate_uses: OnceLock::new(),
            certificate_files: OnceLock::new(),
            patterns: FrozenMap::new(),
            patterns_by_text: Mutex::default(),
            location_tables: FrozenMap::new(),
            no_locations: LocationTable::default(),
            definitions: OnceLock::new(),
            served_hosts: OnceLock::new(),
            hsts_headers,
            hsts_mentions,
            https_answers,
            mentions: OnceLock::new(),
            patterns_below: OnceLock::new(),
            departures: OnceLock::new(),
            upstreams: OnceLock::new(),
            tls_passes: OnceLock::new(),
            trusted,
            websocket_locations: OnceLock::new(),
            upgrade_variable: OnceLock::new(),
            stream,
            verifications: FrozenMap::new(),
        }
    }

    /// The number of `server` blocks of `http`.
    #[must_use]
    pub fn server_count(&self) -> usize {
        self.http_servers
    }

    /// The servers of `http`, in the order of the configuration.
    pub fn servers(&self) -> impl ExactSizeIterator<Item = &Server<'c>> {
        self.servers[..self.http_servers].iter()
    }

    /// The server behind an id of this model.
    #[must_use]
    pub fn server(&self, id: ServerId) -> &Server<'c> {
        &self.servers[id.0 as usize]
    }

    /// The server that a directive stands in.
    #[must_use]
    pub fn server_around(&self, directive: Directive<'_>) -> Option<&Server<'c>> {
        let blocks = std::iter::once(directive).chain(directive.ancestors());
        let servers = &self.servers[..self.http_servers];
        let find = |block: Directive<'_>| servers.binary_search_by_key(&block.id(), |server| server.directive.id());
        blocks.into_iter().find_map(|block| find(block).ok()).map(|at| &servers[at])
    }

    /// The listen sockets of `http`, by port and address.
    pub fn sockets(&self) -> impl ExactSizeIterator<Item = &ListenSocket> {
        self.sockets.iter()
    }

    /// The sockets that a server listens on.
    pub fn sockets_of(&self, server: ServerId) -> impl Iterator<Item = &ListenSocket> {
        self.sockets_by_server[server.0 as usize].iter().map(|&socket| &self.sockets[socket as usize])
    }

    /// The TLS sockets that a server listens on.
    pub fn tls_sockets_of(&self, server: ServerId) -> impl Iterator<Item = &ListenSocket> {
        self.sockets_of(server).filter(|socket| socket.is_tls)
    }

    /// A name by its server and number.
    #[must_use]
    pub fn name(&self, (server, number): (ServerId, usize)) -> &ServerName<'c> {
        &self.server(server).names[number]
    }

    /// The server whose certificates a TLS socket presents for `server`: its own, else the default
    /// server's.
    #[must_use]
    pub fn presenting_server(&self, socket: &ListenSocket, server: ServerId) -> &Server<'c> {
        let own = self.server(server);
        if own.certificates.is_empty() && !own.has_unseen_certificates {
            self.server(socket.default.server)
        } else {
            own
        }
    }

    /// The regex in `word`, compiled once however often it is asked.
    pub(super) fn pattern(&self, word: Word<'_>, make: impl FnOnce() -> Pattern) -> &Pattern {
        if let Some(pattern) = self.patterns.get(&word.span()) {
            return pattern;
        }
        self.patterns.insert(word.span(), self.shared_pattern(make()))
    }

    /// The pattern that is the same as this one, which is compiled once wherever it stands.
    pub(super) fn shared_pattern(&self, pattern: Pattern) -> Arc<Pattern> {
        let key = (pattern.text().to_owned(), pattern.ignores_case());
        let mut known = self.patterns_by_text.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key).or_insert_with(|| Arc::new(pattern)))
    }

    /// The variables that the configuration defines.
    fn definitions(&self) -> &Definitions<'c> {
        self.definitions.get_or_init(|| Definitions::read(self.config, Contexts::HTTP))
    }

    /// The `location`s, `if`s and `limit_except`s that proxy, in the order of the configuration.
    pub fn proxied_blocks(&self) -> impl Iterator<Item = ProxiedBlock<'c>> + use<'c> {
        let contexts = Contexts::LOCATION | Contexts::IF_IN_LOCATION | Contexts::LIMIT_EXCEPT;
        let config: &'c Config<'c> = self.config;
        let passes = config.directives_named("proxy_pass", contexts);
        passes.filter_map(|pass| Some(ProxiedBlock { block: pass.parent()?, pass }))
    }

    /// The servers that name a host which the certificates of `server` cover, in the order of the
    /// certificate's names.
    pub fn certificate_owners(&self, server: &Server<'_>) -> impl Iterator<Item = &Server<'c>> {
        let owners = self.owners();
        let names = self.certificate_names(server).collect::<Vec<_>>().into_iter();
        names.filter_map(|name| owners.get(&*name.to_string())).flatten().map(|&id| self.server(id))
    }

    fn owners(&self) -> &FxHashMap<Box<str>, Vec<ServerId>> {
        self.owners.get_or_init(|| {
            let mut owners: FxHashMap<Box<str>, Vec<ServerId>> = FxHashMap::default();
            for (host, server) in self.named_hosts() {
                let name = host.to_string();
                let mut add = |name: Box<str>| {
                    let servers = owners.entry(name).or_default();
                    // A server may have thousands of names below one domain.
                    if servers.last() != Some(&server.id) {
                        servers.push(server.id);
                    }
                };
                if let Some((_, parent)) = name.split_once('.') {
                    add(format!("*.{parent}").into());
                }
                add(name.into());
            }
            owners
        })
    }

    fn served_hosts(&self) -> &ServedHosts {
        self.served_hosts.get_or_init(|| ServedHosts::new(&self.servers[..self.http_servers]))
    }

    /// Whether some server names `host` exactly.
    fn owns(&self, host: &str) -> bool {
        self.owners().contains_key(host)
    }

    /// The servers that name `host` exactly.
    pub fn owners_of<'m>(&'m self, host: &str) -> impl Iterator<Item = &'m Server<'c>> + use<'m, 'c> {
        let found = self.owners().get(host).map(Vec::as_slice).unwrap_or_default();
        found.iter().map(|&id| self.server(id))
    }

    /// Whether `server` names `host` exactly.
    fn is_owner(&self, server: ServerId, host: &str) -> bool {
        self.owners().get(host).is_some_and(|servers| servers.binary_search(&server).is_ok())
    }

    /// The names of hosts below `domain`.
    fn names_below(&self, domain: &Host) -> impl Iterator<Item = &ServerName<'c>> {
        let below = self.below.get_or_init(|| {
            let mut below = NamesByDomain::default();
            for server in self.servers() {
                for (number, name) in server.names.iter().enumerate() {
                    let Some(Host::Name(host)) = name.host() else { continue };
                    for (dot, _) in host.match_indices('.') {
                        below.entry(host[dot + 1..].into()).or_default().push((server.id, number));
                    }
                }
            }
            below
        });
        let found = domain.name().and_then(|domain| below.get(domain)).map(Vec::as_slice).unwrap_or_default();
        found.iter().map(|&name| self.name(name))
    }

    /// The hosts that this configuration names exactly, anywhere in `http`, each with the server
    /// that names it.
    pub fn named_hosts(&self) -> impl Iterator<Item = (Host, &Server<'c>)> {
        self.servers().flat_map(|server| server.hosts().map(move |host| (host, server)))
    }
}

/// The rest of long port ranges.
fn further_ports(servers: &[Server<'_>]) -> Vec<RangeInclusive<u16>> {
    servers.iter().flat_map(|server| &server.listens).filter_map(|listen| listen.further_ports.clone()).collect()
}

/// Whether a private key of the configuration is there: then its certificates should be, too.
fn has_key(config: &Config<'_>, files: &dyn FileSystem) -> bool {
    let rows = TLS_FILES.iter().filter(|row| row.kind == TlsFileKind::Key);
    let mut keys = rows.flat_map(|row| config.directives_named(row.directive, row.contexts));
    let path = |key: Directive<'_>| Some(config.directory.join(&*key.argument(0)?.text()));
    keys.any(|key| path(key).is_some_and(|path| files.is_readable(&path)))
}
