//! What an [`Inventory`](super::inventory::Inventory) says of one file.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use crate::model::{NameKind, ServerName};
use crate::nginx::tls_files::TlsFileKind;
use crate::source::Span;
use crate::tls::{Certificate, CertificateName, CertificateProblem, Chain, KeyCheck, UnixTime};

/// What an `ssl_certificate`, or its like for upstreams, names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedSource {
    /// A file; as nginx would open it, until the paths are made those that people know.
    File(PathBuf),
    /// The parameter, where nothing is known of what it stands for.
    Unknown(String),
}

/// A certificate, or what stands for one.
#[derive(Debug, Clone)]
pub struct ListedCertificate {
    /// The file.
    pub source: ListedSource,
    /// Why nothing is known of it.
    pub unknown: Option<&'static str>,
    /// The certificate that is presented.
    pub leaf: Option<Certificate>,
    /// What clients make of the certificates in the file.
    pub chain: Option<Chain>,
    /// What is wrong with the file.
    pub problem: Option<CertificateProblem>,
    /// Its private keys; several where servers take different ones for it.
    pub keys: Vec<ListedKey>,
    /// Where servers of TLS name it and present another one of the same kind of key instead: those, by path.
    pub replaced_by: Vec<PathBuf>,
    /// The servers that present it.
    pub users: Vec<CertificateUser>,
    /// What presents it to upstreams.
    pub clients: Vec<FileUser>,
    /// The names in it that no TLS server has, unless a server that answers whatever the name presents it.
    pub unserved: Vec<CertificateName>,
}

/// A private key that a configuration takes for a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its file.
    pub path: PathBuf,
    /// What is known of it.
    pub check: KeyCheck,
}

/// Which part of nginx a server belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `http`.
    Http,
    /// `stream`.
    Stream,
    /// `mail`.
    Mail,
}

/// A server that presents a certificate.
#[derive(Debug, Clone)]
pub struct CertificateUser {
    /// The `server` block.
    pub span: Span,
    /// Which part of nginx it belongs to.
    pub protocol: Protocol,
    /// The names for which it presents this certificate; those that no client can ask for are left out.
    pub names: Vec<UserName>,
}

/// A file of TLS that is no certificate of its own and no key: authorities, revocation lists and so on.
#[derive(Debug, Clone)]
pub struct ListedFile {
    /// The file; as nginx would open it, until the paths are made those that people know.
    pub path: PathBuf,
    /// What it is for.
    pub kind: TlsFileKind,
    /// The directives that name it.
    pub directives: Vec<&'static str>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// How many certificates or lists are in it.
    pub count: usize,
    /// Until when the last of them is valid.
    pub not_after: Option<UnixTime>,
    /// Those for which nginx opens it.
    pub users: Vec<FileUser>,
}

/// Who uses a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUser {
    /// The `server` block, or the directive that passes requests on.
    pub span: Span,
    /// Which part of nginx it belongs to.
    pub protocol: Protocol,
    /// How it is called.
    pub text: String,
}

/// A name of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName {
    /// As it is written.
    pub text: String,
    /// Whether the certificate covers it.
    pub coverage: NameCoverage,
}

/// Whether a certificate covers the hosts that a server name matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameCoverage {
    /// It does.
    Covered,
    /// Some of them: `*.a.test` of nginx matches more than `*.a.test` of a certificate does.
    Partly,
    /// None of them.
    NotCovered,
    /// The certificate, or what the name matches, is not known.
    Unknown,
}

impl NameCoverage {
    pub(super) fn of(leaf: Option<&Certificate>, name: &ServerName<'_>) -> NameCoverage {
        let witnesses = name.witnesses();
        let Some(leaf) = leaf.filter(|_| !witnesses.is_empty()) else { return NameCoverage::Unknown };
        match witnesses.iter().filter(|host| leaf.covers(host)).count() {
            all if all == witnesses.len() => NameCoverage::Covered,
            // What a pattern matches need not be what anybody asks for.
            0 if matches!(name.kind, NameKind::Regex(_) | NameKind::WildcardTrailing(_)) => NameCoverage::Unknown,
            0 => NameCoverage::NotCovered,
            _ => NameCoverage::Partly,
        }
    }
}

impl ListedCertificate {
    /// Whether nobody gets to see it, because others are presented in its place.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        self.users.is_empty() && self.clients.is_empty() && !self.replaced_by.is_empty()
    }

    /// Whether only upstreams get to see it.
    #[must_use]
    pub fn is_of_clients_only(&self) -> bool {
        self.users.is_empty() && !self.clients.is_empty()
    }

    /// The names of its servers with this coverage, each once, in the order of the servers.
    #[must_use]
    pub fn names_with(&self, coverage: NameCoverage) -> Vec<&str> {
        let mut seen = FxHashSet::default();
        let names = self.users.iter().flat_map(|user| &user.names).filter(|name| name.coverage == coverage);
        names.map(|name| name.text.as_str()).filter(|text| seen.insert(*text)).collect()
    }
}

impl ListedSource {
    pub(super) fn directory(&self) -> Option<&Path> {
        match self {
            ListedSource::File(path) => path.parent(),
            ListedSource::Unknown(_) => None,
        }
    }

    /// What is named by a parameter of which nothing is known, and why that is so.
    pub(super) fn unknown(text: &str) -> (ListedSource, &'static str) {
        let (text, why) = match text.split_once(':') {
            // What the certificate, or a template, holds is not for a listing.
            Some(("data", rest)) if !rest.starts_with('$') => {
                ("data:…", "the certificate stands in the parameter itself")
            }
            Some(("data", _)) => (text, "the certificate is the value of a variable"),
            Some(("engine", _)) => (text, "the certificate is an engine's of OpenSSL"),
            Some(("store", _)) => (text, "the certificate is in a store of OpenSSL"),
            _ => (text, "the path depends on a variable"),
        };
        (ListedSource::Unknown(text.to_owned()), why)
    }
}

impl ListedFile {
    /// Adds what another configuration says of the same file.
    pub(super) fn add(&mut self, other: ListedFile) {
        self.users.extend(other.users);
        let added = other.directives.into_iter().filter(|directive| !self.directives.contains(directive));
        self.directives.extend(added.collect::<Vec<_>>());
        self.directives.sort_unstable();
    }
}

impl ListedCertificate {
    /// Adds what another configuration says of the same file.
    pub(super) fn add(&mut self, other: ListedCertificate) {
        self.users.extend(other.users);
        self.clients.extend(other.clients);
        self.keys.extend(other.keys.into_iter().filter(|key| !self.keys.contains(key)).collect::<Vec<_>>());
        self.replaced_by.extend(other.replaced_by);
        self.replaced_by.sort_unstable();
        self.replaced_by.dedup();
        let unserved: FxHashSet<&CertificateName> = other.unserved.iter().collect();
        self.unserved.retain(|name| unserved.contains(name));
        if self.leaf.is_none() {
            (self.leaf, self.chain) = (other.leaf, other.chain);
            (self.problem, self.unknown) = (other.problem, other.unknown);
        }
    }
}
