//! Private keys from the side of the directive that names them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::certificates::certificate_use::SHOWN_PLACES;
use crate::model::certificates::tls_endpoint::TlsEndpoint;
use crate::model::certificates::tls_user::TlsUser;
use crate::model::{CertificateSource, CertificateUse, Model, Server};
use crate::nginx::tls_files::{TlsFileKind, TlsSide};
use crate::source::{FileSystem, Span};
use crate::tls::{Certificate, CertificateFile, Host, KeyCheck, KeyPair, KeyState};

/// One `ssl_certificate_key` together with the `ssl_certificate` that nginx takes it for, or what is their like for
/// upstreams.
#[derive(Debug, Clone)]
pub struct UsedKey<'m, 'c> {
    /// The certificate.
    pub certificate: &'m CertificateUse<'c>,
    /// The key.
    pub key: &'m CertificateUse<'c>,
    /// Who they are in effect in.
    pub users: Vec<TlsUser>,
    /// What is known of the key.
    pub check: &'m KeyCheck,
    /// For paths that depend on it, the name that clients ask for.
    name: Option<Host>,
    number: usize,
    /// Where else the same key is named.
    others: Vec<Span>,
    model: &'m Model<'c>,
}

/// The keys to check. Where a path depends on the name, those whose certificate is there for an exact name of the server.
pub(crate) fn pairs(servers: &[Server<'_>], endpoints: &[TlsEndpoint<'_>], files: &dyn FileSystem) -> Vec<KeyPair> {
    let mut pairs = Vec::new();
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.opens_files) {
        let password_file = endpoint.password_file.as_ref();
        let both = endpoint.certificates.iter().zip(&endpoint.certificate_keys);
        pairs.extend(both.filter_map(|(certificate, key)| pair(password_file, certificate, key, None)));
    }
    for server in servers {
        let password_file = server.password_file.as_ref();
        // In the order in which nginx pairs them (`ngx_ssl_certificates`).
        for (certificate, key) in server.certificates.iter().zip(&server.certificate_keys) {
            if !depends_on_name(certificate, key) {
                pairs.extend(pair(password_file, certificate, key, None));
                continue;
            }
            for host in server.hosts() {
                let is_there = certificate.file_for(&host).is_some_and(|path| files.is_readable(&path));
                pairs.extend(pair(password_file, certificate, key, Some(&host)).filter(|_| is_there));
            }
        }
    }
    pairs
}

fn depends_on_name(certificate: &CertificateUse<'_>, key: &CertificateUse<'_>) -> bool {
    [certificate, key].iter().any(|used| used.source == CertificateSource::PerName)
}

/// The files of a pair, as far as they are known.
fn pair(
    password_file: Option<&PathBuf>,
    certificate: &CertificateUse<'_>,
    key: &CertificateUse<'_>,
    name: Option<&Host>,
) -> Option<KeyPair> {
    let path = |used: &CertificateUse<'_>| match (&used.source, name) {
        (CertificateSource::File(path), _) => Some(path.clone()),
        (CertificateSource::PerName, Some(name)) => used.file_for(name),
        _ => None,
    };
    Some(KeyPair { certificate: path(certificate)?, key: path(key)?, password_file: password_file.cloned() })
}

/// The pairs of a server, the number of the key among them, the name that it depends on, and whether it is read for each
/// handshake and is nginx's own as a client.
type Circumstances = (Vec<KeyPair>, usize, Option<Host>, bool, bool);

impl<'m, 'c> UsedKey<'m, 'c> {
    /// Adds another place where the same key is named.
    pub fn add(&mut self, other: &UsedKey<'m, 'c>) {
        if other.span() != self.span() {
            self.others.push(other.span());
        }
        self.users.extend_from_slice(&other.users);
    }

    /// Some of the further places that name the same key.
    pub fn other_spans(&self) -> impl Iterator<Item = Span> {
        self.others.iter().copied().take(SHOWN_PLACES)
    }

    /// What the judgement of it depends on.
    fn circumstances(&self) -> Option<Circumstances> {
        let (pairs, number) = match &self.check.state {
            // The certificates have no part in it.
            KeyState::Unusable(_) => {
                let password_file = self.all_pairs()?.into_iter().nth(self.number)?.password_file;
                (vec![KeyPair { certificate: PathBuf::new(), key: self.path()?, password_file }], 0)
            }
            _ => (self.all_pairs()?, self.number),
        };
        Some((pairs, number, self.name.clone(), self.is_lazy(), self.is_of_client()))
    }

    /// Where the key is named.
    #[must_use]
    pub fn span(&self) -> Span {
        self.key.word.span()
    }

    /// The key's path as it is written, with the name in it where it depends on one.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_of(self.key)
    }

    /// Whether the key itself is written where the path of its file belongs.
    #[must_use]
    pub fn is_pasted(&self) -> bool {
        self.key.word.text().trim_start().starts_with("-----BEGIN")
    }

    /// The certificate's path, in the same way.
    #[must_use]
    pub fn certificate_text(&self) -> String {
        self.text_of(self.certificate)
    }

    fn text_of(&self, used: &CertificateUse<'_>) -> String {
        let of_name = self.name.as_ref().and_then(|name| used.text_for(name));
        of_name.unwrap_or_else(|| used.word.text().into_owned())
    }

    /// The certificate's file.
    #[must_use]
    pub fn certificate_path(&self) -> Option<PathBuf> {
        self.path_of(self.certificate)
    }

    /// The key's file.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        self.path_of(self.key)
    }

    fn path_of(&self, used: &CertificateUse<'_>) -> Option<PathBuf> {
        match (&used.source, &self.name) {
            (CertificateSource::File(path), _) => Some(path.clone()),
            (CertificateSource::PerName, Some(name)) => used.file_for(name),
            _ => None,
        }
    }

    /// The certificate that it is to belong to.
    #[must_use]
    pub fn leaf(&self) -> Option<&'m Certificate> {
        let file = match &self.name {
            Some(name) => self.model.certificate_file_for(self.certificate, name),
            None => self.model.certificate_file(self.certificate),
        };
        file.and_then(CertificateFile::leaf)
    }

    /// Which of the certificates of its users the certificate is.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The path of another certificate of its users, as it is written.
    #[must_use]
    pub fn sibling_text(&self, number: usize) -> String {
        let certificates = self.users.first().map(|&user| self.model.certificates_of(user).0).unwrap_or_default();
        certificates.get(number).map(|used| self.text_of(used)).unwrap_or_default()
    }

    /// All pairs of its users, in the order in which nginx loads them; nothing where a file is not known.
    pub(super) fn all_pairs(&self) -> Option<Vec<KeyPair>> {
        let user = *self.users.first()?;
        let (certificates, keys) = self.model.certificates_of(user);
        let password_file = match user {
            TlsUser::Server(id) => self.model.server(id).password_file.as_ref(),
            TlsUser::Endpoint(id) => self.model.tls_endpoint(id).password_file.as_ref(),
        };
        let both = certificates.iter().zip(keys);
        both.map(|(certificate, key)| pair(password_file, certificate, key, self.name.as_ref())).collect()
    }

    pub(super) fn leaf_of(&self, certificate: &Path) -> Option<&'m Certificate> {
        self.model.certificates.file(certificate).and_then(CertificateFile::leaf)
    }

    pub(super) fn check_of(&self, pair: &KeyPair) -> Option<&'m KeyCheck> {
        self.model.keys.check(pair, &self.model.certificates)
    }

    /// Whether the key of `pair` belongs to another certificate.
    pub(super) fn is_pair(&self, certificate: &Path, pair: &KeyPair) -> bool {
        let pair = KeyPair { certificate: certificate.to_path_buf(), ..pair.clone() };
        self.model.keys.compare(&pair, &self.model.certificates) == KeyState::Matches
    }

    /// The key that nginx uses for the certificate, with what is known of it: where the keys stand in another order than
    /// the certificates, that is not the one in the certificate's place.
    #[must_use]
    pub(crate) fn in_use(&self) -> Option<(PathBuf, KeyCheck)> {
        let own = || Some((self.path()?, self.check.clone()));
        if !matches!(self.check.state, KeyState::Differs { .. }) || self.is_only_one() {
            return own();
        }
        let number = self.loading().and_then(|loading| *loading.keys.get(self.number)?);
        let Some(pair) = number.and_then(|number| self.all_pairs()?.into_iter().nth(number)) else { return own() };
        let check = self.check_of(&pair)?;
        Some((pair.key, KeyCheck { state: KeyState::Matches, ..check.clone() }))
    }

    /// Whether its users have no other certificate.
    #[must_use]
    pub fn is_only_one(&self) -> bool {
        self.users.first().is_none_or(|&user| self.model.certificates_of(user).0.len() < 2)
    }

    /// Whether a later certificate of its users takes the place of its own.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        let certificates = self.users.first().map(|&user| self.model.certificates_of(user).0).unwrap_or_default();
        self.model.replacing(certificates, self.number, self.name.as_ref()).is_some()
    }

    /// Whether its file lies, or would lie, in a checkout of git.
    #[must_use]
    pub fn is_in_checkout(&self) -> bool {
        let path = match &self.name {
            Some(name) => self.key.file_for(name),
            None => Some(self.key.directive.config().directory.join(&*self.key.word.text())),
        };
        path.is_some_and(|path| self.model.keys.is_checkout(&path))
    }

    /// Whether it is read at each handshake, for its path or its certificate's is not known before: then nginx starts
    /// whatever is wrong with it. One such path is enough for all of a server.
    #[must_use]
    pub fn is_lazy(&self) -> bool {
        let Some(&user) = self.users.first() else { return false };
        let (certificates, keys) = self.model.certificates_of(user);
        certificates.iter().chain(keys).any(CertificateUse::has_variables)
    }

    /// Whether nginx uses it as a client, towards upstreams.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        let endpoint = self.users.first().and_then(|user| self.model.find_endpoint(*user));
        endpoint.is_some_and(|endpoint| !endpoint.is_server())
    }

    /// The directive that names a file with its password.
    #[must_use]
    pub fn password_directive(&self) -> &'static str {
        let endpoint = self.users.first().and_then(|user| self.model.find_endpoint(*user));
        let side = endpoint.map_or(TlsSide::Server, |endpoint| endpoint.side);
        side.directive(TlsFileKind::Passwords).unwrap_or_default()
    }

    /// Who uses it, for a message.
    #[must_use]
    pub fn users_text(&self) -> String {
        self.model.users_text(self.users.iter().copied())
    }
}

impl<'c> Model<'c> {
    /// The keys that directives name and that nginx uses, by their place and that of their certificate. Those that are in
    /// no file, or in one that depends on more than the name, are not among them.
    #[must_use]
    pub fn key_uses(&self) -> Vec<UsedKey<'_, 'c>> {
        self.keys.check_all(&self.certificates);
        let mut uses = Vec::new();
        for server in self.servers() {
            let password_file = server.password_file.as_ref();
            for (number, (certificate, key)) in server.certificates.iter().zip(&server.certificate_keys).enumerate() {
                let names =
                    if depends_on_name(certificate, key) { server.hosts().map(Some).collect() } else { vec![None] };
                for name in names {
                    let pair = pair(password_file, certificate, key, name.as_ref());
                    uses.extend(self.key_use(TlsUser::Server(server.id), number, (certificate, key), name, pair));
                }
            }
        }
        for endpoint in self.tls_endpoints().filter(|endpoint| endpoint.opens_files) {
            for (number, (certificate, key)) in endpoint.certificates.iter().zip(&endpoint.certificate_keys).enumerate()
            {
                let pair = pair(endpoint.password_file.as_ref(), certificate, key, None);
                uses.extend(self.key_use(TlsUser::Endpoint(endpoint.id), number, (certificate, key), None, pair));
            }
        }
        // A snippet that many servers include counts once, unless it is judged in different ways.
        uses.sort_by(|a, b| a.place().cmp(&b.place()));
        uses.dedup_by(|next, kept| {
            let is_same = kept.place() == next.place() && kept.check == next.check;
            if is_same {
                kept.users.append(&mut next.users);
            }
            is_same
        });
        uses
    }

    /// The same, with those together that name one key for the same certificates. What is wrong is told once.
    #[must_use]
    pub fn key_files(&self) -> Vec<UsedKey<'_, 'c>> {
        let mut places = BTreeMap::new();
        let mut files: Vec<UsedKey<'_, 'c>> = Vec::new();
        for used in self.key_uses() {
            let known = used.circumstances().map(|circumstances| *places.entry(circumstances).or_insert(files.len()));
            match known.and_then(|known| files.get_mut(known)) {
                Some(file) if file.check == used.check => file.add(&used),
                _ => files.push(used),
            }
        }
        files
    }

    /// The user and group of nginx's workers, as `user` names them; a group that it does not name is called as the user.
    #[must_use]
    pub fn worker_account(&self) -> Option<(String, String)> {
        let directive = self.config.top_level_named("user").last().filter(|_| self.config.is_whole())?;
        let user = directive.argument(0)?.text().into_owned();
        let group = directive.argument(1).map_or_else(|| user.clone(), |group| group.text().into_owned());
        Some((user, group))
    }

    fn key_use<'m>(
        &'m self,
        user: TlsUser,
        number: usize,
        (certificate, key): (&'m CertificateUse<'c>, &'m CertificateUse<'c>),
        name: Option<Host>,
        pair: Option<KeyPair>,
    ) -> Option<UsedKey<'m, 'c>> {
        let check = self.keys.check(&pair?, &self.certificates)?;
        Some(UsedKey { certificate, key, users: vec![user], check, name, number, others: Vec::new(), model: self })
    }
}

impl UsedKey<'_, '_> {
    fn place(&self) -> (Span, Span, &Option<Host>) {
        (self.key.word.span(), self.certificate.word.span(), &self.name)
    }
}
