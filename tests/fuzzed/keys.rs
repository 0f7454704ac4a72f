//! Private keys. Whatever the file, it belongs to one certificate at most, and nothing of it is shown.

use std::path::Path;
use std::sync::OnceLock;

use ngxlint::source::MemoryFiles;
use ngxlint::tls::{Certificate, CertificateFile, KeyState, Passwords};

use super::assert_printable;
use super::forged::pem;

/// Text of a file that could be shown only by mistake: of more base64 than any word of a message has letters.
const SECRET_BYTES: usize = 24;

/// The text of a key file, without passwords.
pub(crate) fn check_file(text: &[u8]) {
    check(text, None, certificates());
}

/// The same with a password file.
pub(crate) fn check_encrypted(text: &[u8]) {
    static PASSWORDS: OnceLock<Passwords> = OnceLock::new();
    let passwords = PASSWORDS.get_or_init(|| {
        let mut files = MemoryFiles::default();
        files.add("/passwords", "ngxlint\n");
        Passwords::read(&files, Path::new("/passwords")).unwrap()
    });
    // To open a key takes its time, so there are not many.
    check(text, Some(passwords), &certificates()[..2]);
}

/// The DER of a key, in whichever form.
pub(crate) fn check_der(der: &[u8]) {
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"] {
        check(pem(label, der, 64).as_bytes(), None, certificates());
    }
}

fn check(text: &[u8], passwords: Option<&Passwords>, certificates: &[Certificate]) {
    let alone = KeyState::of_text(text, passwords, &[]);
    check_state(text, &alone);
    let mut matching = 0;
    // What is no key is compared once, below, for that takes its time.
    let compared = if alone == KeyState::Uncompared { certificates } else { &[] };
    for certificate in compared {
        let state = KeyState::of_text(text, passwords, std::slice::from_ref(certificate));
        check_state(text, &state);
        matching += usize::from(state == KeyState::Matches);
    }
    assert!(matching <= 1, "it belongs to {matching} certificates of different keys");
    let state = KeyState::of_text(text, passwords, certificates);
    check_state(text, &state);
    assert!(alone == KeyState::Uncompared || alone == state);
    if let KeyState::Differs { fits, .. } = state {
        assert_eq!(usize::from(fits.is_some()), matching);
        assert!(fits.is_none_or(|place| place.index > 0 && place.index < certificates.len()));
    }
}

fn check_state(text: &[u8], state: &KeyState) {
    let shown = match state {
        KeyState::Matches | KeyState::Uncompared => String::new(),
        KeyState::Differs { key, .. } => key.to_string(),
        KeyState::Unusable(problem) => problem.to_string(),
    };
    assert_printable(&shown);
    let shown = format!("{shown}\n{state:?}");
    let runs = shown.split(|character: char| !character.is_ascii_alphanumeric() && !"+/".contains(character));
    for secret in runs.flat_map(|run| run.as_bytes().windows(SECRET_BYTES)) {
        // The label of a block is shown, everything else is secret.
        let is_label = |line: &[u8]| line.windows(11).any(|window| window == b"-----BEGIN ");
        let mut secrets = text.split(|&byte| byte == b'\n').filter(|line| !is_label(line));
        assert!(!secrets.any(|line| line.windows(SECRET_BYTES).any(|window| window == secret)), "{shown}");
    }
}

/// One certificate of each kind of key, no two with the same.
fn certificates() -> &'static [Certificate] {
    static CERTIFICATES: OnceLock<Vec<Certificate>> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        let texts = [
            include_str!("../../src/tls/testdata/keys/p256.pem"),
            include_str!("../../fixtures/pki/leaf-only.pem"),
            include_str!("../../src/tls/testdata/keys/p384.pem"),
            include_str!("../../src/tls/testdata/keys/p521.pem"),
            include_str!("../../src/tls/testdata/keys/secp256k1.pem"),
            include_str!("../../src/tls/testdata/keys/ed25519.pem"),
            include_str!("../../src/tls/testdata/keys/ed448.pem"),
            include_str!("../../src/tls/testdata/keys/dsa.pem"),
            include_str!("../../src/tls/testdata/keys/rsa.pem"),
        ];
        CertificateFile::parse("c.pem".into(), texts.concat().as_bytes()).certificates
    })
}
