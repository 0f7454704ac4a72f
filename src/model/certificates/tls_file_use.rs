//! The files of TLS beside certificates and their keys: authorities, revocation lists, parameters, OCSP responses, passwords,
//! keys of session tickets.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::config::{Config, Directive};
use crate::model::certificates::tls_endpoint::TlsEndpoint;
use crate::model::certificates::tls_user::{PeerVerification, TlsUser};
use crate::model::inherit;
use crate::model::{CertificateUse, Model, Server};
use crate::nginx::tls_files::{Opened, TLS_FILES, TlsFile, TlsFileKind, TlsSide};
use crate::nginx::{Contexts, DirectiveName, NginxVersion};
use crate::source::{FileSystem, ReadError, Span};
use crate::syntax::Word;
use crate::tls::{
    CertificateFile, Exposure, FileProblem, Passwords, RevocationFile, Validity, dh_prime_bits, ocsp_file_problem,
    ticket_key_problem,
};

/// A directive that names such a file which nginx opens as it starts.
#[derive(Debug, Clone, Copy)]
pub struct UsedTlsFile<'m, 'c> {
    /// What nginx knows of the directive.
    pub row: &'static TlsFile,
    /// Its parameter.
    pub word: Word<'c>,
    /// The file.
    pub path: &'m Path,
    /// Those for which nginx opens it; none for passwords, which it reads wherever they are named.
    pub users: &'m [TlsUser],
    /// What is in it.
    pub content: &'m TlsFileContent,
    model: &'m Model<'c>,
}

/// What is in such a file.
#[derive(Debug)]
pub enum TlsFileContent {
    /// Certificates of authorities.
    Authorities(CertificateFile),
    /// What authorities have revoked.
    RevocationLists(RevocationFile),
    /// The length of the prime in bits.
    DhParameters(Result<u32, FileProblem>),
    /// An OCSP response, and what is wrong with it.
    OcspResponse(Option<FileProblem>),
    /// Passwords, or a key of session tickets.
    Secret {
        /// What is wrong with it.
        problem: Option<FileProblem>,
        /// That other users of the machine can read or change it.
        exposure: Option<Exposure>,
    },
}

/// All of one model.
pub(crate) struct TlsFiles<'c> {
    files: &'c dyn FileSystem,
    /// Each file once for what it is for.
    contents: Vec<(TlsFileKind, PathBuf, OnceLock<TlsFileContent>)>,
    /// By the place of the directive.
    uses: Vec<FileUsage<'c>>,
    /// For each user the numbers of its uses of authorities.
    by_user: FxHashMap<TlsUser, Vec<usize>>,
}

struct FileUsage<'c> {
    row: &'static TlsFile,
    word: Word<'c>,
    content: usize,
    users: Vec<TlsUser>,
}

impl std::fmt::Debug for TlsFiles<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsFiles").field("contents", &self.contents).finish_non_exhaustive()
    }
}

/// A file that is opened: its place, what it is, and for whom.
type Opening<'c> = (Span, &'static TlsFile, Word<'c>, Option<TlsUser>);

impl<'c> TlsFiles<'c> {
    /// No file is opened yet.
    pub(crate) fn new(
        config: &'c Config<'c>,
        files: &'c dyn FileSystem,
        servers: &[Server<'c>],
        endpoints: &[TlsEndpoint<'c>],
        version: NginxVersion,
    ) -> TlsFiles<'c> {
        let present = present(config);
        let mut openings: Vec<Opening<'c>> = Vec::new();
        if !present.is_empty() {
            for server in servers.iter().filter(|server| !server.certificates.is_empty() || server.rejects_handshake) {
                let block = Block { user: TlsUser::Server(server.id), block: server.directive, side: TlsSide::Server };
                block.openings(&present, &server.certificates, &server.certificate_keys, version, &mut openings);
            }
            for endpoint in endpoints.iter().filter(|endpoint| endpoint.opens_files) {
                let user = TlsUser::Endpoint(endpoint.id);
                let block = Block { user, block: endpoint.block, side: endpoint.side };
                block.openings(&present, &endpoint.certificates, &endpoint.certificate_keys, version, &mut openings);
            }
            let is_always = |row: &&TlsFile| row.opened(version) == Opened::Always;
            for row in TLS_FILES.iter().filter(is_always).filter(|row| present.contains(&row.directive)) {
                let named = config.directives_named(row.directive, row.contexts);
                let words = named.filter_map(|directive| directive.argument(0));
                openings.extend(words.map(|word| (word.span(), row, word, None)));
            }
        }
        openings.sort_by_key(|(span, row, _, user)| (*span, row.directive, *user));
        let mut all = TlsFiles { files, contents: Vec::new(), uses: Vec::new(), by_user: FxHashMap::default() };
        let mut known: FxHashMap<(TlsFileKind, PathBuf), usize> = FxHashMap::default();
        for same in openings.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(_, row, word, _)) = same.first() else { continue };
            let path = config.directory.join(&*word.text());
            let content = *known.entry((row.kind, path.clone())).or_insert_with(|| {
                all.contents.push((row.kind, path, OnceLock::new()));
                all.contents.len() - 1
            });
            let mut users: Vec<TlsUser> = same.iter().filter_map(|(.., user)| *user).collect();
            users.dedup();
            for &user in users.iter().filter(|_| row.kind == TlsFileKind::Authorities) {
                all.by_user.entry(user).or_default().push(all.uses.len());
            }
            all.uses.push(FileUsage { row, word, content, users });
        }
        all
    }

    fn content(&self, number: usize) -> Option<(&Path, &TlsFileContent)> {
        let (kind, path, content) = self.contents.get(number)?;
        Some((path, content.get_or_init(|| TlsFileContent::read(self.files, *kind, path))))
    }
}

/// The directives of the table that the configuration has, certificates and keys aside.
fn present(config: &Config<'_>) -> Vec<&'static str> {
    let is_other = |row: &&TlsFile| !matches!(row.kind, TlsFileKind::Certificate | TlsFileKind::Key);
    let mut wanted: Vec<(Option<DirectiveName>, &'static str)> = TLS_FILES
        .iter()
        .filter(is_other)
        .map(|row| (DirectiveName::find(row.directive.as_bytes()), row.directive))
        .collect();
    wanted.dedup();
    let mut present = Vec::new();
    for name in config.directives().map(|directive| directive.name()).filter(Option::is_some) {
        if let Some((_, directive)) = wanted.iter().find(|(known, _)| *known == name)
            && !present.contains(directive)
        {
            present.push(*directive);
        }
    }
    present
}

/// A block for which nginx sets up TLS.
struct Block<'c> {
    user: TlsUser,
    block: Directive<'c>,
    side: TlsSide,
}

impl<'c> Block<'c> {
    fn openings(
        &self,
        present: &[&str],
        certificates: &[CertificateUse<'_>],
        keys: &[CertificateUse<'_>],
        version: NginxVersion,
        openings: &mut Vec<Opening<'c>>,
    ) {
        let verifies = PeerVerification::of(self.block, self.side) != PeerVerification::Off;
        // nginx staples to certificates that it has as it starts.
        let staples = || {
            inherit::flag_in_effect(self.block, "ssl_stapling") == Some(true)
                && !certificates.is_empty()
                && !certificates.iter().chain(keys).any(CertificateUse::has_variables)
        };
        for row in self.side.files(self.context()).filter(|row| present.contains(&row.directive)) {
            let is_opened = match row.opened(version) {
                Opened::Always => false, // Where they are named, see above.
                Opened::WithTls => true,
                Opened::ToVerify => verifies,
                Opened::ToStaple => staples(),
            };
            if !is_opened || matches!(row.kind, TlsFileKind::Certificate | TlsFileKind::Key) {
                continue;
            }
            let directives = inherit::in_effect(self.block, row.directive).directives.into_iter();
            let names_a_file = |word: &Word<'_>| row.kind == TlsFileKind::TicketKey || !word.value().is_empty();
            let words = directives.filter_map(|directive| directive.argument(0)).filter(names_a_file);
            openings.extend(words.map(|word| (word.span(), row, word, Some(self.user))));
        }
    }

    /// Which contexts' rows of the table are meant.
    fn context(&self) -> Contexts {
        match self.block.context() {
            context if context == Contexts::STREAM => Contexts::STREAM_SERVER,
            context if context == Contexts::MAIL => Contexts::MAIL_SERVER,
            _ => Contexts::SERVER,
        }
    }
}

impl TlsFileContent {
    fn read(files: &dyn FileSystem, kind: TlsFileKind, path: &Path) -> TlsFileContent {
        match kind {
            TlsFileKind::RevocationLists => TlsFileContent::RevocationLists(RevocationFile::read(files, path)),
            TlsFileKind::DhParameters => TlsFileContent::DhParameters(dh_prime_bits(files, path)),
            TlsFileKind::OcspResponse => TlsFileContent::OcspResponse(ocsp_file_problem(files, path)),
            TlsFileKind::Passwords => {
                TlsFileContent::secret(files, path, Passwords::read(files, path).err().map(FileProblem::from))
            }
            TlsFileKind::TicketKey => TlsFileContent::secret(files, path, ticket_key_problem(files, path)),
            TlsFileKind::Authorities | TlsFileKind::Certificate | TlsFileKind::Key => {
                TlsFileContent::Authorities(CertificateFile::read(files, path.to_path_buf()))
            }
        }
    }

    fn secret(files: &dyn FileSystem, path: &Path, problem: Option<FileProblem>) -> TlsFileContent {
        let exposure = if problem.is_none() { Exposure::find(files, path) } else { None };
        TlsFileContent::Secret { problem, exposure }
    }

    /// Why it cannot be read.
    #[must_use]
    pub fn read_error(&self) -> Option<&ReadError> {
        let problem = match self {
            TlsFileContent::Authorities(file) => return file.read_error(),
            TlsFileContent::Secret { problem, .. } => problem.as_ref(),
            TlsFileContent::RevocationLists(file) => file.problem.as_ref(),
            TlsFileContent::DhParameters(parameters) => parameters.as_ref().err(),
            TlsFileContent::OcspResponse(problem) => problem.as_ref(),
        };
        match problem {
            Some(FileProblem::Unreadable(error)) => Some(error),
            _ => None,
        }
    }
}

impl<'m> UsedTlsFile<'m, '_> {
    /// The certificates of authorities in it.
    #[must_use]
    pub fn authorities(&self) -> Option<&'m CertificateFile> {
        match self.content {
            TlsFileContent::Authorities(file) => Some(file),
            _ => None,
        }
    }

    /// The revocation lists in it.
    #[must_use]
    pub fn revocations(&self) -> Option<&'m RevocationFile> {
        match self.content {
            TlsFileContent::RevocationLists(file) => Some(file),
            _ => None,
        }
    }

    /// Some of its users, for a message.
    #[must_use]
    pub fn text_of(&self, users: &[TlsUser]) -> String {
        self.model.users_text(users.iter().copied())
    }

    /// Of its users those that refuse peers whose certificate no authority vouches for: those that insist on one first.
    #[must_use]
    pub fn refusing(&self) -> Vec<(PeerVerification, Vec<TlsUser>)> {
        let mut refusing: Vec<(PeerVerification, Vec<TlsUser>)> = Vec::new();
        for strictness in [PeerVerification::On, PeerVerification::Optional] {
            let users = self.users.iter().copied().filter(|&user| self.model.peer_verification(user) == strictness);
            let users: Vec<TlsUser> = users.collect();
            if !users.is_empty() {
                refusing.push((strictness, users));
            }
        }
        refusing
    }
}

impl<'c> Model<'c> {
    /// The files of TLS beside certificates and keys that nginx opens as it starts, in the order of the configuration;
    /// none where certificates are not opened.
    #[must_use]
    pub fn tls_files(&self) -> Vec<UsedTlsFile<'_, 'c>> {
        let Some(all) = &self.tls_files else { return Vec::new() };
        // As with chains: within a cell nothing waits for other threads of the pool.
        all.contents.par_iter().for_each(|(kind, path, content)| {
            content.get_or_init(|| TlsFileContent::read(all.files, *kind, path));
        });
        let file = |usage: &'_ FileUsage<'c>| Some((usage.row, usage.word, all.content(usage.content)?));
        let uses = all.uses.iter().filter_map(|usage| file(usage).map(|found| (usage, found)));
        uses.map(|(usage, (row, word, (path, content)))| UsedTlsFile {
            row,
            word,
            path,
            users: &usage.users,
            content,
            model: self,
        })
        .collect()
    }

    /// Whether authorities or revocation lists that the configuration names cannot be read, those for upstreams included.
    #[must_use]
    pub fn lacks_authorities(&self) -> bool {
        let lacks = |used: &UsedTlsFile<'_, '_>| match used.content {
            TlsFileContent::Authorities(file) => file.problem.is_some(),
            TlsFileContent::RevocationLists(file) => file.problem.is_some(),
            _ => false,
        };
        self.tls_files().iter().any(lacks) || self.trusted.files().any(|file| file.problem.is_some())
    }

    /// The certificates of authorities that a user has, from all files that it has for that.
    pub(crate) fn authorities_of(&self, user: TlsUser) -> impl Iterator<Item = &CertificateFile> {
        let files = self.tls_files.as_ref();
        let uses = files.and_then(|files| files.by_user.get(&user)).map(Vec::as_slice).unwrap_or_default();
        uses.iter().filter_map(move |&number| match files?.content(files?.uses.get(number)?.content)?.1 {
            TlsFileContent::Authorities(file) => Some(file),
            _ => None,
        })
    }

    /// When the last of the authorities that a user knows is valid; nothing where there may be others.
    #[must_use]
    pub fn last_authority(&self, user: TlsUser) -> Option<Validity> {
        let mut last: Option<Validity> = None;
        for file in self.authorities_of(user) {
            if file.problem.is_some() {
                return None;
            }
            let ends = file.certificates.iter().map(|authority| authority.validity);
            last = last.into_iter().chain(ends).max_by_key(|validity| validity.not_after);
        }
        last
    }

    /// Whether all authorities that a user knows have expired at the time of the run: then it refuses every peer.
    #[must_use]
    pub fn has_only_expired_authorities(&self, user: TlsUser) -> bool {
        self.last_authority(user).is_some_and(|last| last.is_expired(self.environment.now))
    }
}
