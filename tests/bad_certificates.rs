//! Certificates and keys as they should not be, through `ngxlint check` and `ngxlint certs`, beside what a real nginx
//! makes of them.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "these tests make files and start programs")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]
#![allow(clippy::print_stderr, reason = "what was compared, or not, is to be seen")]

mod program;

#[path = "../src/tls/der.rs"]
mod der;
#[path = "../src/tls/forged.rs"]
#[allow(dead_code, reason = "the tests of the room need more of it")]
mod forged;
#[path = "nginx/real.rs"]
#[allow(dead_code, reason = "nginx is only asked for its verdict")]
mod real;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use forged::{Fields, SUBJECT_ALT_NAME, common_name, dns_names, extension, pem, tlv};
use program::{Folder, Run};

const NOW: &str = "--now=2026-06-01T00:00:00Z";

/// Forged certificates have no issuer to be found, and this is about other things.
const IGNORE: &str = "--ignore=cert-chain-incomplete,cert-self-signed,hsts-missing";

/// What nginx makes of a configuration that is fine but for its certificate and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nginx {
    Starts,
    Refuses,
    /// One with an older OpenSSL starts, one with a newer does not.
    Depends,
}

use Nginx::{Depends, Refuses, Starts};

struct Case {
    name: &'static str,
    certificate: Vec<u8>,
    key: Vec<u8>,
    nginx: Nginx,
    /// What `check` says, `severity[rule] message` up to where it is of interest.
    says: &'static [&'static str],
    /// What `certs` says of the leaf, or of what is wrong with the file; and of the key.
    lists: (&'static str, &'static str),
}

/// The certificate of a server shop.example on P-256, with the generator for a public key.
fn forge(change: impl Fn(&mut Fields)) -> Vec<u8> {
    let mut fields = Fields {
        subject: common_name(0x0c, b"shop.example"),
        extensions: vec![names(&[b"shop.example"])],
        ..Fields::default()
    };
    change(&mut fields);
    forged::certificate(&fields)
}

/// The private key of all forged certificates: 1.
fn forged_key() -> String {
    const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let fields = [tlv(2, &[1]), tlv(4, &[&[0; 31][..], &[1]].concat()), tlv(0xa0, &tlv(6, P256))];
    pem("EC PRIVATE KEY", &tlv(0x30, &fields.concat()), 64)
}

fn names(names: &[&[u8]]) -> Vec<u8> {
    extension(SUBJECT_ALT_NAME, &dns_names(names))
}

/// The bytes within a DER sequence.
fn content(der: &[u8]) -> &[u8] {
    &der[2 + usize::from(der[1].saturating_sub(0x80))..]
}

fn testdata(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata/keys").join(name)).unwrap()
}

/// A configuration with these files, and `more` in its server.
fn folder(certificate: &[u8], key: &[u8], more: &str) -> Folder {
    let conf = format!(
        "events {{}}\nhttp {{\n  server {{\n    listen 127.0.0.1:18443 ssl;\n    server_name shop.example;\n    \
         ssl_certificate c.pem;\n    ssl_certificate_key k.pem;\n    {more}\n  }}\n}}\n"
    );
    let folder = Folder::new(&[("nginx.conf", &conf)]);
    folder.write("c.pem", certificate);
    write_secret(&folder, "k.pem", key);
    write_secret(&folder, "passwords", b"wrong\nngxlint\n");
    folder
}

/// Writes a file that only its owner can read.
fn write_secret(folder: &Folder, path: &str, text: &[u8]) {
    folder.write(path, text);
    std::fs::set_permissions(folder.path(path), std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Starts the program and waits for it; it must not hang.
fn run(folder: &Folder, arguments: &[&str]) -> Run {
    let mut child = folder.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    let outputs = [
        Box::new(child.stdout.take().unwrap()) as Box<dyn std::io::Read + Send>,
        Box::new(child.stderr.take().unwrap()),
    ];
    let readers = outputs.map(|mut output| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            output.read_to_end(&mut text).unwrap();
            text
        })
    });
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let [stdout, stderr] = readers.map(|reader| reader.join().unwrap());
    Run::of(std::process::Output { status, stdout, stderr })
}

/// The findings of `check`, without their places.
fn findings(folder: &Folder) -> Vec<String> {
    let run = run(folder, &["check", NOW, IGNORE, "--format=short", "nginx.conf"]);
    assert_eq!(run.stderr, "");
    assert!(run.status < 2, "{}", run.stdout);
    run.stdout.lines().filter_map(|line| Some(line.splitn(4, ':').nth(3)?.trim().to_owned())).collect()
}

/// The leaf of the certificate that `certs` lists, or its problem; and its key.
fn listed(folder: &Folder) -> (String, String) {
    let run = run(folder, &["certs", NOW, "--format=json", "nginx.conf"]);
    assert_eq!(run.stderr, "");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let listed = &report["certificates"][0];
    let leaf = &listed["leaf"];
    let names = leaf["names"].as_array().map_or(0, Vec::len);
    let texts = ["subject", "serial", "not_after", "key"].map(|field| leaf[field].as_str().unwrap_or_default());
    let leaf = match listed["problem"].as_str() {
        Some(problem) => problem.to_owned(),
        None => format!("{}, {names} names", texts.join(", ")),
    };
    (leaf, listed["keys"][0]["detail"].as_str().unwrap().to_owned())
}

/// Whether a finding says that nginx does not start.
fn says_that_nginx_refuses(finding: &str) -> bool {
    finding.starts_with("error[")
        && ["nginx does not start", "nginx cannot load"].iter().any(|part| finding.contains(part))
}

/// Compares a case with both commands, and with real nginx. What nginx refuses is an error that says so, and only that.
fn compare(case: &Case, more: &str, wrong: &mut Vec<String>) {
    let folder = folder(&case.certificate, &case.key, more);
    let (found, listed) = (findings(&folder), listed(&folder));
    let is_said = found.len() == case.says.len() && found.iter().zip(case.says).all(|(is, said)| is.starts_with(said));
    if !is_said || !listed.0.starts_with(case.lists.0) || !listed.1.starts_with(case.lists.1) {
        wrong.push(format!("{}: {found:#?}\n{listed:#?}", case.name));
    }
    let is_refusal = found.iter().any(|finding| says_that_nginx_refuses(finding));
    assert_eq!(is_refusal, case.nginx == Refuses, "{}: {found:#?}", case.name);
    let verdicts = real::all().iter().map(|nginx| nginx.test(&folder.path("nginx.conf")));
    for verdict in verdicts.filter(|verdict| case.nginx != Depends && verdict.is_accepted != (case.nginx == Starts)) {
        wrong.push(format!("{}: {}", case.name, verdict.text));
    }
}

#[track_caller]
fn compare_all(cases: &[Case], more: &str) {
    let mut wrong = Vec::new();
    cases.iter().for_each(|case| compare(case, more, &mut wrong));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const FINE: (&str, &str) = ("CN=shop.example, 01, 2049-01-01T00:00:00Z, EC P-256, 1 names", "k.pem matches");

#[test]
fn forged_certificates() {
    let block = |der: &[u8]| pem("CERTIFICATE", der, 64).into_bytes();
    let case = |name, der: &[u8], nginx, says, lists| Case {
        name,
        certificate: block(der),
        key: forged_key().into(),
        nginx,
        says,
        lists: (lists, FINE.1),
    };
    let many: Vec<String> = (0..20_000).map(|n| format!("h{n}.shop.example")).chain(["shop.example".into()]).collect();
    let many: Vec<&[u8]> = many.iter().map(String::as_bytes).collect();
    let not_after = |tag, text: &[u8]| forge(|fields| fields.not_after = tlv(tag, text));
    let subject = |subject: Vec<u8>| forge(|fields| fields.subject = subject.clone());
    let of_names = |list: &[&[u8]]| forge(|fields| fields.extensions = vec![names(list)]);
    const MALFORMED: &str = "the certificate that begins on line 1 is malformed";
    let says_malformed: &[&str] = &[
        "warning[cert-unparsable] the certificate c.pem is damaged: the certificate that begins on line 1 is malformed",
    ];
    let good = forge(|_| ());
    // BER may leave the length open, and end with two zeros.
    let open_end = |content: &[u8]| [&b"\x30\x80"[..], content, b"\0\0"].concat();
    compare_all(
        &[
            case("an ordinary one", &good, Starts, &[], FINE.0),
            case(
                "20,001 names",
                &of_names(&many),
                Starts,
                &[],
                "CN=shop.example, 01, 2049-01-01T00:00:00Z, EC P-256, 20001 names",
            ),
            case(
                "an empty subject",
                &subject(tlv(0x30, b"")),
                Starts,
                &[],
                ", 01, 2049-01-01T00:00:00Z, EC P-256, 1 names",
            ),
            // Dates.
            case(
                "until 2055",
                &not_after(0x18, b"20550101000000Z"),
                Starts,
                &[],
                "CN=shop.example, 01, 2055-01-01T00:00:00Z",
            ),
            case(
                "until 9999",
                &not_after(0x18, b"99991231235959Z"),
                Starts,
                &[],
                "CN=shop.example, 01, 9999-12-31T23:59:59Z",
            ),
            case(
                "until 1950, for it has two digits",
                &not_after(0x17, b"500101000000Z"),
                Starts,
                &["error[cert-expired] the certificate c.pem expired on 1950-01-01, 27910 days ago"],
                "CN=shop.example, 01, 1950-01-01T00:00:00Z",
            ),
            case("without seconds", &not_after(0x17, b"4901010000Z"), Depends, says_malformed, MALFORMED),
            case("with a time zone", &not_after(0x17, b"490101000000+0100"), Starts, says_malformed, MALFORMED),
            // Serial numbers.
            case("-127", &forge(|fields| fields.serial = vec![0x81]), Starts, &[], "CN=shop.example, 81"),
            case("0", &forge(|fields| fields.serial = vec![0]), Starts, &[], "CN=shop.example, 00"),
            case(
                "of 100 bytes",
                &forge(|fields| fields.serial = vec![0x11; 100]),
                Starts,
                &[],
                "CN=shop.example, 1111",
            ),
            case(
                "none",
                &forge(|fields| fields.serial.clear()),
                Refuses,
                &[
                    "error[cert-unparsable] nginx cannot load the certificate c.pem: the PEM block that begins on line 1 holds no certificate: its serial number is empty",
                ],
                "the PEM block that begins on line 1 holds no certificate",
            ),
            // Texts.
            case(
                "Latin-1 as UTF-8",
                &subject(common_name(0x0c, b"L\xe4den")),
                Refuses,
                &[
                    "error[cert-unparsable] nginx cannot load the certificate c.pem: the PEM block that begins on line 1 holds no certificate: its subject or issuer is not in the encoding that it names",
                ],
                "the PEM block that begins on line 1 holds no certificate",
            ),
            case("Latin-1 as such", &subject(common_name(0x14, b"L\xe4den")), Starts, &[], "CN=Läden, 01"),
            case(
                "a DNS name in Latin-1",
                &of_names(&[b"l\xe4den.example", b"shop.example"]),
                Starts,
                &[],
                "CN=shop.example, 01, 2049-01-01T00:00:00Z, EC P-256, 2 names",
            ),
            case(
                "... alone",
                &of_names(&[b"l\xe4den.example"]),
                Starts,
                &[
                    "error[cert-name-mismatch] the certificate c.pem does not cover shop.example: it is for l\u{fffd}den.example",
                ],
                FINE.0,
            ),
            case(
                "a NUL in a DNS name",
                &of_names(&[b"shop.example\0.evil.test"]),
                Starts,
                &[
                    r"error[cert-name-mismatch] the certificate c.pem does not cover shop.example: it is for shop.example\u{0}.evil.test",
                ],
                FINE.0,
            ),
            case(
                "... in a wildcard",
                &of_names(&[b"*.example\0.evil.test", b"*\0.example"]),
                Starts,
                &[
                    r"error[cert-name-mismatch] the certificate c.pem does not cover shop.example: it is for *.example\u{0}.evil.test, *\u{0}.example",
                ],
                "CN=shop.example, 01, 2049-01-01T00:00:00Z, EC P-256, 2 names",
            ),
            case(
                "... in the common name",
                &forge(|fields| {
                    fields.subject = common_name(0x0c, b"shop.example\0.evil.test");
                    fields.extensions.clear();
                }),
                Starts,
                &[
                    "error[cert-name-mismatch] the certificate c.pem does not cover shop.example: it is for no host at all",
                    r"error[cert-without-san] the certificate c.pem has no subject alternative name of a host, and its common name, shop.example\u{0}.evil.test, does not count",
                ],
                r"CN=shop.example\u{0}.evil.test, 01",
            ),
            case("an open end (BER)", &open_end(content(&good)), Starts, says_malformed, MALFORMED),
        ],
        "",
    );
}

/// Texts around one certificate and its key, which OpenSSL takes or not.
#[test]
fn files_around_a_certificate() {
    let (text, key) = (pem("CERTIFICATE", &forge(|_| ()), 64), forged_key());
    let trusted = |text: &str| text.replace(" CERT", " TRUSTED CERT");
    // Trust settings (X509_CERT_AUX) that name a purpose, as `openssl x509 -trustout -addtrust serverAuth` adds them.
    let settings = tlv(0x30, &tlv(0x30, &tlv(6, b"\x2b\x06\x01\x05\x05\x07\x03\x01")));
    let with_settings = pem("TRUSTED CERTIFICATE", &[forge(|_| ()), settings].concat(), 64);
    let case = |name, certificate: &str, key: &str| Case {
        name,
        certificate: certificate.into(),
        key: key.into(),
        nginx: Starts,
        says: &[],
        lists: FINE,
    };
    let both = format!("{text}{key}");
    compare_all(
        &[
            case("lines of Windows", &text.replace('\n', "\r\n"), &key.replace('\n', "\r\n")),
            case("no final newline", text.trim_end(), key.trim_end()),
            case("a byte order mark", &format!("\u{feff}{text}"), &format!("\u{feff}{key}")),
            case("all of it", &format!("\u{feff}{}", text.trim_end().replace('\n', "\r\n")), &key),
            case("TRUSTED CERTIFICATE", &trusted(&text), &key),
            case("... with trust settings", &with_settings, &key),
            Case {
                says: &[
                    "warning[cert-unparsable] the certificate c.pem is damaged: nginx skips line 9 and the PEM block behind it",
                ],
                lists: ("nginx skips line 9 and the PEM block behind it", FINE.1),
                ..case("... as the second", &format!("{text}{}", trusted(&text)), &key)
            },
            Case {
                nginx: Refuses,
                says: &[
                    "error[cert-unparsable] nginx cannot load the certificate c.pem: the `-----BEGIN …-----` on line 1 is damaged or does not stand alone",
                ],
                lists: ("the `-----BEGIN …-----` on line 1 is damaged", FINE.1),
                ..case("lines of old Macs", &text.replace('\n', "\r"), &key)
            },
            case("certificate and key in one file", &both, &both),
            case("key and certificate in one file", &format!("{key}{text}"), &format!("{key}{text}")),
        ],
        "",
    );
}

const NOT_COMPARED: &str = "k.pem: it is a key of a kind that ngxlint does not compare";

/// Keys of all kinds and forms, beside their own certificates and others.
#[test]
fn keys_of_all_kinds() {
    let case = |name, kind: &str, key: &str, nginx, says, (leaf, listed)| Case {
        name,
        certificate: testdata(&format!("{kind}.pem")),
        key: testdata(&format!("{key}.key")),
        nginx,
        says,
        lists: (leaf, listed),
    };
    const MATCHES: (&str, &str) = ("", "k.pem matches");
    const DSA: &str = "error[cert-weak] the certificate c.pem has a DSA key: no TLS client of today takes it";
    const EXPLICIT: &str = "warning[cert-weak] the certificate c.pem has a key on a curve that browsers do not know";
    const BAD_VALUES: &[&str] =
        &["error[cert-key-mismatch] the key k.pem belongs not to c.pem: nginx does not start (key values mismatch)"];
    let cases = [
        case("Ed25519", "ed25519", "ed25519.pkcs8", Starts, &[], MATCHES),
        case("Ed448", "ed448", "ed448.pkcs8", Starts, &[], ("", NOT_COMPARED)),
        // Of 1024 bits: OpenSSL on level 2 refuses the certificate, and would load one of 2048.
        case("DSA", "dsa", "dsa.pkcs8", Depends, &[DSA], ("", NOT_COMPARED)),
        case("a curve written out in both", "p256-explicit", "p256.explicit", Starts, &[EXPLICIT], MATCHES),
        case("... in the key", "p256", "p256.explicit", Starts, &[], MATCHES),
        case("... in the key, in PKCS#8", "p256", "p256.explicit-pkcs8", Starts, &[], MATCHES),
        case("... in the certificate", "p256-explicit", "p256.pkcs8", Starts, &[EXPLICIT], MATCHES),
        case("RSA-PSS", "rsa-pss", "rsa-pss.pkcs8", Starts, &[], MATCHES),
        case("EC PARAMETERS before the key", "p256", "p256.sec1", Starts, &[], MATCHES),
        case("without its public half", "p256", "p256.no-public", Starts, &[], MATCHES),
        case("encrypted, PBES2", "p256", "p256.aes256", Starts, &[], MATCHES),
        case("encrypted, scrypt", "p256", "p256.scrypt", Starts, &[], MATCHES),
        case("encrypted, RFC 1421", "p256", "p256.legacy-des3", Starts, &[], MATCHES),
        case(
            "encrypted, PBES1",
            "p256",
            "p256.pbes1",
            Starts,
            &[],
            ("", "k.pem: it is encrypted with a scheme other than PBES2, which ngxlint does not open"),
        ),
        case(
            "encrypted, Camellia",
            "p256",
            "p256.legacy-camellia128",
            Starts,
            &[],
            ("", "k.pem: it is encrypted with a cipher of its DEK-Info line"),
        ),
        // Of others.
        case(
            "another of its kind",
            "p256",
            "p384.pkcs8",
            Refuses,
            BAD_VALUES,
            ("", "k.pem is another certificate's (EC P-384)"),
        ),
        case(
            "RSA for RSA-PSS, of the same numbers",
            "rsa-pss",
            "rsa-pss.as-rsa",
            Starts,
            &[
                "error[cert-key-mismatch] the key k.pem (RSA 2048) is none for c.pem (RSA-PSS 2048): nginx starts, and every handshake for shop.example fails",
            ],
            ("", "k.pem is another certificate's (RSA 2048)"),
        ),
        case(
            "RSA-PSS for RSA",
            "rsa",
            "rsa-pss.pkcs8",
            Starts,
            &[
                "error[cert-key-mismatch] the key k.pem (RSA-PSS 2048) is none for c.pem (RSA 2048): nginx starts, and every",
            ],
            ("", "k.pem is another certificate's (RSA-PSS 2048)"),
        ),
        case(
            "Ed448 for EC",
            "p256",
            "ed448.pkcs8",
            Starts,
            &["error[cert-key-mismatch] the key k.pem (Ed448) is none for c.pem (EC P-256): nginx starts, and every"],
            ("", "k.pem is another certificate's (Ed448)"),
        ),
        case(
            "DSA for EC",
            "p256",
            "dsa.pkcs8",
            Starts,
            &["error[cert-key-mismatch] the key k.pem (DSA) is none for c.pem (EC P-256): nginx starts, and every"],
            ("", "k.pem is another certificate's (DSA)"),
        ),
        case(
            "OpenSSH's",
            "p256",
            "openssh",
            Refuses,
            &[
                "error[cert-key-mismatch] nginx cannot load the key k.pem: it holds a key in OpenSSH's format, which nginx does not read",
            ],
            ("", "k.pem: it holds a key in OpenSSH's format"),
        ),
    ];
    compare_all(&cases, "ssl_password_file passwords;");
}

/// nginx asks for the password, and there is nobody.
#[test]
fn encrypted_keys_without_a_password() {
    for name in ["p256.aes256", "p256.scrypt", "p256.legacy-des3", "p256.pbes1", "p256.legacy-camellia128"] {
        let folder = folder(&testdata("p256.pem"), &testdata(&format!("{name}.key")), "");
        let found = findings(&folder);
        let expected = "warning[cert-key-mismatch] the key k.pem is encrypted and no ssl_password_file is in effect";
        assert!(found.len() == 1 && found[0].starts_with(expected), "{name}: {found:#?}");
        for nginx in real::all() {
            assert!(!nginx.test(&folder.path("nginx.conf")).is_accepted, "{name}: {nginx:?}");
        }
    }
}

/// Sparse files: they take no room on the disk. nginx reads to the first NUL.
#[test]
fn files_of_100_megabytes() {
    let folder = folder(pem("CERTIFICATE", &forge(|_| ()), 64).as_bytes(), forged_key().as_bytes(), "");
    let grow = |name: &str| {
        std::fs::OpenOptions::new().append(true).open(folder.path(name)).unwrap().set_len(100 << 20).unwrap();
    };
    let size = "it has 100 MiB, more than the 16 MiB that ngxlint reads";
    grow("k.pem");
    assert_eq!(findings(&folder), [format!("info[cert-key-mismatch] cannot read the key k.pem: {size}")]);
    assert_eq!(listed(&folder), (FINE.0.to_owned(), format!("k.pem: {size}")));
    grow("c.pem");
    assert_eq!(findings(&folder), [format!("warning[cert-file-missing] cannot read the certificate c.pem: {size}")]);
    assert_eq!(listed(&folder), (size.to_owned(), format!("k.pem: {size}")));
    for nginx in real::all() {
        let verdict = nginx.test(&folder.path("nginx.conf"));
        assert!(verdict.is_accepted, "{}", verdict.text);
    }
    let required = run(&folder, &["check", NOW, IGNORE, "--certs=require", "--format=short", "nginx.conf"]);
    assert!(required.stdout.contains("error[cert-file-missing]"), "{}", required.stdout);
}

/// Nobody writes to it, and nginx waits for that for ever.
#[test]
fn a_fifo_is_not_waited_for() {
    let conf_words = "ssl_password_file f; ssl_trusted_certificate f; ssl_client_certificate f;";
    let folder = folder(&testdata("p256.pem"), &testdata("p256.aes256.key"), conf_words);
    let make = |name: &str| {
        let _ = std::fs::remove_file(folder.path(name));
        Command::new("mkfifo").arg(folder.path(name)).status().is_ok_and(|status| status.success())
    };
    if !make("f") {
        eprintln!("SKIPPED: mkfifo is not installed");
        return;
    }
    let found = findings(&folder);
    assert_eq!(
        found,
        [
            "info[cert-key-mismatch] cannot read the key k.pem: it needs the ssl_password_file, which cannot be read: it is not a regular file"
        ]
    );
    assert!(make("k.pem"));
    assert_eq!(findings(&folder), ["info[cert-key-mismatch] cannot read the key k.pem: it is not a regular file"]);
    // The directory of the certificate is looked through for others, where `f` is.
    assert_eq!(listed(&folder).1, "k.pem: it is not a regular file");
    let given = run(&folder, &["check", NOW, "--ca=f", "nginx.conf"]);
    given.expect(2, &[], &["f: it is not a regular file"]);
    assert!(make("c.pem"));
    std::fs::remove_file(folder.path("k.pem")).unwrap();
    write_secret(&folder, "k.pem", &testdata("p256.pkcs8.key"));
    assert_eq!(
        findings(&folder),
        ["warning[cert-file-missing] cannot read the certificate c.pem: it is not a regular file"]
    );
    assert_eq!(listed(&folder).0, "it is not a regular file");
}

/// As large as it may be, and of as many certificates.
#[test]
fn a_bundle_of_16_megabytes() {
    let one = pem("CERTIFICATE", &forge(|fields| fields.subject = common_name(0x0c, b"Test CA")), 64);
    let text = pem("CERTIFICATE", &forge(|_| ()), 64) + &one.repeat((16 << 20) / one.len() - 2);
    let folder = folder(text.as_bytes(), forged_key().as_bytes(), "");
    assert_eq!(findings(&folder), Vec::<String>::new());
    assert_eq!(listed(&folder), (FINE.0.to_owned(), FINE.1.to_owned()));
}
