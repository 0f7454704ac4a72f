//! Key files in, whether they belong to a certificate out; the same files are given to openssl and to a real nginx.
#![allow(clippy::disallowed_methods, reason = "a real nginx and openssl read files that these tests write")]

use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::source::{FileSystem, MAX_CERTIFICATE_BYTES, MemoryFiles, ReadError, RealFiles};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata/keys")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(testdata().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn leaf(kind: &str) -> Certificate {
    let file = CertificateFile::parse("c.pem".into(), text(&format!("{kind}.pem")).as_bytes());
    file.certificates.into_iter().next().unwrap()
}

/// What becomes of a key beside the certificate of `kind`, with the passwords of a file.
fn outcome(key: &str, passwords: Option<&str>, kind: &str) -> String {
    let mut files = MemoryFiles::default();
    files.add("/key", key);
    if let Some(passwords) = passwords {
        files.add("/passwords", passwords);
    }
    let state = KeyState::of_file(&files, Path::new("/key"), passwords.map(|_| Path::new("/passwords")), &[leaf(kind)]);
    match state {
        KeyState::Matches => "matches".to_owned(),
        KeyState::Uncompared => "uncompared".to_owned(),
        KeyState::Differs { key, .. } => format!("differs: {key}"),
        KeyState::Unusable(problem) => problem.to_string(),
    }
}

const KINDS: &[&str] = &["p256", "p384", "p521", "secp256k1", "ed25519", "rsa", "rsa-pss"];

/// Keys of each form, their kind, and what openssl's `pkey -pubout` says of them with the password.
const FORMS: &[(&str, &str)] = &[
    ("p256.pkcs8", "p256"),
    ("p256.sec1", "p256"), // with EC PARAMETERS before it
    ("p256.no-public", "p256"),
    ("p256.no-public-pkcs8", "p256"),
    ("p256.compressed", "p256"),
    ("p384.pkcs8", "p384"),
    ("p384.no-public", "p384"),
    ("p521.pkcs8", "p521"),
    ("p521.no-public", "p521"),
    ("secp256k1.pkcs8", "secp256k1"),
    ("ed25519.pkcs8", "ed25519"),
    ("rsa.pkcs8", "rsa"),
    ("rsa.pkcs1", "rsa"),
    ("rsa-pss.pkcs8", "rsa-pss"),
];

/// Keys on P-256 of which the key or the certificate has the parameters of the curve and not its name.
const WRITTEN_OUT: &[(&str, &str)] = &[
    ("p256.explicit", "p256"),
    ("p256.explicit-pkcs8", "p256"),
    ("p256.explicit-no-public", "p256"),
    ("p256.explicit", "p256-explicit"),
    ("p256.explicit-pkcs8", "p256-explicit"),
    ("p256.pkcs8", "p256-explicit"),
    ("p256.no-public", "p256-explicit"),
];

const ENCRYPTED: &[(&str, &str)] = &[
    ("p256.aes256", "p256"),
    ("p256.aes192", "p256"),
    ("p256.aes128-sha1", "p256"),
    ("p256.sha512", "p256"),
    ("p256.3des", "p256"),
    ("p256.scrypt", "p256"),
    ("p256.legacy-aes128", "p256"),
    ("p256.legacy-aes192", "p256"),
    ("p256.legacy-aes256", "p256"),
    ("p256.legacy-des3", "p256"),
    ("rsa.legacy-aes256", "rsa"),
];

#[test]
fn a_key_belongs_to_its_own_certificate_only() {
    for (name, kind) in FORMS {
        let key = text(&format!("{name}.key"));
        for other in KINDS {
            let found = outcome(&key, None, other);
            if kind == other {
                assert_eq!(found, "matches", "{name}");
            } else {
                assert!(found.starts_with("differs: "), "{name}, {other}: {found}");
            }
        }
    }
    let file = CertificateFile::parse("c.pem".into(), (text("p384.pem") + &text("p256.pem")).as_bytes());
    let state = KeyState::of_text(text("p256.sec1.key").as_bytes(), None, &file.certificates);
    let line = file.certificates[1].line;
    assert_eq!(state, KeyState::Differs { key: leaf("p256").key, fits: Some(Place { index: 1, line }) });
    // Of the same kind, and yet another key.
    let another = std::fs::read_to_string(testdata().join("../../../../fixtures/pki/shop.example.key")).unwrap();
    assert_eq!(outcome(&another, None, "p256"), "differs: EC P-256");
}

#[test]
fn a_curve_is_the_same_by_its_name_and_by_its_parameters() {
    for (name, kind) in WRITTEN_OUT {
        let key = text(&format!("{name}.key"));
        assert_eq!(outcome(&key, None, kind), "matches", "{name}, {kind}");
        assert!(outcome(&key, None, "p384").starts_with("differs: "), "{name}");
    }
    let another = std::fs::read_to_string(testdata().join("../../../../fixtures/pki/shop.example.key")).unwrap();
    assert_eq!(outcome(&another, None, "p256-explicit"), "differs: EC P-256");
    assert_eq!(
        outcome(&text("p256.explicit-no-public.key"), None, "p256-explicit"),
        "it is a key of a kind that ngxlint does not compare: EC without its public half, on a curve that it does not know"
    );
}

/// OpenSSL has a place for a certificate and key of each, so nginx starts with one of both and serves neither.
#[test]
fn rsa_for_pss_alone_is_another_algorithm() {
    assert_eq!(outcome(&text("rsa-pss.as-rsa.key"), None, "rsa-pss"), "differs: RSA 2048");
    assert_eq!(outcome(&text("rsa-pss.pkcs8.key"), None, "rsa"), "differs: RSA-PSS 2048");
}

#[test]
fn encrypted_keys() {
    for (name, kind) in ENCRYPTED {
        assert_eq!(outcome(&text(&format!("{name}.key")), Some("ngxlint"), kind), "matches", "{name}");
    }
    for (name, kind) in [ENCRYPTED[0], ENCRYPTED[6]] {
        let key = text(&format!("{name}.key"));
        for (passwords, expected) in [
            (None, "it is encrypted, and no file of passwords is in effect"),
            (Some("wrong\r\n\nngxlint\r\nother\n"), "matches"),
            (Some(""), "it is encrypted, and its file holds no password"),
            (Some("a\n"), "it is encrypted, and the password of its file does not open it"),
            (Some("a\nngxlint \n"), "it is encrypted, and none of the 2 passwords of its file opens it"),
        ] {
            assert_eq!(outcome(&key, passwords, kind), expected, "{name}, {passwords:?}");
        }
    }
    assert_eq!(outcome(&text("p256.aes256.key"), Some("ngxlint"), "p384"), "differs: EC P-256");
}

#[test]
fn what_is_not_opened_is_said() {
    const ROWS: &[(&str, &str, &str)] = &[
        ("p256.pbes1", "p256", "it is encrypted with a scheme other than PBES2, which ngxlint does not open"),
        ("p256.rounds", "p256", "it is encrypted with PBKDF2 with 3000000 rounds, which ngxlint does not open"),
        (
            "p256.legacy-camellia128",
            "p256",
            "it is encrypted with a cipher of its DEK-Info line, which ngxlint does not open",
        ),
        ("ed448.pkcs8", "ed448", "it is a key of a kind that ngxlint does not compare: Ed448"),
        ("dsa.pkcs8", "dsa", "it is a key of a kind that ngxlint does not compare: DSA"),
        ("openssh", "p256", "it holds a key in OpenSSH's format, which nginx does not read"),
    ];
    for (name, kind, expected) in ROWS {
        assert_eq!(outcome(&text(&format!("{name}.key")), Some("ngxlint"), kind), *expected, "{name}");
    }
    // Without a password nginx does not open them either.
    for name in ["p256.pbes1", "p256.rounds", "p256.legacy-camellia128"] {
        let key = text(&format!("{name}.key"));
        assert_eq!(outcome(&key, None, "p256"), "it is encrypted, and no file of passwords is in effect", "{name}");
        assert!(outcome(&key, Some("\n"), "p256").contains("none of the 0 passwords"), "{name}");
    }
}

/// 100 passwords for a key that is slow to open on purpose would take minutes.
#[test]
fn many_passwords_are_tried_on_quick_keys_only() {
    let passwords: String = (0..200).map(|number| format!("password {number}\n")).collect();
    for (name, expected) in [
        ("p256.aes256", "it is encrypted, and none of the 100 passwords of its file opens it"),
        ("p256.slow", "it is encrypted with PBKDF2 with 200000 rounds, which ngxlint does not open"),
    ] {
        assert_eq!(outcome(&text(&format!("{name}.key")), Some(&passwords), "p256"), expected, "{name}");
    }
    assert_eq!(outcome(&text("p256.slow.key"), Some("ngxlint"), "p256"), "matches");
}

/// Files where a key should be, made from the key of [`FORMS`]' first row, and what is said of them.
fn files() -> Vec<(&'static str, String, &'static str)> {
    let key = text("p256.pkcs8.key");
    let certificate = text("p256.pem");
    let public = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
    let begin = "-----BEGIN PRIVATE KEY-----\n";
    vec![
        ("CRLF", key.replace('\n', "\r\n"), "matches"),
        ("no final newline", key.trim_end().to_owned(), "matches"),
        ("a byte order mark", format!("\u{feff}{key}"), "matches"),
        ("behind its certificate", format!("{certificate}{key}"), "matches"),
        ("behind a public key", format!("{public}{key}"), "matches"),
        ("before another key", key.clone() + &text("p384.pkcs8.key"), "matches"),
        ("behind another key", text("p384.pkcs8.key") + &key, "differs: EC P-384"),
        // OpenSSL goes on behind what it cannot read.
        ("behind a certificate without an end", format!("{}\n-----END X\n{key}", &certificate[..120]), "matches"),
        ("behind parameters that are damaged", text("p256.sec1.key").replacen("Bggq", "Bg!q", 1), "matches"),
        ("behind a key that is damaged", key.replacen("\nM", "\n!", 1) + &key, "matches"),
        ("behind a block without data", format!("{begin}-----END PRIVATE KEY-----\n{key}"), "matches"),
        ("behind no key", format!("{begin}MAA=\n-----END PRIVATE KEY-----\n{key}"), "matches"),
        ("behind a NUL", format!("\0\n{key}"), "matches"),
        (
            "damaged, and behind a public key",
            public.to_owned() + &key.replacen("\nM", "\n!", 1),
            "line 5 is not base64",
        ),
        ("empty", String::new(), "it is empty"),
        ("text", "in the vault".into(), "it is not a PEM file: it has no line `-----BEGIN … PRIVATE KEY-----`"),
        ("a certificate", certificate, "it holds a certificate and no private key"),
        ("a public key", public.into(), "it holds a public key and no private key"),
        ("cut off", key[..80].into(), "the PEM block that begins on line 1 is cut off: its end is missing"),
        ("damaged", key.replacen("\nM", "\n!", 1), "line 2 is not base64"),
        (
            "an empty sequence",
            format!("{begin}MAA=\n-----END PRIVATE KEY-----\n"),
            "the PEM block that begins on line 1 holds no private key",
        ),
        (
            "a secret that is no key",
            format!("{begin}c2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n"),
            "the PEM block that begins on line 1 holds no private key",
        ),
        (
            "PKCS#8 under the label of PKCS#1",
            key.replace("PRIVATE", "RSA PRIVATE"),
            "the PEM block that begins on line 1 holds no private key",
        ),
    ]
}

#[test]
fn files_are_read_as_nginx_reads_them() {
    for (name, text, expected) in files() {
        assert_eq!(outcome(&text, None, "p256"), expected, "{name}");
    }
}

/// Every row again through `nginx -t`. A key of another algorithm than its certificate's is not among them: nginx starts
/// with it, and then fails every handshake.
#[cfg(unix)]
#[test]
fn nginx_agrees() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let rows = |table: &[(&'static str, &'static str)]| -> Vec<(String, String, &'static str)> {
        table.iter().map(|(name, kind)| ((*name).to_owned(), text(&format!("{name}.key")), *kind)).collect()
    };
    let mut cases = rows(FORMS);
    cases.extend(rows(ENCRYPTED));
    cases.extend(rows(WRITTEN_OUT));
    cases.extend(rows(&[("openssh", "p256"), ("p256.pkcs8", "p384")]));
    cases.extend(files().into_iter().map(|(name, text, _)| (name.to_owned(), text, "p256")));
    std::fs::write(path.join("passwords"), "wrong\nngxlint\n").unwrap();
    let mut wrong = Vec::new();
    for (name, key, kind) in cases {
        std::fs::write(path.join("k"), &key).unwrap();
        std::fs::copy(testdata().join(format!("{kind}.pem")), path.join("c.pem")).unwrap();
        let config = "events {} http { server { listen 127.0.0.1:1 ssl; ssl_certificate c.pem; ssl_certificate_key k; \
                      ssl_password_file passwords; } }";
        std::fs::write(path.join("nginx.conf"), format!("pid {}/pid; {config}", path.display())).unwrap();
        let run = Command::new("nginx").arg("-t").arg("-c").arg(path.join("nginx.conf")).output();
        let Ok(output) = run else {
            assert!(std::env::var_os("CI").is_none(), "nginx is needed here");
            println!("nginx is not installed: nothing was compared");
            return;
        };
        let says = String::from_utf8_lossy(&output.stderr);
        let found = outcome(&key, Some("wrong\nngxlint\n"), kind);
        if (found == "matches")
            == (says.contains("cannot load certificate key") || says.contains("SSL_CTX_use_PrivateKey"))
        {
            wrong.push(format!("{name} ({kind}): {found}\n{says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(unix)]
#[test]
fn a_key_that_is_a_fifo_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("k");
    if !Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
        println!("mkfifo is not installed: nothing was tested");
        return;
    }
    let files = RealFiles::default();
    let not_regular = KeyState::Unusable(KeyProblem::Unreadable(ReadError::NotRegular));
    assert_eq!(KeyState::of_file(&files, &path, None, &[]), not_regular);
    assert_eq!(KeyState::of_file(&files, Path::new("/dev/zero"), None, &[]), not_regular);
    let key = dir.path().join("key");
    std::fs::write(&key, text("p256.aes256.key")).unwrap();
    assert_eq!(
        KeyState::of_file(&files, &key, Some(&path), &[]),
        KeyState::Unusable(KeyProblem::UnreadablePasswords(ReadError::NotRegular))
    );
}

#[test]
fn files_of_any_size_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.pem");
    // Sparse: it takes no room on the disk.
    std::fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
    let files: &dyn FileSystem = &RealFiles::default();
    let expected = "it has 100 MiB, more than the 16 MiB that ngxlint reads";
    let KeyState::Unusable(problem) = KeyState::of_file(files, &path, None, &[]) else { panic!() };
    assert_eq!(problem.to_string(), expected);
    assert!(!problem.stops_nginx());
    let problem = CertificateFile::read(files, path).problem.unwrap();
    assert_eq!(problem.to_string(), expected);
    assert!(!problem.stops_nginx());
}

/// 16 MiB that are as bad as can be are read in no time.
#[test]
fn the_largest_files_are_read_quickly() {
    let size = MAX_CERTIFICATE_BYTES as usize;
    let certificates = text("p256.pem").repeat(size / text("p256.pem").len());
    let begins = "-----BEGIN CERTIFICATE-----\n".repeat(size / 28);
    let headers = format!("-----BEGIN EC PRIVATE KEY-----\n{}", "a:\n".repeat(size / 4));
    let one_line = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", "M".repeat(size - 60));
    for text in [certificates, begins, headers, one_line] {
        assert!(matches!(KeyState::of_text(text.as_bytes(), None, &[]), KeyState::Unusable(_)));
    }
}

/// Nothing that can be printed holds a byte of a key or a password.
#[test]
fn nothing_shows_a_key_or_a_password() {
    let mut files = MemoryFiles::default();
    files.add("/passwords", "hunter2\nngxlint\n");
    let passwords = Passwords::read(&files, Path::new("/passwords")).unwrap();
    assert_eq!(format!("{passwords:?}"), "2 passwords");
    for (name, text, _) in self::files() {
        let state = KeyState::of_text(text.as_bytes(), Some(&passwords), &[leaf("p256")]);
        let shown = format!("{state:?}");
        for line in text.lines().filter(|line| line.len() > 8 && !line.starts_with('-')) {
            assert!(!shown.contains(line), "{name}: {shown}");
        }
        assert!(!shown.contains("hunter2") && !shown.contains("secret"), "{name}: {shown}");
    }
    assert_eq!(format!("{:?}", leaf("p256").der), format!("{} bytes", leaf("p256").der.as_ref().len()));
}

proptest! {
    #[test]
    fn any_bytes_are_a_key_file(text in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = KeyState::of_text(&text, None, &[]);
    }

    #[test]
    fn any_change_of_a_key_is_read(
        form in prop::sample::select(FORMS.iter().chain(&ENCRYPTED[6..7]).map(|row| row.0).collect::<Vec<_>>()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![b'A', b'f', b'/', b'z', b'\n'])), 1..4),
    ) {
        let mut text = text(&format!("{form}.key")).into_bytes();
        for (place, byte) in changes {
            let place = place.index(text.len());
            text[place] = byte;
        }
        let mut files = MemoryFiles::default();
        files.add("/passwords", "ngxlint");
        let passwords = Passwords::read(&files, Path::new("/passwords")).unwrap();
        let state = KeyState::of_text(&text, Some(&passwords), &[leaf("p384")]);
        if let KeyState::Unusable(problem) = state {
            assert!(!problem.to_string().contains(char::is_control));
        }
    }
}
