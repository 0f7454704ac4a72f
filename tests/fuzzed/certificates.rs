//! Certificates, their names and dates, and the chains that they make.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ngxlint::source::MemoryFiles;
use ngxlint::tls::{
    Certificate, CertificateFile, CertificateName, CertificateProblem, Chain, Host, Place, Trust, TrustAnchors,
    UnixTime,
};

use super::assert_printable;
use super::forged::pem;

/// The text of a certificate file.
pub(crate) fn check_file(text: &[u8]) {
    let file = CertificateFile::parse(PathBuf::from("c.pem"), text);
    assert!(file.leaf().is_some() || file.problem.is_some());
    if let Some(problem) = &file.problem {
        check_problem(problem);
    }
    let lines = text.split(|&byte| byte == b'\n').count();
    assert!(file.certificates.iter().map(|certificate| certificate.line).is_sorted());
    for certificate in &file.certificates {
        assert!(certificate.line as usize <= lines);
        check_certificate(certificate);
    }
    check_chain(&file, anchors());
    let mut files = MemoryFiles::default();
    files.add("/c.pem", text);
    let mut own = TrustAnchors::none();
    match own.add_file(&files, Path::new("/c.pem")) {
        Ok(()) => {
            assert!(!own.is_empty());
            check_chain(&CertificateFile::parse(PathBuf::from("c.pem"), text), &own);
        }
        Err(error) => check_problem(&error.problem),
    }
}

/// The DER of certificates, one behind the other.
pub(crate) fn check_der(mut der: &[u8]) {
    let mut text = String::new();
    while !der.is_empty() {
        let (first, rest) =
            der.split_at(sequence_length(der).filter(|&length| length <= der.len()).unwrap_or(der.len()));
        text += &pem("CERTIFICATE", first, 64);
        der = rest;
    }
    check_file(text.as_bytes());
}

/// A host that a client looks for.
pub(crate) fn check_host(text: &[u8]) {
    match Host::parse(text) {
        Ok(host) => {
            let shown = host.to_string();
            assert_printable(&shown);
            assert_eq!(Host::parse(shown.as_bytes()), Ok(host.clone()));
            assert!(!host.is_below(&host));
            if let Some(name) = host.name() {
                assert!(name.len() <= 253 && !name.bytes().any(|byte| byte.is_ascii_uppercase()));
                for (dot, _) in name.match_indices('.') {
                    let parent = Host::parse(&name.as_bytes()[dot + 1..]).unwrap();
                    // What a client takes for an address is no parent: `a.192.0.2.1`.
                    assert!(parent.name().is_none() || host.is_below(&parent), "{host} {parent}");
                }
            }
        }
        Err(error) => assert_printable(&error.to_string()),
    }
}

/// The length of a DER sequence with its tag and length, as far as that is told in up to four bytes.
fn sequence_length(der: &[u8]) -> Option<usize> {
    let (&first, rest) = der.get(1..)?.split_first()?;
    if first < 0x80 {
        return Some(2 + usize::from(first));
    }
    let length = rest.get(..usize::from(first & 0x7f))?;
    let bytes = Some(length.len()).filter(|count| (1..=4).contains(count))?;
    Some(2 + bytes + length.iter().fold(0, |value, &byte| value << 8 | usize::from(byte)))
}

fn check_problem(problem: &CertificateProblem) {
    let message = problem.to_string();
    assert!(!message.is_empty());
    assert_printable(&message);
    if let Some(help) = problem.help(Path::new("/c/a b.pem")) {
        assert_printable(&help);
    }
}

fn check_certificate(certificate: &Certificate) {
    let texts = [&certificate.subject, &certificate.issuer, &certificate.serial];
    texts.into_iter().chain(&certificate.common_name).for_each(|text| assert_printable(text));
    assert_printable(&certificate.names_text(3));
    assert_printable(&certificate.key.to_string());
    let validity = certificate.validity;
    for time in [validity.not_before, validity.not_after] {
        assert_printable(&time.to_string());
        assert_eq!(UnixTime::parse_rfc3339(&time.rfc3339()), Ok(time));
    }
    assert!(validity.lifetime() >= 0);
    assert_eq!(validity.days_left(now()) < 0, validity.is_expired(now()));
    assert!(!(validity.expires_soon(now(), 30, 4) && validity.is_expired(now())));
    certificate.names().iter().for_each(|name| check_name(certificate, name));
    let again = CertificateFile::parse(PathBuf::from("d.pem"), pem("CERTIFICATE", certificate.bytes(), 64).as_bytes());
    let mut again = again.leaf().cloned().expect("its bytes are a certificate");
    again.line = certificate.line;
    assert_eq!(again, *certificate);
}

fn check_name(certificate: &Certificate, name: &CertificateName) {
    let shown = name.to_string();
    assert!(!shown.is_empty());
    assert_printable(&shown);
    let hosts =
        [name.witness(), Host::parse(shown.as_bytes()).ok(), Host::parse(format!("a.b.{shown}").as_bytes()).ok()];
    for host in hosts.into_iter().flatten() {
        assert_eq!(Host::parse(host.to_string().as_bytes()).as_ref(), Ok(&host));
        // The sorted names are searched; here all of them are looked at.
        assert_eq!(certificate.covers(&host), certificate.names().iter().any(|name| covers(name, &host)), "{host}");
    }
    assert!(name.witness().is_none_or(|host| covers(name, &host)));
}

/// RFC 9525, section 6.3, as simply as it can be said.
fn covers(name: &CertificateName, host: &Host) -> bool {
    match (name, host) {
        (CertificateName::Dns(name), Host::Name(host)) => name == host,
        (CertificateName::Wildcard(parent), Host::Name(host)) => {
            host.split_once('.').is_some_and(|(_, rest)| *rest == **parent)
        }
        (CertificateName::Ip(name), Host::Ip(host)) => name == host,
        _ => false,
    }
}

fn check_chain(file: &CertificateFile, anchors: &TrustAnchors) {
    let chain = file.chain(anchors, now());
    assert_eq!(chain.is_some(), file.leaf().is_some());
    let Some(chain) = chain else { return };
    assert_eq!(Chain::of(&file.certificates, anchors, now()).as_ref(), Some(chain));
    let check_place = |place: Place| {
        assert_eq!(file.certificates.get(place.index).map(|certificate| certificate.line), Some(place.line));
    };
    match &chain.trust {
        Trust::Anchored { anchor, .. } => assert_printable(anchor),
        Trust::Refused { anchor, reason } => {
            assert_printable(anchor);
            assert_printable(&reason.to_string());
        }
        Trust::SelfSigned => assert!(file.leaf().is_some_and(|leaf| leaf.is_self_issued)),
        Trust::PrivateRoot { root, subject } => {
            check_place(*root);
            assert_printable(subject);
        }
        Trust::Incomplete(missing) | Trust::IssuerUnknown(missing) => {
            check_place(missing.of);
            missing.namesake.into_iter().for_each(check_place);
            [Some(&missing.issuer), missing.key_id.as_ref(), missing.url.as_ref()]
                .into_iter()
                .flatten()
                .for_each(|text| assert_printable(text));
        }
    }
    assert!(chain.oddities.iter().map(|oddity| oddity.place).is_sorted());
    chain.oddities.iter().for_each(|oddity| check_place(oddity.place));
}

/// The public ones and those of the tests.
fn anchors() -> &'static TrustAnchors {
    static ANCHORS: OnceLock<TrustAnchors> = OnceLock::new();
    ANCHORS.get_or_init(|| {
        let mut anchors = TrustAnchors::default();
        for text in [
            include_str!("../../fixtures/pki/root.pem"),
            include_str!("../../src/tls/testdata/chains/root.pem"),
            include_str!("../../src/tls/testdata/chains/root521.pem"),
        ] {
            let mut files = MemoryFiles::default();
            files.add("/root.pem", text);
            anchors.add_file(&files, Path::new("/root.pem")).unwrap();
        }
        anchors
    })
}

fn now() -> UnixTime {
    UnixTime::parse_rfc3339("2026-06-01").unwrap()
}
