//! Files of certificates in, what a client makes of them out; the same rows are given to `openssl verify`.
#![allow(clippy::disallowed_methods, reason = "openssl reads files that these tests write")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::source::MemoryFiles;

const NOW: &str = "2026-06-01T00:00:00Z";

fn testdata(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The certificates of testdata/chains with these names, one behind the other.
fn join(names: &str) -> String {
    names.split_whitespace().map(|name| testdata(&format!("chains/{name}.pem"))).collect()
}

fn anchors(names: &str) -> TrustAnchors {
    let mut files = MemoryFiles::default();
    let mut anchors = TrustAnchors::none();
    for name in names.split_whitespace() {
        files.add("/ca.pem", join(name));
        anchors.add_file(&files, Path::new("/ca.pem")).unwrap();
    }
    anchors
}

fn chain_of(text: &str, anchors: &TrustAnchors) -> Chain {
    let file = CertificateFile::parse(PathBuf::from("c.pem"), text.as_bytes());
    let now = UnixTime::parse_rfc3339(NOW).unwrap();
    Chain::of(&file.certificates, anchors, now).unwrap()
}

/// A chain in few words.
fn shown(chain: &Chain) -> (String, String) {
    let missing = |missing: &MissingIssuer| {
        let namesake = missing.namesake.map(|place| format!(", not {}", place.index)).unwrap_or_default();
        format!("{} of {}{namesake}", missing.issuer, missing.of.index)
    };
    let trust = match &chain.trust {
        Trust::Anchored { anchor, .. } => format!("anchored by {anchor}"),
        Trust::Refused { anchor, reason } => format!("{reason:?} below {anchor}"),
        Trust::SelfSigned => "self-signed".to_owned(),
        Trust::PrivateRoot { root, subject } => format!("private root {} {subject}", root.index),
        Trust::Incomplete(issuer) => format!("incomplete: {}", missing(issuer)),
        Trust::IssuerUnknown(issuer) => format!("unknown: {}", missing(issuer)),
    };
    let oddities = chain.oddities.iter().map(|oddity| {
        let kind = match &oddity.kind {
            OddityKind::LeafNotFirst { leaf } => format!("leaf is {}", leaf.index),
            OddityKind::WrongOrder { issued } => format!("before {}", issued.index),
            OddityKind::Duplicate { first } => format!("same as {}", first.index),
            OddityKind::Expired { is_needed, .. } => format!("expired{}", if *is_needed { ", needed" } else { "" }),
            OddityKind::NotYetValid { is_needed, .. } => {
                format!("not yet valid{}", if *is_needed { ", needed" } else { "" })
            }
            OddityKind::WeakKey(key) => format!("weak {key}"),
            OddityKind::WeakSignature(hash) => format!("weak {hash}"),
            OddityKind::Unrelated => "unrelated".to_owned(),
            OddityKind::NeedlessRoot => "root".to_owned(),
            OddityKind::LeafIsAuthority => "leaf is authority".to_owned(),
            OddityKind::NotForServers => "not for servers".to_owned(),
            OddityKind::NotForSignatures(handshakes) => format!("not for signatures: {handshakes:?}"),
            OddityKind::NoNames => "no names".to_owned(),
        };
        format!("{}: {kind}", oddity.place.index)
    });
    (trust, oddities.collect::<Vec<_>>().join("; "))
}

const ROOT: &str = "anchored by O=Test, CN=Root";
const INT: &str = "O=Test, CN=Intermediate";

/// Certificates, anchors, trust, oddities.
const CHAINS: &[(&str, &str, &str, &str)] = &[
    // Complete.
    ("leaf int", "root", ROOT, ""),
    ("leaf-of-sub sub int", "root", ROOT, ""),
    ("leaf", "int", "anchored by O=Test, CN=Intermediate", ""), // an intermediate that the user trusts
    ("leaf int", "root2 root", ROOT, ""),
    ("leaf int-cross", "root2", "anchored by O=Test, CN=Root 2", ""),
    ("leaf int int-cross", "root", ROOT, ""), // two ways up
    ("leaf int root-cross", "root", ROOT, ""),
    ("leaf-of-521", "root521", "anchored by O=Test, CN=Root 521", ""), // ring has no P-521
    ("leaf-self", "leaf-self", "anchored by CN=shop.example", ""),
    // Not complete.
    ("leaf", "root", "unknown: O=Test, CN=Intermediate of 0", ""),
    ("leaf-public", "root", "incomplete: O=Test, CN=Intermediate of 0", ""),
    ("leaf-logged", "root", "incomplete: O=Test, CN=Intermediate of 0", ""),
    ("leaf int", "root2", "unknown: O=Test, CN=Root of 1", ""),
    ("leaf-public int", "root2", "incomplete: O=Test, CN=Root of 1", ""),
    ("leaf-of-sub int", "root", "unknown: O=Test, CN=Sub of 0", "1: unrelated"),
    ("leaf int-namesake", "root", "unknown: O=Test, CN=Intermediate of 0, not 1", ""), // webpki goes by names first
    // Private.
    ("leaf int root", "root2", "private root 2 O=Test, CN=Root", "2: root"),
    ("leaf-self", "root", "self-signed", ""),
    ("leaf-self int", "root", "self-signed", "1: unrelated"),
    ("../keys/rsa-pss", "root", "self-signed", ""), // ring does not check the length of its salt
    // Order and company.
    ("leaf int root", "root", ROOT, "2: root"),
    ("leaf-of-sub int sub", "root", ROOT, "1: before 2"),
    ("leaf root int", "root", ROOT, "1: root"),
    ("leaf int int", "root", ROOT, "2: same as 1"),
    ("leaf leaf int", "root", ROOT, "1: same as 0"),
    ("leaf int root2", "root", ROOT, "2: unrelated"),
    ("leaf int leaf-self", "root", ROOT, "2: unrelated"),
    ("int leaf", "root", ROOT, "0: leaf is 1"),
    ("root int leaf", "root2", "self-signed", "0: leaf is 2"),
    // Dates of issuers.
    ("leaf int-expired", "root", "Dates below O=Test, CN=Root", "1: expired, needed"),
    ("leaf int-future", "root", "Dates below O=Test, CN=Root", "1: not yet valid, needed"),
    ("leaf int-expired int", "root", ROOT, "1: expired"),
    ("leaf int-expired int", "root2", "unknown: O=Test, CN=Root of 2", "1: expired"), // the root may be a private one
    ("leaf int-expired", "root2", "unknown: O=Test, CN=Root of 1", "1: expired, needed"),
    ("leaf-of-sub sub int-expired", "root2", "unknown: O=Test, CN=Root of 2", "2: expired"), // as crossed roots
    // What webpki minds.
    ("leaf-of-sub sub int-path-0", "root", "PathLength below O=Test, CN=Root", ""),
    ("leaf int-names", "root", "NameConstraints below O=Test, CN=Root", ""),
    ("leaf int-mail", "root", "Usage below O=Test, CN=Root", ""),
    ("leaf int-no-ca", "root", "NotAnAuthority below O=Test, CN=Root", ""),
    // Leaves.
    ("leaf-ca int", "root", ROOT, "0: leaf is authority"),
    ("leaf-client int", "root", ROOT, "0: not for servers"),
    ("leaf-no-names int", "root", ROOT, "0: no names"),
    ("leaf-sha1 int", "root", ROOT, "0: weak SHA-1"),
    ("leaf-rsa1024 int", "root", ROOT, "0: weak RSA 1024"),
    ("leaf-p192 int", "root", ROOT, "0: weak EC"),
];

#[test]
fn chains() {
    let mut wrong = Vec::new();
    for (names, anchor_names, trust, oddities) in CHAINS {
        let found = shown(&chain_of(&join(names), &anchors(anchor_names)));
        if found != ((*trust).to_owned(), (*oddities).to_owned()) {
            wrong.push(format!("{names} | {anchor_names}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files share what is known of the signatures of issuers, in whatever order they come.
#[test]
fn signatures_that_are_known_change_nothing() {
    let checked = Arc::default();
    for (names, anchor_names, trust, oddities) in CHAINS.iter().chain(CHAINS.iter().rev()) {
        let mut anchors = anchors(anchor_names);
        anchors.checked = Arc::clone(&checked);
        let found = shown(&chain_of(&join(names), &anchors));
        assert_eq!(found, ((*trust).to_owned(), (*oddities).to_owned()), "{names} | {anchor_names}");
    }
}

/// `openssl verify` says yes to the same chains, but for rows in which clients differ.
#[cfg(unix)]
#[test]
fn openssl_agrees() {
    // (certificates, why openssl says yes to what is not anchored here, or no to what is)
    const DIFFERENT: &[&str] = &[
        "int leaf",    // openssl is asked about the first one, which is fine by itself
        "leaf-ca int", // it minds the key usage of the purpose
        "leaf-client int",
        "leaf",          // -partial_chain is not given
        "leaf-sha1 int", // security level
        "leaf-rsa1024 int",
        "leaf-p192 int",
    ];
    let dir = tempfile::tempdir().unwrap();
    for (names, anchor_names, trust, _) in CHAINS.iter().filter(|row| !DIFFERENT.contains(&row.0)) {
        std::fs::write(dir.path().join("c.pem"), join(names)).unwrap();
        std::fs::write(dir.path().join("ca.pem"), join(anchor_names)).unwrap();
        let mut openssl = std::process::Command::new("openssl");
        openssl.current_dir(dir.path()).args(["verify", "-attime", "1780272000", "-purpose", "sslserver"]);
        let Ok(output) = openssl.args(["-no-CApath", "-CAfile", "ca.pem", "-untrusted", "c.pem", "c.pem"]).output()
        else {
            println!("openssl is not installed: nothing was compared");
            return;
        };
        let says = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), trust.starts_with("anchored"), "{names} | {anchor_names}: {says}");
    }
}

#[test]
fn an_authority_that_may_not_sign() {
    let fixture = |name: &str| testdata(&format!("../../../fixtures/pki/{name}.pem"));
    let mut files = MemoryFiles::default();
    files.add("/ca.pem", fixture("root"));
    let mut anchors = TrustAnchors::none();
    anchors.add_file(&files, Path::new("/ca.pem")).unwrap();
    let chain = chain_of(&fixture("unsigning-chain.shop.example"), &anchors);
    assert!(matches!(chain.trust, Trust::Refused { reason: Refusal::KeyUsage, .. }), "{chain:?}");
    // Another certificate of the same authority may.
    let both = fixture("unsigning-chain.shop.example") + &fixture("intermediate");
    assert!(chain_of(&both, &anchors).trust.is_anchored());
}

#[test]
fn what_is_missing_is_described() {
    let chain = chain_of(&join("leaf-public"), &anchors("root"));
    let Trust::Incomplete(missing) = chain.trust else { panic!("{chain:?}") };
    assert_eq!((missing.of, &*missing.issuer), (Place { index: 0, line: 1 }, INT));
    assert_eq!(missing.url.as_deref(), Some("http://ca.test/int.der"));
    assert_eq!(missing.key_id.map(|id| id.len()), Some(40));
}

#[test]
fn certificates_are_told_apart_by_their_lines() {
    let text = format!("Bag: 1\n{}\n\n{}", join("leaf"), join("int int"));
    let chain = chain_of(&text, &anchors("root"));
    let [Oddity { place, kind: OddityKind::Duplicate { first } }] = chain.oddities[..] else { panic!("{chain:?}") };
    let lines: Vec<u32> = (1..).zip(text.lines()).filter(|(_, line)| line.contains("BEGIN")).map(|(n, _)| n).collect();
    assert_eq!((first.line, place.line), (lines[1], lines[2]));
}

#[test]
fn public_anchors_are_built_in() {
    let public = TrustAnchors::default();
    assert!(public.len() > 100, "{}", public.len());
    assert!(TrustAnchors::none().is_empty());
    let chain = chain_of(&join("leaf int"), &public);
    assert!(!chain.trust.is_anchored());
}

#[test]
fn roots_of_the_system_and_of_files() {
    let mut files = MemoryFiles::default();
    let mut anchors = TrustAnchors::none();
    assert_eq!(anchors.add_system_roots(&files), None);
    files.add("/etc/ssl/cert.pem", join("root root2"));
    assert_eq!(anchors.add_system_roots(&files), Some(Path::new("/etc/ssl/cert.pem")));
    assert_eq!(anchors.len(), 2);
    assert!(matches!(
        chain_of(&join("leaf int"), &anchors).trust,
        Trust::Anchored { source: AnchorSource::System, .. }
    ));
    // Of a whole chain only the root is an anchor, or a server that forgets the intermediate would pass.
    files.add("/chain.pem", join("leaf int root"));
    let mut anchors = TrustAnchors::none();
    anchors.add_file(&files, Path::new("/chain.pem")).unwrap();
    assert_eq!(anchors.len(), 1);
    assert!(!chain_of(&join("leaf"), &anchors).trust.is_anchored());
    files.add("/key.pem", testdata("keys/p256.pkcs8.key"));
    let error = anchors.add_file(&files, Path::new("/key.pem")).unwrap_err();
    assert_eq!(error.to_string(), "/key.pem: it holds a private key and no certificate");
}

/// Neither the number of certificates in a file nor their names make it slow.
#[test]
fn a_bundle_in_the_place_of_a_chain() {
    let text = join("leaf int") + &join("root2").repeat(3000) + &join("int-namesake").repeat(10);
    let chain = chain_of(&text, &anchors("root"));
    assert!(chain.trust.is_anchored());
    assert_eq!(chain.oddities.len(), 3009);
}

/// webpki reads no certificate of more than 64 KiB, and others do: such a chain is followed without it.
#[test]
fn certificates_too_large_for_webpki() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..3600).map(|number| format!("DNS:h{number}.shop.example")).collect();
    let extensions = format!("[leaf]\nsubjectAltName={}\n", names.join(","));
    std::fs::write(folder.path().join("ext"), extensions).unwrap();
    let openssl = |line: &str| {
        let mut openssl = std::process::Command::new("openssl");
        openssl.current_dir(folder.path()).args(line.split_whitespace()).output()
    };
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let made = openssl(&format!("req -x509 {new} -keyout ca.key -out ca.pem -days 9000 -subj /CN=Root"))
        .and_then(|_| openssl(&format!("req -new {new} -keyout leaf.key -out leaf.csr -subj /CN=Leaf")))
        .and_then(|_| openssl("x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9000 -extfile ext -extensions leaf -out leaf.pem"));
    if made.is_err() {
        println!("openssl is not installed: nothing was made");
        return;
    }
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(text("leaf.pem").len() > 90_000);
    let mut files = MemoryFiles::default();
    files.add("/ca.pem", text("ca.pem"));
    let mut anchors = TrustAnchors::none();
    anchors.add_file(&files, Path::new("/ca.pem")).unwrap();
    let chain = chain_of(&text("leaf.pem"), &anchors);
    assert!(chain.trust.is_anchored(), "{chain:?}");
}
