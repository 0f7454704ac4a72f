//! Files that are odd, whatever is in them.

use crate::program::Folder;
use std::process::Command;

use crate::case::{
    ALONE, Case, FINE, IGNORE, NOW, Refuses, Starts, compare_all, findings, folder, forge, forged_key, listed, run,
    testdata, write_secret,
};
use crate::forged::{common_name, pem, tlv};
use crate::real;

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
                lists: ("the `-----BEGIN …-----` on line 1 is damaged", ALONE),
                ..case("lines of old Macs", &text.replace('\n', "\r"), &key)
            },
            case("certificate and key in one file", &both, &both),
            case("key and certificate in one file", &format!("{key}{text}"), &format!("{key}{text}")),
        ],
        "",
    );
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
    assert_eq!(
        findings(&folder),
        [format!("info[cert-key-mismatch] cannot read the key k.pem: {size}; it is that of shop.example")]
    );
    assert_eq!(listed(&folder), (FINE.0.to_owned(), format!("k.pem: {size}")));
    grow("c.pem");
    assert_eq!(
        findings(&folder),
        [format!("warning[cert-file-missing] cannot read the certificate c.pem: {size}; it is that of shop.example")]
    );
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
    // For passwords nginx means it to be possible (documentation of ssl_password_file).
    const OTHERS: [&str; 1] =
        ["warning[cert-file-missing] cannot read the authorities' certificates f: it is not a regular file"];
    assert_eq!(findings(&folder), OTHERS);
    let findings = |folder: &Folder| -> Vec<String> {
        findings(folder).into_iter().filter(|found| !OTHERS.contains(&found.as_str())).collect()
    };
    assert!(make("k.pem"));
    assert_eq!(
        findings(&folder),
        ["info[cert-key-mismatch] cannot read the key k.pem: it is not a regular file; it is that of shop.example"]
    );
    // The directory of the certificate is looked through for others, where `f` is.
    assert_eq!(listed(&folder).1, "k.pem: it is not a regular file");
    let given = run(&folder, &["check", NOW, "--ca=f", "nginx.conf"]);
    given.expect(2, &[], &["f: it is not a regular file"]);
    assert!(make("c.pem"));
    std::fs::remove_file(folder.path("k.pem")).unwrap();
    write_secret(&folder, "k.pem", &testdata("p256.pkcs8.key"));
    assert_eq!(
        findings(&folder),
        [
            "warning[cert-file-missing] cannot read the certificate c.pem: it is not a regular file; it is that of shop.example"
        ]
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
}
