//! The roots that a client trusts without being shown why.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::certificate::name_text;
use super::der::tlv;
use super::problem::CertificateProblem;
use super::signatures::CheckedSignatures;
use super::store::CertificateFile;
use crate::source::FileSystem;

/// Where distributions keep the roots that their programs trust, in the order in which Go looks (crypto/x509, root_linux.go).
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Who says that a root is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnchorSource {
    /// Mozilla's list, which is built in: so browsers, too, or nearly.
    Public,
    /// The machine that this program runs on.
    System,
    /// The user (`--ca`).
    Given,
}

/// The trust anchors of a run. The default are the public ones.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    /// By their subjects, without the tag and length of the sequence, as webpki keeps them.
    by_subject: FxHashMap<Box<[u8]>, Vec<Anchor>>,
    /// The signatures of issuers that were checked on the way to them.
    pub(super) checked: Arc<CheckedSignatures>,
}

/// A trust anchor.
#[derive(Debug, Clone)]
pub(super) struct Anchor {
    pub(super) anchor: TrustAnchor<'static>,
    pub(super) source: AnchorSource,
}

/// A file that holds no trust anchors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct AnchorError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: CertificateProblem,
}

impl Default for TrustAnchors {
    fn default() -> TrustAnchors {
        let mut anchors = TrustAnchors::none();
        for anchor in webpki_roots::TLS_SERVER_ROOTS {
            anchors.add(anchor.clone(), AnchorSource::Public);
        }
        anchors
    }
}

impl TrustAnchors {
    /// No trust anchors at all.
    #[must_use]
    pub fn none() -> TrustAnchors {
        TrustAnchors { by_subject: FxHashMap::default(), checked: Arc::default() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_subject.values().map(Vec::len).sum()
    }

    /// Whether the user gave some.
    #[must_use]
    pub fn has_given(&self) -> bool {
        self.by_subject.values().flatten().any(|anchor| anchor.source == AnchorSource::Given)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_subject.is_empty()
    }

    /// Adds the roots of a PEM file. Of a file with a chain in it only those that issued themselves: an
    /// intermediate that was trusted by itself would hide that servers do not send it. Where there is no
    /// such certificate, all are what the user says they are.
    ///
    /// # Errors
    /// [`AnchorError`] when the file cannot be read or holds something else.
    pub fn add_file(&mut self, files: &dyn FileSystem, path: &Path) -> Result<(), AnchorError> {
        self.add_certificates(CertificateFile::read(files, path.to_path_buf()), AnchorSource::Given)
    }

    /// Adds the roots that the system trusts, as far as the usual places have them; the file that they were read from.
    pub fn add_system_roots(&mut self, files: &dyn FileSystem) -> Option<&'static Path> {
        let found = SYSTEM_BUNDLES.iter().map(Path::new).find(|path| files.is_readable(path))?;
        self.add_certificates(CertificateFile::read(files, found.to_path_buf()), AnchorSource::System).ok()?;
        Some(found)
    }

    fn add_certificates(&mut self, file: CertificateFile, source: AnchorSource) -> Result<(), AnchorError> {
        if let Some(problem) = file.problem
            && (file.certificates.is_empty() || source == AnchorSource::Given)
        {
            return Err(AnchorError { path: file.path, problem });
        }
        let has_root = file.certificates.iter().any(|certificate| certificate.is_self_issued);
        for certificate in file.certificates.iter().filter(|certificate| certificate.is_self_issued || !has_root) {
            let der = CertificateDer::from(certificate.der.as_ref());
            match webpki::anchor_from_trusted_cert(&der) {
                Ok(anchor) => self.add(anchor.to_owned(), source),
                Err(_) if source == AnchorSource::System => {}
                Err(_) => {
                    let detail = "it cannot be a trust anchor".into();
                    let problem = CertificateProblem::BadDer { line: certificate.line, detail };
                    return Err(AnchorError { path: file.path, problem });
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, anchor: TrustAnchor<'static>, source: AnchorSource) {
        let same_subject = self.by_subject.entry(anchor.subject.as_ref().into()).or_default();
        if same_subject.iter().all(|known| known.anchor.subject_public_key_info != anchor.subject_public_key_info) {
            same_subject.push(Anchor { anchor, source });
        }
    }

    /// The anchors with a name, which is given as a whole.
    pub(super) fn with_subject(&self, name: &[u8]) -> &[Anchor] {
        sequence_content(name).and_then(|name| self.by_subject.get(name)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The anchor that `certificate` is itself: the same name and key.
    pub(super) fn find_same(&self, certificate: &X509Certificate<'_>) -> Option<&Anchor> {
        let key = sequence_content(certificate.public_key().raw)?;
        let same_name = self.with_subject(certificate.subject().as_raw());
        same_name.iter().find(|known| known.anchor.subject_public_key_info.as_ref() == key)
    }
}

impl Anchor {
    /// Its name, as [`Certificate::subject`] has it.
    pub(super) fn subject(&self) -> Box<str> {
        let name = tlv(SEQUENCE, &self.anchor.subject);
        X509Name::from_der(&name).map(|(_, name)| name_text(&name)).unwrap_or_default()
    }

    /// Its whole SubjectPublicKeyInfo.
    pub(super) fn public_key(&self) -> Vec<u8> {
        tlv(SEQUENCE, &self.anchor.subject_public_key_info)
    }
}

/// The bytes within a DER sequence.
fn sequence_content(der: &[u8]) -> Option<&[u8]> {
    let (_, any) = x509_parser::der_parser::asn1_rs::Any::from_der(der).ok()?;
    Some(any.data)
}

/// The tag of a sequence in DER.
const SEQUENCE: u8 = 0x30;
