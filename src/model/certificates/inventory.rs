//! Every certificate that configurations name, with what is known of it and of the servers that use it.
//!
//! It keeps no references into a model, so that what several configurations say of one file can be put together when
//! their models are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::model::certificates::served_names::ServedNames;
use crate::model::certificates::tls_endpoint::{EndpointId, EndpointKind, TlsEndpoint};
use crate::model::certificates::tls_file_use::TlsFileContent;
use crate::model::certificates::tls_user::TlsUser;
use crate::model::certificates::unused::NamedFiles;
use crate::model::{CertificateMode, CertificateSource, Model, Server, ServerId, ServerName};
use crate::nginx::Contexts;
use crate::nginx::tls_files::TlsFileKind;
use crate::source::{FileSystem, ReadError};
use crate::tls::{Certificate, CertificateFile, CertificateName, FileProblem, Host, OddityKind};

pub use crate::model::certificates::listed::{
    CertificateUser, FileUser, ListedCertificate, ListedFile, ListedKey, ListedSource, NameCoverage, Protocol, UserName,
};
pub use crate::model::certificates::unused::{UnusedCertificate, UnusedKey};

/// Why a file was not opened.
const NOT_OPENED: &str = "certificates are not opened (--certs skip)";

/// The certificates of one or more configurations.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Each certificate once, by its path.
    pub certificates: Vec<ListedCertificate>,
    /// The other files of TLS, each once by its path and what it is for.
    pub files: Vec<ListedFile>,
    /// Certificates in the same directories that nothing uses, by path.
    pub unused: Vec<UnusedCertificate>,
    /// Files there that are called as private keys and that nothing uses, by path.
    pub unused_keys: Vec<UnusedKey>,
    /// The real paths of the files that are named, for whatever purpose.
    named: FxHashSet<PathBuf>,
}

/// A certificate whose servers are still being collected.
#[derive(Default)]
struct Draft<'m> {
    file: Option<&'m CertificateFile>,
    unknown: Option<&'static str>,
    /// The servers of `http` that present it, and the name for which they do where it depends on that.
    presenting: Vec<(ServerId, Option<&'m Host>)>,
    /// The other endpoints that present it.
    endpoints: Vec<EndpointId>,
    keys: Vec<ListedKey>,
    /// What is presented in its place.
    replaced_by: BTreeSet<PathBuf>,
}

/// What is asked while the drafts are finished.
struct Survey<'m, 'c> {
    model: &'m Model<'c>,
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
        let is_opened = model.environment.certificates != CertificateMode::Skip;
        let drafts = drafts(model);
        let named = NamedFiles::of(model.config, files);
        let mut directories: Vec<&Path> = drafts.keys().filter_map(ListedSource::directory).collect();
        directories.dedup();
        let unused_keys = if is_opened { named.keys_beside(files, &directories) } else { Vec::new() };
        let unused = if is_opened { named.beside(files, directories) } else { Vec::new() };
        let survey = Survey::new(model);
        let drafts: Vec<_> = drafts.into_iter().collect();
        let certificates = drafts.into_par_iter().map(|(source, draft)| survey.finish(source, draft)).collect();
        Inventory { certificates, files: listed_files(model), unused, unused_keys, named: named.real }
    }

    /// Makes all paths those that people know.
    #[must_use]
    pub fn with_paths(mut self, shown: impl Fn(&Path) -> PathBuf) -> Inventory {
        for certificate in &mut self.certificates {
            if let ListedSource::File(path) = &mut certificate.source {
                *path = shown(path);
            }
            certificate.keys.iter_mut().for_each(|key| key.path = shown(&key.path));
            certificate.replaced_by.iter_mut().for_each(|path| *path = shown(path));
        }
        self.files.iter_mut().for_each(|file| file.path = shown(&file.path));
        self.unused.iter_mut().for_each(|unused| unused.path = shown(&unused.path));
        self.unused_keys.iter_mut().for_each(|unused| unused.path = shown(&unused.path));
        self
    }

    /// Puts together what several configurations say, each file once. What one of them uses is not unused, and neither
    /// is another copy of a certificate that is used.
    #[must_use]
    pub fn merged(all: impl IntoIterator<Item = Inventory>) -> Inventory {
        let mut certificates: BTreeMap<ListedSource, ListedCertificate> = BTreeMap::new();
        let mut unused = Vec::new();
        let mut unused_keys = Vec::new();
        let mut named = FxHashSet::default();
        let mut files: BTreeMap<(PathBuf, TlsFileKind), ListedFile> = BTreeMap::new();
        for inventory in all {
            unused.extend(inventory.unused);
            unused_keys.extend(inventory.unused_keys);
            named.extend(inventory.named);
            for certificate in inventory.certificates {
                match certificates.get_mut(&certificate.source) {
                    Some(known) => known.add(certificate),
                    None => drop(certificates.insert(certificate.source.clone(), certificate)),
                }
            }
            add_files(&mut files, inventory.files);
        }
        let certificates: Vec<ListedCertificate> = certificates.into_values().collect();
        let leaves: FxHashSet<&[u8]> =
            certificates.iter().filter_map(|listed| listed.leaf.as_ref()).map(Certificate::bytes).collect();
        unused.retain(|file: &UnusedCertificate| !named.contains(&file.real) && !leaves.contains(file.leaf.bytes()));
        unused.sort_by(|a, b| a.path.cmp(&b.path));
        let mut seen = FxHashSet::default();
        unused.retain(|file| seen.insert(file.real.clone()));
        unused_keys.retain(|file: &UnusedKey| !named.contains(&file.real));
        unused_keys.sort_by(|a, b| a.path.cmp(&b.path));
        unused_keys.retain(|file| seen.insert(file.real.clone()));
        Inventory { certificates, files: files.into_values().collect(), unused, unused_keys, named }
    }
}

/// The certificates with their keys.
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
        draft.presenting.extend(used.keeping().map(|server| (server, used.name())));
        draft.replaced_by.extend(used.replacing_paths());
        draft.endpoints.extend(used.presenting_endpoints().map(|endpoint| endpoint.id));
    }
    for used in model.key_uses() {
        if let (Some(certificate), Some((path, check))) = (used.certificate_path(), used.in_use())
            && let Some(draft) = drafts.get_mut(&ListedSource::File(certificate))
        {
            draft.add_key(ListedKey { path, check });
        }
    }
    drafts
}

/// The files beside certificates and keys, by path.
fn listed_files(model: &Model<'_>) -> Vec<ListedFile> {
    let mut files = BTreeMap::new();
    let listed = model.tls_files().into_iter().map(|used| {
        let (problem, count, not_after) = match used.content {
            TlsFileContent::Authorities(file) => {
                let not_after = file.certificates.iter().map(|authority| authority.validity.not_after).max();
                let problem = file.problem.as_ref().filter(|problem| problem.stops_nginx());
                (problem.map(ToString::to_string), file.certificates.len(), not_after)
            }
            TlsFileContent::RevocationLists(file) => {
                let ends = file.lists.iter().map(|list| list.next_update);
                // One without an end is valid for ever.
                let not_after = ends.collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
                (file.problem.as_ref().map(ToString::to_string), file.lists.len(), not_after)
            }
            TlsFileContent::DhParameters(parameters) => (parameters.as_ref().err().map(ToString::to_string), 0, None),
            TlsFileContent::OcspResponse(problem) => (problem.as_ref().map(ToString::to_string), 0, None),
            TlsFileContent::Secret { problem, .. } => {
                // A named pipe is as good for passwords.
                let is_problem = |problem: &&FileProblem| **problem != FileProblem::Unreadable(ReadError::NotRegular);
                (problem.as_ref().filter(is_problem).map(ToString::to_string), 0, None)
            }
        };
        let users = used.users.iter().map(|&user| file_user(model, user)).collect();
        let directives = vec![used.row.directive];
        ListedFile { path: used.path.to_path_buf(), kind: used.row.kind, directives, problem, count, not_after, users }
    });
    add_files(&mut files, listed);
    files.into_values().collect()
}

fn add_files(files: &mut BTreeMap<(PathBuf, TlsFileKind), ListedFile>, added: impl IntoIterator<Item = ListedFile>) {
    for file in added {
        let key = (file.path.clone(), file.kind);
        match files.get_mut(&key) {
            Some(known) => known.add(file),
            None => drop(files.insert(key, file)),
        }
    }
}

fn file_user(model: &Model<'_>, user: TlsUser) -> FileUser {
    let (span, protocol) = match user {
        TlsUser::Server(id) => (model.server(id).directive.span(), Protocol::Http),
        TlsUser::Endpoint(id) => {
            let endpoint = model.tls_endpoint(id);
            (endpoint.directive.span(), protocol(endpoint))
        }
    };
    FileUser { span, protocol, text: model.user_text(user) }
}

fn protocol(endpoint: &TlsEndpoint<'_>) -> Protocol {
    match endpoint.block.context() {
        context if context == Contexts::STREAM => Protocol::Stream,
        context if context == Contexts::MAIL => Protocol::Mail,
        _ => Protocol::Http,
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
    fn new(model: &'m Model<'c>) -> Survey<'m, 'c> {
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
        let others = model.tls_endpoints().filter(|endpoint| endpoint.speaks_tls);
        others.flat_map(|endpoint| &endpoint.names).for_each(|name| served.add(name));
        let defaults = model.sockets().filter(|socket| socket.is_tls).map(|socket| socket.default.server).collect();
        Survey { model, served, presented, defaults }
    }

    fn finish(&self, source: ListedSource, draft: Draft<'_>) -> ListedCertificate {
        let leaf = draft.file.and_then(CertificateFile::leaf);
        let mut users = self.users(&draft, leaf);
        let defaults = || draft.presenting.iter().filter(|(server, _)| self.defaults.contains(server));
        let endpoints = || draft.endpoints.iter().map(|&id| self.model.tls_endpoint(id));
        let servers = || endpoints().filter(|endpoint| endpoint.is_server());
        let clients = || endpoints().filter(|endpoint| !endpoint.is_server());
        // Upstreams look for no host in a client's certificate.
        let is_of_client = clients().next().is_some();
        let answers_addresses = defaults().next().is_some() || servers().next().is_some() || is_of_client;
        let answers_all = defaults().any(|(server, _)| !self.model.server(*server).has_real_name())
            || servers().any(TlsEndpoint::answers_any_name)
            || is_of_client;
        users.extend(servers().map(|endpoint| endpoint_user(endpoint, leaf)));
        let clients = clients().map(|endpoint| file_user(self.model, TlsUser::Endpoint(endpoint.id))).collect();
        let is_unserved = |name: &&CertificateName| match name {
            CertificateName::Ip(_) => !answers_addresses,
            name => !answers_all && !self.served.serves(name),
        };
        let names = leaf.map(Certificate::names).unwrap_or_default();
        let environment = &self.model.environment;
        let mut chain = draft.file.and_then(|file| file.chain(&environment.anchors, environment.now)).cloned();
        if let Some(chain) = chain.as_mut().filter(|_| is_of_client && users.is_empty()) {
            chain.oddities.retain(|oddity| oddity.kind != OddityKind::NotForServers);
        }
        ListedCertificate {
            source,
            unknown: draft.unknown,
            leaf: leaf.cloned(),
            chain,
            problem: draft.file.and_then(|file| file.problem.clone()),
            keys: draft.keys,
            replaced_by: draft.replaced_by.into_iter().collect(),
            users,
            clients,
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
}

fn endpoint_user(endpoint: &TlsEndpoint<'_>, leaf: Option<&Certificate>) -> CertificateUser {
    CertificateUser {
        span: endpoint.directive.span(),
        protocol: protocol(endpoint),
        names: match endpoint.kind {
            EndpointKind::MailServer => greeting_names(endpoint, leaf),
            _ => user_names(endpoint.names.iter(), leaf),
        },
    }
}

/// In `mail`, the name is that with which nginx greets; clients need not have asked for it.
fn greeting_names(endpoint: &TlsEndpoint<'_>, leaf: Option<&Certificate>) -> Vec<UserName> {
    let mut names = user_names(endpoint.names.iter(), leaf);
    for name in names.iter_mut().filter(|name| name.coverage != NameCoverage::Covered) {
        name.coverage = NameCoverage::Unknown;
    }
    names
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
