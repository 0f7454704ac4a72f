//! Every certificate that configurations name, with what is known of it and of the servers that use it.
//!
//! It keeps no references into a model, so that what several configurations say of one file can be put together when
//! their models are gone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::model::certificates::other_server::OtherServer;
use crate::model::certificates::served_names::ServedNames;
use crate::model::certificates::unused::NamedFiles;
use crate::model::{CertificateMode, CertificateSource, Model, NameKind, Server, ServerId, ServerName};
use crate::source::{FileSystem, Span};
use crate::tls::{
    Certificate, CertificateFile, CertificateName, CertificateProblem, CertificateStore, Chain, Host, KeyCheck,
    KeyState, KeyStore, UnixTime,
};

pub use crate::model::certificates::unused::UnusedCertificate;

/// Why a file was not opened.
const NOT_OPENED: &str = "certificates are not opened (--certs skip)";

/// The certificates of one or more configurations.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Each certificate once, by its path.
    pub certificates: Vec<ListedCertificate>,
    /// Certificates in the same directories that nothing uses, by path.
    pub unused: Vec<UnusedCertificate>,
    /// The real paths of the files that are named, for whatever purpose.
    named: FxHashSet<PathBuf>,
    /// Whether all certificates must be there, as in a place where nginx runs.
    is_required: bool,
}

/// What an `ssl_certificate` names.
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
    /// The certificate that servers present.
    pub leaf: Option<Certificate>,
    /// What clients make of the certificates in the file.
    pub chain: Option<Chain>,
    /// What is wrong with the file.
    pub problem: Option<CertificateProblem>,
    /// Its private keys; several where servers take different ones for it.
    pub keys: Vec<ListedKey>,
    /// The servers that present it.
    pub users: Vec<CertificateUser>,
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
    fn of(leaf: Option<&Certificate>, name: &ServerName<'_>) -> NameCoverage {
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
    /// The names of its servers with this coverage, each once, in the order of the servers.
    #[must_use]
    pub fn names_with(&self, coverage: NameCoverage) -> Vec<&str> {
        let mut seen = FxHashSet::default();
        let names = self.users.iter().flat_map(|user| &user.names).filter(|name| name.coverage == coverage);
        names.map(|name| name.text.as_str()).filter(|text| seen.insert(*text)).collect()
    }

    /// Whether clients of its servers are kept away: it has expired, has another key, or cannot be read where
    /// `is_expected` says that it should be.
    fn is_broken(&self, now: UnixTime, is_expected: bool) -> bool {
        let is_expired = self.leaf.as_ref().is_some_and(|leaf| leaf.validity.is_expired(now));
        let is_unreadable = self.unknown.is_none() && self.leaf.is_none() && is_expected;
        is_expired || is_unreadable || self.keys.iter().any(|key| matches!(key.check.state, KeyState::Differs { .. }))
    }
}

/// A certificate whose servers are still being collected.
#[derive(Default)]
struct Draft<'m> {
    file: Option<&'m CertificateFile>,
    unknown: Option<&'static str>,
    /// The servers of `http` that present it, and the name for which they do where it depends on that.
    presenting: Vec<(ServerId, Option<&'m Host>)>,
    /// Numbers of servers of `stream` and `mail`.
    others: Vec<usize>,
    keys: Vec<ListedKey>,
}

/// What is asked while the drafts are finished.
struct Survey<'m, 'c> {
    model: &'m Model<'c>,
    others: &'m [OtherServer<'c>],
    served: ServedNames<'m>,
    /// For each server that presents certificates: the servers for which it does, with the numbers of the names.
    presented: Vec<(ServerId, ServerId, Option<usize>)>,
    /// The servers that clients without SNI get.
    defaults: FxHashSet<ServerId>,
}

impl Inventory {
    /// The certificates of one configuration. `files` is what it was read from.
    #[must_use]
    pub fn new(model: &Model<'_>, files: &dyn FileSystem) -> Inventory {
        let others = OtherServer::all(model.config);
        let is_opened = model.environment.certificates != CertificateMode::Skip;
        let opened: &[OtherServer<'_>] = if is_opened { &others } else { &[] };
        let store = CertificateStore::load(files, opened.iter().flat_map(OtherServer::paths));
        let keys = KeyStore::new(files, opened.iter().flat_map(OtherServer::pairs));
        store.judge_chains(&model.environment.anchors, model.environment.now);
        keys.check_all(&store);
        let mut drafts = drafts(model);
        add_others(&mut drafts, &others, &store, &keys);
        let named = NamedFiles::of(model.config, files);
        let mut directories: Vec<&Path> = drafts.keys().filter_map(ListedSource::directory).collect();
        directories.dedup();
        let unused = if is_opened { named.beside(files, directories) } else { Vec::new() };
        let survey = Survey::new(model, &others);
        let drafts: Vec<_> = drafts.into_iter().collect();
        let certificates = drafts.into_par_iter().map(|(source, draft)| survey.finish(source, draft)).collect();
        let is_required = model.environment.certificates == CertificateMode::Require;
        Inventory { certificates, unused, named: named.real, is_required }
    }

    /// Makes all paths those that people know.
    #[must_use]
    pub fn with_paths(mut self, shown: impl Fn(&Path) -> PathBuf) -> Inventory {
        for certificate in &mut self.certificates {
            if let ListedSource::File(path) = &mut certificate.source {
                *path = shown(path);
            }
            certificate.keys.iter_mut().for_each(|key| key.path = shown(&key.path));
        }
        self.unused.iter_mut().for_each(|unused| unused.path = shown(&unused.path));
        self
    }

    /// Puts together what several configurations say, each file once. What one of them uses is not unused, and neither
    /// is another copy of a certificate that is used.
    #[must_use]
    pub fn merged(all: impl IntoIterator<Item = Inventory>) -> Inventory {
        let mut certificates: BTreeMap<ListedSource, ListedCertificate> = BTreeMap::new();
        let mut unused = Vec::new();
        let mut named = FxHashSet::default();
        let mut is_required = false;
        for inventory in all {
            is_required |= inventory.is_required;
            unused.extend(inventory.unused);
            named.extend(inventory.named);
            for certificate in inventory.certificates {
                match certificates.get_mut(&certificate.source) {
                    Some(known) => known.add(certificate),
                    None => drop(certificates.insert(certificate.source.clone(), certificate)),
                }
            }
        }
        let certificates: Vec<ListedCertificate> = certificates.into_values().collect();
        let leaves: FxHashSet<&[u8]> =
            certificates.iter().filter_map(|listed| listed.leaf.as_ref()).map(Certificate::bytes).collect();
        unused.retain(|file: &UnusedCertificate| !named.contains(&file.real) && !leaves.contains(file.leaf.bytes()));
        unused.sort_by(|a, b| a.path.cmp(&b.path));
        let mut seen = FxHashSet::default();
        unused.retain(|file| seen.insert(file.real.clone()));
        Inventory { certificates, unused, named, is_required }
    }

    /// Whether a certificate keeps clients of a server of `stream` or `mail` away, at which no rule looks. Where none
    /// can be read, it is a repository without its secrets.
    #[must_use]
    pub fn breaks_other_servers(&self, now: UnixTime) -> bool {
        let is_expected = self.is_required || self.certificates.iter().any(|listed| listed.leaf.is_some());
        let is_other = |listed: &&ListedCertificate| listed.users.iter().any(|user| user.protocol != Protocol::Http);
        self.certificates.iter().filter(is_other).any(|listed| listed.is_broken(now, is_expected))
    }
}

impl ListedSource {
    fn directory(&self) -> Option<&Path> {
        match self {
            ListedSource::File(path) => path.parent(),
            ListedSource::Unknown(_) => None,
        }
    }

    /// What is named by a parameter of which nothing is known, and why that is so.
    fn unknown(text: &str) -> (ListedSource, &'static str) {
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

impl ListedCertificate {
    /// Adds what another configuration says of the same file.
    fn add(&mut self, other: ListedCertificate) {
        self.users.extend(other.users);
        self.keys.extend(other.keys.into_iter().filter(|key| !self.keys.contains(key)).collect::<Vec<_>>());
        let unserved: FxHashSet<&CertificateName> = other.unserved.iter().collect();
        self.unserved.retain(|name| unserved.contains(name));
        if self.leaf.is_none() {
            (self.leaf, self.chain) = (other.leaf, other.chain);
            (self.problem, self.unknown) = (other.problem, other.unknown);
        }
    }
}

/// The certificates of `http`, with their keys.
fn drafts<'m>(model: &'m Model<'_>) -> BTreeMap<ListedSource, Draft<'m>> {
    let mut drafts: BTreeMap<ListedSource, Draft<'m>> = BTreeMap::new();
    for used in model.judged_certificate_uses() {
        let (source, unknown) = match (used.file, used.source()) {
            (Some(file), _) => (ListedSource::File(file.path.clone()), None),
            (None, CertificateSource::File(path)) => (ListedSource::File(path.clone()), Some(NOT_OPENED)),
            (None, _) => {
                let (source, why) = ListedSource::unknown(&used.word.text());
                (source, Some(why))
            }
        };
        let draft = drafts.entry(source).or_default();
        draft.file = used.file;
        draft.unknown = unknown;
        draft.presenting.extend(used.servers.iter().map(|&server| (server, used.name())));
    }
    for used in model.key_uses() {
        if let (Some(certificate), Some(path)) = (used.certificate_path(), used.path())
            && let Some(draft) = drafts.get_mut(&ListedSource::File(certificate))
        {
            draft.add_key(ListedKey { path, check: used.check.clone() });
        }
    }
    drafts
}

/// The certificates of `stream` and `mail`.
fn add_others<'m>(
    drafts: &mut BTreeMap<ListedSource, Draft<'m>>,
    others: &[OtherServer<'_>],
    store: &'m CertificateStore,
    keys: &KeyStore<'_>,
) {
    for (number, server) in others.iter().enumerate() {
        for used in &server.certificates {
            let (source, file, unknown) = match &used.source {
                CertificateSource::File(path) => {
                    let file = store.file(path);
                    (ListedSource::File(path.clone()), file, file.is_none().then_some(NOT_OPENED))
                }
                CertificateSource::PerName | CertificateSource::Unknown => {
                    let (source, why) = ListedSource::unknown(&used.word.text());
                    (source, None, Some(why))
                }
            };
            let draft = drafts.entry(source).or_default();
            draft.file = draft.file.or(file);
            draft.unknown = unknown;
            draft.others.push(number);
        }
        for pair in server.pairs() {
            if let Some(check) = keys.check(&pair, store)
                && let Some(draft) = drafts.get_mut(&ListedSource::File(pair.certificate.clone()))
            {
                draft.add_key(ListedKey { path: pair.key.clone(), check: check.clone() });
            }
        }
    }
}

impl Draft<'_> {
    fn add_key(&mut self, key: ListedKey) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }
}

impl<'m, 'c> Survey<'m, 'c> {
    fn new(model: &'m Model<'c>, others: &'m [OtherServer<'c>]) -> Survey<'m, 'c> {
        let mut served = ServedNames::default();
        let mut presented = Vec::new();
        for server in model.servers().filter(|server| !server.rejects_handshake) {
            if model.tls_sockets_of(server.id).next().is_some() {
                server.names.iter().for_each(|name| served.add(name));
            }
            presented.extend(presenting(model, server));
        }
        presented.sort_unstable();
        presented.dedup();
        others.iter().flat_map(|server| &server.names).for_each(|name| served.add(name));
        let defaults = model.sockets().filter(|socket| socket.is_tls).map(|socket| socket.default.server).collect();
        Survey { model, others, served, presented, defaults }
    }

    fn finish(&self, source: ListedSource, draft: Draft<'_>) -> ListedCertificate {
        let leaf = draft.file.and_then(CertificateFile::leaf);
        let mut users = self.users(&draft, leaf);
        let defaults = || draft.presenting.iter().filter(|(server, _)| self.defaults.contains(server));
        let answers_addresses = defaults().next().is_some() || !draft.others.is_empty();
        let answers_all = defaults().any(|(server, _)| !self.model.server(*server).has_real_name())
            || draft.others.iter().any(|&number| self.others[number].answers_any_name());
        users.extend(draft.others.iter().map(|&number| self.other_user(number, leaf)));
        let is_unserved = |name: &&CertificateName| match name {
            CertificateName::Ip(_) => !answers_addresses,
            name => !answers_all && !self.served.serves(name),
        };
        let names = leaf.map(Certificate::names).unwrap_or_default();
        let environment = &self.model.environment;
        ListedCertificate {
            source,
            unknown: draft.unknown,
            leaf: leaf.cloned(),
            chain: draft.file.and_then(|file| file.chain(&environment.anchors, environment.now)).cloned(),
            problem: draft.file.and_then(|file| file.problem.clone()),
            keys: draft.keys,
            users,
            unserved: names.iter().filter(is_unserved).cloned().collect(),
        }
    }

    /// The servers of `http` for which the certificate is presented, in the order of the configuration.
    fn users(&self, draft: &Draft<'_>, leaf: Option<&Certificate>) -> Vec<CertificateUser> {
        let mut names: Vec<(ServerId, Option<usize>)> = Vec::new();
        for &(presenting, only) in &draft.presenting {
            let first = self.presented.partition_point(|(server, ..)| *server < presenting);
            let of_server = self.presented[first..].iter().take_while(|(server, ..)| *server == presenting);
            let is_meant = |&(user, number): &(ServerId, Option<usize>)| match (number, only) {
                (Some(number), Some(host)) => self.model.name((user, number)).host().as_ref() == Some(host),
                _ => true,
            };
            names.extend(of_server.map(|&(_, user, number)| (user, number)).filter(is_meant));
        }
        names.sort_unstable();
        names.dedup();
        let user = |of_user: &[(ServerId, Option<usize>)]| {
            let server = self.model.server(of_user[0].0);
            let heard = of_user.iter().filter_map(|&(user, number)| Some(self.model.name((user, number?))));
            let names = user_names(heard, leaf);
            CertificateUser { span: server.directive.span(), protocol: Protocol::Http, names }
        };
        names.chunk_by(|a, b| a.0 == b.0).map(user).collect()
    }

    fn other_user(&self, number: usize, leaf: Option<&Certificate>) -> CertificateUser {
        let server = &self.others[number];
        CertificateUser {
            span: server.directive.span(),
            protocol: if server.is_mail() { Protocol::Mail } else { Protocol::Stream },
            names: user_names(server.names.iter(), leaf),
        }
    }
}

fn user_names<'n, 'c: 'n>(
    names: impl Iterator<Item = &'n ServerName<'c>>,
    leaf: Option<&Certificate>,
) -> Vec<UserName> {
    let names = names.filter(|name| !name.is_no_host());
    names.map(|name| UserName { text: name.to_string(), coverage: NameCoverage::of(leaf, name) }).collect()
}

/// Whose certificates clients get that mean `server`: for each of its names, and for the server itself.
fn presenting(model: &Model<'_>, server: &Server<'_>) -> impl Iterator<Item = (ServerId, ServerId, Option<usize>)> {
    let mut found = Vec::new();
    for socket in model.tls_sockets_of(server.id) {
        let own = model.presenting_server(socket, server.id).id;
        found.push((own, server.id, None));
        for (number, name) in server.names.iter().enumerate().filter(|(number, _)| !socket.ignores(server.id, *number))
        {
            // For an address clients send no SNI (RFC 6066, section 3), so the default server answers.
            let is_address = matches!(name.host(), Some(Host::Ip(_)));
            found.push((if is_address { socket.default.server } else { own }, server.id, Some(number)));
        }
    }
    found.into_iter()
}
