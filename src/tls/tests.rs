//! Certificate files in, certificates and problems out; the same rows are given to a real nginx.
#![allow(clippy::disallowed_methods, reason = "a real nginx and openssl read files that these tests write")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::forged::{self, Fields, dns_names, pem};
use super::*;
use crate::source::{FileSystem, MemoryFiles, ReadError};

/// Subject shop.example, `Shop.example *.shop.example 192.0.2.1 2001:db8::1`, made with openssl; 13 lines.
const LEAF: &str = include_str!("testdata/leaf.pem");
/// The issuer of [`LEAF`]; 11 lines.
const ROOT: &str = include_str!("testdata/root.pem");
const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n";
const ENCRYPTED_KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n";
const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----\nMHcCAQEE\n-----END CERTIFICATE REQUEST-----\n";

fn parse(text: &[u8]) -> CertificateFile {
    CertificateFile::parse(PathBuf::from("c.pem"), text)
}

/// How many certificates a file gives, and its problem.
fn outcome(text: &[u8]) -> (usize, String) {
    let file = parse(text);
    let problem = file.problem.map(|problem| format!("{problem:?}")).unwrap_or_default();
    (file.certificates.len(), problem)
}

/// [`LEAF`] with a text in front of line `line`, counted from 1.
fn leaf_with(line: usize, text: &str) -> Vec<u8> {
    let place: usize = LEAF.split_inclusive('\n').take(line - 1).map(str::len).sum();
    format!("{}{text}{}", &LEAF[..place], &LEAF[place..]).into()
}

/// Files, how many certificates they give, and their problem.
fn files() -> Vec<(&'static str, Vec<u8>, usize, &'static str)> {
    let leaf = LEAF.as_bytes();
    let der = forged::certificate(&Fields::default());
    let block = |der: &[u8]| pem("CERTIFICATE", der, 64).into_bytes();
    let join = |parts: &[&str]| parts.concat().into_bytes();
    let replaced = |from: &str, to: &str| LEAF.replace(from, to).into_bytes();
    let lines: Vec<&str> = LEAF.lines().collect();
    let with = |parts: &[&[u8]]| parts.concat();
    vec![
        // What stands around the blocks.
        ("a certificate", leaf.to_vec(), 1, ""),
        ("a chain", join(&[LEAF, ROOT]), 2, ""),
        ("text before, between and after", join(&["Bag: x\n", LEAF, "\nsubject: y\n", ROOT, "z"]), 2, ""),
        ("binary before", with(&[b"\xff\xfe\x01\n", leaf]), 1, ""),
        ("a NUL in the text before", with(&[b"ab\0c\n", leaf]), 1, ""),
        ("a line that starts with a NUL ends the file", with(&[leaf, b"\0\n", ROOT.as_bytes()]), 1, ""),
        ("... before the first block", with(&[b"\0\n", leaf]), 0, "DamagedStart { line: 2 }"),
        ("a key before", join(&[KEY, LEAF]), 1, ""),
        ("an encrypted key before, a key after", join(&[ENCRYPTED_KEY, LEAF, KEY]), 1, ""),
        ("a request before", join(&[REQUEST, LEAF]), 1, ""),
        ("a byte order mark", join(&["\u{feff}", LEAF, "\u{feff}", ROOT]), 2, ""),
        ("two of them", join(&["\u{feff}\u{feff}", LEAF]), 0, "DamagedStart { line: 1 }"),
        // Lines.
        ("CRLF", replaced("\n", "\r\n"), 1, ""),
        ("CR", replaced("\n", "\r"), 0, "DamagedStart { line: 1 }"),
        ("CRLF, doubled", replaced("\n", "\r\n\r\n"), 0, "EmptyLine { line: 4 }"),
        ("spaces and tabs at the ends of lines", replaced("\n", " \t\n"), 1, ""),
        ("a no-break space at the end", replaced("CERTIFICATE-----\n", "CERTIFICATE-----\u{a0}\n"), 1, ""),
        ("no final newline", leaf.trim_ascii_end().to_vec(), 1, ""),
        ("no newline between two", join(&[LEAF.trim_end(), ROOT]), 0, "JoinedLines { line: 13 }"),
        ("lines of 76 characters", pem("CERTIFICATE", &der, 76).into(), 1, ""),
        ("... of 10", pem("CERTIFICATE", &der, 10).into(), 1, ""),
        ("... of 254, what OpenSSL reads at once", pem("CERTIFICATE", &der, 254).into(), 1, ""),
        ("... of 255", pem("CERTIFICATE", &der, 255).into(), 1, ""),
        ("one line", pem("CERTIFICATE", &der, 9999).into(), 1, ""),
        ("all on one line", replaced("\n", " "), 0, "DamagedStart { line: 1 }"),
        ("line breaks spelled \\n", replaced("\n", "\\n"), 0, "DamagedStart { line: 1 }"),
        ("indented data", replaced("\nM", "\n  M"), 1, ""),
        ("a start line behind 254 bytes", join(&[&"x".repeat(254), LEAF]), 1, ""),
        ("... behind 255", join(&[&"x".repeat(255), LEAF]), 0, "DamagedStart { line: 1 }"),
        // Start lines.
        ("indented", join(&[" ", LEAF]), 0, "DamagedStart { line: 1 }"),
        ("the second indented", join(&[LEAF, " ", ROOT]), 1, "SkippedStart { line: 14 }"),
        ("the second commented out", join(&[LEAF, &ROOT.replace("-----B", "# -----B")]), 1, ""),
        ("text behind", replaced("BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE----- x"), 0, "DamagedStart { line: 1 }"),
        ("four dashes before", leaf[1..].to_vec(), 0, "DamagedStart { line: 1 }"),
        (
            "four dashes behind",
            replaced("BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE----"),
            0,
            "DamagedStart { line: 1 }",
        ),
        ("X509 CERTIFICATE", replaced(" CERT", " X509 CERT"), 1, ""),
        ("lower case", replaced("CERTIFICATE", "certificate"), 0, "OtherOnly { label: \"certificate\" }"),
        ("TRUSTED CERTIFICATE", replaced(" CERT", " TRUSTED CERT"), 1, ""),
        ("... as the second", join(&[LEAF, &ROOT.replace(" CERT", " TRUSTED CERT")]), 1, "SkippedStart { line: 14 }"),
        // Ends.
        ("cut off", leaf[..300].to_vec(), 0, "Truncated { line: 1 }"),
        ("no end", leaf[..leaf.len() - 30].to_vec(), 0, "Truncated { line: 1 }"),
        ("only a start", leaf[..28].to_vec(), 0, "Truncated { line: 1 }"),
        ("the second cut off", join(&[LEAF, &ROOT[..300]]), 1, "Truncated { line: 14 }"),
        ("a key behind cut off", join(&[LEAF, &KEY[..36]]), 1, "Truncated { line: 14 }"),
        ("a key before without an end", join(&[&KEY[..40], LEAF]), 0, "Truncated { line: 1 }"),
        ("no end, and another certificate", join(&[&lines[..12].join("\n"), "\n", ROOT]), 1, "MissingEnd { line: 13 }"),
        ("the end of another kind", replaced("END CERT", "END X509 CERT"), 0, "WrongEnd { line: 13, begin: 1 }"),
        (
            "text behind the end",
            replaced("END CERTIFICATE-----", "END CERTIFICATE----- x"),
            0,
            "WrongEnd { line: 13, begin: 1 }",
        ),
        ("an indented end", replaced("-----END", " -----END"), 0, "Truncated { line: 1 }"),
        // Empty lines and headers.
        ("an empty line first", leaf_with(2, "\n"), 1, ""),
        ("two of them", leaf_with(2, "\n\n"), 0, "EmptyLine { line: 3 }"),
        (
            "an empty line first, and long lines",
            pem("CERTIFICATE", &der, 76).replacen('\n', "\n\n", 1).into(),
            0,
            "EmptyLine { line: 2 }",
        ),
        ("an empty line within", leaf_with(5, "\n"), 0, "EmptyLine { line: 5 }"),
        ("a line of spaces within", leaf_with(5, "  \n"), 0, "EmptyLine { line: 5 }"),
        ("an empty line last", leaf_with(13, "\n"), 0, "EmptyLine { line: 13 }"),
        ("headers", leaf_with(2, "Subject: x\n\n"), 0, "Headers { line: 1 }"),
        ("headers and no empty line", leaf_with(2, "Subject: x\n"), 0, "NoData { line: 1 }"),
        ("headers of a key that is skipped", join(&[&ENCRYPTED_KEY.replace("Proc-Type", "Foo"), LEAF]), 1, ""),
        // Base64.
        ("a comment within", leaf_with(3, "# x\n"), 0, "BadBase64 { line: 3 }"),
        ("a letter that is none", leaf_with(3, "é="), 0, "BadBase64 { line: 3 }"),
        ("data behind padding", leaf_with(3, "AA==\n"), 0, "BadBase64 { line: 4 }"),
        ("three paddings", leaf_with(12, "A===\n"), 0, "BadBase64 { line: 12 }"),
        ("half a group", leaf_with(5, "A\n"), 0, "Incomplete { line: 1 }"),
        ("a dash ends the data", leaf_with(6, "-\n"), 0, "Incomplete { line: 1 }"),
        ("a bad second block", join(&[LEAF, &ROOT.replace("\nM", "\n!")]), 1, "BadBase64 { line: 15 }"),
        ("a bad key that is skipped", join(&[&KEY.replace('M', "!"), LEAF]), 0, "BadBase64 { line: 2 }"),
        ("lines lost", [&lines[..5], &lines[12..]].concat().join("\n").into(), 0, "Incomplete { line: 1 }"),
        // Other things than certificates.
        ("an empty file", vec![], 0, "Empty"),
        ("white space", b" \r\n\n".to_vec(), 0, "Empty"),
        ("text", b"hello\n".to_vec(), 0, "NotPem"),
        ("a key", KEY.into(), 0, "PrivateKeyOnly"),
        ("an encrypted key", ENCRYPTED_KEY.into(), 0, "PrivateKeyOnly"),
        ("a request", REQUEST.into(), 0, "RequestOnly"),
        ("PKCS#7", pem("PKCS7", &der, 64).into(), 0, "OtherOnly { label: \"PKCS7\" }"),
        ("DER", der.clone(), 0, "Der"),
        ("PKCS#12", b"\x30\x06\x02\x01\x03\x30\x01\x30".to_vec(), 0, "Pkcs12"),
        ("UTF-16", b"\xff\xfe".iter().copied().chain(leaf.iter().flat_map(|&byte| [byte, 0])).collect(), 0, "Utf16"),
        ("an empty block", block(b""), 0, "NoData { line: 1 }"),
        ("an empty second block", with(&[leaf, &block(b"")]), 1, "NoData { line: 14 }"),
        ("text in base64", block(b"hello, world"), 0, "BadDer { line: 1, detail: \"its data is of another kind\" }"),
        (
            "a key as a certificate",
            block(b"\x30\x06\x02\x01\x01\x04\x01\x01"),
            0,
            "BadDer { line: 1, detail: \"its data is of another kind\" }",
        ),
        ("DER cut off", block(&der[..der.len() - 1]), 0, "Incomplete { line: 1 }"),
        (
            "bytes behind the first",
            block(&[&der[..], b"\0"].concat()),
            0,
            "BadDer { line: 1, detail: \"other bytes follow it\" }",
        ),
        ("trust settings behind the first", block(&[&der[..], b"\x30\0"].concat()), 1, ""),
        ("bytes behind the second", with(&[leaf, &block(&[&der[..], b"\0"].concat())]), 2, ""),
    ]
}

#[test]
fn files_are_read_as_nginx_reads_them() {
    for (name, text, certificates, problem) in files() {
        assert_eq!(outcome(&text), (certificates, problem.to_owned()), "{name}");
    }
}

/// Certificates and their problem.
fn certificates() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let make = |change: &dyn Fn(&mut Fields)| {
        let mut fields = Fields::default();
        change(&mut fields);
        forged::certificate(&fields)
    };
    let not_after = |tag: u8, time: &str| make(&|fields| fields.not_after = forged::tlv(tag, time.as_bytes()));
    let serial = |bytes: &[u8]| make(&|fields| fields.serial = bytes.to_vec());
    let subject = |tag: u8, text: &[u8]| make(&|fields| fields.subject = forged::common_name(tag, text));
    let extensions = |values: &[Vec<u8>]| make(&|fields| fields.extensions = values.to_vec());
    let names = |value: &[u8]| forged::extension(forged::SUBJECT_ALT_NAME, value);
    let many: Vec<String> = (0..20_000).map(|n| format!("h{n}.test")).collect();
    let many: Vec<&[u8]> = many.iter().map(String::as_bytes).collect();
    const MALFORMED_DATE: &str = "Malformed { line: 1, detail: \"invalid date\" }";
    const ENCODING: &str = "BadDer { line: 1, detail: \"its subject or issuer is not in the encoding that it names\" }";
    vec![
        ("an ordinary one", make(&|_| ()), ""),
        ("an empty subject", make(&|fields| fields.subject = forged::tlv(0x30, b"")), ""),
        ("no extensions", extensions(&[]), ""),
        ("20,000 names", extensions(&[names(&dns_names(&many))]), ""),
        ("names that are no names", extensions(&[names(b"\xff\xff")]), "BadNames { line: 1 }"),
        (
            "names twice",
            extensions(&[names(&dns_names(&[b"a.test"])), names(&dns_names(&[b"b.test"]))]),
            "BadNames { line: 1 }",
        ),
        ("another extension that is broken", extensions(&[forged::extension(&[0x55, 0x1d, 0x0f], b"\xff")]), ""),
        // Dates: OpenSSL 3.3 looks closer than 3.0, neither closely.
        ("after 2049", not_after(0x18, "20550101000000Z"), ""),
        ("without an end (RFC 5280, section 4.1.2.5)", not_after(0x18, "99991231235959Z"), ""),
        ("before 1970", not_after(0x17, "500101000000Z"), ""),
        ("month 13", not_after(0x17, "491301000000Z"), MALFORMED_DATE),
        ("without seconds", not_after(0x17, "4901010000Z"), MALFORMED_DATE), // OpenSSL before 3.3 loads it
        ("with a time zone", not_after(0x17, "490101000000+0100"), MALFORMED_DATE),
        ("with a fraction", not_after(0x18, "20550101000000.5Z"), MALFORMED_DATE),
        ("a GeneralizedTime before 2050", not_after(0x18, "20490101000000Z"), ""),
        ("30 February", not_after(0x17, "490230000000Z"), MALFORMED_DATE),
        // Serial numbers.
        ("negative", serial(b"\x81"), ""),
        ("of 100 bytes", serial(&[0x11; 100]), ""),
        ("empty", serial(b""), "BadDer { line: 1, detail: \"its serial number is empty\" }"),
        ("padded", serial(b"\0\x01"), "BadDer { line: 1, detail: \"its serial number is padded\" }"),
        ("negative and padded", serial(b"\xff\xff"), "BadDer { line: 1, detail: \"its serial number is padded\" }"),
        // Texts.
        ("UTF8String", subject(0x0c, "Läden".as_bytes()), ""),
        ("... that is not UTF-8", subject(0x0c, b"L\xe4den"), ENCODING),
        ("BMPString", subject(0x1e, b"\0L\0\xe4"), ""),
        ("... cut", subject(0x1e, b"\0L\0"), ENCODING),
        ("PrintableString that is not printable", subject(0x13, b"a*\xe9\n"), ""),
        ("a NUL in the common name", subject(0x0c, b"good.test\0.evil"), ""),
        // BER.
        (
            "indefinite length",
            [&b"\x30\x80"[..], &make(&|_| ())[3..], b"\0\0"].concat(),
            "Malformed { line: 1, detail: \"invalid DER\" }",
        ),
        ("a thousand levels of it", b"\x30\x80".repeat(1000), "Malformed { line: 1, detail: \"invalid DER\" }"),
    ]
}

#[test]
fn certificates_are_refused_as_openssl_refuses_them() {
    for (name, der, problem) in certificates() {
        let count = usize::from(problem.is_empty() || problem.starts_with("BadNames"));
        assert_eq!(outcome(pem("CERTIFICATE", &der, 64).as_bytes()), (count, problem.to_owned()), "{name}");
    }
}

/// Every row again, through `nginx -t`: it loads the certificate unless the problem is one that stops it.
#[cfg(unix)]
#[test]
fn nginx_agrees() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let certificates =
        certificates().into_iter().map(|(name, der, _)| (name, pem("CERTIFICATE", &der, 64).into_bytes()));
    for (name, text) in files().into_iter().map(|(name, text, ..)| (name, text)).chain(certificates) {
        std::fs::write(path.join("c.pem"), &text).unwrap();
        // The key is missing, which nginx says only after it has loaded the certificate.
        let config =
            "events {} http { server { listen 127.0.0.1:1 ssl; ssl_certificate c.pem; ssl_certificate_key k; } }";
        std::fs::write(path.join("nginx.conf"), format!("pid {}/pid; {config}", path.display())).unwrap();
        let run = std::process::Command::new("nginx").arg("-t").arg("-c").arg(path.join("nginx.conf")).output();
        let Ok(output) = run else {
            assert!(std::env::var_os("CI").is_none(), "nginx is needed here");
            println!("nginx is not installed: nothing was compared");
            return;
        };
        let output = String::from_utf8_lossy(&output.stderr);
        let refused = output.contains("cannot load certificate \"");
        assert!(refused || output.contains("cannot load certificate key"), "{name}: {output}");
        match parse(&text).problem {
            Some(CertificateProblem::Malformed { .. }) => {} // by version
            problem => assert_eq!(problem.is_some_and(|problem| problem.stops_nginx()), refused, "{name}: {output}"),
        }
    }
}

#[test]
fn a_certificate_made_by_openssl() {
    let file = parse(format!("{LEAF}{ROOT}").as_bytes());
    let [leaf, root] = &file.certificates[..] else { panic!("{file:?}") };
    assert_eq!(leaf.subject, "C=DE, O=Läden, CN=shop.example".into());
    assert_eq!(leaf.common_name.as_deref(), Some("shop.example"));
    assert_eq!(leaf.issuer, root.subject);
    assert_eq!(&*leaf.serial, "5DE731CB77E2944544A611589D38759B885A2B8E");
    assert_eq!(
        leaf.names().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        "shop.example *.shop.example 192.0.2.1 2001:db8::1"
    );
    assert_eq!(
        (leaf.validity.not_before.to_string(), leaf.validity.not_after.to_string()),
        ("2026-11-22".into(), "2081-08-25".into())
    );
    assert_eq!(leaf.key, KeyKind::Ec(Curve::P256));
    assert_eq!((leaf.is_ca, leaf.is_self_issued, leaf.line), (false, false, 1));
    assert_eq!((root.is_ca, root.is_self_issued, root.line), (true, true, 14));
}

#[test]
fn key_kinds() {
    let key = forged::public_key;
    let ec = |curve: &[u8]| key(forged::EC, &forged::tlv(6, curve), b"");
    let rows = [
        (key(forged::RSA, b"\x05\0", &forged::rsa_key(2048)), "RSA 2048"),
        (key(forged::RSA, b"\x05\0", &forged::rsa_key(1023)), "RSA 1023"),
        (key(forged::RSA_PSS, b"", &forged::rsa_key(3072)), "RSA-PSS 3072"),
        (key(forged::RSA, b"\x05\0", b"no key"), "unknown key type"),
        (ec(b"\x2a\x86\x48\xce\x3d\x03\x01\x07"), "EC P-256"),
        (ec(b"\x2b\x81\x04\x00\x22"), "EC P-384"),
        (ec(b"\x2b\x81\x04\x00\x23"), "EC P-521"),
        (ec(b"\x2b\x81\x04\x00\x0a"), "EC secp256k1"),
        (ec(b"\x2b\x81\x04\x00\x21"), "EC P-224"),
        (ec(b"\x2b\x24\x03\x03\x02\x08\x01\x01\x07"), "EC Brainpool"),
        (ec(b"\x2b\x81\x04\x00\x1f"), "EC"),     // secp192k1
        (key(forged::EC, b"\x30\0", b""), "EC"), // explicit parameters
        (key(b"\x2b\x65\x70", b"", b""), "Ed25519"),
        (key(b"\x2b\x65\x71", b"", b""), "Ed448"),
        (key(b"\x2b\x65\x6e", b"", b""), "unknown key type"), // X25519 cannot sign
        (key(b"\x2a\x86\x48\xce\x38\x04\x01", b"", b""), "DSA"),
    ];
    for (key, expected) in rows {
        let fields = Fields { key, ..Fields::default() };
        let file = parse(pem("CERTIFICATE", &forged::certificate(&fields), 64).as_bytes());
        assert_eq!(file.leaf().unwrap().key.to_string(), expected);
    }
}

#[test]
fn subjects_are_safe_to_print() {
    let rows: &[(u8, &[u8], &str)] = &[
        (0x0c, b"\x1b[31mred\n", r"CN=\u{1b}[31mred\u{a}"),
        (0x0c, "a\u{202e}b".as_bytes(), r"CN=a\u{202e}b"),
        (0x0c, b"good.test\0.evil", r"CN=good.test\u{0}.evil"),
        (0x14, b"caf\xe9", "CN=café"),    // T61String
        (0x1e, b"\0L\0\xe4", "CN=Lä"),    // BMPString
        (0x1c, b"\0\x01\xf6\0", "CN=😀"), // UniversalString
        (0x13, b"\xe9", "CN=\u{fffd}"),   // PrintableString
        (0x0c, b"", "CN="),
    ];
    for (tag, text, expected) in rows {
        let fields = Fields { subject: forged::common_name(*tag, text), ..Fields::default() };
        let file = parse(pem("CERTIFICATE", &forged::certificate(&fields), 64).as_bytes());
        assert_eq!(&*file.leaf().unwrap().subject, *expected);
    }
}

#[test]
fn each_file_of_a_store_is_there_once() {
    let mut files = MemoryFiles::default();
    files.add("/c/a b/ä.pem", LEAF);
    files.add("/c/root.pem", ROOT);
    let paths = ["/c/root.pem", "/c/a b/ä.pem", "/c/none.pem", "/c/root.pem", "/c"].map(PathBuf::from);
    let store = CertificateStore::load(&files, paths.clone());
    assert_eq!(store.len(), 4);
    let sorted: Vec<_> = store.files().map(|file| file.path.to_str().unwrap()).collect();
    assert_eq!(sorted, ["/c", "/c/a b/ä.pem", "/c/none.pem", "/c/root.pem"]);
    for path in &paths {
        assert_eq!(&store.file(path).unwrap().path, path);
    }
    let problem = |path: &str| store.file(Path::new(path)).unwrap().problem.clone();
    assert_eq!(problem("/c/root.pem"), None);
    assert_eq!(problem("/c/none.pem"), Some(CertificateProblem::Unreadable(ReadError::NotFound)));
    assert_eq!(problem("/c"), Some(CertificateProblem::Unreadable(ReadError::IsDirectory)));
    assert!(store.file(Path::new("/c/other.pem")).is_none());
    assert!(CertificateStore::default().is_empty());
}

#[cfg(unix)]
#[test]
fn a_fifo_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pem");
    if !std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
        println!("mkfifo is not installed: nothing was tested");
        return;
    }
    let files: &dyn FileSystem = &crate::source::RealFiles::default();
    let problem = CertificateFile::read(files, path).problem.unwrap();
    assert_eq!(problem, CertificateProblem::Unreadable(ReadError::NotRegular));
    assert!(!problem.stops_nginx());
}

#[test]
fn commands_that_help() {
    const ROWS: &[(CertificateProblem, &str, &str)] = &[
        (CertificateProblem::Der, "/c/a.crt", "convert it: openssl x509 -inform der -in /c/a.crt -out /c/a.crt.pem"),
        (CertificateProblem::Pkcs12, "a b.p12", "convert it: openssl pkcs12 -nokeys -in 'a b.p12' -out 'a b.p12.pem'"),
        (CertificateProblem::JoinedLines { line: 13 }, "c.pem", "break line 13 before `-----BEGIN`"),
    ];
    for (problem, path, help) in ROWS {
        assert_eq!(problem.help(Path::new(path)).as_deref(), Some(*help));
    }
}

/// Whatever the file, certificates lie on its lines and a file without certificates has a problem.
fn check_any(text: &[u8]) {
    let file = parse(text);
    assert!(file.leaf().is_some() || file.problem.is_some());
    let lines = text.split(|&byte| byte == b'\n').count();
    assert!(file.certificates.iter().all(|certificate| certificate.line as usize <= lines));
    if let Some(problem) = &file.problem {
        let message = problem.to_string();
        assert!(!message.is_empty() && !message.contains(char::is_control), "{message:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_file(text in prop::collection::vec(any::<u8>(), 0..2000)) {
        check_any(&text);
    }

    #[test]
    fn any_pieces_are_a_file(pieces in prop::collection::vec(prop::sample::select(vec![
        LEAF, ROOT, KEY, ENCRYPTED_KEY, &LEAF[..300], &LEAF[300..], "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
        "-----BEGIN ", "-----", "\n", "\r\n", " ", "\0", ":", "=", "AAAA\n", "A", "\u{feff}", "é",
    ]), 0..12)) {
        check_any(pieces.concat().as_bytes());
    }

    #[test]
    fn any_bytes_are_a_certificate(der in prop::collection::vec(any::<u8>(), 0..300)) {
        check_any(pem("CERTIFICATE", &der, 64).as_bytes());
    }

    #[test]
    fn any_change_is_a_certificate(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut der = forged::certificate(&Fields::default());
        for (place, byte) in changes {
            let place = place.index(der.len());
            der[place] = byte;
        }
        check_any(pem("CERTIFICATE", &der, 64).as_bytes());
    }
}
