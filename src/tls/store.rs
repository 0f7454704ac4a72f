//! The certificate files of a configuration, each read and parsed once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use x509_parser::der_parser::asn1_rs::{FromBer, Header, Tag};
use x509_parser::nom::Err;

use super::anchors::TrustAnchors;
use super::certificate::{Certificate, CertificateBytes, CertificateError};
use super::chain::Chain;
use super::names::printable;
use super::pem::{PemBlock, PemReader, find_damaged_start};
use super::problem::CertificateProblem;
use super::validity::UnixTime;
use crate::source::{FileSystem, MAX_CERTIFICATE_BYTES, ReadError};

/// All certificate files of a configuration.
#[derive(Debug, Default)]
pub struct CertificateStore {
    /// Sorted by the bytes of their paths.
    files: Vec<CertificateFile>,
    /// Their numbers, by path: every rule asks for the files of every server.
    numbers: FxHashMap<OsString, usize>,
}

/// One certificate file, as `ssl_certificate` names it.
#[derive(Debug)]
pub struct CertificateFile {
    /// The path by which it was asked for.
    pub path: PathBuf,
    /// The certificates in the order of the file, the first of which nginx presents as its own. Where there
    /// is a [`problem`](CertificateFile::problem), those that could be read before it.
    pub certificates: Vec<Certificate>,
    /// What is wrong with the file, the first thing first.
    pub problem: Option<CertificateProblem>,
    chain: OnceLock<Option<Chain>>,
}

impl CertificateStore {
    /// Reads and parses every file, in parallel. Their order and repetitions do not matter.
    pub fn load(files: &dyn FileSystem, paths: impl IntoIterator<Item = PathBuf>) -> CertificateStore {
        let mut paths: Vec<PathBuf> = paths.into_iter().collect();
        paths.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
        paths.dedup_by(|a, b| a.as_os_str() == b.as_os_str());
        // Thousands of leaves have the same few issuers behind them, whose bytes are kept once.
        let shared: Mutex<FxHashSet<CertificateBytes>> = Mutex::default();
        let read = |path| {
            let mut file = CertificateFile::read(files, path);
            if let Some((_, issuers)) = file.certificates.split_first_mut()
                && let Ok(mut shared) = shared.lock()
            {
                for issuer in issuers {
                    match shared.get(&issuer.der) {
                        Some(bytes) => issuer.der = bytes.clone(),
                        None => drop(shared.insert(issuer.der.clone())),
                    }
                }
            }
            file
        };
        let numbers = paths.iter().enumerate().map(|(number, path)| (path.clone().into_os_string(), number)).collect();
        CertificateStore { files: paths.into_par_iter().map(read).collect(), numbers }
    }

    /// The file that was loaded by this path, spelled in the same way.
    #[must_use]
    pub fn file(&self, path: &Path) -> Option<&CertificateFile> {
        self.files.get(*self.numbers.get(path.as_os_str())?)
    }

    /// All files, sorted by path.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &CertificateFile> {
        self.files.iter()
    }

    /// Judges the chains of all files in parallel, so that [`CertificateFile::chain`] has its answers ready.
    pub fn judge_chains(&self, anchors: &TrustAnchors, now: UnixTime) {
        // Within a cell nothing waits for other threads of the pool, so a rule that runs on one cannot be waited for in vain.
        self.files.par_iter().for_each(|file| {
            file.chain(anchors, now);
        });
    }

    /// How many files there are, readable or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl CertificateFile {
    /// Whether the file could not be read at all.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self.problem, Some(CertificateProblem::Unreadable(_)))
    }

    /// Why the file could not be read at all.
    #[must_use]
    pub fn read_error(&self) -> Option<&ReadError> {
        match &self.problem {
            Some(CertificateProblem::Unreadable(error)) => Some(error),
            _ => None,
        }
    }

    /// Reads the file at `path`.
    #[must_use]
    pub fn read(files: &dyn FileSystem, path: PathBuf) -> CertificateFile {
        match files.read(&path, MAX_CERTIFICATE_BYTES) {
            Ok(text) => CertificateFile::parse(path, &text),
            Err(error) => CertificateFile::new(path, Vec::new(), Some(error.into())),
        }
    }

    /// Parses the text of the file at `path`.
    #[must_use]
    pub fn parse(path: PathBuf, text: &[u8]) -> CertificateFile {
        let mut certificates = Vec::new();
        let problem = parse_certificates(text, &mut certificates);
        CertificateFile::new(path, certificates, problem)
    }

    fn new(path: PathBuf, certificates: Vec<Certificate>, problem: Option<CertificateProblem>) -> CertificateFile {
        CertificateFile { path, certificates, problem, chain: OnceLock::new() }
    }

    /// What clients that know `anchors` make of its certificates at the time `now`; nothing where it has none. It is
    /// judged once: the first anchors and time that are asked with count.
    pub fn chain(&self, anchors: &TrustAnchors, now: UnixTime) -> Option<&Chain> {
        self.chain.get_or_init(|| Chain::of(&self.certificates, anchors, now)).as_ref()
    }

    /// The certificate that nginx presents as the server's own.
    #[must_use]
    pub fn leaf(&self) -> Option<&Certificate> {
        self.certificates.first()
    }
}

/// Reads certificates until the end or the first problem that stops nginx, as `ngx_ssl_load_certificate`
/// does: `PEM_read_bio_X509_AUX` once, then `PEM_read_bio_X509` until there is no start line left.
fn parse_certificates(text: &[u8], certificates: &mut Vec<Certificate>) -> Option<CertificateProblem> {
    let mut reader = PemReader::new(text);
    let mut first_other = None;
    let mut oddity = None;
    for block in reader.by_ref() {
        let block = match block {
            Ok(block) => block,
            Err(problem) => return Some(problem),
        };
        let is_leaf = certificates.is_empty();
        let found = match block.label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" => parse_block(&block, is_leaf),
            b"TRUSTED CERTIFICATE" if is_leaf => parse_block(&block, is_leaf),
            b"TRUSTED CERTIFICATE" => Err(CertificateProblem::SkippedStart { line: block.line }),
            other => {
                first_other.get_or_insert(other);
                continue;
            }
        };
        match found {
            Ok((certificate, problem)) => {
                certificates.push(certificate);
                oddity = oddity.or(problem);
            }
            // nginx goes on, but which certificate would come first here is not known.
            Err(problem) if is_leaf || problem.stops_nginx() => return Some(problem),
            Err(problem) => oddity = oddity.or(Some(problem)),
        }
    }
    if certificates.is_empty() {
        return Some(problem_without_certificates(text, first_other));
    }
    oddity.or_else(|| reader.indented_start().map(|line| CertificateProblem::SkippedStart { line }))
}

/// The certificate in a block, and what is odd about it.
fn parse_block(
    block: &PemBlock<'_>,
    is_leaf: bool,
) -> Result<(Certificate, Option<CertificateProblem>), CertificateProblem> {
    let line = block.line;
    if let Some(problem) = &block.headers {
        return Err(problem.clone());
    }
    let bad = |detail: &str| CertificateProblem::BadDer { line, detail: detail.into() };
    match missing_bytes(&block.data) {
        None => return Err(bad("its data is of another kind")),
        Some(0) => {}
        Some(_) => return Err(CertificateProblem::Incomplete { line }),
    }
    let parsed = Certificate::parse(&block.data, line).map_err(|error| match error {
        CertificateError::Refused(detail) => bad(&detail),
        CertificateError::Malformed(detail) => CertificateProblem::Malformed { line, detail },
    })?;
    // `d2i_X509_AUX` wants a SEQUENCE of trust settings behind the leaf, or nothing.
    if is_leaf && !parsed.rest.is_empty() && missing_bytes(parsed.rest) != Some(0) {
        return Err(bad("other bytes follow it"));
    }
    let missing_end = block.swallowed.map(|line| CertificateProblem::MissingEnd { line });
    let bad_names = parsed.has_bad_names.then_some(CertificateProblem::BadNames { line });
    Ok((parsed.certificate, bad_names.or(missing_end)))
}

/// The problem of a file in which OpenSSL finds no certificate.
fn problem_without_certificates(text: &[u8], first_other: Option<&[u8]>) -> CertificateProblem {
    if let Some(label) = first_other {
        return if label.ends_with(b"PRIVATE KEY") {
            CertificateProblem::PrivateKeyOnly
        } else if label.ends_with(b"CERTIFICATE REQUEST") {
            CertificateProblem::RequestOnly
        } else {
            CertificateProblem::OtherOnly { label: printable(&String::from_utf8_lossy(label)) }
        };
    }
    if text.trim_ascii().is_empty() {
        return CertificateProblem::Empty;
    }
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return CertificateProblem::Utf16;
    }
    if let Some(line) = find_damaged_start(text) {
        return CertificateProblem::DamagedStart { line };
    }
    match Header::from_ber(text) {
        // PFX ::= SEQUENCE { version INTEGER {v3(3)}, … } (RFC 7292, section 4).
        Ok((content, header)) if header.tag() == Tag::Sequence && content.starts_with(&[0x02, 0x01, 0x03]) => {
            CertificateProblem::Pkcs12
        }
        _ if Certificate::parse(text, 0).is_ok() => CertificateProblem::Der,
        _ => CertificateProblem::NotPem,
    }
}

/// How many bytes an ASN.1 sequence lacks to be as long as it says; none where `der` is no sequence.
fn missing_bytes(der: &[u8]) -> Option<usize> {
    match Header::from_ber(der) {
        Ok((content, header)) if header.tag() == Tag::Sequence => {
            // Without a length, as BER allows, nothing is known to be missing.
            Some(header.length().definite().unwrap_or(0).saturating_sub(content.len()))
        }
        Err(Err::Incomplete(_)) => Some(1),
        _ => None,
    }
}
