//! What nginx would do with a configuration.
//!
//! It owns listen sockets, server selection, inheritance, locations and redirects. It reads the tree
//! of [`crate::config`], the facts of [`crate::nginx`] and the certificates of [`crate::tls`], and
//! never judges: that is for the rules.

pub mod inherit;
pub mod listen;
pub mod location;
pub mod pattern;
pub mod proxy;
pub mod redirect;
pub mod rewrite;
pub mod server;
pub mod server_names;
pub mod socket;
pub mod value;

#[cfg(test)]
mod tests;

use elsa::sync::FrozenMap;

use crate::config::{Config, Directive};
use crate::nginx::{Contexts, NginxVersion};
use crate::source::{FileSystem, Span};
use crate::syntax::Word;
use crate::tls::{CertificateFile, CertificateStore, Host, UnixTime};

pub use pattern::Pattern;
pub use proxy::ProxiedBlock;
pub use server::{CertificateSource, CertificateUse, Server, ServerId};
pub use server_names::{NameKind, SelectedBy, ServerName};
pub use socket::{ListenSocket, Member};

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
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    /// The nginx that will run the configuration.
    pub version: NginxVersion,
    /// The time against which certificates are judged.
    pub now: UnixTime,
    /// What is done about certificate files.
    pub certificates: CertificateMode,
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

/// The model of one configuration.
#[derive(Debug)]
pub struct Model<'c> {
    /// The tree it was made from.
    pub config: &'c Config<'c>,
    /// The certificates that the configuration names.
    pub certificates: CertificateStore,
    /// Whether none of the configuration's certificates and keys can be read, so that it is a
    /// repository without its secrets.
    pub lacks_certificates: bool,
    /// What is assumed of the world.
    pub environment: Environment,
    servers: Vec<Server<'c>>,
    sockets: Vec<ListenSocket>,
    /// Compiled regexes by the word that holds them.
    patterns: FrozenMap<Span, Box<Pattern>>,
}

impl<'c> Model<'c> {
    /// Models a configuration; certificate files are read through `files`.
    pub fn build(config: &'c Config<'c>, files: &dyn FileSystem, environment: Environment) -> Model<'c> {
        let blocks = config.directives_named("server", Contexts::HTTP).filter(Directive::is_block);
        let servers: Vec<Server<'c>> =
            blocks.enumerate().map(|(id, block)| Server::new(ServerId(id as u32), block)).collect();
        let paths = servers.iter().flat_map(|server| &server.certificates).filter_map(|used| match &used.source {
            CertificateSource::File(path) => Some(path.clone()),
            CertificateSource::Unknown => None,
        });
        let certificates = match environment.certificates {
            CertificateMode::Skip => CertificateStore::default(),
            CertificateMode::Auto | CertificateMode::Require => CertificateStore::load(files, paths),
        };
        let is_absent = |file: &CertificateFile| file.is_unreadable();
        let lacks_certificates = environment.certificates == CertificateMode::Auto
            && !certificates.is_empty()
            && certificates.files().all(is_absent)
            && !has_key(config, files);
        let sockets = ListenSocket::all(&servers);
        Model { config, certificates, lacks_certificates, environment, servers, sockets, patterns: FrozenMap::new() }
    }

    /// The number of `server` blocks of `http`.
    #[must_use]
    pub fn server_count(&self) -> usize {
        self.servers.len()
    }

    /// The servers of `http`, in the order of the configuration.
    pub fn servers(&self) -> impl ExactSizeIterator<Item = &Server<'c>> {
        self.servers.iter()
    }

    /// The server behind an id of this model.
    #[must_use]
    pub fn server(&self, id: ServerId) -> &Server<'c> {
        &self.servers[id.0 as usize]
    }

    /// The listen sockets of `http`, by port and address.
    pub fn sockets(&self) -> impl ExactSizeIterator<Item = &ListenSocket> {
        self.sockets.iter()
    }

    /// The server that `host` (lower case, no port, no trailing dot) selects on a socket.
    #[must_use]
    pub fn select(&self, socket: &ListenSocket, host: &str) -> Settled<(&Server<'c>, SelectedBy)> {
        match socket.select(&self.servers, host) {
            Settled::Known((server, by)) => Settled::Known((self.server(server), by)),
            Settled::Unknown => Settled::Unknown,
        }
    }

    /// Whether certificate files were opened, and at least one of them or a key is there.
    #[must_use]
    pub fn sees_certificates(&self) -> bool {
        self.environment.certificates != CertificateMode::Skip && !self.lacks_certificates
    }

    /// The server whose certificates a TLS socket presents for `server`: its own, else the default
    /// server's.
    #[must_use]
    pub fn presenting_server(&self, socket: &ListenSocket, server: ServerId) -> &Server<'c> {
        let own = self.server(server);
        if own.certificates.is_empty() { self.server(socket.default.server) } else { own }
    }

    /// The file of a certificate, if it was read.
    #[must_use]
    pub fn certificate_file(&self, used: &CertificateUse<'_>) -> Option<&CertificateFile> {
        match &used.source {
            CertificateSource::File(path) => self.certificates.file(path),
            CertificateSource::Unknown => None,
        }
    }

    /// Whether the certificates of `server` cover `host`. Where it has several (RSA and ECDSA), the
    /// client gets one of them; one that names the host is enough to say it is meant to.
    #[must_use]
    pub fn coverage(&self, server: &Server<'_>, host: &Host) -> Coverage {
        let mut coverage = if server.certificates.is_empty() { Coverage::Unknown } else { Coverage::NotCovered };
        for used in &server.certificates {
            match self.certificate_file(used).and_then(CertificateFile::leaf) {
                Some(leaf) if leaf.covers(host) => return Coverage::Covered,
                Some(_) => {}
                None => coverage = Coverage::Unknown,
            }
        }
        coverage
    }

    /// The regex in `word`, compiled once however often it is asked.
    pub(super) fn pattern(&self, word: Word<'_>, make: impl FnOnce() -> Pattern) -> &Pattern {
        match self.patterns.get(&word.span()) {
            Some(pattern) => pattern,
            None => self.patterns.insert(word.span(), Box::new(make())),
        }
    }

    /// The `location`s, `if`s and `limit_except`s that proxy, in the order of the configuration.
    pub fn proxied_blocks(&self) -> impl Iterator<Item = ProxiedBlock<'_>> {
        let contexts = Contexts::LOCATION | Contexts::IF_IN_LOCATION | Contexts::LIMIT_EXCEPT;
        let passes = self.config.directives_named("proxy_pass", contexts);
        passes.filter_map(|pass| Some(ProxiedBlock { block: pass.parent()?, pass }))
    }

    /// The hosts that this configuration names exactly, anywhere in `http`, each with the server
    /// that names it.
    pub fn named_hosts(&self) -> impl Iterator<Item = (Host, &Server<'c>)> {
        self.servers.iter().flat_map(|server| server.hosts().map(move |host| (host, server)))
    }
}

/// Whether a private key of the configuration is there: then its certificates should be, too.
fn has_key(config: &Config<'_>, files: &dyn FileSystem) -> bool {
    let keys = config.directives_named("ssl_certificate_key", Contexts::HTTP | Contexts::SERVER);
    keys.filter_map(|key| key.argument(0)).any(|word| files.kind(&config.directory.join(&*word.text())).is_ok())
}
