//! Private keys from the side of the directive that names them.

use std::mem::discriminant;
use std::path::PathBuf;

use crate::model::certificates::certificate_use::spelled_out;
use crate::model::{CertificateSource, CertificateUse, Model, Server, ServerId};
use crate::source::{FileSystem, Span};
use crate::tls::{Certificate, CertificateFile, Host, KeyCheck, KeyKind, KeyPair};

/// One `ssl_certificate_key` together with the `ssl_certificate` that nginx takes it for.
#[derive(Debug, Clone)]
pub struct UsedKey<'m, 'c> {
    /// The certificate.
    pub certificate: &'m CertificateUse<'c>,
    /// The key.
    pub key: &'m CertificateUse<'c>,
    /// The servers that they are in effect in.
    pub servers: Vec<ServerId>,
    /// What is known of the key.
    pub check: &'m KeyCheck,
    /// For paths that depend on it, the name that clients ask for.
    name: Option<Host>,
    model: &'m Model<'c>,
}

/// The keys to check. Where a path depends on the name, those whose certificate is there for an exact name of the server.
pub(crate) fn pairs(servers: &[Server<'_>], files: &dyn FileSystem) -> Vec<KeyPair> {
    let mut pairs = Vec::new();
    for server in servers {
        for (certificate, key) in pairs_of(server) {
            if !depends_on_name(certificate, key) {
                pairs.extend(pair(server, certificate, key, None));
                continue;
            }
            for host in server.hosts() {
                let is_there = certificate.file_for(&host).is_some_and(|path| files.is_readable(&path));
                pairs.extend(pair(server, certificate, key, Some(&host)).filter(|_| is_there));
            }
        }
    }
    pairs
}

/// Certificates and keys in the order in which nginx pairs them (`ngx_ssl_certificates`).
fn pairs_of<'s, 'c>(server: &'s Server<'c>) -> impl Iterator<Item = (&'s CertificateUse<'c>, &'s CertificateUse<'c>)> {
    server.certificates.iter().zip(&server.certificate_keys)
}

fn depends_on_name(certificate: &CertificateUse<'_>, key: &CertificateUse<'_>) -> bool {
    [certificate, key].iter().any(|used| used.source == CertificateSource::PerName)
}

/// The files of a pair, as far as they are known.
fn pair(
    server: &Server<'_>,
    certificate: &CertificateUse<'_>,
    key: &CertificateUse<'_>,
    name: Option<&Host>,
) -> Option<KeyPair> {
    let path = |used: &CertificateUse<'_>| match (&used.source, name) {
        (CertificateSource::File(path), _) => Some(path.clone()),
        (CertificateSource::PerName, Some(name)) => used.file_for(name),
        _ => None,
    };
    Some(KeyPair { certificate: path(certificate)?, key: path(key)?, password_file: server.password_file.clone() })
}

impl<'m, 'c> UsedKey<'m, 'c> {
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

    /// Whether the server has another certificate with a key of this algorithm.
    #[must_use]
    pub fn is_key_of_sibling(&self, key: KeyKind) -> bool {
        let Some(server) = self.servers.first().map(|&server| self.model.server(server)) else { return false };
        let leaves = server.certificates.iter().filter_map(|used| self.model.certificate_file(used)?.leaf());
        leaves.map(|leaf| discriminant(&leaf.key)).any(|kind| kind == discriminant(&key))
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

    /// The servers that use it, for a message.
    #[must_use]
    pub fn servers_text(&self) -> String {
        let names: Vec<String> = self.servers.iter().map(|&server| self.model.server(server).to_string()).collect();
        spelled_out(&names)
    }
}

impl<'c> Model<'c> {
    /// The keys that `ssl_certificate_key` directives name and that nginx uses, by their place and that of their
    /// certificate. Those that are in no file, or in one that depends on more than the name, are not among them.
    #[must_use]
    pub fn key_uses(&self) -> Vec<UsedKey<'_, 'c>> {
        self.keys.check_all(&self.certificates);
        let mut uses = Vec::new();
        for server in self.servers() {
            for (certificate, key) in pairs_of(server) {
                let names =
                    if depends_on_name(certificate, key) { server.hosts().map(Some).collect() } else { vec![None] };
                for name in names {
                    let pair = pair(server, certificate, key, name.as_ref());
                    let check = pair.and_then(|pair| self.keys.check(&pair, &self.certificates));
                    let servers = vec![server.id];
                    uses.extend(check.map(|check| UsedKey { certificate, key, servers, check, name, model: self }));
                }
            }
        }
        // A snippet that many servers include counts once, unless it is judged in different ways.
        uses.sort_by(|a, b| a.place().cmp(&b.place()));
        uses.dedup_by(|next, kept| {
            let is_same = kept.place() == next.place() && kept.check == next.check;
            if is_same {
                kept.servers.append(&mut next.servers);
            }
            is_same
        });
        uses
    }
}

impl UsedKey<'_, '_> {
    fn place(&self) -> (Span, Span, &Option<Host>) {
        (self.key.word.span(), self.certificate.word.span(), &self.name)
    }
}
