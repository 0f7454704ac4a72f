//! What OpenSSL makes of certificates where it trusts one file; `openssl verify` is asked about the same.
#![allow(clippy::disallowed_methods, reason = "openssl reads files that these tests write")]

use std::path::{Path, PathBuf};

use super::*;

const NOW: &str = "2026-06-01T00:00:00Z";

/// The certificates of testdata/chains with these names, one behind the other.
fn join(names: &str) -> String {
    let path = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/tls/testdata/chains/{name}.pem"));
    names.split_whitespace().map(|name| std::fs::read_to_string(path(name)).unwrap()).collect()
}

fn certificates(names: &str) -> Vec<Certificate> {
    CertificateFile::parse(PathBuf::from("c.pem"), join(names).as_bytes()).certificates
}

fn verified(presented: &str, trusted: &str, depth: usize) -> Verification {
    verify(&certificates(presented), &certificates(trusted), depth, UnixTime::parse_rfc3339(NOW).unwrap())
}

/// A verdict in few words.
fn shown(verification: &Verification) -> String {
    match verification {
        Verification::Accepted => "yes".to_owned(),
        Verification::Unknown => "unknown".to_owned(),
        Verification::Refused(Distrusted::SelfSigned) => "self-signed".to_owned(),
        Verification::Refused(Distrusted::Untrusted { issuer }) => format!("without {issuer}"),
        Verification::Refused(Distrusted::TooLong { intermediates }) => format!("{intermediates} between"),
        Verification::Refused(Distrusted::Dates { subject, .. }) => format!("dates of {subject}"),
        Verification::Refused(Distrusted::NotForServers) => "not for servers".to_owned(),
    }
}

/// What is presented, what is trusted, the depth, the verdict.
const ROWS: &[(&str, &str, usize, &str)] = &[
    ("leaf int", "root", 1, "yes"),
    ("leaf int", "root", 0, "1 between"),
    ("leaf", "int root", 1, "yes"), // a trusted intermediate helps
    ("leaf", "int root", 0, "1 between"),
    ("leaf", "root", 1, "without O=Test, CN=Intermediate"),
    ("leaf int", "int", 1, "without O=Test, CN=Root"), // and is no end
    ("leaf int", "leaf", 1, "without O=Test, CN=Root"),
    ("leaf int root", "root2", 1, "without O=Test, CN=Root"),
    ("leaf-of-sub sub int", "root", 2, "yes"),
    ("leaf-of-sub sub int", "root", 1, "2 between"),
    ("leaf-of-sub sub int", "int", 2, "without O=Test, CN=Root"),
    ("leaf int-cross", "root2", 1, "yes"),
    ("leaf int root-cross", "root2", 1, "2 between"),
    ("leaf int root-cross", "root2 root", 1, "yes"), // the shorter way
    ("leaf-self", "leaf-self", 0, "yes"),
    ("leaf-self", "root", 1, "self-signed"),
    ("leaf int-expired", "root", 1, "dates of O=Test, CN=Intermediate"),
    ("leaf int-expired int", "root", 1, "yes"),
    ("leaf int-future", "root", 1, "dates of O=Test, CN=Intermediate"),
    ("leaf int-namesake", "root", 1, "without O=Test, CN=Intermediate"),
    ("leaf-client int", "root", 1, "not for servers"),
    ("leaf-rsa1024 int", "root", 1, "unknown"), // the security level decides
    ("leaf-of-521", "root521", 1, "unknown"),   // a signature that is not checked here
    ("leaf-of-sub sub int-path-0", "root", 2, "unknown"),
    ("leaf int-names", "root", 1, "unknown"),
];

#[test]
fn verdicts() {
    for (presented, trusted, depth, expected) in ROWS {
        assert_eq!(shown(&verified(presented, trusted, *depth)), *expected, "{presented} | {trusted} | {depth}");
    }
}

#[cfg(unix)]
#[test]
fn openssl_agrees() {
    const PRESENTED: &[&str] = &[
        "leaf int",
        "leaf",
        "leaf-of-sub sub int",
        "leaf-of-sub int sub root",
        "leaf int int-cross root-cross",
        "leaf int-expired",
        "leaf int-expired int",
        "leaf-self int",
        "leaf-ca int",
        "leaf-client int",
        "leaf-of-521",
        "leaf int-no-ca",
        "leaf-of-sub sub int-path-0",
        "leaf-logged int",
        "leaf root int",
    ];
    const TRUSTED: &[&str] =
        &["root", "int", "int root", "root2", "root root2 sub int", "leaf-self", "leaf root521", "sub"];
    let dir = tempfile::tempdir().unwrap();
    let (mut told, mut untold, mut wrong) = (0, 0, Vec::new());
    for presented in PRESENTED {
        std::fs::write(dir.path().join("c.pem"), join(presented)).unwrap();
        for trusted in TRUSTED {
            std::fs::write(dir.path().join("ca.pem"), join(trusted)).unwrap();
            for depth in 0..3 {
                let mut openssl = std::process::Command::new("openssl");
                openssl.current_dir(dir.path()).args(["verify", "-attime", "1780272000", "-purpose", "sslserver"]);
                openssl.args(["-verify_depth", &depth.to_string(), "-no-CApath", "-no-CAstore", "-CAfile", "ca.pem"]);
                let Ok(output) = openssl.args(["-untrusted", "c.pem", "c.pem"]).output() else {
                    println!("openssl is not installed: nothing was compared");
                    return;
                };
                let accepts = match verified(presented, trusted, depth) {
                    Verification::Accepted => true,
                    Verification::Refused(_) => false,
                    Verification::Unknown => {
                        untold += 1;
                        continue;
                    }
                };
                told += 1;
                let says = String::from_utf8_lossy(&output.stderr);
                if output.status.success() != accepts {
                    wrong.push(format!("{presented} | {trusted} | {depth}: {says}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(untold * 10 < told, "{untold} of {told} cannot be told");
}

#[test]
fn files_with_and_without_a_root() {
    for (names, expected) in [("root", true), ("int", false), ("leaf int", false), ("int root", true), ("", false)] {
        assert_eq!(holds_root(&certificates(names)), expected, "{names}");
    }
}

#[test]
fn the_one_chain_of_a_file() {
    for (names, expected) in [
        ("root", Some((0, "O=Test, CN=Root"))),
        ("int root", Some((1, "O=Test, CN=Intermediate"))),
        ("root sub int", Some((2, "O=Test, CN=Sub"))),
        ("root root2", None),
        ("int", None),
        ("sub root", None),      // a gap
        ("leaf int root", None), // a leaf
        ("root int int-expired", None),
    ] {
        assert_eq!(single_chain(&certificates(names)), expected, "{names}");
    }
}
